"""What devices and lines do wrong: an error that says it, counted, and the rest goes on."""

import asyncio
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.constants import ExcCodes

from core.registry import Part, part_of
from core.runtime.collector.line import Line, Manner
from core.runtime.collector.modbus import ModbusError
from core.runtime.collector.plan import LineAddress, plan_of
from core.runtime.collector.reading import RestingError, SlotReader
from core.runtime.mqtt_link import Backoff
from core.thing_model.layout.framing import crc16
from core.thing_model.product import Mounted
from core.thing_model.site import SiteSlot
from tests.collector.devices import REGISTRY, Image, answering, served, served_on_a_line
from tests.servers import HOST, free_port

BRIEF = Manner(timeout=0.2, retries=0)


def part(model: str) -> Part:
    return part_of(REGISTRY.plugins[Mounted(model).plugin], "slot", Mounted(model))


def rtu(*data: int) -> bytes:
    return bytes(data) + crc16(bytes(data)).to_bytes(2, "little")


def tcp(request: bytes, *data: int) -> bytes:
    return request[:4] + len(data).to_bytes(2, "big") + bytes(data)


async def fault(answer, framing: str, manner: Manner = BRIEF) -> ModbusError:
    """What a read of two registers of unit 1 ends with."""
    async with answering(answer) as port:
        line = Line(LineAddress(HOST, port, framing))
        with pytest.raises(ModbusError) as caught:
            await line.read(3, 0, 2, 1, manner)
        assert line.faults[1, caught.value.fault] == manner.retries + 1
        line.close()
        return caught.value


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (lambda _: None, "no answer", "within 0.2 s"),
        (lambda _: rtu(1, 3, 4, 0, 1, 0, 2)[:-1] + b"\x99", "wrong CRC", "should be"),
        (lambda _: rtu(1, 3, 4, 0, 1, 0, 2)[:6], "truncated", "ends after 6 bytes"),
        (lambda _: rtu(2, 3, 4, 0, 1, 0, 2), "wrong unit", "unit 2 answered, 1 was asked"),
        (lambda _: rtu(1, 4, 4, 0, 1, 0, 2), "wrong function", "function 4"),
        (lambda _: rtu(1, 3, 2, 0, 1), "truncated", "1 registers came, 2 were asked"),
        (lambda _: rtu(1, 0x83, 4), "exception", "server device failure"),
    ],
)
async def test_a_serial_answer_that_is_none(answer, expected, words):
    error = await fault(answer, "rtu")
    assert error.fault == expected
    assert words in str(error)


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (lambda _: None, "no answer", "within 0.2 s"),
        (lambda r: tcp(r, 1, 3, 4, 0, 1, 0, 2)[:9], "truncated", "ends after 9 bytes"),
        (lambda r: tcp(r, 1, 3, 8, 0, 1, 0, 2), "truncated", "announces 8 bytes"),
        (lambda r: tcp(r, 2, 3, 4, 0, 1, 0, 2), "wrong unit", "unit 2 answered"),
        (lambda r: tcp(r, 1, 4, 4, 0, 1, 0, 2), "wrong function", "function 4"),
        (lambda r: tcp(r, 1, 0x83, 11), "exception", "target device failed to respond"),
        (lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n", "wrong answer", "not Modbus TCP"),
    ],
)
async def test_a_tcp_answer_that_is_none(answer, expected, words):
    error = await fault(answer, "tcp")
    assert error.fault == expected
    assert words in str(error)


async def test_a_request_is_repeated_as_often_as_said():
    error = await fault(lambda _: None, "tcp", Manner(timeout=0.1, retries=2))
    assert error.fault == "no answer"


async def test_a_busy_device_is_asked_again():
    answers = iter((6, 6))

    def answer(request: bytes) -> bytes:
        busy = next(answers, 0)
        return tcp(request, 1, 0x83, busy) if busy else tcp(request, 1, 3, 4, 0, 1, 0, 2)

    async with answering(answer) as port:
        line = Line(LineAddress(HOST, port))
        assert await line.read(3, 0, 2, 1, Manner(1, 2)) == b"\0\1\0\2"
        assert line.faults[1, "exception"] == 2
        line.close()


async def test_a_late_answer_does_not_pass_for_that_of_the_next_request():
    """Serial answers carry no number: the first comes when the second has been asked for."""
    asked = 0

    async def answer(_: bytes) -> bytes:
        nonlocal asked
        asked += 1
        mine = asked
        if mine == 1:
            await asyncio.sleep(0.25)
        return rtu(1, 3, 4, 0, mine, 0, mine)

    async with answering(answer) as port:
        line = Line(LineAddress(HOST, port, "rtu"))
        with pytest.raises(ModbusError, match="no answer"):
            await line.read(3, 0, 2, 1, BRIEF)
        assert await line.read(3, 0, 2, 1, Manner(1, 0)) == b"\0\2\0\2"
        line.close()


