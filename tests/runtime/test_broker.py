"""The embedded broker: accounts, rights, and sessions that lose nothing while it runs."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest

from core.runtime import topics
from core.runtime.broker import open_broker
from core.runtime.credentials import Credentials
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.transport import Outgoing, RefusedError, TransportError
from tests.runtime.traffic import FRAME, OTHER, SN, collect, frames
from tests.servers import HOST, free_port

pytestmark = pytest.mark.integration

PROCESS = Path(__file__).with_name("consumer_process.py")


@attrs.frozen
class Demo:
    """A running broker and the credentials it checks."""

    port: int
    credentials: Credentials

    def address(self, username: str) -> BrokerAddress:
        return BrokerAddress(HOST, self.port, username, self.credentials.password(username))

    def consumer(self, high_water: int = 8000) -> MqttConsumer:
        return MqttConsumer(
            self.address("ingest"), "ingest-1", topics.LIVE_FILTERS, high_water=high_water
        )

    def device(self, sn: str = SN) -> MqttPublisher:
        return MqttPublisher(self.address(sn), sn)


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    running = Demo(free_port(), Credentials.generate())
    async with open_broker(HOST, running.port, running.credentials):
        yield running


@pytest.mark.parametrize(
    ("username", "password"),
    [("ingest", "wrong"), (SN, "wrong"), ("nobody", "x"), (None, None), ("ingest", None)],
)
async def test_strangers_are_refused(
    demo: Demo, username: str | None, password: str | None
) -> None:
    address = BrokerAddress(HOST, demo.port, username, password)
    with pytest.raises(RefusedError, match="check user name, password"):
        await MqttPublisher(address, "stranger").__aenter__()


async def test_a_device_publishes_only_under_its_own_name(demo: Demo) -> None:
    async with demo.consumer() as consumer, demo.device() as device:
        await device.publish(topics.frame(OTHER, "inverter", "running"), b"1")
        await device.publish(topics.command(SN), b"2")
        await device.publish(FRAME, b"3")
        assert await collect(consumer, 2, within=0.3) == [3]


@pytest.mark.parametrize(
    "filter_", ["#", "ess/#", "ess/+/down/#", f"ess/{OTHER}/down/command", FRAME]
)
async def test_a_device_subscribes_only_to_its_own_commands(demo: Demo, filter_: str) -> None:
    with pytest.raises(RefusedError, match="no right to subscribe"):
        await MqttConsumer(demo.address(SN), SN, [filter_]).__aenter__()


async def test_a_device_hears_its_commands(demo: Demo) -> None:
    device = MqttConsumer(demo.address(SN), SN, [f"ess/{SN}/down/#"])
    async with device, MqttPublisher(demo.address("worker"), "worker-1") as worker:
        await worker.publish(topics.command(OTHER), b"1")
        await worker.publish(topics.command(SN), b"2")
        assert await collect(device, 2, within=0.3) == [2]


async def test_a_will_needs_the_right_to_publish(demo: Demo) -> None:
    will = Outgoing(topics.presence(OTHER), b"0", retain=True)
    with pytest.raises(RefusedError):
        await MqttPublisher(demo.address(SN), SN, will=will).__aenter__()


async def test_presence_is_retained_for_those_who_ask(demo: Demo) -> None:
    async with demo.device() as device:
        await device.publish(topics.presence(SN), b"1", retain=True)
    async with demo.consumer() as consumer:
        assert await collect(consumer, 1) == [1]
    other = MqttConsumer(demo.address(OTHER), OTHER, [topics.command(OTHER)])
    async with other:
        assert await collect(other, 1, within=0.3) == []


async def test_a_will_is_published_when_the_device_vanishes(demo: Demo) -> None:
    will = Outgoing(topics.presence(SN), b"0", retain=True)
    device = MqttPublisher(demo.address(SN), SN, will=will)
    async with demo.consumer() as consumer, device, demo.device():
        assert await collect(consumer, 1) == [0]


async def test_a_session_queues_in_order_while_its_client_is_away(demo: Demo) -> None:
    async with demo.consumer():
        pass
    async with demo.device() as device:
        await device.publish_many(frames(range(3000)))
    async with asyncio.timeout(20), demo.consumer(high_water=100) as consumer:
        assert await collect(consumer, 3000, within=20) == list(range(3000))


async def test_unacknowledged_messages_come_again(demo: Demo) -> None:
    async with demo.consumer() as consumer, demo.device() as device:
        await device.publish_many(frames(range(50)))
        batch = await anext(consumer.batches(max_size=50, max_delay=5))
        await consumer.acknowledge(batch[:20])
    async with demo.consumer() as consumer:
        assert await collect(consumer, 30) == list(range(20, 50))


@pytest.mark.slow
async def test_a_slow_consumer_loses_nothing(demo: Demo) -> None:
    async with demo.consumer() as consumer, demo.device() as device:
        await device.publish_many(frames(range(10)))
        batch = await anext(consumer.batches(max_size=10, max_delay=5))
        await asyncio.sleep(5.5)
        await consumer.acknowledge(batch[:5])
    async with demo.consumer() as consumer:
        assert await collect(consumer, 5) == [5, 6, 7, 8, 9]


async def test_a_second_connection_takes_the_session_over(demo: Demo) -> None:
    async with demo.consumer() as first:
        async with demo.consumer() as second, demo.device() as device:
            await device.publish(FRAME, b"1")
            assert await collect(second, 1) == [1]
        assert first.pending == 0


async def test_a_wrong_password_does_not_touch_the_session(demo: Demo) -> None:
    async with demo.consumer() as consumer, demo.device() as device:
        for persistent in (False, True):
            stranger = BrokerAddress(HOST, demo.port, "ingest", "wrong")
            with pytest.raises(RefusedError):
                await MqttConsumer(stranger, "ingest-1", ["#"], persistent=persistent).__aenter__()
        await device.publish(FRAME, b"1")
        assert await collect(consumer, 1) == [1]


async def test_kill_9_of_the_consumer_loses_nothing(tmp_path: Path) -> None:
    port, committed = free_port(), tmp_path / "committed"
    async with open_broker(HOST, port, None):
        open_to_all = MqttConsumer(BrokerAddress(HOST, port), "ingest-1", ["ess/+/up/frame/+/+"])
        async with open_to_all:
            pass
        async with MqttPublisher(BrokerAddress(HOST, port), "device") as device:
            await device.publish_many(frames(range(500)))
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROCESS), str(port), str(committed), "100"
        )
        assert await process.wait() == -9
        first = [int(line) for line in committed.read_text().split()]
        async with open_to_all:
            rest = await collect(open_to_all, 400)
    assert first == list(range(100))
    assert sorted({*first, *rest}) == list(range(500))


async def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(TransportError, match=f"cannot listen on {HOST}:{port}"):
            async with open_broker(HOST, port, None):
                pass
