"""Commands on their way: sent once, answered, and proven by the readings."""

import asyncio

import attrs
import pytest

from core.commanding import commands, dry_runs
from core.commanding.records import CommandRequest
from core.commanding.states import TRANSITIONS, State, TransitionError
from core.records import RequestError
from core.runtime import topics
from core.runtime.outbox import Outbox
from core.thing_model.messages import CommandMessage
from tests.devices import OTHER, frame, settings
from tests.ingest.bench import Bench, ack
from tests.ingest.yard import LIMIT, MODE, RESTART, Yard


async def test_from_request_to_proof(yard: Yard) -> None:
    record = await yard.submit()
    await yard.work()
    (message,) = yard.sent()
    assert message == CommandMessage(
        record.id,
        "inverter",
        "set_export_limit",
        {"export_limit": 3000},
        record.expires_at,
        record.frame.hex(),
    )
    await yard.bench.take(ack(1, id=record.id, status="accepted"))
    await yard.bench.take(ack(2, id=record.id, status="succeeded", detail="done"))
    assert (await yard.state(record)).state == "RUNNING"
    yard.bench.now += 1000
    await yard.bench.take(frame(1, settings(limit=2999), channel="settings"))
    await yard.work()
    assert (await yard.state(record)).state == "RUNNING"
    await yard.bench.take(frame(2, settings(limit=3000), channel="settings"))
    await yard.work()
    done = await yard.state(record)
    assert (done.state, done.finished_at, done.late) == ("SUCCEEDED", yard.bench.now, False)
    assert await yard.history(record) == [
        ("QUEUED", "ann", ""),
        ("SENT", "engine", ""),
        ("ACKED", "device", ""),
        ("RUNNING", "device", "the device reports success: done; waiting for its readings"),
        ("SUCCEEDED", "engine", "the readings show it: export_limit = 3000"),
    ]
    assert len(yard.sent()) == 1


async def test_a_reading_from_before_the_answer_proves_nothing(yard: Yard) -> None:
    await yard.bench.take(frame(1, settings(limit=3000), channel="settings"))
    record = await yard.submit()
    await yard.work()
    await yard.bench.take(ack(1, id=record.id, status="succeeded"))
    await yard.work()
    assert (await yard.state(record)).state == "RUNNING"


async def test_several_values_are_proven_together(yard: Yard) -> None:
    record = await yard.submit(MODE)
    assert record.parameters == {"mode": 1, "charge_current": 12.5}
    await yard.work()
    await yard.bench.take(ack(1, id=record.id, status="succeeded"))
    yard.bench.now += 1
    await yard.bench.take(frame(1, settings(mode=1, current=24), channel="settings"))
    await yard.work()
    assert (await yard.state(record)).state == "RUNNING"
    await yard.bench.take(frame(2, settings(mode=1, current=25), channel="settings"))
    await yard.work()
    assert (await yard.state(record)).state == "SUCCEEDED"


@pytest.mark.parametrize(("status", "state"), [("failed", "FAILED"), ("rejected", "REJECTED")])
async def test_a_device_may_refuse_or_fail(yard: Yard, status: str, state: str) -> None:
    record = await yard.submit()
    await yard.work()
    await yard.bench.take(ack(1, id=record.id, status=status, detail="locked\0"))
    done = await yard.state(record)
    assert (done.state, done.reason, done.finished_at) == (state, "locked\ufffd", yard.bench.now)


async def test_without_read_back_the_device_is_believed(yard: Yard) -> None:
    record = await yard.submit(RESTART)
    await yard.work()
    await yard.bench.take(ack(1, id=record.id, status="succeeded"))
    assert (await yard.state(record)).state == "SUCCEEDED"


async def test_silence_times_out_and_a_late_answer_still_counts(yard: Yard) -> None:
    record = await yard.submit()
    await yard.work()
    await yard.work(29)
    assert (await yard.state(record)).state == "SENT"
    await yard.work(1)
    timed_out = await yard.state(record)
    assert (timed_out.state, timed_out.reason) == ("TIMED_OUT", "no answer within 30 s")
    assert timed_out.finished_at is None
    await yard.bench.take(ack(1, id=record.id, status="succeeded"))
    yard.bench.now += 1
    await yard.bench.take(frame(1, settings(limit=3000), channel="settings"))
    await yard.work()
    late = await yard.state(record)
    assert (late.state, late.late) == ("SUCCEEDED", True)


