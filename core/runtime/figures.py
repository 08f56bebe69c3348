"""The figures of one ingest process: what it takes in, in what batches, and how late."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from attrs import define, field

from core.runtime.transport import BATCH_SIZE
from core.telemetry.frames import Arrival
from core.telemetry.latest import Changes, time_of


@define(eq=False)
class IngestFigures:
    """Counts are since the start. Times are UTC milliseconds.

    `busy_since` is since when every batch has been full, `working_since` when the batch in hand was
    begun; `lag` is how old the newest frame of the last batch was when it was acknowledged, and
    `acknowledged_after` how long that batch was in hand, both in milliseconds.
    `read` are the frames that each plugin was given, `unread` those of them that it could not read.
    """

    counts: Counter[str] = field(factory=Counter[str])
    read: Counter[str] = field(factory=Counter[str])
    unread: Counter[str] = field(factory=Counter[str])
    batches: int = 0
    messages: int = 0
    last_size: int = 0
    largest: int = 0
    lag: int | None = None
    acknowledged_after: int = 0
    busy_since: int | None = None
    working_since: int | None = None
    started_at: int | None = None

    def begin(self, now: int) -> None:
        """A batch is in hand."""
        self.working_since = now
        self.started_at = self.started_at or now

    def note(self, arrivals: Iterable[Arrival]) -> None:
        """These frames were kept."""
        for each in arrivals:
            self.read[each.part.plugin.name] += 1
            if each.values is None:
                self.unread[each.part.plugin.name] += 1

    def end(self, size: int, changes: Changes, now: int) -> None:
        """The batch is stored and acknowledged."""
        began = self.working_since or now
        self.batches, self.messages = self.batches + 1, self.messages + size
        self.last_size, self.largest = size, max(size, self.largest)
        self.acknowledged_after = now - began
        live = [time_of(each) for each in changes.newest.values() if not each.late]
        self.lag = max(0, now - max(live)) if live else self.lag
        self.busy_since = (self.busy_since or began) if size >= BATCH_SIZE else None
        self.working_since = None

    def said(self) -> dict[str, Any]:
        """What is reported."""
        return {
            "batches": self.batches,
            "messages": self.messages,
            "last_batch": self.last_size,
            "largest_batch": self.largest,
            "lag_ms": self.lag,
            "acknowledged_after_ms": self.acknowledged_after,
            "busy_since": self.busy_since,
            "working_since": self.working_since,
            "counts": dict(self.counts),
            "plugins": {name: [n, self.unread[name]] for name, n in self.read.items()},
        }
