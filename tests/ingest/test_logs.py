"""Device logs: lines kept as they are, and read into records that people understand."""

from typing import Any

from core.access import PLATFORM
from core.journal import timeline
from core.journal.timeline import Entry, Wanted
from tests.ingest.bench import Bench, log


async def test_a_change_is_explained_by_the_datapoint_of_its_name(bench: Bench) -> None:
    await bench.take(log(1, "Config: WorkMode: 0 -> 1; ExportLimit: 100 -> 200;"))
    second, first = await _entries(bench)
    assert (first.kind, first.name, first.label) == ("config", "WorkMode", "mode")
    assert (first.old, first.new) == ("0", "1")
    assert (first.old_meaning, first.new_meaning) == ("Self use", "Backup")
    assert (second.label, second.old_meaning, second.new_meaning) == (
        "export limit",
        "100 W",
        "200 W",
    )
    assert second.line == "Config: WorkMode: 0 -> 1; ExportLimit: 100 -> 200;"


async def test_what_nobody_published_stays_raw(bench: Bench) -> None:
    lines = [
        "Config: ChargingMode: 0 -> 1;",
        "Config: Nameless: 0 -> 1;",
        "Config: WorkMode: 1 -> 7;",
        "Config: WorkMode: off -> 1;",
    ]
    await bench.take(log(1, "\n".join(lines)))
    found = [(e.label, e.old_meaning, e.new_meaning) for e in reversed(await _entries(bench))]
    assert found == [
        ("charging mode", None, None),
        ("", None, None),
        ("mode", "Backup", None),
        ("mode", None, "Backup"),
    ]


async def test_a_fault_is_named_by_its_number_or_code(bench: Bench) -> None:
    await bench.take(log(1, "Fault E02 at noon\nFault fan_stalled again\nFault E99 what"))
    found = [(e.kind, e.code, e.label, e.message) for e in reversed(await _entries(bench))]
    assert found == [
        ("fault", "E02", "grid lost", "at noon"),
        ("fault", "fan_stalled", "fan stalled", "again"),
        ("fault", "E99", "", "what"),
    ]


async def test_a_line_that_no_rule_knows_is_kept_and_marked(bench: Bench) -> None:
    await bench.take(log(1, "\r\n  \nKernel panic\0 \r\nFault E01 x\n"))
    known, unknown = await _entries(bench)
    assert (unknown.kind, unknown.message) == ("unparsed", "Kernel panic\ufffd ")
    assert known.kind == "fault"
    async with bench.database.read() as connection:
        found = await connection.exec_driver_sql("SELECT line, parsed FROM log_lines ORDER BY id")
        assert [(line, bool(parsed)) for line, parsed in found] == [
            ("Kernel panic\ufffd ", False),
            ("Fault E01 x", True),
        ]


async def test_bytes_that_are_no_text_can_still_be_read(bench: Bench) -> None:
    message = log(1, "")
    await bench.take(type(message)(message.topic, message.payload + b"caf\xe9 \xff", None))
    assert [e.message for e in await _entries(bench)] == ["caf\\xe9 \\xff"]


async def test_a_message_that_comes_again_is_kept_once(bench: Bench) -> None:
    twice = log(1, "Fault E01 a\nFault E01 a")
    await bench.take(twice, twice, log(2, "Fault E01 a"))
    await bench.take(twice)
    assert len(await _entries(bench)) == 3


async def test_pages_follow_each_other_by_kind(bench: Bench) -> None:
    await bench.take(log(1, "\n".join(f"Fault E01 {n}\nline {n}" for n in range(5))))
    first = await _entries(bench, limit=2, kind="fault")
    second = await _entries(bench, limit=2, kind="fault", behind=first[-1].place)
    assert [e.message for e in first + second] == ["4", "3", "2", "1"]
    assert len(await _entries(bench, kind="unparsed")) == 5


async def _entries(bench: Bench, kind: str = "", **place: Any) -> list[Entry]:
    async with bench.database.read() as connection:
        found = await timeline.page(connection, PLATFORM, bench.system_id, Wanted(kind), **place)
        return [each for each in found if each.source == "records"]
