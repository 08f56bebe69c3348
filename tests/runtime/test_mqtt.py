"""The MQTT transport against a real mosquitto."""

import asyncio
import inspect
import logging
import sys
from collections.abc import Iterable
from pathlib import Path

import aiomqtt
import pytest

from core.runtime import topics
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.mqtt_connection import paho_of
from core.runtime.mqtt_link import Backoff
from core.runtime.transport import Outgoing
from tests.runtime.traffic import FRAME, SN, collect, first_batch, frames, payloads, until
from tests.servers import Mosquitto, free_port

pytestmark = pytest.mark.integration

FILTERS = ["ess/+/up/frame/+/+"]
FAST = Backoff(0.05, 0.2)
PROCESS = Path(__file__).with_name("consumer_process.py")


async def test_the_private_names_are_where_the_adapter_expects_them() -> None:
    paho = paho_of(aiomqtt.Client("localhost"))
    assert list(inspect.signature(paho.ack).parameters) == ["mid", "qos"]
    assert list(inspect.signature(paho.manual_ack_set).parameters) == ["on"]
    assert callable(paho.loop_read)
    assert callable(paho.socket)
    assert inspect.getattr_static(type(paho), "on_message").fset is not None
    assert inspect.getattr_static(type(paho), "on_publish").fset is not None


async def test_messages_arrive_in_order_and_are_gone_once_acknowledged(
    mosquitto: Mosquitto,
) -> None:
    consumer = _consumer(mosquitto)
    async with consumer:
        await _publish(mosquitto, range(2000))
        assert await collect(consumer, 2000) == list(range(2000))
        assert consumer.pending == 0
    async with consumer:
        assert await collect(consumer, 1, within=0.3) == []


async def test_a_batch_ends_at_its_size_or_delay(mosquitto: Mosquitto) -> None:
    async with _consumer(mosquitto) as consumer:
        await _publish(mosquitto, range(120))
        await until(lambda: consumer.pending == 120)
        stream = consumer.batches(max_size=50, max_delay=0.05)
        sizes = [len(await anext(stream)) for _ in range(3)]
    assert sizes == [50, 50, 20]


async def test_unacknowledged_messages_come_again(mosquitto: Mosquitto) -> None:
    consumer = _consumer(mosquitto)
    async with consumer:
        await _publish(mosquitto, range(50))
        batch = await first_batch(consumer, 50)
        await consumer.acknowledge(batch[:20])
    async with consumer:
        assert await collect(consumer, 30) == list(range(20, 50))


async def test_kill_9_between_commit_and_acknowledgement_loses_nothing(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with _consumer(mosquitto):
        pass
    await _publish(mosquitto, range(500))
    committed = tmp_path / "committed"
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROCESS), str(mosquitto.port), str(committed), "100"
    )
    assert await process.wait() == -9
    first = [int(line) for line in committed.read_text().split()]
    assert first == list(range(100))
    async with _consumer(mosquitto) as consumer:
        rest = await collect(consumer, 400)
    assert sorted({*first, *rest}) == list(range(500))


async def test_a_stalled_consumer_is_bounded_and_loses_nothing(mosquitto: Mosquitto) -> None:
    async with _consumer(mosquitto, high_water=500) as consumer:
        await _publish(mosquitto, range(20_000))
        await until(lambda: consumer.pending >= 500)
        await asyncio.sleep(0.5)
        assert consumer.pending == 500
        highest, seen = 0, []
        async for batch in consumer.batches():
            highest = max(highest, consumer.pending)
            seen += payloads(batch)
            await consumer.acknowledge(batch)
            if len(seen) >= 20_000:
                break
    assert highest == 500
    assert seen == list(range(20_000))


async def test_a_backlog_above_high_water_does_not_block_the_start(mosquitto: Mosquitto) -> None:
    async with _consumer(mosquitto):
        pass
    await _publish(mosquitto, range(3000))
    async with asyncio.timeout(5), _consumer(mosquitto, high_water=100) as consumer:
        assert await collect(consumer, 3000) == list(range(3000))


async def test_a_broker_restart_is_survived(mosquitto: Mosquitto) -> None:
    async with _consumer(mosquitto) as consumer, _publisher(mosquitto) as publisher:
        await publisher.publish(FRAME, b"0")
        assert await collect(consumer, 1) == [0]
        mosquitto.stop()
        sending = asyncio.create_task(publisher.publish_many(frames(range(1, 101))))
        await asyncio.sleep(0.2)
        assert not sending.done()
        mosquitto.start()
        seen = await collect(consumer, 100)
        await sending
    assert sorted(set(seen)) == list(range(1, 101))


async def test_tokens_of_a_lost_connection_are_ignored(mosquitto: Mosquitto) -> None:
    async with _consumer(mosquitto) as consumer:
        await _publish(mosquitto, range(10))
        old = await first_batch(consumer, 10)
        mosquitto.stop()
        await until(lambda: consumer.pending == 0)
        await consumer.acknowledge(old)
        mosquitto.start()
        again = await first_batch(consumer, 10)
        await consumer.acknowledge(old)
        assert payloads(again) == list(range(10))
        assert consumer.pending == 10
        await consumer.acknowledge(again)
        await consumer.acknowledge(again)
        assert consumer.pending == 0


