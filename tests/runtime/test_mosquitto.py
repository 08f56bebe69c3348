"""mosquitto with our accounts, rights and TLS, as `mosquitto_config` sets it up."""

import asyncio

import pytest

from core.runtime import topics
from core.runtime.credentials import Credentials
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.transport import RefusedError
from tests.runtime.traffic import FRAME, OTHER, SN, collect, frames
from tests.servers import StartMosquitto

pytestmark = pytest.mark.integration

FILTERS = ["ess/+/up/frame/+/+"]


async def test_a_wrong_password_is_refused_at_once(start_mosquitto: StartMosquitto) -> None:
    server = start_mosquitto(Credentials.generate())
    address = BrokerAddress("127.0.0.1", server.port, "ingest", "wrong")
    with pytest.raises(RefusedError, match="check user name, password"):
        await MqttConsumer(address, "ingest-1", FILTERS).__aenter__()


async def test_mosquitto_keeps_devices_apart(start_mosquitto: StartMosquitto) -> None:
    server = start_mosquitto(Credentials.generate(), (SN, OTHER))
    ingest = MqttConsumer(server.address("ingest"), "ingest-1", FILTERS)
    async with ingest, MqttPublisher(server.address(SN), SN) as device:
        await device.publish(topics.frame(OTHER, "inverter", "running"), b"1")
        await device.publish(FRAME, b"2")
        assert await collect(ingest, 2, within=0.5) == [2]


async def test_mosquitto_lets_a_device_read_only_its_own_commands(
    start_mosquitto: StartMosquitto,
) -> None:
    server = start_mosquitto(Credentials.generate(), (SN, OTHER))
    device = MqttConsumer(server.address(SN), SN, ["#"])
    async with device, MqttPublisher(server.address("worker"), "worker-1") as worker:
        await worker.publish(topics.command(OTHER), b"1")
        await worker.publish(FRAME, b"2")
        await worker.publish(topics.command(SN), b"3")
        assert await collect(device, 3, within=0.5) == [3]


async def test_tls_bounds_and_orders_as_well(start_mosquitto: StartMosquitto) -> None:
    server = start_mosquitto(tls=True)
    consumer = MqttConsumer(server.address(), "ingest-1", FILTERS, high_water=100)
    async with consumer, MqttPublisher(server.address(), "publisher") as publisher:
        await publisher.publish_many(frames(range(5000)))
        await asyncio.sleep(0.2)
        assert consumer.pending == 100
        assert await collect(consumer, 5000) == list(range(5000))
