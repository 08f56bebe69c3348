"""From the broker to the store: every message is either taken in or kept as a dead letter.

The way of a batch:

1. topics are read; systems are looked up by serial number in the `Directory`;
2. birth messages register devices that are not known yet, in a transaction of their own;
3. frames are decoded, logs and what devices say of their commands are read (`sorting`);
4. one transaction keeps frames, latest readings, implausible values, faults, log records, presence,
   answers to commands, and the dead letters (`storing`);
5. after the commit the batch is acknowledged to the broker, and what changed goes to the live feed.

A kill at any point loses nothing and doubles nothing: what was not acknowledged comes again, and
what was stored before is recognised by its identity. While the database does not answer, the batch
waits. A batch that the database refuses is taken message by message, so that one that cannot be
stored becomes a dead letter and the others are kept.
"""

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from attrs import define, field

from core.host import load
from core.registry import Registry
from core.runtime import bus, clock, topics
from core.runtime.clock import Clock
from core.runtime.database import Database, cause, trouble
from core.runtime.directory import Directory
from core.runtime.feed import Feed
from core.runtime.figures import IngestFigures
from core.runtime.heart import Heart
from core.runtime.mqtt_link import Backoff
from core.runtime.presence import Registrar
from core.runtime.product_watch import ProductWatch
from core.runtime.settings import Settings
from core.runtime.sorting import RejectionError, read_presence, read_topics, rejected, sender, sort
from core.runtime.storing import Store
from core.runtime.transport import BATCH_SIZE, Consumer, Message, Publisher
from core.runtime.vitals import Vitals
from core.telemetry import dead_letters
from core.telemetry.dead_letters import DeadLetter, Rejected, digest
from core.telemetry.latest import Changes

LOGGER = logging.getLogger(__name__)
UPLINK_FILTERS: Final = ("ess/+/up/+", "ess/+/up/+/+", "ess/+/up/frame/+/+")
"""All that devices send but backfilled frames, and as much as can be of what no contract knows."""
REFRESH: Final = 1.0
GRACE: Final = 5.0
DAY: Final = 86_400_000
BACKOFF: Final = Backoff(0.2, 5)


@define(eq=False)
class Taken:
    """What became of a batch: `fresh` are the serial numbers of devices that it registered."""

    changes: Changes = field(factory=Changes)
    rejected: list[Rejected] = field(factory=list[Rejected])
    fresh: set[str] = field(factory=set[str])

    def add(self, other: "Taken") -> None:
        """Make this the outcome of both."""
        self.changes.newest |= other.changes.newest
        self.changes.faults += other.changes.faults
        self.rejected += other.rejected
        self.fresh |= other.fresh


