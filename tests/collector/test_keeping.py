"""Troubles are said when they begin and end; limits of the outbox and refusals are, too."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from pymodbus.constants import ExcCodes

from core.registry import part_of
from core.runtime.collector import obeying
from core.runtime.collector.line import Line
from core.runtime.collector.obeying import CUT_OFF, Obeyer
from core.runtime.collector.outbox import Note, Outbox, OutboxError
from core.runtime.collector.plan import LineAddress, plan_of
from core.runtime.collector.polling import Poller
from core.runtime.collector.reading import SlotReader
from core.runtime.collector.sending import Keeper
from core.runtime.mqtt_link import Backoff
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.messages import Acknowledgement, CommandMessage
from core.thing_model.product import Mounted
from core.thing_model.site import SiteSlot
from tests.collector.devices import REGISTRY, Image, served
from tests.servers import HOST, free_port

ID = "01JAAAAAAAAAAAAAAAAAAAAAA"


@attrs.define
class Bench:
    """A wall box, and all of a collector but its broker."""

    outbox: Outbox
    keeper: Keeper
    poller: Poller
    obeyer: Obeyer
    port: int
    acknowledged: int = 0

    def said(self, kind: str) -> list[Any]:
        """What was kept of a kind: lines of the log, or answers."""
        bodies = [e.body for e in self.outbox.unsent(limit=1000) if e.kind == kind]
        return [b.decode() if kind == "log" else msgspec.json.decode(b) for b in bodies]

    async def obey(self, number: int = 1, **changes: Any) -> list[tuple[str, str]]:
        """Status and detail of the answers to one command."""
        part = self.poller.reader.polled.part
        command = part.commands["set_max_current"]
        frame = compile_layout(command.writes).encode({"max_current": 10.0}).hex()
        given: dict[str, Any] = {
            "id": f"{ID}{number}",
            "slot": "charger1",
            "command": "set_max_current",
            "parameters": {"max_current": 10.0},
            "expires_at": 1 << 62,
            "frame": frame,
            **changes,
        }
        await self.obeyer.obey(CommandMessage(**given), self._acknowledge)
        answers = [a for a in self.said("ack") if a["id"] == given["id"]]
        return [(a["status"], a.get("detail", "")) for a in answers]

    def _acknowledge(self) -> None:
        self.acknowledged += 1


def wall_box(action: Any = None) -> Any:
    registers = dict.fromkeys(range(300), 0)
    return Image(registers, registers).device(1, action)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    port = free_port()
    part = part_of(
        REGISTRY.plugins["chargers.heidelberg_energy_control"],
        "charger1",
        Mounted("chargers.heidelberg_energy_control"),
    )
    line = Line(LineAddress(HOST, port), Backoff(0, 0))
    given = SiteSlot(tcp=HOST, port=port, timeout=0.5, retries=0)
    reader = SlotReader(plan_of(part, given), line)
    outbox = Outbox(tmp_path / "site.outbox")
    outbox.open(1)
    keeper = Keeper(outbox, "charger1")
    poller = Poller(reader, keeper)
    obeyer = Obeyer({"charger1": poller}, {"charger1": line}, keeper)
    writing = asyncio.create_task(keeper.run())
    yield Bench(outbox, keeper, poller, obeyer, port)
    writing.cancel()
    line.close()
    outbox.close()


async def test_a_trouble_is_said_when_it_begins_and_when_it_ends(bench: Bench):
    channels = bench.poller.reader.polled.channels
    for _ in range(3):
        assert await bench.poller.read(channels) == {}
    async with served([wall_box()], port=bench.port):
        assert len(await bench.poller.read(channels)) == len(channels)
    assert bench.poller.failures == {"no connection": 3}
    first, last = bench.said("log")
    assert first.startswith("collector: charger1 measurements: no connection: ")
    assert last == "collector: charger1 measurements: no connection is over"


async def test_one_channel_that_fails_does_not_keep_the_others(bench: Bench):
    registers = dict.fromkeys(range(300), 0)
    async with served([Image(registers).device(1)], port=bench.port):
        read = await bench.poller.read(bench.poller.reader.polled.channels)
    assert [channel.name for channel in read] == ["settings"]
    assert bench.poller.failures == {"refused": 1}


async def test_frames_above_the_limit_are_dropped_and_said(bench: Bench):
    bench.outbox.max_bytes = 5_000
    notes = [Note("frame", "charger1", "measurements", n, bytes(100)) for n in range(60)]
    await bench.keeper.keep(notes)
    await asyncio.sleep(0.3)
    (line,) = bench.said("log")
    assert line == (
        f"collector: outbox above its limit, {bench.outbox.dropped} oldest frames dropped unsent "
        f"({bench.outbox.dropped} in all)"
    )
    assert bench.outbox.dropped > 10


async def test_a_full_disk_is_said_when_there_is_room_again(bench: Bench):
    connection = bench.outbox._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    frame = Note("frame", "charger1", "measurements", 1, bytes(50_000))
    with pytest.raises(OutboxError, match="make room"):
        await bench.keeper.keep([frame])
    async with served([wall_box()], port=bench.port):
        connection.execute("PRAGMA max_page_count = 100000")
        assert await bench.poller.read(bench.poller.reader.polled.channels)
    await asyncio.sleep(0.3)
    assert bench.said("log") == ["collector: 1 frames could not be stored, the disk was full"]


async def test_a_command_that_the_device_refuses_has_failed(bench: Bench):
    async def refuse(_function, _start, _address, _count, _registers, values):
        return ExcCodes.ILLEGAL_VALUE if values is not None else None

    async with served([wall_box(refuse)], port=bench.port):
        answers = await bench.obey()
    assert [status for status, _ in answers] == ["accepted", "running", "failed"]
    assert answers[-1][1] == "exception: exception 3 (illegal data value)"


async def test_a_device_that_does_not_answer_leaves_the_outcome_open(bench: Bench, monkeypatch):
    monkeypatch.setattr(obeying, "READ_BACK_AFTER", (0.0,))
    answers = await bench.obey()
    assert answers[-1][0] == "failed"
    assert "whether it was applied is not known" in answers[-1][1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slot": "inverter"}, "no slot 'inverter'"),
        ({"command": "explode"}, "no command 'explode'"),
        ({"frame": "0110"}, "not the declared write"),
        ({"frame": "zz"}, "not the declared write"),
        ({"expires_at": 1}, "expired"),
    ],
)
async def test_a_command_that_cannot_be_is_rejected(bench: Bench, changes, words: str):
    ((status, detail),) = await bench.obey(**changes)
    assert status == "rejected"
    assert words in detail
    assert bench.acknowledged == 1


async def test_a_site_that_only_reads_rejects(bench: Bench):
    bench.obeyer.allowed = False
    ((status, detail),) = await bench.obey()
    assert (status, detail) == ("rejected", "this site carries out no commands (commands = false)")


async def test_a_command_that_cannot_be_kept_is_neither_written_nor_acknowledged(bench: Bench):
    written = 0

    async def note(_function, _start, _address, _count, _registers, values):
        nonlocal written
        written += values is not None

    bench.outbox._connection.execute("PRAGMA query_only = 1")
    async with served([wall_box(note)], port=bench.port):
        with pytest.raises(OutboxError):
            await bench.obey()
    bench.outbox._connection.execute("PRAGMA query_only = 0")
    assert (written, bench.acknowledged) == (0, 0)
    assert bench.outbox.command(f"{ID}1") is None


async def test_what_was_cut_off_is_answered_after_the_restart(bench: Bench):
    said = Acknowledgement(f"{ID}1", "running")
    bench.outbox.answer(said, 1, Note("ack", "", "", 1, msgspec.json.encode(said)))
    running = asyncio.create_task(bench.obeyer.run())
    async with asyncio.timeout(10):
        while not (found := bench.outbox.command(f"{ID}1")) or found.status == "running":
            await bench.keeper.arrived.wait()
            bench.keeper.arrived.clear()
    running.cancel()
    assert found == Acknowledgement(f"{ID}1", "failed", CUT_OFF)