async def test_a_success_that_readings_do_not_show_times_out(yard: Yard) -> None:
    record = await yard.submit()
    await yard.work()
    await yard.bench.take(ack(1, id=record.id, status="succeeded"))
    await yard.work(30)
    assert (await yard.state(record)).reason == (
        "the device reports success; waiting for its readings; "
        "the readings do not show export_limit = 3000 within 30 s"
    )


async def test_one_command_at_a_time_per_component(yard: Yard) -> None:
    first, second = await yard.submit(), await yard.submit(MODE)
    await yard.work()
    assert [m.id for m in yard.sent()] == [min(first.id, second.id)]
    await yard.work()
    assert len(yard.sent()) == 1
    await yard.bench.take(ack(1, id=yard.sent()[0].id, status="failed"))
    await yard.work()
    assert len(yard.sent()) == 2


async def test_what_waits_too_long_expires(yard: Yard) -> None:
    first, second = await yard.submit(), await yard.submit(life=5000)
    await yard.work()
    await yard.work(6)
    states = {(await yard.state(each)).state for each in (first, second)}
    assert states in ({"SENT", "EXPIRED"}, {"SENT", "QUEUED"})
    expired = await yard.submit(life=0)
    await yard.work(0)
    assert (await yard.state(expired)).state == "EXPIRED"


async def test_only_a_queued_command_can_be_cancelled(yard: Yard) -> None:
    record = await yard.submit()
    async with yard.bench.database.begin() as connection:
        await commands.cancel(connection, record.id, by="bob", now=yard.bench.now)
    assert (await yard.history(record))[-1] == ("CANCELLED", "bob", "withdrawn")
    await yard.work()
    assert yard.sent() == []
    async with yard.bench.database.begin() as connection:
        with pytest.raises(TransitionError, match="is CANCELLED, which nothing may follow"):
            await commands.cancel(connection, record.id, by="bob", now=yard.bench.now)
        with pytest.raises(RequestError, match="is not known"):
            await commands.cancel(connection, "x", by="bob", now=yard.bench.now)


async def test_answers_that_come_again_change_nothing(yard: Yard) -> None:
    record = await yard.submit(RESTART)
    await yard.work()
    answers = [ack(1, id=record.id, status="accepted"), ack(2, id=record.id, status="succeeded")]
    await yard.bench.take(*answers, *answers)
    assert [state for state, _, _ in await yard.history(record)] == [
        "QUEUED",
        "SENT",
        "ACKED",
        "SUCCEEDED",
    ]
    assert await yard.bench.codes() == []


async def test_a_running_command_may_tell_news(yard: Yard) -> None:
    record = await yard.submit()
    await yard.work()
    await yard.bench.take(
        ack(1, id=record.id, status="running", detail="10 %"),
        ack(2, id=record.id, status="running", detail="90 %"),
    )
    assert [reason for _, _, reason in await yard.history(record)][2:] == ["10 %", "90 %"]


async def test_an_answer_that_cannot_follow_is_a_dead_letter(yard: Yard) -> None:
    record = await yard.submit(RESTART)
    await yard.bench.take(ack(1, id=record.id, status="succeeded"))
    await yard.work()
    await yard.bench.take(
        ack(2, id=record.id, status="succeeded"), ack(3, id=record.id, status="failed")
    )
    assert await yard.bench.codes() == ["illegal_transition"] * 2
    assert (await yard.state(record)).state == "SUCCEEDED"


async def test_a_device_cannot_answer_for_another(yard: Yard) -> None:
    record = await yard.submit()
    await yard.work()
    await yard.bench.take(
        type(frame(1))(topics.presence(OTHER), b'{"online": true, "product_model": "bench"}', 0),
        ack(1, OTHER, id=record.id, status="failed"),
    )
    assert await yard.bench.codes() == ["unknown_command"]
    assert (await yard.state(record)).state == "SENT"


