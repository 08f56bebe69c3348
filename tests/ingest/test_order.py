"""Whatever the order in which frames come, the end is the same."""

from itertools import count, pairwise

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_by
from hypothesis import strategies as st

from core.fleet import systems
from core.fleet.systems import Registration
from core.journal import faults
from core.runtime.transport import Message
from core.telemetry.readings import latest_of
from tests.devices import START, frame, running
from tests.ingest.bench import HOUR, Bench

NUMBERS = count(1)


@attrs.frozen
class Sent:
    """What a device sends: its n-th frame, in its start `boot_id`."""

    n: int
    boot_id: int
    faults: int
    late: bool
    device_time: int

    def message(self, sn: str) -> Message:
        return frame(
            self.n,
            running(pv=self.n, faults=self.faults),
            sn=sn,
            boot_id=self.boot_id,
            device_time=self.device_time,
            late=self.late,
        )


@st.composite
def days(draw: st.DrawFn) -> list[Sent]:
    """Frames in the order in which they were made; the clock of a single start may be wrong."""
    starts = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    wrong = len(starts) == 1 and draw(st.booleans())
    base = START + 90 * HOUR if wrong else START
    made = [(boot, n) for boot, number in enumerate(starts) for n in range(number)]
    return [
        Sent(
            n,
            boot,
            draw(st.integers(0, 3)),
            not wrong and draw(st.booleans()),
            base + 1000 * at,
        )
        for at, (boot, n) in enumerate(made)
    ]


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Sent], list[list[Sent]]]:
    """A day, and its frames shuffled, some of them twice, in batches."""
    day = draw(days())
    again = draw(st.lists(st.sampled_from(day), max_size=4))
    shuffled = draw(st.permutations(day + again))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    edges = [0, *cuts, len(shuffled)]
    return day, [shuffled[a:b] for a, b in pairwise(edges) if a < b]


@given_by(deliveries())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.slow
async def test_any_order_ends_as_the_right_one(
    bench: Bench, delivery: tuple[list[Sent], list[list[Sent]]]
) -> None:
    day, batches = delivery
    right = await _end_of(bench, [[sent] for sent in day])
    assert await _end_of(bench, batches) == right


async def _end_of(bench: Bench, batches: list[list[Sent]]) -> object:
    sn = f"ORDER{next(NUMBERS):07}"
    async with bench.database.begin() as connection:
        given = Registration(sn, "bench")
        record = await systems.register(connection, bench.ingest.registry, given, START)
    for batch in batches:
        await bench.take(*(sent.message(sn) for sent in batch))
        bench.now += 1000
    bench.now -= 1000 * len(batches)
    async with bench.database.read() as connection:
        readings = await latest_of(connection, record.id)
        values = {key: (each.value, each.device_time) for key, each in readings.items()}
        fault_codes = {each.code for each in await faults.open_of(connection, record.id)}
    bench.desk.acknowledged.clear()
    return values, fault_codes
