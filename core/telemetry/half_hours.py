"""The energy of a site's day by the half hours of its wall clock, which is how prices change.

A day has 48 of them. In spring those that the clock leaves out hold nothing; in autumn those that
it shows twice hold what both held. So a day loses no energy and counts none twice, and the price of
a half hour of the clock is that of all that it holds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import accumulate, pairwise
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from attrs import frozen
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from core.registry import System
from core.telemetry.curves import (
    BALANCE,
    Bucket,
    Energy,
    balance,
    cells_of,
    chosen_sources,
    energy_of,
    grown,
)
from core.telemetry.fold import BUCKET
from core.telemetry.periods import HOUR, day

HALF_HOURS: Final = 48
SOURCES: Final = ("pv.energy", "battery.energy_discharged")
SINKS: Final = ("grid.energy_exported", "battery.energy_charged")


class HalfHours(Struct, array_like=True, frozen=True):
    """Whole Wh by half hour of the wall clock, from 00:00 on; None where nothing tells.

    `own` is what was used and not bought, consumption less purchase: solar power and battery on
    their way into the house. It is negative while the battery charges from the grid. Each adds up
    to the energy of its day, rounded once.
    """

    purchase: tuple[int, ...] | None = None
    feed_in: tuple[int, ...] | None = None
    own: tuple[int, ...] | None = None


@frozen
class Day:
    """A site's day: its energy, and how many of its `expected` buckets hold something.

    hours: by the beginning of an hour of UTC whole Wh in the order of `BALANCE`, where anything was
    heard, what is not known being 0; and whether the hour begins within the day.
    """

    energy: Energy
    half_hours: HalfHours
    heard: int
    expected: int
    hours: Mapping[int, tuple[int, ...]]


def clock(of: date, timezone: str) -> Iterator[tuple[int, int]]:
    """Each bucket of a site's day, and in which half hour (0 to 47) of its wall clock it lies."""
    zone = ZoneInfo(timezone or "UTC")
    for start in range(*day(of, timezone), BUCKET):
        shown = datetime.fromtimestamp(start / 1000, zone)
        yield start, 2 * shown.hour + shown.minute // 30


async def day_of(
    connection: AsyncConnection, system_id: int, system: System, of: date, timezone: str
) -> Day:
    """A site's day from its roll-ups."""
    span = day(of, timezone)
    cells = await cells_of(connection, system_id, system, span)
    chosen = await chosen_sources(connection, system_id, system, span[0], cells)
    shown: list[list[Bucket]] = [[] for _ in range(HALF_HOURS)]
    begins: dict[int, int] = {}
    for start, n in clock(of, timezone):
        begins.setdefault(n, start - start % HOUR)
        if start in cells:
            shown[n].append(cells[start])
    energy = energy_of(system, cells.values(), span, chosen)
    parts = [grown(system, each, chosen) for each in shown]
    found = _half_hours(grown(system, cells.values(), chosen), parts)
    told = [(begins[n], parts[n]) for n, heard in enumerate(shown) if heard]
    return Day(energy, found, len(cells), (span[1] - span[0]) // BUCKET, _hours(told, span[0]))


def packed(found: HalfHours) -> bytes:
    """Half hours as `days` keeps them."""
    return msgspec.msgpack.encode(found)


def unpacked(blob: bytes) -> HalfHours:
    """The inverse of `packed`."""
    return _DECODER.decode(blob)


def _half_hours(whole: Mapping[str, float], parts: Sequence[Mapping[str, float]]) -> HalfHours:
    """From what each role grew by in the day, and in each half hour of it."""

    def sums(plus: Sequence[str], minus: Sequence[str] = ()) -> tuple[int, ...]:
        return _rounded(
            [sum(p.get(r, 0) for r in plus) - sum(p.get(r, 0) for r in minus) for p in parts]
        )

    bought, fed = ("grid.energy_imported" in whole), ("grid.energy_exported" in whole)
    own = None
    if bought and "load.energy" in whole:
        own = sums(["load.energy"], ["grid.energy_imported"])
    elif bought and fed:
        own = sums(SOURCES, SINKS)
    return HalfHours(
        sums(["grid.energy_imported"]) if bought else None,
        sums(["grid.energy_exported"]) if fed else None,
        own,
    )


def _hours(
    parts: Iterable[tuple[int, Mapping[str, float]]], begin: int
) -> dict[int, tuple[int, ...]]:
    """Half hours that begin in the same hour, added up."""
    found: dict[int, list[float]] = {}
    for hour, part in parts:
        sums = found.setdefault(hour, [0.0] * len(BALANCE))
        for n, kwh in enumerate(balance(part).values()):
            sums[n] += kwh or 0
    return {
        hour: (*(round(1000 * kwh) for kwh in sums), int(hour >= begin))
        for hour, sums in found.items()
    }


def _rounded(energies: Sequence[float]) -> tuple[int, ...]:
    """KWh as whole Wh whose sum is the sum of all, rounded."""
    totals = [round(1000 * total) for total in accumulate(energies, initial=0.0)]
    return tuple(after - before for before, after in pairwise(totals))


_DECODER: Final = msgspec.msgpack.Decoder(HalfHours)
