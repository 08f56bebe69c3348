"""Which processes there are, and the figures that each of them reported last."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen
from sqlalchemy import JSON, bindparam, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.upkeep.tables import processes

FORGOTTEN: Final = 86_400_000
Figures = Mapping[str, Any]


@frozen
class Process:
    """A process: its name, what it is (`ingest`, `worker`, `portal`), and its figures."""

    name: str
    kind: str
    started_at: int
    beat_at: int
    figures: Figures


async def beat(connection: AsyncConnection, process: Process) -> None:
    """Note that the process lives, and what it reports."""
    said = {
        "name": process.name,
        "kind": process.kind,
        "started_at": process.started_at,
        "beat_at": process.beat_at,
        "figures": dict(process.figures),
    }
    await connection.execute(_BEAT, said)


async def known(connection: AsyncConnection) -> list[Process]:
    """All processes of the last day, whether they still live or not."""
    found = await connection.execute(select(processes).order_by(processes.c.name))
    return [Process(*row) for row in found]


async def forget(connection: AsyncConnection, now: int) -> None:
    """Forget those that were last heard of more than a day ago."""
    await connection.execute(delete(processes).where(processes.c.beat_at < now - FORGOTTEN))


_BEAT: Final = text(
    "INSERT INTO processes (name, kind, started_at, beat_at, figures) "
    "VALUES (:name, :kind, :started_at, :beat_at, :figures) ON CONFLICT (name) DO UPDATE SET "
    "kind = excluded.kind, started_at = excluded.started_at, beat_at = excluded.beat_at, "
    "figures = excluded.figures"
).bindparams(bindparam("figures", type_=JSON))
