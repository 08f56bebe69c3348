"""The gateways of `docs/frames.md` and a real broker: what arrives is what the device sent."""

import asyncio
import io
import json
import os
import shutil
import sys
import time
import tokenize
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.runtime import topics
from core.runtime.credentials import Credentials
from core.runtime.envelope import Envelope
from core.runtime.mqtt import MqttConsumer
from core.runtime.transport import Message
from core.vectors import captures_folder
from tests.servers import Mosquitto, StartMosquitto, start_mosquitto

__all__ = ["start_mosquitto"]

pytestmark = pytest.mark.integration

GATEWAYS = Path(__file__).parent.parent / "docs" / "gateway"
SN = "9010KETU000W0000"
MODEL = "goodwe-et"
CAPTURES = captures_folder() / "goodwe_et"
DERIVED = {
    "running": bytes(range(256)),  # every byte, so that none is swallowed on the way
    "meter": bytes(100),
    "battery": b"\xff" * 255 + b"\n",
}

Program = Sequence[str]


def python_gateway(server: Mosquitto) -> Program:
    return sys.executable, str(GATEWAYS / "gateway.py"), "127.0.0.1", str(server.port), SN, MODEL


def shell_gateway(server: Mosquitto) -> Program:
    for program in ("mosquitto_pub", "xxd"):
        assert shutil.which(program), f"{program} is missing: apt-get install mosquitto-clients xxd"
    return "sh", str(GATEWAYS / "gateway.sh"), "127.0.0.1", str(server.port), SN, MODEL


both = pytest.mark.parametrize("gateway", [python_gateway, shell_gateway])


@pytest.fixture
def broker(start_mosquitto: StartMosquitto) -> Mosquitto:
    """A broker that knows one device, with the rights that every device has."""
    return start_mosquitto(Credentials.generate(), (SN,))


def captured() -> dict[str, bytes]:
    if not CAPTURES.is_dir():
        pytest.skip(f"captured frames are not on this machine: {CAPTURES}")
    names = {"running": "running_data", "meter": "meter_data", "battery": "battery_info"}
    return {
        channel: bytes.fromhex((CAPTURES / f"GW10K-ET_{name}.hex").read_text())
        for channel, name in names.items()
    }


async def started(program: Program, server: Mosquitto) -> asyncio.subprocess.Process:
    assert server.credentials
    environment = {**os.environ, "MQTT_PASSWORD": server.credentials.device_secret(SN)}
    return await asyncio.create_subprocess_exec(
        *program, stdin=asyncio.subprocess.PIPE, env=environment
    )


async def received(consumer: MqttConsumer, count: int, *, within: float = 20) -> list[Message]:
    found: list[Message] = []
    async with asyncio.timeout(within):
        async for batch in consumer.batches():
            found += batch
            await consumer.acknowledge(batch)
            if len(found) >= count:
                return found
    return found


async def run(program: Program, server: Mosquitto, frames: dict[str, bytes]) -> list[Message]:
    """Everything the gateway publishes when it is given these frames and then no more."""
    lines = "".join(f"inverter {channel} {data.hex()}\n" for channel, data in frames.items())
    async with MqttConsumer(server.address("ingest"), "ingest-1", ["ess/+/up/#"]) as consumer:
        process = await started(program, server)
        await process.communicate(lines.encode())
        assert process.returncode == 0
        return await received(consumer, len(frames) + 2)


@both
async def test_captured_frames_arrive_as_the_device_sent_them(gateway, broker) -> None:
    await check(gateway(broker), broker, captured())


@both
async def test_any_bytes_arrive_as_they_are(gateway, broker) -> None:
    await check(gateway(broker), broker, DERIVED)


async def check(program: Program, server: Mosquitto, frames: dict[str, bytes]) -> None:
    before = time.time() // 1 * 1000
    messages = await run(program, server, frames)
    birth, *sent, farewell = messages
    assert [m.topic for m in sent] == [topics.frame(SN, "inverter", channel) for channel in frames]
    envelopes = [Envelope.parse(m.payload) for m in sent]
    assert [e.body for e in envelopes] == list(frames.values())
    assert [e.sequence for e in envelopes] == [0, 1, 2]
    assert len({e.boot_id for e in envelopes}) == 1
    assert all(before <= e.device_time <= time.time() * 1000 for e in envelopes)
    assert {birth.topic, farewell.topic} == {topics.presence(SN)}
    assert json.loads(birth.payload) == {"online": True, "product_model": MODEL}
    assert json.loads(farewell.payload) == {"online": False}


@both
async def test_boot_id_is_another_one_after_a_restart(gateway, broker) -> None:
    one = {"running": b"1"}
    runs = [await run(gateway(broker), broker, one), await run(gateway(broker), broker, one)]
    # the second run begins with the retained farewell of the first
    frames = [m for messages in runs for m in messages if topics.parse(m.topic).kind == "frame"]
    assert len({Envelope.parse(m.payload).boot_id for m in frames}) == len(frames)


async def test_the_broker_reports_a_gateway_that_dies(broker: Mosquitto) -> None:
    address, presence = broker.address("ingest"), [topics.presence(SN)]
    async with MqttConsumer(address, "ingest-1", presence) as consumer:
        process = await started(python_gateway(broker), broker)
        (birth,) = await received(consumer, 1)
        process.kill()
        await process.wait()
        (will,) = await received(consumer, 1)
    assert json.loads(birth.payload)["online"] is True
    assert json.loads(will.payload) == {"online": False}


async def test_a_gateway_that_is_refused_says_so(broker: Mosquitto) -> None:
    process = await asyncio.create_subprocess_exec(
        *python_gateway(broker),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "MQTT_PASSWORD": "wrong"},
    )
    _, said = await asyncio.wait_for(process.communicate(b"inverter running 00\n"), 20)
    assert process.returncode != 0
    assert f"127.0.0.1 refuses {SN}" in said.decode()


def test_the_python_gateway_has_at_most_twenty_lines_of_code() -> None:
    text = (GATEWAYS / "gateway.py").read_text()
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    blank = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    lines = {token.start[0] for token in tokens if token.type not in blank}
    documentation, end = 1, 1  # the docstring is one token, the end of the file another
    assert len(lines) - documentation - end <= 20
