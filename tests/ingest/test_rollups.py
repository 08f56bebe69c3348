"""Roll-ups: a function of the stored frames, whatever the order in which they came."""

from datetime import date, timedelta
from itertools import count, pairwise

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_by
from hypothesis import strategies as st
from sqlalchemy import text

from core.fleet import systems
from core.fleet.systems import Registration
from core.runtime.transport import Message
from core.telemetry.curves import curve, energy
from core.telemetry.fold import BUCKET, Closed, Open
from core.telemetry.periods import day, hours
from core.telemetry.readings import latest_of
from core.telemetry.rebuild import channels_of, rebuild
from core.telemetry.rollups import closed_of, unpacked
from tests.devices import SN, START, frame, meters, running
from tests.ingest.bench import HOUR, Bench

NUMBERS = count(1)
FIRST = START - START % BUCKET


@attrs.frozen
class Sent:
    """The n-th frame of channel "meters", `at` seconds after FIRST."""

    n: int
    at: int
    pv: int
    charged: int
    temperature: int

    def message(self, sn: str = SN) -> Message:
        body = meters(self.pv, self.charged, self.temperature)
        time = FIRST + 1000 * self.at
        late = self.n % 2 == 0
        return frame(self.n, body, sn=sn, channel="meters", device_time=time, late=late)


@st.composite
def days(draw: st.DrawFn) -> list[Sent]:
    """Frames in order: counters that grow, fall, begin again; a temperature that jumps."""
    made: list[Sent] = []
    at, pv, charged = 0, 5000, 65_000
    for n in range(1, draw(st.integers(1, 9)) + 1):
        at += draw(st.sampled_from([1, 30, 120, 300, 700, 2000]))
        pv = draw(st.sampled_from([pv, pv + 7, pv + 400, 3, max(0, pv - 50)]))
        charged = (charged + draw(st.sampled_from([0, 5, 300]))) % 65_536
        made.append(Sent(n, at, pv, charged, draw(st.sampled_from([250, 255, 900]))))
    return made


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Sent], list[list[Sent]]]:
    """A day, and its frames shuffled, some of them twice, in batches."""
    day = draw(days())
    again = draw(st.lists(st.sampled_from(day), max_size=4))
    shuffled = draw(st.permutations(day + again))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    edges = [0, *cuts, len(shuffled)]
    return day, [shuffled[a:b] for a, b in pairwise(edges) if a < b]


@given_by(deliveries())
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.slow
async def test_any_order_ends_with_the_same_rollups(
    bench: Bench, delivery: tuple[list[Sent], list[list[Sent]]]
) -> None:
    day, batches = delivery
    right = await _end_of(bench, [[sent] for sent in day])
    assert await _end_of(bench, batches) == right
    assert await _end_of(bench, [day]) == right


async def _end_of(bench: Bench, batches: list[list[Sent]]) -> object:
    sn = f"ROLLS{next(NUMBERS):07}"
    async with bench.database.begin() as connection:
        record = await systems.register(
            connection, bench.ingest.registry, Registration(sn, "bench"), START
        )
    bench.now = START + 90 * HOUR
    for batch in batches:
        await bench.take(*(sent.message(sn) for sent in batch))
    bench.desk.acknowledged.clear()
    async with bench.database.read() as connection:
        readings = await latest_of(connection, record.id)
    values = {key: (each.value, each.device_time) for key, each in readings.items()}
    return values, *await _kept(bench, record.id)


async def _kept(
    bench: Bench, system_id: int
) -> tuple[dict[int, Closed], list[Open], list[tuple[object, ...]]]:
    """Closed buckets by their start, the open ones, and what is in quarantine."""
    async with bench.database.read() as connection:

        async def rows(query: str) -> list[tuple[object, ...]]:
            found = await connection.execute(text(query), {"id": system_id})
            return [tuple(row) for row in found]

        closed = await rows("SELECT bucket, cells FROM rollups WHERE system_id = :id")
        opened = await rows("SELECT rolling FROM latest WHERE system_id = :id ORDER BY channel")
        refused = await rows(
            "SELECT device_time, key, value, position, reason, rule FROM quarantine "
            "WHERE system_id = :id ORDER BY device_time, key"
        )
    buckets = {int(str(bucket)): closed_of(bytes(cells)) for bucket, cells in closed}  # type: ignore[call-overload]
    return buckets, [unpacked(bytes(row[0])) for row in opened], refused  # type: ignore[call-overload,misc]


async def test_what_counters_counted_adds_up_to_their_difference(bench: Bench) -> None:
    made = [Sent(n, 70 * n, 5000 + 11 * n, (65_000 + 40 * n) % 65_536, 250) for n in range(1, 60)]
    bench.now = START + 2 * HOUR
    await bench.take(*(sent.message() for sent in made))
    closed, (opened,), refused = await _kept(bench, bench.system_id)
    assert len(closed) == 13
    assert refused == []
    charged, pv = (
        sum(each.cells[key][1] for each in closed.values()) + (opened.cells[index] or [0, 0])[1]
        for index, key in ((1, "charged"), (0, "pv_energy"))
    )
    assert pv == 11 * 58
    assert charged == 40 * 58  # through the roll-over


