"""What both transports promise: mosquitto with `MqttConsumer`, nats-server with JetStream.

Devices speak MQTT to either. Where the promises differ, the test says how.
"""

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import pytest

from core.runtime import topics
from core.runtime.mqtt import MqttPublisher
from core.runtime.transport import Message, Outgoing
from tests.runtime.traffic import FRAME, OTHER, SN, collect, first_batch, frames, payloads, until
from tests.runtime.transports import ACK_WAIT, FAST, FILTERS, TRANSPORTS, Worker
from tests.servers import Mosquitto, NatsServer

pytestmark = pytest.mark.integration

PROCESS = "tests.runtime.worker_process"
PROJECT = Path(__file__).parents[2]
SAVED_WITHIN = 2.2
"""Seconds after which mosquitto has what it confirmed on disk (`autosave_interval 1`)."""
PATIENCE = 30.0


@attrs.frozen
class Bus:
    """A running server, what devices and workers are on it, and where it differs."""

    transport: str
    server: Mosquitto | NatsServer

    @property
    def durable(self) -> bool:
        """Whether a confirmed message is on disk."""
        return self.transport == "jetstream"

    def worker(
        self,
        name: str = "ingest-1",
        filters: Sequence[str] = FILTERS,
        high_water: int = 2000,
        *,
        shared: bool = False,
    ) -> Worker:
        start = TRANSPORTS[self.transport]
        return start(self.server.port, name, filters, high_water, shared=shared)

    def device(self, sn: str = SN) -> MqttPublisher:
        return MqttPublisher(self.server.address(), sn, backoff=FAST)

    async def publish(self, numbers: Iterable[int]) -> None:
        async with self.device() as device:
            await device.publish_many(frames(numbers))

    async def killed_worker(self, name: str, file: Path, count: int, *how: str) -> list[int]:
        """Run a worker until it kills itself, and return what it committed."""
        arguments = (self.transport, str(self.server.port), name, str(file), str(count))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", PROCESS, *arguments, *(how or ("alone",)), cwd=PROJECT
        )
        try:
            assert await asyncio.wait_for(process.wait(), 20) == -signal.SIGKILL
        finally:
            if process.returncode is None:
                process.kill()
        committed = await asyncio.to_thread(file.read_text)
        return [int(line) for line in committed.split()]


@pytest.fixture(params=TRANSPORTS)
def bus(request: pytest.FixtureRequest) -> Bus:
    """Both transports, with everybody let in."""
    fixture = {"mosquitto": "mosquitto", "jetstream": "nats_server"}[request.param]
    return Bus(request.param, request.getfixturevalue(fixture))


async def test_topics_and_payloads_arrive_as_they_were_sent(bus: Bus) -> None:
    payload = bytes(range(256))
    sent = [
        Outgoing(FRAME, payload),
        Outgoing(topics.log(SN, "ems"), b""),
        Outgoing(topics.ack(SN), payload * 100),
        Outgoing(topics.presence(SN), b"{}"),
        Outgoing(f"ess/{SN}/up/odd//Tür", b"x"),
    ]
    async with bus.worker(filters=["ess/+/up/#"]) as worker, bus.device() as device:
        await device.publish_many(sent)
        batch = await first_batch(worker, 5)
        await worker.acknowledge(batch)
    assert [(each.topic, each.payload) for each in batch] == [
        (each.topic, each.payload) for each in sent
    ]


async def test_each_device_is_heard_in_order(bus: Bus) -> None:
    async with bus.worker() as worker, bus.device(SN) as one, bus.device(OTHER) as other:
        channel = topics.frame(OTHER, "inverter", "running")
        numbered = [Outgoing(channel, str(number).encode()) for number in range(1000)]
        await asyncio.gather(one.publish_many(frames(range(1000))), other.publish_many(numbered))
        seen: list[Message] = []
        async with asyncio.timeout(10):
            async for batch in worker.batches():
                seen += batch
                await worker.acknowledge(batch)
                if len(seen) >= 2000:
                    break
        assert worker.pending == 0
    for topic in (FRAME, channel):
        assert payloads([each for each in seen if each.topic == topic]) == list(range(1000))


async def test_what_was_acknowledged_is_gone(bus: Bus) -> None:
    async with bus.worker() as worker:
        await bus.publish(range(2000))
        assert await collect(worker, 2000) == list(range(2000))
        assert worker.pending == 0
    async with bus.worker() as worker:
        assert await collect(worker, 1, within=ACK_WAIT + 0.5) == []


