"""Tariff plans in words: bands, prices, stretches of a day, and which plan is in force."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from attrs import frozen
from msgspec import Struct

from core.tariffs.differences import Difference, Priced
from core.tariffs.plans import Plan
from core.tariffs.tariff import DAY_TYPES, DayType, Tariff, between, clock_text, stretches
from core.tariffs.windows import Window
from core.thing_model.command import WindowAction
from portal.texts import N_, translated

PlanState = Literal["in_force", "future", "past"]
BANDS: Final[Mapping[str, str]] = {
    "critical_peak": N_("Critical peak"),
    "peak": N_("Peak"),
    "shoulder": N_("Shoulder"),
    "off_peak": N_("Off-Peak"),
    "super_off_peak": N_("Super off-peak"),
    "all_day": N_("All day"),
}
"""Bands that the guide and the makers name; people name others."""
DAYS: Final[Mapping[DayType, str]] = {
    "weekday": N_("Weekday, Monday to Friday"),
    "weekend": N_("Weekend, Saturday and Sunday"),
}
TERMS: Final[Mapping[str, str]] = {
    "name": N_("Name"),
    "currency": N_("Currency"),
    "valid_from": N_("First day"),
    "valid_until": N_("Last day"),
}
ACTIONS: Final[Mapping[WindowAction, str]] = {
    "charge": N_("Charge"),
    "discharge": N_("Discharge"),
}
_GAPS: Final = re.compile(r"[\s\-–]+")
COLUMNS: Final = (
    "plan", "currency", "valid_from", "valid_until", "state", "day_type", "start", "end", "band",
    "buy", "feed_in",
)  # fmt: skip


class BandDocument(Struct, frozen=True):
    """A band of a plan, with its prices per kWh."""

    name: str
    label: str
    buy: float
    feed_in: float


class StretchDocument(Struct, frozen=True):
    """A time of day at which one band holds; 24:00 is the end of the day."""

    start: str
    end: str
    band: str


class PlanDocument(Struct, frozen=True):
    """A tariff plan; an empty `valid_until` is until further notice.

    kind: "fixed" or "time_of_use". state: "in_force", "future" or "past", by days at the site.
    """

    id: int
    version: int
    name: str
    kind: str
    state: str
    currency: str
    valid_from: str
    valid_until: str
    bands: list[BandDocument]
    weekday: list[StretchDocument]
    weekend: list[StretchDocument]


@frozen
class Stretch:
    """A time of day as a table tells it: `length` half hours, the band's place counts from 1."""

    times: str
    length: int
    place: int
    band: str


@frozen
class ChangeLine:
    """A line of what would change."""

    where: str
    old: str
    new: str


def plan_documents(plans: Iterable[Plan], today: date) -> list[PlanDocument]:
    return [_plan_document(plan, today) for plan in plans]


def _plan_document(plan: Plan, today: date) -> PlanDocument:
    tariff = plan.tariff
    return PlanDocument(
        plan.id,
        plan.version,
        tariff.name,
        "fixed" if tariff.is_fixed else "time_of_use",
        state_of(tariff, today),
        tariff.currency,
        str(tariff.valid_from),
        str(tariff.valid_until or ""),
        [
            BandDocument(name, band_label(name), float(rate.buy), float(rate.feed_in))
            for name, rate in tariff.bands.items()
        ],
        *([_stretch_document(*each) for each in stretches(tariff.cells(day))] for day in DAY_TYPES),
    )


def _stretch_document(start: int, end: int, band: str) -> StretchDocument:
    return StretchDocument(clock_text(start), clock_text(end), band)


def plan_rows(documents: Iterable[PlanDocument]) -> Iterator[list[str | float | None]]:
    """A line for each stretch of each plan."""
    for plan in documents:
        rates = {band.name: band for band in plan.bands}
        head = (plan.name, plan.currency, plan.valid_from, plan.valid_until, plan.state)
        for day, found in (("weekday", plan.weekday), ("weekend", plan.weekend)):
            for each in found:
                band = rates[each.band]
                yield [*head, day, each.start, each.end, each.band, band.buy, band.feed_in]


def state_of(tariff: Tariff, today: date) -> PlanState:
    """Whether a plan holds on a day at the site, is to come, or is over."""
    if tariff.holds_on(today):
        return "in_force"
    return "future" if today < tariff.valid_from else "past"


def band_label(name: str) -> str:
    """What people read for a band."""
    return translated(BANDS[name]) if name in BANDS else name.replace("_", " ").capitalize()


def band_name(text: str) -> str:
    """The name of a band that somebody typed, whether its label or the name itself."""
    said = text.strip().casefold()
    for name, label in BANDS.items():
        if said in (label.casefold(), translated(label).casefold()):
            return name
    return _GAPS.sub("_", said)


def price_text(price: Decimal) -> str:
    """A price as people type it, without zeros behind it."""
    return f"{price.normalize():f}"


def day_table(tariff: Tariff, day: DayType) -> list[Stretch]:
    """The stretches of a type of day."""
    places = {name: n for n, name in enumerate(tariff.bands, 1)}
    return [
        Stretch(between(start, end), end - start, places[band], band_label(band))
        for start, end, band in stretches(tariff.cells(day))
    ]


def window_lines(windows: Iterable[Window]) -> list[tuple[str, str]]:
    """Windows as a table tells them: what is done, and when."""
    return [(translated(ACTIONS[each.action]), str(each)) for each in windows]


def change_lines(found: Difference, currency: str) -> list[ChangeLine]:
    """What a tariff would change, line by line."""
    terms = [ChangeLine(translated(TERMS[c.term]), c.old, c.new) for c in found.terms]
    cells = [
        ChangeLine(
            f"{translated(DAYS[each.day_type])} {between(each.start, each.end)}",
            _priced(each.old, currency),
            _priced(each.new, currency),
        )
        for each in found.cells
    ]
    return terms + cells


def _priced(said: Priced, currency: str) -> str:
    if said is None:
        return ""
    band, rate = said
    prices = f"{price_text(rate.buy)} / {price_text(rate.feed_in)} {currency}"
    return f"{band_label(band)}, {prices}"