async def test_a_group_divides_the_messages(mosquitto: Mosquitto) -> None:
    filters = topics.shared("ingest", *FILTERS)
    one = MqttConsumer(mosquitto.address(), "ingest-1", filters)
    two = MqttConsumer(mosquitto.address(), "ingest-2", filters)
    async with one, two:
        await _publish(mosquitto, range(200))
        await until(lambda: one.pending + two.pending == 200)
        parts = [payloads(await first_batch(each, each.pending)) for each in (one, two)]
    assert all(len(part) > 50 for part in parts)
    assert sorted(parts[0] + parts[1]) == list(range(200))


async def test_live_and_backfill_have_their_own_queues(mosquitto: Mosquitto) -> None:
    late = MqttConsumer(mosquitto.address(), "backfill-1", topics.BACKFILL_FILTERS)
    live = MqttConsumer(mosquitto.address(), "ingest-1", topics.LIVE_FILTERS)
    async with late, live, _publisher(mosquitto) as publisher:
        await publisher.publish(topics.backfill(SN, "inverter", "running"), b"1")
        await publisher.publish(FRAME, b"2")
        assert await collect(live, 1) == [2]
        assert await collect(late, 1) == [1]


async def test_a_feed_without_a_session_is_not_queued(mosquitto: Mosquitto) -> None:
    feed = MqttConsumer(
        mosquitto.address(), "portal-1", [topics.LIVE_FEED_FILTER], persistent=False, qos=0
    )
    async with feed, _publisher(mosquitto) as publisher:
        await publisher.publish(topics.live(SN), b"1", qos=0)
        assert await collect(feed, 1) == [1]
    async with _publisher(mosquitto) as publisher:
        await publisher.publish(topics.live(SN), b"2")
    async with feed:
        assert await collect(feed, 1, within=0.3) == []


async def test_birth_and_will_tell_presence(mosquitto: Mosquitto) -> None:
    presence = topics.presence(SN)
    device = MqttPublisher(
        mosquitto.address(),
        SN,
        will=Outgoing(presence, b"0", retain=True),
        birth=lambda: Outgoing(presence, b"1", retain=True),
    )
    consumer = MqttConsumer(mosquitto.address(), "ingest-1", topics.LIVE_FILTERS)
    async with consumer, device:
        assert await collect(consumer, 1) == [1]
        async with MqttPublisher(mosquitto.address(), SN):
            assert await collect(consumer, 1) == [0]


async def test_a_device_hears_its_commands(mosquitto: Mosquitto) -> None:
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    topic = topics.command(SN)
    device = MqttPublisher(
        mosquitto.address(),
        SN,
        filters=[topic],
        on_message=lambda topic, payload: heard.put_nowait((topic, payload)),
    )
    async with device, _publisher(mosquitto) as publisher:
        await publisher.publish(topic, b"reboot")
        assert await asyncio.wait_for(heard.get(), 5) == (topic, b"reboot")


async def test_a_stall_beyond_the_keepalive_loses_nothing(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = MqttConsumer(
        mosquitto.address(), "ingest-1", FILTERS, high_water=50, keepalive=1, backoff=FAST
    )
    async with consumer:
        await _publish(mosquitto, range(200))
        held = await first_batch(consumer, 50)
        await until(lambda: "connection lost" in caplog.text)
        await consumer.acknowledge(held)
        assert set(await collect(consumer, 200)) == set(range(200))


async def test_without_a_broker_entering_waits_for_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = Mosquitto(tmp_path, port=free_port())
    consumer = _consumer(server)
    with caplog.at_level(logging.WARNING):
        entering = asyncio.create_task(consumer.__aenter__())
        await until(lambda: "no MQTT broker answers" in caplog.text)
        server.start()
    await asyncio.wait_for(entering, 5)
    await consumer.__aexit__(None, None, None)
    server.kill()


async def test_entering_can_be_cancelled(tmp_path: Path) -> None:
    consumer = _consumer(Mosquitto(tmp_path, port=free_port()))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await consumer.__aenter__()


async def test_closing_ends_the_batches(mosquitto: Mosquitto) -> None:
    async with _consumer(mosquitto) as consumer:
        reading = asyncio.create_task(collect(consumer, 1))
        await asyncio.sleep(0.1)
    assert await asyncio.wait_for(reading, 2) == []


@pytest.mark.parametrize(
    ("failures", "most"), [(1, 0.5), (2, 1.0), (5, 8.0), (7, 30.0), (10**6, 30.0)]
)
async def test_back_off_doubles_to_its_limit(failures: int, most: float) -> None:
    delays = [Backoff().delay(failures) for _ in range(50)]
    assert most / 2 <= min(delays)
    assert max(delays) <= most


def _consumer(server: Mosquitto, high_water: int = 8000) -> MqttConsumer:
    return MqttConsumer(server.address(), "ingest-1", FILTERS, high_water=high_water, backoff=FAST)


def _publisher(server: Mosquitto) -> MqttPublisher:
    return MqttPublisher(server.address(), "publisher", backoff=FAST)


async def _publish(server: Mosquitto, numbers: Iterable[int]) -> None:
    async with _publisher(server) as publisher:
        await publisher.publish_many(frames(numbers))
