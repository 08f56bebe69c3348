"""What a tariff says, what can be wrong with it, and which band of it holds when."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import Any, Final, Literal, TypeVar

from attrs import frozen
from babel.core import get_global

from core.records import RequestError
from core.telemetry.half_hours import HALF_HOURS
from core.thing_model.problems import Problem
from core.thing_model.tariff import BAND, BANDS, DEAREST

DayType = Literal["weekday", "weekend"]
DAY_TYPES: Final[tuple[DayType, ...]] = ("weekday", "weekend")
DECIMALS: Final = 4
LONGEST_NAME: Final = 64
SINCE: Final = date(2020, 1, 1)
"""Telemetry begins no earlier: what was no longer paid with by then is not needed."""
_SATURDAY: Final = 5
_T = TypeVar("_T")


@frozen
class Rate:
    """What a kWh costs (`buy`), and what is paid for one that is fed in, in the currency."""

    buy: Decimal
    feed_in: Decimal


@frozen
class Tariff:
    """What the energy of a site costs from `valid_from` to `valid_until`.

    Both are days at the site, the last one holds too; None is until further notice. `weekday`
    (Monday to Friday) and `weekend` name the band of each half hour of the wall clock, 48 from
    00:00 on; "" is a half hour that is free, which `check` refuses.
    """

    name: str
    currency: str
    valid_from: date
    valid_until: date | None
    bands: Mapping[str, Rate]
    weekday: tuple[str, ...]
    weekend: tuple[str, ...]

    @property
    def is_fixed(self) -> bool:
        """Whether it has one price all day, rather than one by time of use."""
        return len(self.bands) == 1

    def holds_on(self, of: date) -> bool:
        return self.valid_from <= of and (self.valid_until is None or of <= self.valid_until)

    def cells(self, day_type: DayType) -> tuple[str, ...]:
        return self.weekday if day_type == "weekday" else self.weekend


def fixed(
    name: str, currency: str, rate: Rate, valid_from: date, valid_until: date | None = None
) -> Tariff:
    """A tariff of one price all day, in the band `all_day`."""
    all_day = ("all_day",) * HALF_HOURS
    return Tariff(name, currency, valid_from, valid_until, {"all_day": rate}, all_day, all_day)


def check(tariff: Tariff) -> None:
    """Raises RequestError with everything that is wrong with a tariff."""
    if problems := list(problems_of(tariff)):
        raise RequestError(*problems)


def problems_of(tariff: Tariff) -> Iterator[Problem]:
    """Everything that is wrong with a tariff."""
    if not 0 < len(tariff.name.strip()) <= LONGEST_NAME:
        what = f"has {len(tariff.name.strip())} characters"
        yield Problem("name", what, f"say what the plan is called in 1 to {LONGEST_NAME}")
    if tariff.currency not in currencies():
        what = f"{tariff.currency!r} is not a currency"
        yield Problem("currency", what, "three letters of ISO 4217, such as EUR")
    if tariff.valid_until is not None and tariff.valid_until < tariff.valid_from:
        what = f"{tariff.valid_until} is before the first day, {tariff.valid_from}"
        yield Problem("valid_until", what, "the last day, or nothing until further notice")
    if not 0 < len(tariff.bands) <= BANDS:
        yield Problem("bands", f"are {len(tariff.bands)}", f"1 to {BANDS} of them")
    for name, rate in tariff.bands.items():
        if not re.fullmatch(BAND, name):
            hint = "lower-case letters, digits and _, such as off_peak"
            yield Problem(f"bands.{name}", f"{name!r} is not the name of a band", hint)
        for side, price in (("buy", rate.buy), ("feed_in", rate.feed_in)):
            if what := _wrong_price(price):
                hint = f"0 to {DEAREST:,} per kWh, at most {DECIMALS} decimals"
                yield Problem(f"bands.{name}.{side}", what, hint)
    for day_type in DAY_TYPES:
        yield from _cell_problems(day_type, tariff.cells(day_type), tariff.bands)


def _wrong_price(price: Decimal) -> str:
    if not price.is_finite():
        return f"{price} is not a number"
    if not 0 <= price <= DEAREST:
        return f"{price} is below 0 or above {DEAREST:,}"
    return f"{price} has more than {DECIMALS} decimals" if price != round(price, DECIMALS) else ""


def _cell_problems(
    where: str, cells: Sequence[str], bands: Mapping[str, Rate]
) -> Iterator[Problem]:
    if len(cells) != HALF_HOURS:
        yield Problem(where, f"has {len(cells)} half hours", f"a day has {HALF_HOURS}")
        return
    for start, end, band in stretches(cells):
        place = f"{where} {between(start, end)}"
        if not band:
            yield Problem(place, "has no price", "put it into a band")
        elif band not in bands:
            known = ", ".join(bands) or "none"
            yield Problem(place, f"there is no band {band!r}", f"bands are {known}")


@cache
def currencies() -> frozenset[str]:
    """The currencies of ISO 4217 that have been money anywhere since 2020."""
    found: set[str] = set()
    territories: Mapping[str, Any] = get_global("territory_currencies")
    for spans in territories.values():
        for code, _, until, tender in spans:
            if tender and (until is None or date(*until) >= SINCE):
                found.add(code)
    return frozenset(found)


def day_type_of(of: date) -> DayType:
    """Whether a day is one from Monday to Friday, or a Saturday or Sunday."""
    return "weekend" if of.weekday() >= _SATURDAY else "weekday"


def stretches(cells: Sequence[_T]) -> Iterator[tuple[int, int, _T]]:
    """Cells that follow each other and are equal: the first, the one behind the last, and what."""
    at = 0
    for value, group in groupby(cells):
        end = at + sum(1 for _ in group)
        yield at, end, value
        at = end


def between(start: int, end: int) -> str:
    """A stretch of half hours as people read it: "06:30–09:00", 24:00 at the latest."""
    return f"{clock_text(start)}–{clock_text(end)}"


def clock_text(half_hour: int) -> str:
    """What the clock shows after so many half hours: "06:30", 48 are "24:00"."""
    return f"{half_hour // 2:02}:{half_hour % 2 * 30:02}"
