"""Whatever devices answer, and whenever: a command goes a legal way and comes to an end."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from sqlalchemy import text

from core.commanding.records import CommandRequest
from core.commanding.states import FINAL, TRANSITIONS, UNDER_WAY, State
from tests.devices import frame
from tests.devices import settings as settings_frame
from tests.ingest.bench import ack
from tests.ingest.yard import LIMIT, RESTART, Yard

ENDS = FINAL | {State.TIMED_OUT}
STATUSES = ("accepted", "running", "succeeded", "failed", "rejected")
answers = strategies.tuples(
    strategies.just("answer"), strategies.sampled_from(STATUSES), strategies.sampled_from(["", "x"])
)
pauses = strategies.tuples(strategies.just("pause"), strategies.sampled_from([0.5, 4, 31, 1000]))
readings = strategies.tuples(strategies.just("reading"), strategies.sampled_from([2999, 3000]))
events = strategies.lists(answers | pauses | readings, max_size=8)


@pytest.mark.slow
@pytest.mark.parametrize("request_", [LIMIT, RESTART], ids=["proven", "believed"])
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(before=events, after=events)
async def test_any_answers_end_in_a_legal_state(
    yard: Yard, request_: CommandRequest, before: list[tuple], after: list[tuple]
) -> None:
    """`before` happens while it is still queued, which no honest device can know of."""
    record = await yard.submit(request_)
    sent_before = len(yard.sent())
    await play(yard, record.id, before, working=False)
    await yard.work()
    await play(yard, record.id, after, working=True)
    await yard.work(1000)
    await yard.work(1000)
    path = [State(state) for state, _, _ in await yard.history(record)]
    assert path[0] is State.QUEUED
    for current, following in pairwise(path):
        assert following in TRANSITIONS[current], path
    found = await yard.state(record)
    assert found.state is path[-1]
    assert found.state in ENDS
    assert (found.finished_at is not None) == (found.state in FINAL)
    assert found.late == (State.TIMED_OUT in path[:-1])
    assert len(yard.sent()) - sent_before == (State.SENT in path)
    assert await yard.lease() is None
    async with yard.bench.database.read() as connection:
        (held,) = (await connection.execute(text("SELECT count(*) FROM actuation_leases"))).one()
    assert held == 0
    assert not UNDER_WAY & {found.state}
    assert set(await yard.bench.codes()) <= {"illegal_transition"}


async def play(yard: Yard, id_: str, events: list[tuple], *, working: bool) -> None:
    for kind, *what in events:
        number = yard.number = yard.number + 1
        if kind == "answer":
            status, detail = what
            await yard.bench.take(ack(number, id=id_, status=status, detail=detail))
        elif kind == "reading":
            await yard.bench.take(frame(number, settings_frame(limit=what[0]), channel="settings"))
        else:
            yard.bench.now += round(what[0] * 1000) if working else 0
        if working:
            await yard.work(0)
