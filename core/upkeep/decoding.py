"""How many frames each plugin was given to read, and how many of them it could not."""

from collections.abc import Iterable

from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.upkeep.heartbeats import Figures, known


@frozen
class Decoding:
    """Since the ingest processes of the last day began, live and backfilled."""

    frames: int = 0
    errors: int = 0

    @property
    def per_thousand(self) -> float | None:
        """Frames of a thousand that could not be read; None where there were none."""
        return round(1000 * self.errors / self.frames, 2) if self.frames else None


async def by_plugin(connection: AsyncConnection) -> dict[str, Decoding]:
    """Of each plugin that was given a frame."""
    found: dict[str, Decoding] = {}
    for figures in _queues(process.figures for process in await known(connection)):
        for name, (frames, errors) in figures.get("plugins", {}).items():
            before = found.get(name, Decoding())
            found[name] = Decoding(before.frames + frames, before.errors + errors)
    return found


def _queues(processes: Iterable[Figures]) -> Iterable[Figures]:
    for figures in processes:
        yield figures
        yield figures.get("backfill", {})
