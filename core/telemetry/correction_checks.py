"""What can be asked to be corrected, and what is wrong with it."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from attrs import frozen

from core.fleet.systems import SystemRecord
from core.records import RequestError
from core.telemetry.correcting import Added
from core.telemetry.periods import days as each_day
from core.telemetry.tables import ENERGIES
from core.thing_model.problems import Problem

MOST_DAYS: Final = 92
MOST_KWH: Final = 100_000
LONGEST_REASON: Final = 1_000


@frozen
class Wanted:
    """kWh to add to a figure over days, the last one too; less than nothing takes away."""

    sn: str
    figure: str
    first: date
    last: date
    kwh: float

    @property
    def wh(self) -> int:
        return round(1000 * self.kwh)


def check(record: SystemRecord | None, wanted: Wanted, reason: str) -> None:
    """Raises RequestError with everything that is wrong; `record` is None where none is seen."""
    problems: list[Problem] = []
    if record is None:
        problems.append(unknown(wanted.sn))
    if wanted.figure not in ENERGIES:
        what = f"{wanted.figure[:32]!r} is no figure"
        problems.append(Problem("figure", what, f"one of {', '.join(ENERGIES)}"))
    length = (wanted.last - wanted.first).days + 1
    if not 1 <= length <= MOST_DAYS:
        what = "is before the first day" if length < 1 else f"makes {length} days"
        problems.append(Problem("last", what, f"1 to {MOST_DAYS} days"))
    if not wanted.wh or abs(wanted.kwh) > MOST_KWH:
        what = f"{wanted.kwh:g} kWh is no correction"
        problems.append(Problem("kwh", what, f"at least 0.001, at most {MOST_KWH}, or less than 0"))
    if not reason.strip() or len(reason) > LONGEST_REASON:
        problems.append(Problem("reason", "is needed", f"at most {LONGEST_REASON} characters"))
    if problems:
        raise RequestError(*problems)


def unknown(sn: str) -> Problem:
    """Nobody may see such a system, or there is none."""
    return Problem("sn", f"no system has the serial number {sn[:32]!r}", "look in the list")


def refuse_negative(added: Added, kept: Mapping[date, float | None]) -> None:
    """Raises RequestError where a day would hold less than nothing."""
    for of in each_day(added.first, added.last):
        left = round(1000 * (kept.get(of) or 0)) + added.share(of)
        if left < 0:
            what = f"would leave {left / 1000:g} kWh on {of}"
            raise RequestError(Problem("kwh", what, "take away less, or on fewer days"))