@attrs.define
class Dying:
    """A publisher whose process ends before the broker confirms, or before it is sent at all."""

    bench: Bench
    sends: bool

    async def publish_many(self, messages) -> None:
        if self.sends:
            await self.bench.desk.publish_many(messages)
        raise asyncio.CancelledError


@pytest.mark.parametrize("sends", [True, False])
@pytest.mark.parametrize(("request_", "again"), [(LIMIT, 1), (RESTART, 0)])
async def test_a_sender_that_dies_neither_loses_nor_repeats_what_must_not_be(
    yard: Yard, sends: bool, request_: CommandRequest, again: int
) -> None:
    record = await yard.submit(request_)
    with pytest.raises(asyncio.CancelledError):
        await Outbox(yard.bench.database, Dying(yard.bench, sends), lambda: yard.bench.now).work()
    assert (await yard.state(record)).state == "SENT"
    await yard.work()
    assert len(yard.sent()) == sends + again
    await yard.work()
    assert len(yard.sent()) == sends + again
    assert len({message.id for message in yard.sent()}) == min(1, sends + again)


async def test_dry_run_shows_what_would_change_and_sends_nothing(yard: Yard) -> None:
    await yard.bench.take(frame(1, settings(mode=0, current=20), channel="settings"))
    async with yard.bench.database.read() as connection:
        tried = await dry_runs.dry_run(connection, yard.model, yard.bench.system_id, MODE)
        wrong = CommandRequest("inverter", "set_mode", {"mode": 7, "speed": 1})
        refused = await dry_runs.dry_run(connection, yard.model, yard.bench.system_id, wrong)
        lost = CommandRequest("battery1", "set_mode", {})
        nowhere = await dry_runs.dry_run(connection, yard.model, yard.bench.system_id, lost)
    assert tried.frame.hex(" ") == "01 10 00 11 00 02 04 00 01 00 19 a3 65"
    assert tried.problems == ()
    assert [
        (c.key, c.unit, c.current, c.new, c.current_label, c.new_label) for c in tried.changes
    ] == [
        ("mode", "", 0, 1, "Self use", "Backup"),
        ("charge_current", "A", 10.0, 12.5, None, None),
    ]
    assert tried.proof == ("mode", "charge_current")
    assert [problem.where for problem in refused.problems] == ["speed", "mode", "charge_current"]
    assert refused.frame == b""
    assert [problem.where for problem in nowhere.problems] == ["slot"]
    await yard.work()
    assert yard.sent() == []


async def test_a_wrong_request_is_refused_with_everything_that_is_wrong(yard: Yard) -> None:
    with pytest.raises(RequestError) as refused:
        await yard.submit(CommandRequest("inverter", "set_export_limit", {"limit": 1}))
    assert [(p.where, p.what) for p in refused.value.problems] == [
        ("limit", "is not a parameter of this command"),
        ("export_limit", "is missing"),
    ]
    with pytest.raises(RequestError, match="'reboot' is not declared"):
        await yard.submit(CommandRequest("inverter", "reboot", {}))
    assert await yard.bench.count("commands") == 0


async def test_pages_are_newest_first(yard: Yard) -> None:
    made = []
    for _ in range(5):
        yard.bench.now += 1
        made.append((await yard.submit()).id)
    async with yard.bench.database.read() as connection:
        first = await commands.page(connection, system_id=yard.bench.system_id, limit=3)
        rest = await commands.page(connection, before=first[-1].id)
        assert await commands.page(connection, system_id=99) == []
    assert [record.id for record in first + rest] == made[::-1]


@pytest.mark.parametrize("current", State)
async def test_only_what_may_follow_does(yard: Yard, current: State) -> None:
    record = await yard.submit()
    for wanted in State:
        async with yard.bench.database.begin() as connection:
            await connection.exec_driver_sql(f"UPDATE commands SET state = '{current}'")
            found = await commands.by_id(connection, record.id)
            if wanted in TRANSITIONS[current]:
                assert (await commands.move(connection, found, wanted, now=1)).state is wanted
            else:
                with pytest.raises(TransitionError, match=f"not {wanted}"):
                    await commands.move(connection, found, wanted, now=1)
        moved = wanted in TRANSITIONS[current]
        assert (await yard.state(record)).state == (wanted if moved else current)
