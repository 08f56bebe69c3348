"""Data that is taken out: the same in all formats, taken up again, and nobody else's."""

import csv
import json
from datetime import date
from pathlib import Path

import pytest
from pyarrow import parquet

from core.access import PLATFORM, Access
from core.exports import taking
from core.exports.requests import DataRequest, read_request
from core.exports.taking import Progress
from core.fleet import systems
from core.fleet.systems import Registration
from core.records import RequestError
from core.runtime.daily import Daily
from core.telemetry.periods import day
from tests.devices import frame, meters
from tests.ingest.bench import HOUR, Bench

ZONE = "Europe/Berlin"
FIRST, LAST = date(2027, 3, 27), date(2027, 3, 28)
"""The second day has 23 hours."""
MIDNIGHT, END = day(FIRST, ZONE)[0], day(LAST, ZONE)[1]
SN = "EXPORT000001"
POINT = "inverter.pv_energy"
BEGINNING = Progress(0, 0)


@pytest.fixture
async def told(bench: Bench) -> Bench:
    """A system that said what it counted each hour of two days."""
    async with bench.database.begin() as connection:
        given = Registration(SN, "bench", timezone=ZONE)
        await systems.register(connection, bench.ingest.registry, given, MIDNIGHT)
    bench.now = END + HOUR
    for n in range(47):
        body = meters(1000 + 100 * n, 100)
        time = MIDNIGHT + n * HOUR
        await bench.take(frame(n + 1, body, sn=SN, channel="meters", device_time=time, late=True))
    await Daily(bench.ingest.registry, bench.database, lambda: bench.now + HOUR).work()
    return bench


def request(dataset: str = "readings", **said: object) -> DataRequest:
    points = (POINT,) if dataset == "readings" else ()
    return DataRequest(dataset, (SN,), FIRST, LAST, points=points, **said)


async def write(
    bench: Bench, wanted: DataRequest, path: Path, since: Progress = BEGINNING, most: int = 99
) -> list[Progress]:
    """Write a file, at most so many days of it."""
    async with bench.database.read() as connection:
        plan = await taking.plan(connection, bench.ingest.registry, PLATFORM, wanted)
    steps = []
    written = taking.write(bench.database.read, plan, path, since)
    async for progress in written:
        steps.append(progress)
        if len(steps) == most:
            break
    await written.aclose()
    return steps


def sheet(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


async def test_readings_are_those_of_the_frames_on_the_clock_of_the_site(told: Bench, tmp_path):
    path = tmp_path / "a.csv"
    await write(told, request(), path)
    rows = sheet(path)
    title = next(name for name in rows[0] if name.startswith(POINT))
    assert title == f"{POINT} (Wh)"
    assert len(rows) == 47
    assert [float(row[title]) for row in rows] == [1000 + 100 * n for n in range(47)]
    assert (rows[0]["site_time"], rows[0]["time"]) == (
        "2027-03-27T00:00:00+01:00",
        "2027-03-26T23:00:00.000+00:00",
    )
    assert rows[-1]["site_time"] == "2027-03-28T23:00:00+02:00"
    assert {row["channel"] for row in rows} == {"meters"}


async def test_all_formats_hold_the_same(told: Bench, tmp_path):
    for name in ("csv", "jsonl", "parquet"):
        await write(told, request(format=name), tmp_path / f"a.{name}")
    rows = sheet(tmp_path / "a.csv")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    table = parquet.read_table(tmp_path / "a.parquet")
    assert [line["site_time"] for line in lines] == [row["site_time"] for row in rows]
    assert [line[POINT] for line in lines] == table.column(POINT).to_pylist()
    assert table.schema.field(POINT).metadata == {b"unit": b"Wh"}
    assert str(table.schema.field("time").type) == "timestamp[ms, tz=UTC]"
    assert [at.isoformat(timespec="milliseconds") for at in table.column("time").to_pylist()] == [
        row["time"] for row in rows
    ]


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
async def test_what_was_left_is_taken_up(told: Bench, tmp_path, format_: str):
    whole, part = tmp_path / "whole", tmp_path / "part"
    await write(told, request(format=format_), whole)
    left = (await write(told, request(format=format_), part, most=1))[-1]
    if format_ != "parquet":
        with part.open("ab") as file:
            file.write(b"half a li")
    steps = await write(told, request(format=format_), part, left)
    assert steps[-1].done == 2
    if format_ == "parquet":
        assert parquet.read_table(part).equals(parquet.read_table(whole))
    else:
        assert part.read_bytes() == whole.read_bytes()


async def test_days_and_hours_agree(told: Bench, tmp_path):
    await write(told, request("energy-summary"), tmp_path / "days")
    await write(told, request("energy-details"), tmp_path / "hours")
    by_day = {row["day"]: float(row["generation (kWh)"]) for row in sheet(tmp_path / "days")}
    by_hour = dict.fromkeys(by_day, 0.0)
    for row in sheet(tmp_path / "hours"):
        by_hour[row["site_time"][:10]] += float(row["generation (kWh)"] or 0)
    assert list(by_day) == [FIRST.isoformat(), LAST.isoformat()]
    assert by_hour == pytest.approx(by_day)
    assert sum(by_day.values()) == pytest.approx(4.6)


async def test_five_minutes_have_no_row_where_nothing_was_heard(told: Bench, tmp_path):
    await write(told, request("five-minutes"), tmp_path / "a")
    rows = sheet(tmp_path / "a")
    assert len(rows) == 47
    assert "grid.power.max (W)" in rows[0]


@pytest.mark.parametrize(
    ("said", "where", "what"),
    [
        ({"sns": (SN, "NOBODY000001")}, "sns", "NOBODY000001: not found"),
        ({"sns": ()}, "sns", "no system is named"),
        ({"points": ("inverter.nonsense",)}, "points", "none of the systems has"),
        ({"points": ()}, "points", "no datapoint is chosen"),
        ({"first": date(2027, 1, 1)}, "to", "87 days are asked for, 31 are allowed"),
        ({"last": date(2027, 1, 1)}, "to", "is before 2027-03-27"),
        ({"dataset": "gossip"}, "dataset", "is no dataset"),
    ],
)
async def test_what_cannot_be_had_is_refused(told: Bench, said, where: str, what: str):
    given = {"dataset": "readings", "sns": (SN,), "first": FIRST, "last": LAST, "points": (POINT,)}
    async with told.database.read() as connection:
        with pytest.raises(RequestError) as refused:
            await taking.plan(
                connection, told.ingest.registry, PLATFORM, DataRequest(**given | said)
            )
    assert [(each.where, what in each.what) for each in refused.value.problems] == [(where, True)]


async def test_another_companys_system_is_not_found(told: Bench):
    foreign = Access(7, "eve", "B", 7, frozenset({"telemetry:export"}))
    async with told.database.read() as connection:
        with pytest.raises(RequestError, match="not found"):
            await taking.plan(connection, told.ingest.registry, foreign, request())


def test_a_request_survives_its_query():
    wanted = request(format="parquet")
    assert DataRequest.of(wanted.query()) == wanted


def test_everything_that_is_wrong_with_what_was_typed_is_said_at_once():
    with pytest.raises(RequestError) as refused:
        read_request({"from": "yesterday", "to": "", "format": "xlsx"})
    assert [each.where for each in refused.value.problems] == ["from", "to", "format"]
