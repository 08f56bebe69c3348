"""Whether all is well: what processes report and tables hold, and which conditions follow."""

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.notifications import given_up
from core.telemetry.tables import dead_letters
from core.upkeep import background, heartbeats
from core.upkeep.background import BackgroundJob
from core.upkeep.conditions import Condition, Level, gravest_first
from core.upkeep.heartbeats import Process

SILENT_AFTER: Final = 60_000
BUSY_AFTER: Final = 120_000
WAITING_AFTER: Final = 30_000
RECENT: Final = 3_600_000
MANY: Final = 1000
GIB: Final = 1 << 30
DISK_SCARCE: Final = 0.10
DISK_FULL: Final = 0.03
DISK_TIGHT: Final = 2 * GIB
DISK_LAST: Final = GIB // 4


@frozen
class Disk:
    """A disk with data, as somebody sees it; in bytes, 0 where it is not known."""

    seen_by: str
    total: int
    free: int


@frozen
class Seen:
    """What the asker sees by itself: on a full disk no process can report it any more."""

    disks: tuple[Disk, ...] = ()
    left_out: frozenset[str] = frozenset()


NOTHING: Final = Seen()
UNDELIVERED: Final = "messages_given_up"
UNREACHABLE: Final = Condition("database_away", "critical")
"""What is so where `health` cannot even be asked."""


async def health(connection: AsyncConnection, now: int, seen: Seen = NOTHING) -> list[Condition]:
    """What is not well, the gravest first; empty where all is."""
    processes = await heartbeats.known(connection)
    living = [each for each in processes if now - each.beat_at < SILENT_AFTER]
    return gravest_first(
        [
            *_silent(living),
            *_behind(living, now),
            *_disks([*seen.disks, *map(_disk_of, living)]),
            *_plugins(seen.left_out.union(*map(_left_out_of, living))),
            *_stopped((await background.known(connection)).values()),
            *await _refused(connection, now),
            *undelivered(sum((await given_up.by_owner(connection, now)).values())),
        ]
    )


def _silent(living: Iterable[Process]) -> Iterator[Condition]:
    kinds = {each.kind for each in living}
    if "ingest" not in kinds:
        yield Condition("ingest_silent", "critical")
    if "worker" not in kinds:
        yield Condition("worker_silent", "warning")


def _behind(living: Iterable[Process], now: int) -> Iterator[Condition]:
    for each in living:
        busy, waiting = each.figures.get("busy_since"), each.figures.get("working_since")
        if busy and now - busy > BUSY_AFTER:
            values = {"process": each.name, "minutes": (now - busy) // 60_000}
            yield Condition("backlog", "warning", values)
        if waiting and now - waiting > WAITING_AFTER:
            values = {"process": each.name, "seconds": (now - waiting) // 1000}
            yield Condition("slow_acknowledgement", "warning", values)


def _disk_of(process: Process) -> Disk:
    figures = process.figures
    return Disk(process.name, figures.get("disk_total", 0), figures.get("disk_free", 0))


def _disks(disks: Iterable[Disk]) -> Iterator[Condition]:
    """One condition for a disk, however many see it."""
    seen: set[tuple[int, int]] = set()
    for each in disks:
        if not each.total or (each.total, each.free >> 20) in seen:
            continue
        seen.add((each.total, each.free >> 20))
        if level := _scarcity(each):
            free, total = f"{each.free / GIB:.1f}", f"{each.total / GIB:.1f}"
            values = {"seen_by": each.seen_by, "free": free, "total": total}
            yield Condition("disk_full", level, values)


def _scarcity(disk: Disk) -> Level | None:
    """How grave it is; a small disk with room, and a large one with little, are both well."""
    total, free = disk.total, disk.free
    if free < max(total * DISK_FULL, min(DISK_LAST, int(total * DISK_SCARCE))):
        return "critical"
    if free < total * DISK_SCARCE or free < min(DISK_TIGHT, total / 4):
        return "warning"
    return None


def _left_out_of(process: Process) -> list[str]:
    return list(process.figures.get("left_out", ()))


def _plugins(left_out: Iterable[str]) -> Iterator[Condition]:
    if names := ", ".join(sorted(left_out)):
        yield Condition("plugins_left_out", "warning", {"names": names})


def _stopped(found: Iterable[BackgroundJob]) -> Iterator[Condition]:
    for job in found:
        if job.error:
            yield Condition("job_stopped", "warning", {"job": job.name, "error": job.error})


def undelivered(count: int) -> Iterator[Condition]:
    """What is so where so many messages were given up."""
    if count:
        values = {"days": given_up.DAYS, "count": count}
        yield Condition(UNDELIVERED, "warning", values)


async def _refused(connection: AsyncConnection, now: int) -> Iterator[Condition]:
    recent = (
        select(dead_letters.c.id)
        .where(dead_letters.c.resolved_at.is_(None), dead_letters.c.last_at > now - RECENT)
        .limit(MANY)
        .subquery()
    )
    count = await connection.scalar(select(func.count()).select_from(recent))
    if not count:
        return iter(())
    values = {"count": f"{MANY}+" if count == MANY else count}
    return iter((Condition("dead_letters", "warning", values),))