async def test_a_batch_ends_at_its_size(bus: Bus) -> None:
    async with bus.worker() as worker:
        await bus.publish(range(1120))
        await until(lambda: worker.pending == 1120)
        stream = worker.batches()
        sizes = [len(await anext(stream)) for _ in range(3)]
    assert sizes == [500, 500, 120]


async def test_a_batch_ends_at_its_delay(bus: Bus) -> None:
    async with bus.worker() as worker, bus.device() as device:
        stream = worker.batches(max_delay=0.03)
        delays = []
        for number in range(10):
            began = time.monotonic()
            await device.publish_many(frames([number]))
            assert payloads(await anext(stream)) == [number]
            delays.append(time.monotonic() - began)
    assert sorted(delays)[5] < 0.15


async def test_what_was_not_acknowledged_comes_again(bus: Bus) -> None:
    async with bus.worker() as worker:
        await bus.publish(range(50))
        batch = await first_batch(worker, 50)
        await worker.acknowledge(batch[:20])
    async with bus.worker() as worker:
        assert await _read_all(worker, quiet=ACK_WAIT + 1) == set(range(20, 50))


async def test_kill_9_between_commit_and_acknowledgement_loses_nothing(
    bus: Bus, tmp_path: Path
) -> None:
    async with bus.worker():
        pass
    await bus.publish(range(500))
    first = await bus.killed_worker("ingest-1", tmp_path / "committed", 100)
    assert first == list(range(100))
    async with bus.worker() as worker:
        rest = await collect(worker, 400)
    assert sorted({*first, *rest}) == list(range(500))


async def test_workers_share_the_messages(bus: Bus) -> None:
    names = ("ingest-1", "ingest-2", "ingest-3")
    one, two, three = (bus.worker(name, high_water=1000, shared=True) for name in names)
    async with one, two, three:
        await bus.publish(range(3000))
        parts = await _read_together([one, two, three], 3000)
    assert sorted(number for part in parts for number in part) == list(range(3000))
    assert all(len(part) > 300 for part in parts)


async def test_a_worker_that_dies_among_others_loses_nothing(bus: Bus, tmp_path: Path) -> None:
    """With mosquitto its messages wait for its return; with JetStream the others get them."""
    sent = 0
    async with bus.worker("ingest-1", high_water=100, shared=True) as one, bus.device() as device:
        reading = asyncio.create_task(_read_all(one, quiet=3 * ACK_WAIT))
        dying = asyncio.create_task(
            bus.killed_worker("ingest-2", tmp_path / "committed", 100, "shared")
        )
        while not dying.done():
            await device.publish_many(frames(range(sent, sent + 100)))
            sent += 100
            await asyncio.sleep(0.05)
        seen = {*await dying, *await reading}
        if not bus.durable:
            async with bus.worker("ingest-2", shared=True) as two:
                seen |= await _read_all(two, quiet=0.5)
    assert seen == set(range(sent))


async def test_a_stalled_worker_is_bounded_and_loses_nothing(bus: Bus) -> None:
    async with bus.worker(high_water=500) as worker:
        await bus.publish(range(10_000))
        await until(lambda: worker.pending == 500)
        await asyncio.sleep(0.3)
        highest, seen = worker.pending, set[int]()
        async for batch in worker.batches():
            highest = max(highest, worker.pending)
            seen.update(payloads(batch))
            await worker.acknowledge(batch)
            if len(seen) >= 10_000:
                break
    assert highest == 500
    assert seen == set(range(10_000))  # a stalled worker may get some again, out of order


async def test_kill_9_of_the_server_loses_nothing_that_was_saved(bus: Bus) -> None:
    """JetStream has it on disk when it confirms; mosquitto within a second or two."""
    async with bus.worker():
        pass
    await bus.publish(range(3000))
    if not bus.durable:
        await asyncio.sleep(SAVED_WITHIN)
    bus.server.kill()
    bus.server.start()
    async with bus.worker() as worker:
        assert sorted(set(await collect(worker, 3000))) == list(range(3000))


async def test_kill_9_of_the_server_at_any_time(bus: Bus) -> None:
    """What a device resends until it is confirmed arrives, though the server dies meanwhile.

    With mosquitto what was confirmed since its last save would be missing, so it is killed later.
    """
    async with bus.worker() as worker, bus.device() as device:
        reading = asyncio.create_task(_read_all(worker, quiet=PATIENCE, enough=2000))
        for start in range(0, 2000, 1000):
            sending = asyncio.create_task(device.publish_many(frames(range(start, start + 1000))))
            await asyncio.sleep(0.04)
            if not bus.durable:
                await sending
                await asyncio.sleep(SAVED_WITHIN)
            bus.server.kill()
            bus.server.start()
            await sending
        seen = await reading
    assert seen == set(range(2000))


