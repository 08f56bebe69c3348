"""Corrections of days as they are added to what roll-ups say: whole Wh, spread over their days."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import accumulate, pairwise
from typing import Any, Final

from attrs import evolve, frozen
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.telemetry.correction_tables import corrections
from core.telemetry.half_hours import HALF_HOURS, Day, HalfHours

Shares = dict[str, int]
"""Wh to add to the figures of a day."""
EVENLY: Final = (1,) * HALF_HOURS


@frozen
class Added:
    """What an approved correction adds: `wh` over its days, the last one too."""

    id: int
    figure: str
    first: date
    last: date
    wh: int

    def share(self, of: date) -> int:
        """The part of a day; the parts of all its days add up to the whole."""
        if not self.first <= of <= self.last:
            return 0
        days, n = (self.last - self.first).days + 1, (of - self.first).days
        return self.wh * (n + 1) // days - self.wh * n // days


async def in_force(connection: AsyncConnection, system_id: int) -> list[Added]:
    """The approved corrections of a system: hardly ever any."""
    names = ("id", "figure", "first", "last", "wh")
    query = select(*(corrections.c[name] for name in names)).where(
        corrections.c.system_id == system_id, corrections.c.state == "active"
    )
    return [Added(*row) for row in await connection.execute(query.order_by(corrections.c.id))]


def shares_of(added: Iterable[Added], of: date) -> Shares:
    """What they add to a day, by figure."""
    shares: Shares = {}
    for each in added:
        if wh := each.share(of):
            shares[each.figure] = shares.get(each.figure, 0) + wh
    return shares


def corrected(made: Day, shares: Shares) -> Day:
    """A day with what is added to it, in its half hours too, so that they add up to it."""
    if not shares:
        return made
    said: dict[str, Any] = {
        name: (getattr(made.energy, name) or 0) + wh / 1000 for name, wh in shares.items()
    }
    halves = made.half_hours
    own = shares.get("consumption", 0) - shares.get("purchase", 0)
    return evolve(
        made,
        energy=evolve(made.energy, **said),
        half_hours=HalfHours(
            _spread(halves.purchase, shares.get("purchase", 0)),
            _spread(halves.feed_in, shares.get("feed_in", 0)),
            None if halves.own is None else _spread(halves.own, own),
        ),
    )


def _spread(flow: Sequence[int] | None, wh: int) -> tuple[int, ...] | None:
    """A flow with `wh` more, given to its half hours by what they have, or evenly."""
    if not wh:
        return None if flow is None else tuple(flow)
    weights = [abs(each) for each in flow or ()]
    if not any(weights):
        weights = list(EVENLY)
    total = sum(weights)
    ends = [wh * weight // total for weight in accumulate(weights, initial=0)]
    parts = [after - before for before, after in pairwise(ends)]
    return tuple(map(sum, zip(flow or (0,) * HALF_HOURS, parts, strict=True)))
