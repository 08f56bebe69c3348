"""The sender of commands killed at each of its points: none is lost, none done twice that must not.

`THINGWRIGHT_SENDER_KILLS=300` makes the long set of it; each database has half of the kills, at
points of its own.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import msgspec
import pytest

from core.access import PLATFORM
from core.commanding import delivery, giving, instructions
from core.commanding.orders import Order
from core.commanding.records import CommandRecord, CommandRequest
from core.commanding.states import FINAL, State
from core.registry import Registry
from core.runtime import topics
from core.runtime.clock import now
from core.runtime.database import Database
from core.runtime.envelope import Envelope
from core.runtime.ingest import UPLINK_FILTERS, Ingest
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.transport import Outgoing
from core.thing_model.messages import Acknowledgement, CommandMessage
from tests.devices import frame, settings
from tests.faults.fleet import FAST
from tests.faults.harness import environment, until, value
from tests.servers import Mosquitto

pytestmark = [pytest.mark.integration, pytest.mark.slow]

KILLS = int(os.environ.get("THINGWRIGHT_SENDER_KILLS", "24"))
POINTS = 30
"""Of a round that ends what was left, claims two commands and sends them; 24 without the former."""
SLOW = 2
"""One command of so many is answered late, after the sender that sent it was killed."""
LATE = 1.5
DRAINED = 10
"""After so many kills a sender may finish what has gathered."""
PROCESS = str(Path(__file__).with_name("sender_process.py"))
TWICE, ONCE = "SENDTWICE001", "SENDONCE0001"
END = frozenset({*FINAL, State.TIMED_OUT})


@attrs.define(eq=False)
class Device:
    """A device that knows nothing of ids: what it is told it does, as often as it is told.

    Some of its answers come late.
    """

    sn: str
    address: BrokerAddress
    done: Counter[str] = attrs.field(factory=Counter)
    sequence: int = 0
    _told: asyncio.Queue[bytes] = attrs.field(factory=asyncio.Queue)

    async def run(self) -> None:
        link = MqttPublisher(
            self.address,
            self.sn,
            birth=self._birth,
            filters=(topics.command(self.sn),),
            on_message=lambda _topic, payload: self._told.put_nowait(payload),
            persistent=True,
            backoff=FAST,
        )
        async with link:
            while True:
                told = msgspec.json.decode(await self._told.get(), type=CommandMessage)
                self.done[told.id] += 1
                await asyncio.sleep(LATE if len(self.done) % SLOW == 0 else 0)
                await link.publish_many([*self._answers(told)])

    def _birth(self) -> Outgoing:
        said = {"online": True, "product_model": "bench"}
        return Outgoing(topics.presence(self.sn), msgspec.json.encode(said), retain=True)

    def _answers(self, told: CommandMessage):
        for status in ("accepted", "succeeded"):
            body = msgspec.json.encode(Acknowledgement(told.id, status))
            self.sequence += 1
            envelope = Envelope(1, self.sequence, now(), body)
            yield Outgoing(topics.ack(self.sn), envelope.pack())
        if limit := told.parameters.get("export_limit"):
            self.sequence += 1
            made = frame(
                self.sequence,
                settings(limit=limit),
                sn=self.sn,
                channel="settings",
                device_time=now(),
            )
            yield Outgoing(made.topic, made.payload)


@attrs.define
class Range:
    """An installation whose sender is killed, and two devices that are not."""

    database: Database
    registry: Registry
    parent: asyncio.subprocess.Process
    devices: dict[str, Device]
    given: dict[str, str] = attrs.field(factory=dict)

    async def give(self, number: int) -> None:
        """A command that may be sent twice, and one that may not."""
        limit = CommandRequest("inverter", "set_export_limit", {"export_limit": 1 + number})
        restart = CommandRequest("inverter", "restart", {})
        for sn, request in ((TWICE, limit), (ONCE, restart)):
            async with self.database.begin() as connection:
                order = Order(request, [sn], life=3_600_000)
                made = await giving.give(connection, self.registry, PLATFORM, order, now())
            self.given[made.id] = sn

    async def live(self, last: int) -> bool:
        """Let a sender live until it passes its `last` point, or all is done; whether it did."""
        self.parent.stdin.write(f"{last}\n".encode())
        child = int(await self.parent.stdout.readline())
        died = asyncio.create_task(self.parent.stdout.readline())
        done = asyncio.create_task(until(self.is_done, "all commands have ended"))
        await asyncio.wait({died, done}, return_when=asyncio.FIRST_COMPLETED)
        got_there = died.done()
        if not got_there:
            os.kill(child, signal.SIGKILL)
            await done
        done.cancel()
        assert int(await died) == signal.SIGKILL, "the sender ended by itself"
        return got_there

    async def is_done(self) -> bool:
        states = [str(state) for state in END]
        query = f"SELECT count(*) FROM commands WHERE state NOT IN {tuple(states)}"
        return bool(await value(self.database, query) == 0)

    async def records(self) -> dict[str, list[CommandRecord]]:
        found: dict[str, list[CommandRecord]] = {TWICE: [], ONCE: []}
        async with self.database.read() as connection:
            for id_ in self.given:
                for sn, record in await instructions.commands_of(connection, PLATFORM, id_):
                    found[sn].append(record)
        return found


@pytest.fixture
async def shooting(
    database: Database, mosquitto: Mosquitto, registry: Registry, tmp_path: Path
) -> AsyncIterator[Range]:
    url = database.url.set(drivername=database.url.get_backend_name())
    told = environment(
        tmp_path,
        url.render_as_string(hide_password=False),
        f"mqtt://127.0.0.1:{mosquitto.port}",
    )
    devices = {sn: Device(sn, mosquitto.address()) for sn in (TWICE, ONCE)}
    consumer = MqttConsumer(mosquitto.address(), "ingest-1", UPLINK_FILTERS, backoff=FAST)
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        PROCESS,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **told},
    )
    made = Range(database, registry, parent, devices)
    async with consumer:
        runs = [Ingest(registry, database, consumer).run(), *(d.run() for d in devices.values())]
        tasks = [asyncio.create_task(run) for run in runs]
        yield made
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                task.result()
    parent.stdin.close()
    assert await parent.wait() == 0


async def test_a_sender_killed_anywhere_loses_nothing_and_repeats_only_what_it_may(
    shooting: Range,
) -> None:
    async def registered() -> bool:
        return bool(await value(shooting.database, "SELECT count(*) FROM systems") == 2)

    await until(registered, "both devices are registered")
    began, kills, wanted = time.monotonic(), 0, KILLS // 2
    for number in range(wanted):
        await shooting.give(number)
        point = (2 * number + (not shooting.database.is_sqlite)) % POINTS
        kills += await shooting.live(POINTS - point)
        if number % DRAINED == DRAINED - 1:
            await shooting.live(0)
    assert kills > wanted * 0.8
    await shooting.live(0)
    assert await shooting.is_done()
    found = await shooting.records()
    twice, once = found[TWICE], found[ONCE]
    assert len(twice) == len(once) == wanted
    assert [record for record in twice if record.state is not State.SUCCEEDED] == []
    done = shooting.devices[ONCE].done
    for record in once:
        times = done[record.id]
        if times:
            assert (times, record.state) == (1, State.SUCCEEDED)
        else:
            assert (record.state, record.reason) == (State.TIMED_OUT, delivery.UNKNOWN)
    repeated = sum(count - 1 for count in shooting.devices[TWICE].done.values())
    for table in ("dead_letters", "actuation_leases"):
        assert await value(shooting.database, f"SELECT count(*) FROM {table}") == 0
    unknown = sum(record.state is State.TIMED_OUT for record in once)
    late = sum(record.late for record in once)
    sys.stdout.write(
        f"{kills} kills: {2 * wanted} commands, {repeated} sent again, {unknown} unknown, "
        f"{late} answered late; {time.monotonic() - began:.0f} s\n"
    )
