"""What decides when a command goes out: the system's lease, proof, and a sender that fails."""

import asyncio

import attrs
import pytest

from core.commanding import delivery, leases
from core.commanding.leases import Lease
from core.commanding.records import SLACK
from core.commanding.states import State
from core.runtime.outbox import Outbox
from core.runtime.rounds import SilentBrokerError
from tests.devices import frame, settings
from tests.ingest.bench import Bench, ack
from tests.ingest.yard import LIMIT, MODE, RESTART, Yard


@attrs.define
class Failing:
    """A publisher that fails after it has published so many messages, as `error`."""

    bench: Bench
    error: type[BaseException]
    after: int = 0

    async def publish_many(self, messages) -> None:
        await self.bench.desk.publish_many(list(messages)[: self.after])
        raise self.error


# --- proof ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading_first", [True, False])
async def test_a_reading_in_the_batch_of_the_answer_proves(yard: Yard, reading_first: bool) -> None:
    record = await yard.submit()
    await yard.work()
    batch = [
        ack(1, id=record.id, status="succeeded"),
        frame(2, settings(limit=3000), channel="settings"),
    ]
    await yard.bench.take(*(batch[::-1] if reading_first else batch))
    await yard.work()
    assert (await yard.state(record)).state == "SUCCEEDED"


async def test_a_reading_in_that_batch_that_shows_another_value_does_not(yard: Yard) -> None:
    record = await yard.submit()
    await yard.work()
    await yard.bench.take(
        ack(1, id=record.id, status="succeeded"),
        frame(2, settings(limit=2999), channel="settings"),
    )
    await yard.work()
    assert (await yard.state(record)).state == "RUNNING"


# --- the lease ------------------------------------------------------------------------------------


async def test_a_command_holds_its_system_from_sending_to_its_end(yard: Yard) -> None:
    record = await yard.submit(RESTART)
    assert await yard.lease() is None
    await yard.work()
    lease = await yard.lease()
    assert lease is not None
    assert (lease.owner, lease.purpose) == (f"command {record.id}", "inverter restart")
    assert lease.until == yard.bench.now + 5000 + SLACK
    yard.bench.now += 2000
    await yard.bench.take(ack(1, id=record.id, status="running"))
    renewed = await yard.lease()
    assert renewed is not None
    assert renewed.until == lease.until + 2000
    await yard.bench.take(ack(2, id=record.id, status="failed"))
    assert await yard.lease() is None


async def test_the_next_command_waits_and_says_for_what(yard: Yard) -> None:
    first = await yard.submit()
    await yard.work()
    second = await yard.submit(MODE)
    await yard.work()
    assert (await yard.state(second)).reason == (
        f"waits for command {first.id} (inverter set_export_limit)"
    )
    await yard.work(30)
    assert (await yard.state(first)).state == "TIMED_OUT"
    sent = await yard.state(second)
    assert (sent.state, sent.reason) == ("SENT", "")


async def test_whoever_actuates_keeps_commands_waiting(yard: Yard) -> None:
    upgrade = Lease(
        yard.bench.system_id, "upgrade 7", "EMS 2.1", yard.bench.now, yard.bench.now + 10_000
    )
    async with yard.bench.database.begin() as connection:
        assert await leases.take(connection, upgrade)
    record = await yard.submit()
    await yard.work()
    assert (await yard.state(record)).reason == "waits for upgrade 7 (EMS 2.1)"
    await yard.work(10)
    assert (await yard.state(record)).state == "SENT"
    async with yard.bench.database.begin() as connection:
        later = attrs.evolve(upgrade, taken_at=yard.bench.now, until=yard.bench.now + 1)
        assert not await leases.take(connection, later)
        await leases.release(connection, yard.bench.system_id, "upgrade 7")
    lease = await yard.lease()
    assert lease is not None
    assert lease.owner == f"command {record.id}"


