"""The form of a tariff plan: what was typed, as it was, and the tariff that it means."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from attrs import evolve, frozen

from core.tariffs.tariff import (
    DAY_TYPES,
    DayType,
    Rate,
    Tariff,
    between,
    problems_of,
    stretches,
)
from core.telemetry.half_hours import HALF_HOURS
from core.thing_model.problems import Problem
from core.thing_model.tariff import BANDS as MOST
from portal.presentation.tariff_words import said
from portal.presentation.tariffs import band_label, band_name, price_text
from portal.texts import _

Fields = Mapping[str, Sequence[str]]
ALL_DAY: Final = "all_day"
USUAL: Final = ("off_peak", "shoulder", "peak")
"""The bands that a new plan by time of use begins with."""


@frozen
class TypedBand:
    """A band as it was typed."""

    name: str = ""
    buy: str = ""
    feed_in: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.name.strip() or self.buy.strip() or self.feed_in.strip())


@frozen
class Typed:
    """A plan as it was typed: each cell has the place of its band, from "1" on, or is empty."""

    is_fixed: bool
    name: str
    currency: str
    valid_from: str
    valid_until: str
    bands: tuple[TypedBand, ...]
    weekday: tuple[str, ...]
    weekend: tuple[str, ...]

    def cells(self, day: DayType) -> tuple[str, ...]:
        return self.weekday if day == "weekday" else self.weekend

    def by_time(self) -> "Typed":
        """The same plan by time of use, so that it can be given more bands."""
        return evolve(self, is_fixed=False)

    def table(self, day: DayType) -> list[tuple[str, int, str]]:
        """The stretches of a type of day: times, place of the band (0 is none), and its name."""
        named = ["", *(band.name for band in self.bands)]
        places = [_place(cell, len(self.bands)) for cell in self.cells(day)]
        return [(between(a, b), n, named[n]) for a, b, n in stretches(places)]

    @property
    def rows(self) -> tuple[TypedBand, ...]:
        """The bands with empty places behind them, so that more can be typed."""
        return (*self.bands, *(TypedBand() for _n in range(MOST)))[:MOST]


@frozen
class Meant:
    """The tariff that was typed, or None, and what is wrong at which field."""

    tariff: Tariff | None
    wrong: Mapping[str, str]


def empty(*, is_fixed: bool, currency: str, valid_from: date) -> Typed:
    """A new plan: its prices are for people to say."""
    cells = ("1",) * HALF_HOURS
    names = (ALL_DAY,) if is_fixed else USUAL
    bands = tuple(TypedBand(band_label(name)) for name in names)
    return Typed(is_fixed, "", currency, str(valid_from), "", bands, cells, cells)


def typed_of(tariff: Tariff) -> Typed:
    """A plan as it stands in the form."""
    places = {name: str(n) for n, name in enumerate(tariff.bands, 1)}
    return Typed(
        tariff.is_fixed,
        tariff.name,
        tariff.currency,
        str(tariff.valid_from),
        str(tariff.valid_until or ""),
        tuple(
            TypedBand(band_label(name), price_text(rate.buy), price_text(rate.feed_in))
            for name, rate in tariff.bands.items()
        ),
        tuple(places[band] for band in tariff.weekday),
        tuple(places[band] for band in tariff.weekend),
    )


def typed_in(fields: Fields) -> Typed:
    """What a form says; a fixed price has one band, and that all day."""
    is_fixed = _last(fields, "kind") == "fixed"
    names, buys, feeds = (list(fields.get(n, ())) for n in ("band", "buy", "feed_in"))
    rows = zip(names, buys, feeds, strict=False)
    bands = [TypedBand(*(text.strip() for text in row)) for row in rows][:MOST]
    while len(bands) > 1 and bands[-1].is_empty:
        bands.pop()
    cells = {day: tuple(fields.get(day, ()))[:HALF_HOURS] for day in DAY_TYPES}
    if is_fixed:
        bands = bands[:1]
        cells = dict.fromkeys(DAY_TYPES, ("1",) * HALF_HOURS)
    return Typed(
        is_fixed,
        _last(fields, "name"),
        _last(fields, "currency"),
        _last(fields, "valid_from"),
        _last(fields, "valid_until"),
        tuple(bands),
        cells["weekday"],
        cells["weekend"],
    )


def meant(typed: Typed) -> Meant:
    """The tariff, with everything that is wrong with it at once."""
    wrong: dict[str, list[str]] = {}
    texts = {"valid_from": typed.valid_from, "valid_until": typed.valid_until}
    days = {term: _day(text) for term, text in texts.items()}
    for term, text in texts.items():
        if days[term] is None and (text or term == "valid_from"):
            _tell(wrong, term, _("is no day of the calendar"))
    names, bands = _bands(typed, wrong)
    tariff = Tariff(
        typed.name.strip(),
        typed.currency.strip().upper(),
        days["valid_from"] or date.min,
        days["valid_until"],
        bands,
        _named(typed.weekday, names),
        _named(typed.weekend, names),
    )
    for problem in problems_of(tariff):
        _tell(wrong, _field(problem, names), _sentence(problem))
    return Meant(None if wrong else tariff, _joined(wrong))


def _bands(typed: Typed, wrong: dict[str, list[str]]) -> tuple[list[str], dict[str, Rate]]:
    """The names of the bands by place, empty where there is none, and their prices."""
    names: list[str] = []
    bands: dict[str, Rate] = {}
    for n, row in enumerate(typed.bands):
        name = band_name(row.name)
        names.append(name)
        if row.is_empty:
            continue
        if not name:
            _tell(wrong, f"band-{n}", _("say what the band is called"))
        elif name in bands:
            _tell(wrong, f"band-{n}", _("is there twice"))
        prices = {"buy": _price(row.buy), "feed_in": _price(row.feed_in)}
        for side, price in prices.items():
            if price is None:
                _tell(wrong, f"{side}-{n}", _("is not a number"))
        if name:
            bands.setdefault(name, Rate(*(price or Decimal(0) for price in prices.values())))
    return names, bands


def at_fields(problems: Sequence[Problem]) -> dict[str, str]:
    """What a service refuses, at the fields that it is about."""
    wrong: dict[str, list[str]] = {}
    for problem in problems:
        _tell(wrong, _field(problem, ()), _sentence(problem))
    return _joined(wrong)


def _tell(wrong: dict[str, list[str]], where: str, what: str) -> None:
    wrong.setdefault(where, []).append(what)


def _joined(wrong: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {where: "; ".join(said) for where, said in wrong.items()}


def _last(fields: Fields, name: str) -> str:
    return (fields.get(name) or [""])[-1].strip()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _price(text: str) -> Decimal | None:
    """A price with a point or a comma before its decimals."""
    try:
        found = Decimal(text.replace(",", ".") if "." not in text else text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _named(cells: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(_name(cell, names) for cell in cells)


def _name(cell: str, names: Sequence[str]) -> str:
    place = _place(cell, len(names))
    return names[place - 1] if place else ""


def _place(cell: str, most: int) -> int:
    """The place of a cell's band; 0 where it has none."""
    place = int(cell) if cell in _DIGITS else 0
    return place if place <= most else 0


def _field(problem: Problem, names: Sequence[str]) -> str:
    """The field of the form that a problem of a tariff is about; "" is none."""
    where, _dot, rest = problem.where.partition(".")
    if rest:
        name, _dot, side = rest.partition(".")
        return f"{side or 'band'}-{names.index(name)}" if name in names else "bands"
    word = where.split(" ")[0]
    return word if word in _FIELDS else ""


_DIGITS: Final = tuple("12345678")
_FIELDS: Final = ("name", "currency", "valid_from", "valid_until", "bands", *DAY_TYPES)


def _sentence(problem: Problem) -> str:
    day, _space, times = problem.where.partition(" ")
    what = f"{said(problem.what)}: {said(problem.hint)}" if problem.hint else said(problem.what)
    return f"{times} {what}" if times and day in DAY_TYPES else what