async def test_nobody_there_is_tried_again_later_not_at_once():
    now = 0.0
    line = Line(LineAddress(HOST, free_port()), Backoff(10, 60), clock=lambda: now)
    for _ in range(5):
        with pytest.raises(ModbusError, match="switched on") as caught:
            await line.read(3, 0, 2, 1, BRIEF)
        assert caught.value.fault == "no connection"
    assert line._failures == 1
    now = 11
    async with served([Image({0: 7, 1: 8}).device(1)], port=line.address.port):
        assert await line.read(3, 0, 2, 1, BRIEF) == b"\0\7\0\x08"
    line.close()


async def test_a_lost_connection_is_made_anew():
    port = free_port()
    line = Line(LineAddress(HOST, port), Backoff(0.01, 0.02))
    for _ in range(2):
        async with served([Image({0: 7, 1: 8}).device(1)], port=port):
            await asyncio.sleep(0.05)
            assert await line.read(3, 0, 2, 1, Manner(1, 0)) == b"\0\7\0\x08"
        with pytest.raises(ModbusError):
            await line.read(3, 0, 2, 1, BRIEF)
    assert line.opened == 2
    line.close()


async def test_a_port_that_is_not_there():
    line = Line(LineAddress("/dev/ttyNOTHING", 0, "rtu"))
    with pytest.raises(ModbusError, match=r"ttyNOTHING.*may this user open it"):
        await line.read(3, 0, 2, 1, BRIEF)


async def test_the_most_registers_that_firmware_has_are_found_once():
    """The GoodWe meter block has 125, 58 or 45 registers; this one has 58."""
    requests: list[int] = []

    async def count(_function, _start, _address, amount, *_):
        requests.append(amount)

    image = Image({36_000 + n: 0 for n in range(58)})
    goodwe = part("inverters.goodwe_et")
    async with served([image.device(247, count)]) as port:
        reader = reader_of(goodwe, port, "meter")
        for _ in range(2):
            frame = await reader.frame(reader.polled.channels[0])
            assert len(frame) == 2 + 3 + 116 + 2
    assert [n for n in requests if n <= 58] == [58, 58]
    assert reader.line.asked == 3


async def test_a_block_that_is_refused_is_read_in_parts():
    """This meter answers at most 20 registers at a time, and does not say so."""

    async def strict(_function, _start, _address, amount, *_):
        return ExcCodes.ILLEGAL_VALUE if amount > 20 else None

    sdm = part("meters.eastron_sdm630")
    image = Image(input={n: n for n in range(80)})
    async with served([image.device(1, strict)]) as port:
        reader = reader_of(sdm, port, "measurements")
        first = await reader.frame(reader.polled.channels[0])
        assert first[3:-2] == b"".join(n.to_bytes(2, "big") for n in range(80))
        learned = reader.line.asked
        assert await reader.frame(reader.polled.channels[0]) == first
        assert reader.line.asked - learned == 6
        assert reader.line.faults[1, "exception"] == learned - 6


async def test_a_register_that_cannot_be_read_is_named_and_left_alone():
    now = 0.0
    sdm = part("meters.eastron_sdm630")
    image = Image(input={n: n for n in range(80) if n not in (52, 53)})
    async with served([image.device(1)]) as port:
        reader = reader_of(sdm, port, "measurements", lambda: now)
        channel = reader.polled.channels[0]
        with pytest.raises(RestingError, match="refuses input registers 52 to 53"):
            await reader.frame(channel)
        asked = reader.line.asked
        assert asked < 20
        with pytest.raises(RestingError):
            await reader.frame(channel)
        assert reader.line.asked == asked
        now = 3601
        with pytest.raises(RestingError):
            await reader.frame(channel)
        assert reader.line.asked == 2 * asked


def test_reads_are_cut_where_no_value_is_torn():
    reader = plan_of(part("meters.eastron_sdm630"), SiteSlot(tcp=HOST, max_registers=25))
    read = reader.channels[0].read
    assert read
    parts = read.parts(80, 25)
    assert sum(count for _, count in parts) == 80
    assert all(count <= 25 and start % 2 == 0 for start, count in parts)
    assert len(parts) == 4


async def test_two_devices_on_one_serial_line(tmp_path: Path):
    first, second = (
        Image(input=dict.fromkeys(range(80), 1)),
        Image(input=dict.fromkeys(range(80), 2)),
    )
    async with served_on_a_line([first.device(1), second.device(2)], tmp_path) as port:
        line = Line(LineAddress(str(port), 0, "rtu", 115200))
        reads = [line.read(4, 0, 40, unit, Manner(3, 0)) for unit in (1, 2, 1, 2)]
        answers = await asyncio.gather(*reads)
        line.close()
    assert [answer[:2] for answer in answers] == [b"\0\1", b"\0\2"] * 2


async def test_a_gateway_that_passes_serial_frames_through():
    image = Image(input={n: n for n in range(80)})
    async with served([image.device(1)], framer=FramerType.RTU) as port:
        line = Line(LineAddress(HOST, port, "rtu"))
        assert await line.read(4, 1, 2, 1, Manner(2, 0)) == b"\0\1\0\2"
        line.close()


def reader_of(part: Part, port: int, channel: str, clock=None) -> SlotReader:
    polled = plan_of(part, SiteSlot(tcp=HOST, port=port, channels=(channel,)))
    line = Line(LineAddress(HOST, port))
    return SlotReader(polled, line, clock) if clock else SlotReader(polled, line)