async def test_a_late_answer_takes_the_lease_again_if_it_is_free(yard: Yard) -> None:
    first = await yard.submit()
    await yard.work()
    second = await yard.submit(MODE)
    await yard.work(30)
    early, late = first.id, second.id
    await yard.bench.take(ack(1, id=early, status="running"))
    lease = await yard.lease()
    assert lease is not None
    assert lease.owner == f"command {late}"
    await yard.bench.take(ack(2, id=late, status="failed"))
    await yard.bench.take(ack(3, id=early, status="running", detail="still"))
    again = await yard.lease()
    assert again is not None
    assert again.owner == f"command {early}"


async def test_why_a_command_expired_keeps_what_it_waited_for(yard: Yard) -> None:
    blocker = Lease(yard.bench.system_id, "dispatch 1", "VPP", yard.bench.now, 2**50)
    async with yard.bench.database.begin() as connection:
        await leases.take(connection, blocker)
    record = await yard.submit(life=5000)
    await yard.work()
    await yard.work(5)
    assert (await yard.state(record)).reason == (
        "could not be sent before it expired: waits for dispatch 1 (VPP)"
    )


# --- a sender that fails --------------------------------------------------------------------------


@pytest.mark.parametrize("error", [TimeoutError, asyncio.CancelledError])
@pytest.mark.parametrize("after", [0, 1])
async def test_what_may_go_out_once_ends_unknown_and_is_answered_late(
    yard: Yard, error: type[BaseException], after: int
) -> None:
    record = await yard.submit(RESTART)
    failing = Failing(yard.bench, error, after)
    with pytest.raises((SilentBrokerError, asyncio.CancelledError)):
        await Outbox(yard.bench.database, failing, lambda: yard.bench.now).work()
    await yard.work()
    unknown = await yard.state(record)
    assert (unknown.state, unknown.reason) == (State.TIMED_OUT, delivery.UNKNOWN)
    assert await yard.lease() is None
    await yard.work(3600)
    assert len(yard.sent()) == after
    await yard.bench.take(ack(1, id=record.id, status="succeeded"))
    known = await yard.state(record)
    assert (known.state, known.late) == (State.SUCCEEDED, True)


async def test_what_may_go_out_twice_does_so_however_long_the_sender_was_away(yard: Yard) -> None:
    record = await yard.submit(LIMIT)
    failing = Failing(yard.bench, asyncio.CancelledError)
    with pytest.raises(asyncio.CancelledError):
        await Outbox(yard.bench.database, failing, lambda: yard.bench.now).work()
    await yard.work(600)
    assert [message.id for message in yard.sent()] == [record.id]
    assert (await yard.state(record)).state == "SENT"
    await yard.work(30)
    assert (await yard.state(record)).reason == "no answer within 30 s"


async def test_it_is_not_sent_again_once_it_has_expired(yard: Yard) -> None:
    record = await yard.submit(LIMIT, life=5000)
    failing = Failing(yard.bench, asyncio.CancelledError)
    with pytest.raises(asyncio.CancelledError):
        await Outbox(yard.bench.database, failing, lambda: yard.bench.now).work()
    await yard.work(5)
    assert yard.sent() == []
    ended = await yard.state(record)
    assert (ended.state, ended.reason) == (
        State.TIMED_OUT,
        "the broker did not confirm it in time: whether the device got it is not known",
    )


async def test_it_is_not_sent_again_while_another_has_the_system(yard: Yard) -> None:
    record = await yard.submit(LIMIT)
    failing = Failing(yard.bench, asyncio.CancelledError)
    with pytest.raises(asyncio.CancelledError):
        await Outbox(yard.bench.database, failing, lambda: yard.bench.now).work()
    yard.bench.now += 30_000 + SLACK
    upgrade = Lease(yard.bench.system_id, "upgrade 7", "", yard.bench.now, yard.bench.now + 60_000)
    async with yard.bench.database.begin() as connection:
        assert await leases.take(connection, upgrade)
    await yard.work()
    assert yard.sent() == []
    await yard.work(60)
    assert [message.id for message in yard.sent()] == [record.id]
