"""SunSpec: the chain of models is found, walked within bounds, and read as pysunspec2 reads it."""

import asyncio
import struct

import pytest
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from core.registry import Part, part_of
from core.runtime.collector.chain import MOST_MODELS, ChainError, walk
from core.runtime.collector.line import Line
from core.runtime.collector.modbus import ModbusError
from core.runtime.collector.plan import LineAddress, plan_of
from core.runtime.collector.reading import RestingError, SlotReader
from core.runtime.mqtt_link import Backoff
from core.thing_model.product import Mounted
from core.thing_model.site import SiteSlot
from core.vectors import read_vectors
from tests.collector.devices import REGISTRY, Image, served, served_aside
from tests.commands import run
from tests.servers import HOST, free_port

PLUGIN = REGISTRY.plugins["inverters.sunspec"]


def model(number: int, length: int) -> bytes:
    return struct.pack(">HH", number, length) + bytes(2 * length)


END = b"\xff\xff\0\0"


def device(*models: bytes, base: int = 40_000, end: bytes = END) -> Image:
    image = Image()
    image.put(3, base, b"SunS" + b"".join(models) + end)
    return image


def vector(number: int) -> bytes:
    """The first vector of a model that an independent library has read."""
    return next(
        v.data
        for v in read_vectors(PLUGIN.file.parent).frames
        if v.channel == f"model_{number}" and v.origin == "library"
    )


def part() -> Part:
    return part_of(PLUGIN, "inverter", Mounted("inverters.sunspec"))


def reader_of(port: int) -> SlotReader:
    line = Line(LineAddress(HOST, port))
    return SlotReader(plan_of(part(), SiteSlot(tcp=HOST, port=port, unit=1)), line)


async def walked(image: Image) -> list[tuple[int, int, int]]:
    async with served([image.device(1)]) as port:
        reader = reader_of(port)
        try:
            return [(m.number, m.address, m.registers) for m in await reader.models()]
        finally:
            reader.line.close()


@pytest.mark.parametrize("base", [40_000, 50_000, 0])
async def test_the_chain_is_found_at_each_base(base: int):
    found = await walked(device(model(1, 66), model(9999, 3), model(103, 50), base=base))
    assert found == [
        (1, base + 2, 68),
        (9999, base + 70, 5),
        (103, base + 75, 52),
    ]


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (Image({40_000: 1, 40_001: 2}), 'no "SunS" at 40000, 50000, 0'),
        (device(model(1, 66), end=b""), "nothing can be read at 40070, where model 1 at 40002"),
        (device(model(1, 66), model(7, 0)), "model 7 at 40070 has no registers"),
        (device(struct.pack(">HH", 1, 60_000)), "60000 registers, beyond address 65535"),
        (device(*[model(7, 1)] * (MOST_MODELS + 1)), "does not end after 256 models"),
    ],
)
async def test_a_chain_that_leads_nowhere(image: Image, words: str):
    with pytest.raises(ChainError, match=words):
        await walked(image)


async def test_a_chain_that_never_ends_is_given_up():
    """Every address says that a model of one register is there."""
    asked = 0

    async def endless(start: int, count: int) -> bytes:
        nonlocal asked
        asked += 1
        return b"SunS" if asked == 1 else struct.pack(">HH", 7, 1)

    with pytest.raises(ChainError, match="does not end"):
        await walk(endless)
    assert asked <= MOST_MODELS + 3


async def test_a_device_that_does_not_answer_is_no_missing_chain():
    async def silent(start: int, count: int) -> bytes:
        raise ModbusError("no answer", "within 2 s")

    with pytest.raises(ModbusError):
        await walk(silent)


async def test_models_read_as_pysunspec2_reads_them():
    image = device(vector(1), model(64_001, 4), vector(103), vector(160), vector(160))
    async with served([image.device(1)]) as port:
        reader = reader_of(port)
        frames = {c.name: await reader.frame(c) for c in reader.polled.channels if c.read is None
                  and c.channel.decoder.sunspec in (1, 103, 160)}  # fmt: skip
        notes = reader.notes
        theirs = await asyncio.to_thread(_read_by_pysunspec2, port)
        reader.line.close()
    assert frames == {f"model_{n}": vector(n) for n in (1, 103, 160)}
    assert "model 64001 at 40070 is skipped: no channel has it" in notes
    assert "model 160 stands there 2 times: only the first is read" in notes
    channels = part().channels
    ours = channels["model_103"].all_values(frames["model_103"])
    assert theirs
    for key, value in theirs.items():
        said = ours.get(key)
        assert said is None or said == pytest.approx(value), key
    assert len([key for key in theirs if ours.get(key) is not None]) > 10
    assert channels["model_1"].all_values(frames["model_1"])["Mn"]


def _read_by_pysunspec2(port: int) -> dict[str, float]:
    """The numbers of model 103 by name, scaled."""
    client = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr=HOST, ipport=port, timeout=5)
    client.scan()
    found = client.models[103][0]
    numbers = {name: point.cvalue for name, point in found.points.items()}
    client.close()
    return {
        name: value
        for name, value in numbers.items()
        if isinstance(value, int | float) and name not in ("ID", "L") and not name.endswith("_SF")
    }


async def test_a_model_that_the_device_does_not_have_is_left_alone():
    async with served([device(vector(1)).device(1)]) as port:
        reader = reader_of(port)
        (missing,) = (c for c in reader.polled.channels if c.name == "model_103")
        for _ in range(2):
            with pytest.raises(RestingError, match="has no model 103"):
                await reader.frame(missing)
        reader.line.close()


async def test_another_chain_than_before_is_walked_again():
    """The device has got a model more in front, and comes back at the same place."""
    port = free_port()
    reader = reader_of(port)
    reader.line.backoff = Backoff(0, 0)
    channel = next(c for c in reader.polled.channels if c.name == "model_103")
    for image in (device(vector(1), vector(103)), device(model(9, 9), vector(1), vector(103))):
        async with served([image.device(1)], port=port):
            assert await reader.frame(channel) == vector(103)
        with pytest.raises(ModbusError):
            await reader.line.read(3, 0, 1, 1, reader.manner)
    reader.line.close()


def test_the_command_line_lists_what_is_found():
    image = device(vector(1), model(64_001, 4), vector(103))
    with served_aside([image.device(1)]) as port:
        done = run("collect", "--discover", f"{HOST}:{port}")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert any("40002  model 1 " in line and "inverters.sunspec Common" in line for line in lines)
    assert any("model 64001" in line and "not known to any plugin" in line for line in lines)
