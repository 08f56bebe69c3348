"""What only JetStream does: shared work, rights, downlinks, and a server that forgets or fills."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import nats
import pytest
from nats.js.client import JetStreamContext

from core.runtime import topics
from core.runtime.credentials import Credentials
from core.runtime.jetstream import JetStreamConsumer, Queue
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.nats_feed import NatsListener, NatsPublisher
from core.runtime.subjects import subject_of, topic_of
from core.runtime.topics import TopicError
from core.runtime.transport import Outgoing, RefusedError, TransportError
from tests.runtime.traffic import FRAME, OTHER, SN, collect, first_batch, frames, payloads, until
from tests.runtime.transports import FAST, FILTERS
from tests.servers import HOST, NatsServer, StartNatsServer

pytestmark = pytest.mark.integration

QUEUE = Queue("ingest_live", FILTERS, ack_wait=1)


@pytest.mark.parametrize(
    ("topic", "subject"),
    [
        (FRAME, f"ess.{SN}.up.frame.inverter.running"),
        ("ess/+/up/#", "ess.*.up.>"),
        ("a//b/", "a./.b./"),
        ("/a", "/.a"),
    ],
)
def test_topics_are_written_as_the_server_writes_them(topic: str, subject: str) -> None:
    assert subject_of(topic) == subject
    if "+" not in topic:
        assert topic_of(subject) == topic


@pytest.mark.parametrize("topic", ["a.b", "a/*", "a/>", "a b", "a/\r\nPUB x 0"])
def test_topics_that_would_mean_something_else_are_refused(topic: str) -> None:
    with pytest.raises(TopicError, match="uses otherwise"):
        subject_of(topic)


async def test_acknowledged_messages_leave_the_disk(nats_server: NatsServer) -> None:
    async with _worker(nats_server) as worker, _context(nats_server) as context:
        await _publish(nats_server, 1000)
        assert await collect(worker, 1000) == list(range(1000))
        await _until_stored(context, 0)


async def test_long_work_is_not_given_to_others(nats_server: NatsServer) -> None:
    async with _worker(nats_server, "one") as one:
        await _publish(nats_server, 10)
        held = await first_batch(one, 10)
        async with _worker(nats_server, "two") as two:
            assert await collect(two, 1, within=2.5) == []
        await one.acknowledge(held)
        assert one.pending == 0
        assert await collect(one, 1, within=1.5) == []


async def test_what_a_dead_worker_held_goes_to_others(nats_server: NatsServer) -> None:
    dead = _worker(nats_server, "dead")
    await dead.__aenter__()
    await _publish(nats_server, 10)
    await first_batch(dead, 10)
    await dead._link.stop()
    async with _worker(nats_server, "heir") as heir:
        assert sorted(await collect(heir, 10, within=4)) == list(range(10))


async def test_a_queue_that_was_deleted_is_made_again(nats_server: NatsServer) -> None:
    async with _worker(nats_server) as worker, _context(nats_server) as context:
        await context.delete_stream(QUEUE.name)
        await asyncio.sleep(2.5)
        await _publish(nats_server, 10)
        assert await collect(worker, 10) == list(range(10))


async def test_new_filters_keep_what_waits(nats_server: NatsServer) -> None:
    async with _worker(nats_server):
        pass
    await _publish(nats_server, 10)
    wider = JetStreamConsumer(
        nats_server.nats_address(), attrs.evolve(QUEUE, filters=(*FILTERS, topics.live(SN)))
    )
    async with wider, NatsPublisher(nats_server.nats_address()) as publisher:
        await publisher.publish(topics.live(SN), b"10")
        assert sorted(await collect(wider, 11)) == list(range(11))


async def test_a_topic_in_two_queues_is_refused(nats_server: NatsServer) -> None:
    async with _worker(nats_server):
        other = JetStreamConsumer(nats_server.nats_address(), Queue("other", FILTERS))
        with pytest.raises(RefusedError, match="no subject may be in two streams"):
            await other.__aenter__()


async def test_a_full_queue_drops_the_oldest(nats_server: NatsServer) -> None:
    small = JetStreamConsumer(
        nats_server.nats_address(), attrs.evolve(QUEUE, max_bytes=20_000), high_water=10
    )
    async with small:
        pass
    await _publish(nats_server, 1000)
    async with small:
        seen = await collect(small, 1000, within=1)
    assert 50 < len(seen) < 300
    assert seen == list(range(1000 - len(seen), 1000))


async def test_a_publisher_is_confirmed_by_the_stream(nats_server: NatsServer) -> None:
    async with _worker(nats_server) as worker, _publisher(nats_server) as publisher:
        await publisher.publish_many(frames(range(2500)))
        nats_server.kill()
        nats_server.start()
        sending = asyncio.create_task(publisher.publish_many(frames(range(2500, 3000))))
        seen = set(await collect(worker, 3000))
        await sending
        seen |= set(await collect(worker, 3000, within=2))
    assert seen == set(range(3000))


async def test_what_no_queue_takes_is_refused(nats_server: NatsServer) -> None:
    async with _publisher(nats_server) as publisher:
        with pytest.raises(TransportError, match="no queue of nats-server takes it"):
            await publisher.publish(topics.command(SN), b"1")
        with pytest.raises(TransportError, match="only MQTT retains"):
            await publisher.publish(topics.presence(SN), b"1", retain=True)


async def test_the_live_feed_reaches_who_listens(nats_server: NatsServer) -> None:
    listener = NatsListener(
        nats_server.nats_address(), [topics.LIVE_FEED_FILTER], high_water=100, backoff=FAST
    )
    async with _publisher(nats_server) as publisher:
        await publisher.publish(topics.live(SN), b"0", qos=0)
        async with listener:
            await publisher.publish_many(Outgoing(topics.live(SN), b"1", qos=0) for _ in range(5))
            batch = await first_batch(listener, 5)
            assert [each.topic for each in batch] == [topics.live(SN)] * 5
            assert payloads(batch) == [1] * 5
            nats_server.stop()
            await until(lambda: listener._link.connection is publisher._link.connection is None)
            nats_server.start()
            await asyncio.wait_for(listener._link.connected(), 5)
            await publisher.publish(topics.live(OTHER), b"2", qos=0)
            assert payloads(await first_batch(listener, 1)) == [2]


async def test_the_mqtt_listener_hears_the_live_feed_too(nats_server: NatsServer) -> None:
    feed = MqttConsumer(
        nats_server.address(), "portal", [topics.LIVE_FEED_FILTER], persistent=False, qos=0
    )
    async with feed, _publisher(nats_server) as publisher:
        await publisher.publish(topics.live(SN), b"1", qos=0)
        assert await collect(feed, 1) == [1]


async def test_a_command_by_mqtt_waits_for_its_device(nats_server: NatsServer) -> None:
    device = MqttConsumer(nats_server.address(), SN, [topics.command(SN)])
    async with device:
        pass
    async with MqttPublisher(nats_server.address(), "worker-1") as worker:
        await worker.publish(topics.command(SN), b"1")
    nats_server.kill()
    nats_server.start()
    async with device:
        assert await collect(device, 1) == [1]


async def test_a_wrong_password_is_refused_at_once(start_nats_server: StartNatsServer) -> None:
    server = start_nats_server(Credentials.generate())
    for user in ("ingest", "nobody", None):
        address = BrokerAddress(HOST, server.port, user, "wrong" if user else None)
        with pytest.raises(RefusedError, match="check user name, password"):
            await JetStreamConsumer(address, QUEUE).__aenter__()


async def test_devices_are_kept_apart(start_nats_server: StartNatsServer) -> None:
    server = start_nats_server(Credentials.generate(), (SN, OTHER))
    ingest = JetStreamConsumer(server.nats_address("ingest"), QUEUE)
    will = Outgoing(topics.presence(OTHER), b"9", retain=True)
    async with ingest:
        async with MqttPublisher(server.address(SN), SN, will=will) as device:
            await device.publish(topics.frame(OTHER, "inverter", "running"), b"1")
            await device.publish(topics.command(SN), b"2")
            await device.publish("$JS/API/STREAM/DELETE/ingest_live", b"")
            await device.publish(FRAME, b"3")
            await device._link.connection.close()
        assert await collect(ingest, 4, within=1) == [3]


@pytest.mark.parametrize(
    "filter_", ["#", "ess/#", "ess/+/down/#", f"ess/{OTHER}/down/command", FRAME, "$MQTT/sub/#"]
)
async def test_a_device_subscribes_only_to_its_own_commands(
    start_nats_server: StartNatsServer, filter_: str
) -> None:
    server = start_nats_server(Credentials.generate(), (SN, OTHER))
    with pytest.raises(RefusedError, match="no right to subscribe"):
        await MqttConsumer(server.address(SN), SN, [filter_]).__aenter__()


async def test_a_device_hears_its_own_commands(start_nats_server: StartNatsServer) -> None:
    server = start_nats_server(Credentials.generate(), (SN, OTHER))
    device = MqttConsumer(server.address(SN), SN, [f"ess/{SN}/down/#"])
    async with device, MqttPublisher(server.address("worker"), "worker-1") as worker:
        await worker.publish(topics.command(OTHER), b"1")
        await worker.publish(topics.command(SN), b"2")
        assert await collect(device, 2, within=0.5) == [2]


async def test_a_session_cannot_be_stolen_by_its_name(start_nats_server: StartNatsServer) -> None:
    server = start_nats_server(Credentials.generate(), (SN, OTHER))
    device = MqttConsumer(server.address(SN), SN, [topics.command(SN)])
    async with device:
        pass
    async with MqttPublisher(server.address("worker"), "worker-1") as worker:
        await worker.publish(topics.command(SN), b"1")
    thief = MqttConsumer(server.address(OTHER), SN, [topics.command(OTHER)])
    async with thief:
        assert await collect(thief, 1, within=0.5) == []
    async with device:
        assert await collect(device, 1) == [1]


async def test_devices_speak_mqtt_only(start_nats_server: StartNatsServer) -> None:
    server = start_nats_server(Credentials.generate(), (SN,))
    with pytest.raises(RefusedError):
        await NatsListener(server.nats_address(SN), ["$MQTT/sub/#"]).__aenter__()


async def test_tls_on_both_ports(start_nats_server: StartNatsServer) -> None:
    server = start_nats_server(Credentials.generate(), (SN,), tls=True)
    ingest = JetStreamConsumer(server.nats_address("ingest"), QUEUE)
    async with ingest, MqttPublisher(server.address(SN), SN) as device:
        await device.publish_many(frames(range(1000)))
        assert await collect(ingest, 1000) == list(range(1000))


def _worker(server: NatsServer, name: str = "ingest-1") -> JetStreamConsumer:
    return JetStreamConsumer(server.nats_address(), QUEUE, name, backoff=FAST)


def _publisher(server: NatsServer) -> NatsPublisher:
    return NatsPublisher(server.nats_address(), backoff=FAST)


async def _publish(server: NatsServer, count: int) -> None:
    async with MqttPublisher(server.address(), "publisher") as publisher:
        await publisher.publish_many(frames(range(count)))


@asynccontextmanager
async def _context(server: NatsServer) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(f"nats://{HOST}:{server.port}")
    yield client.jetstream()
    await client.close()


async def _until_stored(context: JetStreamContext, count: int) -> None:
    async with asyncio.timeout(5):
        while (await context.stream_info(QUEUE.name)).state.messages != count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
