"""Whether all is well: a short list of what is not, in sentences, with what to do about it."""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from attrs import frozen
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.telemetry.tables import dead_letters
from core.upkeep import background, heartbeats
from core.upkeep.background import BackgroundJob
from core.upkeep.heartbeats import Process

Level = Literal["ok", "warning", "critical"]
LEVELS: Final[tuple[Level, ...]] = ("ok", "warning", "critical")

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
class Condition:
    """One thing that is so. `code` stays the same as long as it is."""

    code: str
    level: Level
    sentence: str
    hint: str


@frozen
class Disk:
    """A disk with data, as somebody sees it; in bytes, 0 where it is not known."""

    seen_by: str
    total: int
    free: int


UNREACHABLE: Final = Condition(
    "database_away",
    "critical",
    "The database does not answer.",
    "Start it; nothing is lost meanwhile, devices and broker keep what is sent.",
)
"""What is so where `health` cannot even be asked."""


def worst(conditions: Iterable[Condition]) -> Level:
    """The gravest level of them, "ok" if there are none."""
    return LEVELS[max((LEVELS.index(each.level) for each in conditions), default=0)]


async def health(
    connection: AsyncConnection, now: int, disks: Iterable[Disk] = ()
) -> list[Condition]:
    """What is not well, the gravest first; empty where all is.

    `disks` are those that the asker sees: on a full one no process can report it.
    """
    processes = await heartbeats.known(connection)
    living = [each for each in processes if now - each.beat_at < SILENT_AFTER]
    found = [
        *_silent(living),
        *_behind(living, now),
        *_disks([*disks, *map(_disk_of, living)]),
        *_plugins(living),
        *_stopped((await background.known(connection)).values()),
        *await _refused(connection, now),
    ]
    return sorted(found, key=lambda each: -LEVELS.index(each.level))


def _silent(living: Iterable[Process]) -> Iterator[Condition]:
    kinds = {each.kind for each in living}
    if "ingest" not in kinds:
        yield Condition(
            "ingest_silent",
            "critical",
            "No ingest process has been heard of for a minute: what devices send waits.",
            "Start `thingwright ingest`; if it runs, its log says what holds it up.",
        )
    if "worker" not in kinds:
        yield Condition(
            "worker_silent",
            "warning",
            "No worker process has been heard of for a minute: commands are not sent.",
            "Start `thingwright worker`; if it runs, its log says what holds it up.",
        )


def _behind(living: Iterable[Process], now: int) -> Iterator[Condition]:
    for each in living:
        busy, waiting = each.figures.get("busy_since"), each.figures.get("working_since")
        if busy and now - busy > BUSY_AFTER:
            yield Condition(
                "backlog",
                "warning",
                f"{each.name} has had full batches for {_minutes(now - busy)}: more comes in than "
                "it stores.",
                "Let it catch up, or start another ingest with a slot of its own.",
            )
        if waiting and now - waiting > WAITING_AFTER:
            yield Condition(
                "slow_acknowledgement",
                "warning",
                f"{each.name} has been storing one batch for {_minutes(now - waiting)}.",
                "See whether the database is overloaded or locked, or its disk full.",
            )


def _disk_of(process: Process) -> Disk:
    figures = process.figures
    return Disk(process.name, figures.get("disk_total", 0), figures.get("disk_free", 0))


def _disks(disks: Iterable[Disk]) -> Iterator[Condition]:
    seen: set[tuple[int, int]] = set()
    for each in disks:
        total, free = each.total, each.free
        if not total or (total, free >> 20) in seen:
            continue
        seen.add((total, free >> 20))
        last = min(DISK_LAST, int(total * DISK_SCARCE))
        level: Level = "critical" if free < max(total * DISK_FULL, last) else "warning"
        if level == "critical" or (free < total * DISK_SCARCE or free < min(DISK_TIGHT, total / 4)):
            yield Condition(
                "disk_full",
                level,
                f"The data disk of {each.seen_by} has {free / GIB:.1f} of "
                f"{total / GIB:.1f} GiB left.",
                "Make room, or let old frames be compacted or deleted earlier "
                "(THINGWRIGHT_HOT_DAYS, THINGWRIGHT_RETENTION_DAYS).",
            )


def _plugins(living: Iterable[Process]) -> Iterator[Condition]:
    names = sorted({name for each in living for name in each.figures.get("left_out", ())})
    if names:
        yield Condition(
            "plugins_left_out",
            "warning",
            f"Left out because something is wrong with them: {', '.join(names)}.",
            "`thingwright plugins` says what is wrong with each.",
        )


def _stopped(found: Iterable[BackgroundJob]) -> Iterator[Condition]:
    for job in found:
        if job.error:
            yield Condition(
                "job_stopped",
                "warning",
                f"The background job {job.name} was stopped: {job.error}",
                "It is tried again each minute; mend what the sentence says.",
            )


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
    number = f"{MANY} or more" if count == MANY else str(count)
    sentence = f"Messages that could not be taken in during the last hour: {number}."
    hint = "The dead letters say why for each, and can be replayed once that is mended."
    return iter((Condition("dead_letters", "warning", sentence, hint),))


def _minutes(milliseconds: int) -> str:
    minutes = milliseconds // 60_000
    return f"{minutes} minutes" if minutes > 1 else f"{milliseconds // 1000} seconds"