@define(eq=False)
class Ingest:
    """Takes in what one consumer delivers. Without a publisher there is no live feed.

    `counts` are the messages so far: "taken", and the codes of dead letters.
    """

    registry: Registry
    database: Database
    consumer: Consumer
    publisher: Publisher | None = None
    clock: Clock = clock.now
    plug_and_play: bool = True
    vitals: Vitals = field(factory=Vitals)
    counts: Counter[str] = field(factory=Counter[str])
    figures: IngestFigures = field(init=False)
    _directory: Directory = field(init=False)
    _registrar: Registrar = field(init=False)
    _store: Store = field(init=False)
    _feed: Feed | None = field(init=False)
    _waiting: set[str] = field(init=False, factory=set[str])
    _turn: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    def __attrs_post_init__(self) -> None:
        self.figures = IngestFigures(self.counts)
        self._directory = Directory(self.registry, self.database)
        self._registrar = Registrar(self._directory, self.plug_and_play)
        self._store = Store(self._registrar, self.vitals)
        self._feed = Feed(self.database, self.publisher) if self.publisher else None

    async def run(self) -> None:
        """Take in batches until the consumer is closed; if cancelled, to the end of the batch."""
        watching = asyncio.create_task(self._watch())
        try:
            async for batch in self.consumer.batches():
                await _to_the_end(self.take(batch))
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    async def adopt(self, registry: Registry) -> None:
        """Find models in this registry from the next batch on.

        What came from devices of models that were not known is tried again.
        """
        async with self._turn:
            self.registry = registry
            self._directory.adopt(registry)
            async with self.database.read() as connection:
                self._waiting |= await dead_letters.of_unknown_products(connection)
            await self._replay_waiting()

    async def take(self, batch: Sequence[Message]) -> None:
        """Store a batch, acknowledge it, and tell the live feed.

        While the batches are full the feed is silent: what is taken in then is no longer live.
        """
        async with self._turn:
            self.figures.begin(self.clock())
            taken = await self._patiently(batch)
            await self.consumer.acknowledge(batch)
            self.figures.end(len(batch), taken.changes, self.clock())
            self._count(batch, taken)
            self._waiting |= taken.fresh
            try:
                if self._feed and taken.changes.newest and len(batch) < BATCH_SIZE:
                    await self._feed.tell(taken.changes)
                await self._replay_waiting()
            except Exception as error:  # noqa: BLE001  no message depends on it
                _complain(error)

    def _count(self, batch: Sequence[Message], taken: Taken) -> None:
        codes = Counter(each.code for each in taken.rejected)
        self.counts.update(codes, taken=len(batch) - len(taken.rejected))
        if codes:
            listed = ", ".join(f"{number} {code}" for code, number in codes.items())
            LOGGER.warning("of %d messages became dead letters: %s", len(batch), listed)

    async def replay(self, letters: Iterable[DeadLetter]) -> int:
        """Try dead letters again; returns how many could be taken in, which are marked so."""
        async with self._turn:
            return await self._replay(letters)

    async def _replay(self, letters: Iterable[DeadLetter]) -> int:
        resolved: list[bytes] = []
        for letter in letters:
            message = Message(letter.topic, letter.payload, None)
            taken = await self._take([message], letter.first_at, replay=True)
            if not taken.rejected:
                resolved.append(digest(letter.topic, letter.payload))
        async with self.database.begin() as connection:
            await dead_letters.resolve(connection, resolved, self.clock())
        return len(resolved)

    async def _replay_waiting(self) -> None:
        """Take in what devices sent before they or their models were known.

        Again and again while that helps: a frame may wait for the birth message behind it.
        """
        taken = len(self._waiting)
        while taken:
            async with self.database.read() as connection:
                letters = await dead_letters.of_unknown_devices(connection, self._waiting)
            taken = await self._replay(letters)
            if letters:
                LOGGER.info("%d of %d messages replayed", taken, len(letters))
        self._waiting.clear()

    async def _watch(self) -> None:
        """Notice each second what others register or change."""
        while True:
            await asyncio.sleep(REFRESH)
            try:
                async with self._turn:
                    self._waiting |= await self._directory.refresh(self.clock())
                    await self._replay_waiting()
            except Exception as error:  # noqa: BLE001  no message depends on it
                _complain(error)

    async def _patiently(self, batch: Sequence[Message]) -> Taken:
        failures = 0
        while True:
            try:
                return await self._take(batch, self.clock(), replay=False)
            except Exception as error:
                if trouble(error) != "away":
                    raise
                failures += 1
                LOGGER.warning("the database does not answer, trying again: %s", cause(error))
                await asyncio.sleep(BACKOFF.delay(failures))

    async def _take(self, batch: Sequence[Message], now: int, *, replay: bool) -> Taken:
        try:
            return await self._attempt(batch, now, replay=replay)
        except Exception as error:
            if trouble(error) != "refused":
                raise
            if len(batch) == 1:
                return await self._give_up(batch[0], now, error)
        whole = Taken()
        for message in batch:
            whole.add(await self._take([message], now, replay=replay))
        return whole

    async def _attempt(self, batch: Sequence[Message], now: int, *, replay: bool) -> Taken:
        read, refused = read_topics(batch)
        announced, unreadable = read_presence(read)
        await self._directory.load({each.uplink.sn for each in read})
        fresh, unknown = await self._registrar.register(announced, now)
        found = sort(read, self._directory.known, now)
        found.announced += announced
        found.rejected += refused + unreadable + unknown
        changes = await self._store.keep(found, now, replay=replay)
        if not replay:
            self.figures.note(found.arrivals)
        return Taken(changes, found.rejected, fresh)

    async def _give_up(self, message: Message, now: int, error: Exception) -> Taken:
        """Keep as a dead letter what cannot be kept otherwise."""
        LOGGER.error("a message cannot be stored", exc_info=error)
        problem = RejectionError("unstorable", f"{type(error).__name__}: {error}")
        letter = rejected(message, problem, sender(message.topic)[0])
        async with self.database.begin() as connection:
            await dead_letters.store(connection, [letter], now)
        return Taken(rejected=[letter])


async def run_ingest(settings: Settings, slot: str = "1", *, shared: bool = False) -> None:
    """Take in live and backfilled messages until cancelled.

    `slot` names this worker; several divide the messages among themselves if all are `shared`.
    """
    database = Database(settings.database_url)
    products = ProductWatch(load(settings.plugins), database)
    spare_collector()

    def consumer(purpose: str, filters: Sequence[str]) -> Consumer:
        return bus.consumer(settings, "ingest", purpose, filters, slot, shared=shared)

    async with AsyncExitStack() as stack:
        await database.open()
        stack.push_async_callback(database.close)
        await products.look()
        feed = await stack.enter_async_context(bus.feed(settings, "ingest", f"feed-{slot}"))
        live = await stack.enter_async_context(consumer("live", UPLINK_FILTERS))
        late = await stack.enter_async_context(consumer("backfill", topics.BACKFILL_FILTERS))
        LOGGER.info("ingest %s takes in what the broker delivers", slot)
        vitals = Vitals(settings.offline_after, settings.new_days * DAY)
        common: dict[str, Any] = {"plug_and_play": settings.plug_and_play, "vitals": vitals}
        first = Ingest(products.registry, database, live, feed, **common)
        second = Ingest(products.registry, database, late, **common)

        def figures() -> dict[str, Any]:
            return first.figures.said() | {"backfill": second.figures.said()}

        heart = Heart(database, "ingest", slot, settings.data, figures, products.registry)
        watching = products.run(first.adopt, second.adopt, heart.adopt)
        await _together(first.run(), second.run(), heart.run(), watching)


def spare_collector() -> None:
    """Keep the garbage collector from what stays: the declarations of all plugins.

    A batch makes some ten thousand objects, and at the usual threshold the collector would run
    every seven hundred of them, and now and then look through everything.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _complain(error: Exception) -> None:
    """Say what went wrong with work that no message depends on; it is tried again."""
    if trouble(error) == "away":
        LOGGER.warning("the database does not answer: %s", cause(error))
    else:
        LOGGER.error("the live feed or a replay failed", exc_info=error)


async def _together(*works: Coroutine[Any, Any, None]) -> None:
    """Run until one ends, and end the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Await it, and if cancelled meanwhile let it end first, for a while."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=GRACE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
