"""What a correction does to the days, months and years that it touches."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final, Literal

from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.telemetry import days
from core.telemetry.correcting import Added
from core.telemetry.periods import days as each_day

Step = Literal["day", "month", "year"]
_BEGINS: Final[Mapping[Step, Callable[[date], date]]] = {
    "year": lambda of: of.replace(month=1, day=1),
    "month": lambda of: of.replace(day=1),
    "day": lambda of: of,
}


@frozen
class Effect:
    """kWh of a figure in the day, month or year that begins with `first`; None is not known."""

    step: Step
    first: date
    before: float | None
    after: float


async def effects(
    connection: AsyncConnection, system_id: int, added: Added, *, is_active: bool
) -> list[Effect]:
    """Years, then months, then days; `is_active` says that the days as they are have it already."""
    begin, end = added.first.replace(month=1, day=1), added.last.replace(month=12, day=31)
    kept = await days.system_days(connection, system_id, begin, end)
    now = {each.first: getattr(each, added.figure) for each in kept}
    touched = list(each_day(added.first, added.last))
    return [
        _effect(step, first, added, now, is_active=is_active)
        for step, begins in _BEGINS.items()
        for first in dict.fromkeys(map(begins, touched))
    ]


def _effect(
    step: Step,
    first: date,
    added: Added,
    now: Mapping[date, float | None],
    *,
    is_active: bool,
) -> Effect:
    begins = _BEGINS[step]
    total = _sum(value for of, value in now.items() if begins(of) == first)
    touched = (of for of in each_day(added.first, added.last) if begins(of) == first)
    kwh = sum(map(added.share, touched)) / 1000
    if is_active:
        return Effect(step, first, (total or 0) - kwh, total or 0)
    return Effect(step, first, total, (total or 0) + kwh)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