async def test_a_restart_is_survived(bus: Bus) -> None:
    async with bus.worker() as worker, bus.device() as device:
        await device.publish(FRAME, b"0")
        assert await collect(worker, 1) == [0]
        bus.server.stop()
        sending = asyncio.create_task(device.publish_many(frames(range(1, 101))))
        await asyncio.sleep(0.2)
        assert not sending.done()
        bus.server.start()
        seen = await collect(worker, 100)
        await sending
    assert sorted(set(seen)) == list(range(1, 101))


async def test_acknowledging_after_a_reconnect_loses_nothing(bus: Bus) -> None:
    async with bus.worker() as worker:
        await bus.publish(range(10))
        old = await first_batch(worker, 10)
        bus.server.stop()
        await worker.acknowledge(old[:5])
        bus.server.start()
        await worker.acknowledge(old[:5])
        await bus.publish(range(10, 20))
        again = await _read_all(worker, quiet=2 * ACK_WAIT)
        await worker.acknowledge(old)
    assert again >= set(range(10, 20))


async def test_backfill_does_not_delay_live_frames(bus: Bus) -> None:
    late = bus.worker("late-1", topics.BACKFILL_FILTERS, 100)
    async with late, bus.worker("live-1") as live, bus.device() as device:
        backfilled = topics.backfill(SN, "inverter", "running")
        await device.publish_many(Outgoing(backfilled, str(n).encode()) for n in range(3000))
        began = time.monotonic()
        await device.publish(FRAME, b"3000")
        assert await collect(live, 1) == [3000]
        assert time.monotonic() - began < 0.5
        assert await collect(late, 3000) == list(range(3000))


async def test_birth_and_will_tell_presence(bus: Bus) -> None:
    presence = topics.presence(SN)
    device = MqttPublisher(
        bus.server.address(),
        SN,
        will=Outgoing(presence, b"0", retain=True),
        birth=lambda: Outgoing(presence, b"1", retain=True),
    )
    async with bus.worker() as worker, device:
        assert await collect(worker, 1) == [1]
        device._link.connection._paho.socket().shutdown(socket.SHUT_RDWR)
        assert (await collect(worker, 1))[:1] == [0]


async def test_entering_waits_for_a_server(bus: Bus) -> None:
    bus.server.stop()
    entering = asyncio.create_task(bus.worker().__aenter__())
    await asyncio.sleep(0.3)
    assert not entering.done()
    bus.server.start()
    worker = await asyncio.wait_for(entering, 5)
    await worker.__aexit__(None, None, None)


async def test_entering_can_be_cancelled(bus: Bus) -> None:
    bus.server.stop()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await bus.worker().__aenter__()


async def test_closing_ends_the_batches(bus: Bus) -> None:
    async with bus.worker() as worker:
        reading = asyncio.create_task(collect(worker, 1))
        await asyncio.sleep(0.1)
    assert await asyncio.wait_for(reading, 2) == []


async def _read_together(workers: Sequence[Worker], enough: int) -> list[list[int]]:
    """Let all of them take and acknowledge until they have enough together; what each has."""
    parts: list[list[int]] = [[] for _ in workers]

    async def read(worker: Worker, part: list[int]) -> None:
        async for batch in worker.batches():
            part += payloads(batch)
            await worker.acknowledge(batch)

    reading = [asyncio.create_task(read(*each)) for each in zip(workers, parts, strict=True)]
    async with asyncio.timeout(PATIENCE):
        while sum(map(len, parts)) < enough:  # noqa: ASYNC110  several add to it
            await asyncio.sleep(0.05)
    for each in reading:
        each.cancel()
    await asyncio.wait(reading)
    return parts


async def _read_all(worker: Worker, quiet: float, enough: int | None = None) -> set[int]:
    """Take and acknowledge until there is enough, or nothing has come for so many seconds."""
    seen: set[int] = set()
    stream = worker.batches()
    with contextlib.suppress(TimeoutError):
        while len(seen) != enough:
            async with asyncio.timeout(quiet if seen else 10):
                batch = await anext(stream)
            seen |= set(payloads(batch))
            await worker.acknowledge(batch)
    return seen