async def test_a_curve_has_extremes_in_the_sign_of_the_house(bench: Bench) -> None:
    told = [frame(n, running(battery=b), device_time=FIRST + n) for n, b in ((1, -500), (2, 700))]
    await bench.take(*told)
    model = bench.ingest.registry.system(bench.ingest.registry.products["bench", "1.0.0"])
    async with bench.database.read() as connection:
        (point,) = await curve(connection, bench.system_id, model, (FIRST, FIRST + BUCKET))
    assert point.readings == {"pv.power": 1000, "battery.power": -100, "battery.soc": 80.5}
    assert (point.lowest["battery.power"], point.highest["battery.power"]) == (-700, 500)


async def test_power_has_mean_and_extremes(bench: Bench) -> None:
    powers = [100, 700, 400]
    frames = [
        frame(n, running(pv=p), device_time=FIRST + 1000 * n) for n, p in enumerate(powers, 1)
    ]
    await bench.take(*frames, frame(9, device_time=FIRST + BUCKET))
    closed, _, _ = await _kept(bench, bench.system_id)
    assert closed[FIRST].cells["pv_power"] == [3, 100, 1200, 700, 400]


async def test_a_counter_that_falls_is_doubted_then_believed(bench: Bench) -> None:
    def sent(n: int, minutes: int, pv: int) -> Message:
        return Sent(n, 60 * minutes, pv, 100, 250).message()

    await bench.take(sent(1, 0, 5000), sent(3, 1, 900), sent(5, 2, 5010))
    assert await bench.value("pv_energy") == 5010
    await bench.take(sent(7, 3, 900), sent(9, 10, 930))
    assert await bench.value("pv_energy") is None
    await bench.take(sent(11, 20, 960))
    assert await bench.value("pv_energy") == 960
    closed, (opened,), refused = await _kept(bench, bench.system_id)
    assert [each[:2] for each in refused] == [
        (FIRST + 60_000 * minutes, "pv_energy") for minutes in (1, 3, 10)
    ]
    assert "falls from 5010 to 900" in str(refused)
    grown = sum(each.cells.get("pv_energy", [0, 0])[1] for each in closed.values())
    assert grown + (opened.cells[0] or [0, 0])[1] == 10 + 60


async def test_a_jump_never_shows(bench: Bench) -> None:
    await bench.take(Sent(1, 0, 1, 1, 250).message(), Sent(3, 10, 1, 1, 310).message())
    assert await bench.value("temperature") is None
    await bench.take(Sent(5, 20, 1, 1, 255).message())
    assert await bench.value("temperature") == 25.5


async def test_rebuilding_changes_nothing_and_mends_what_is_wrong(bench: Bench) -> None:
    bench.now = START + 2 * HOUR
    made = [Sent(n, 70 * n, 5000 + 11 * n, 100, 250) for n in range(1, 60)]
    await bench.take(*(sent.message() for sent in made))
    right = await _kept(bench, bench.system_id)
    async with bench.database.begin() as connection:
        await connection.execute(text("DELETE FROM rollups WHERE bucket > 0"))
        await connection.execute(text("UPDATE latest SET rolling = NULL"))
    model = bench.ingest.registry.system(bench.ingest.registry.products["bench", "1.0.0"])
    for key, channel in channels_of(bench.system_id, model):
        async with bench.database.begin() as connection:
            await rebuild(connection, key, channel, (FIRST, FIRST + HOUR * 24))
    assert await _kept(bench, bench.system_id) == right


async def test_a_curve_has_gaps_and_energy_none(bench: Bench) -> None:
    bench.now = START + 5 * HOUR
    sent = [Sent(1, 0, 1000, 7, 250), Sent(3, 60, 1500, 7, 250), Sent(5, 7300, 3000, 7, 250)]
    await bench.take(*(each.message() for each in sent))
    await bench.take(frame(1, running(pv=800, battery=-300), device_time=FIRST))
    model = bench.ingest.registry.system(bench.ingest.registry.products["bench", "1.0.0"])
    spans = [(FIRST + n * HOUR, FIRST + (n + 1) * HOUR) for n in range(4)]
    async with bench.database.read() as connection:
        points = await curve(connection, bench.system_id, model, spans[0])
        found = await energy(connection, bench.system_id, model, spans)
    assert points[0].readings == {"pv.power": 800, "battery.power": 300, "battery.soc": 80.5}
    assert points[0].lowest == points[0].highest == {"pv.power": 800, "battery.power": 300}
    assert [each.readings for each in points[1:]] == [None] * 11
    assert [each.generation for each in found] == [0.5, None, 1.5, None]  # after the gap
    assert [each.purchase for each in found] == [None] * 4


@given_by(
    st.dates(date(2020, 1, 1), date(2035, 12, 30)),
    st.sampled_from(["", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Lima"]),
)
def test_days_follow_each_other_and_begin_with_a_bucket(of: date, zone: str) -> None:
    begin, end = day(of, zone)
    assert day(of + timedelta(days=1), zone)[0] == end
    assert begin % BUCKET == 0
    parts = list(hours(of, zone))
    assert [parts[0][0], parts[-1][1]] == [begin, end]
    assert all(a[1] == b[0] for a, b in pairwise(parts))


def test_days_have_23_or_25_hours_when_clocks_change() -> None:
    lengths = [
        len(list(hours(date(2026, *on), "Europe/Berlin"))) for on in ((3, 29), (6, 1), (10, 25))
    ]
    assert lengths == [23, 24, 25]
