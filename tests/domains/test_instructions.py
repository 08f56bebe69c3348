"""Instructions: given once, tried first, approved by a second person, edited and withdrawn."""

import asyncio
from collections.abc import Sequence

import attrs
import pytest
from sqlalchemy import text, update

from core.access import PLATFORM, Access, AccessError
from core.accounts.roles import OPERATIONS, grants_of
from core.audit import entries
from core.audit.entries import Wanted as WantedEntries
from core.commanding import approvals, commands, delivery, giving, instructions, orders
from core.commanding.instructions import Instruction, Wanted
from core.commanding.orders import Order, Trial
from core.commanding.policy import ALONE, APPROVAL_LIFE, LIFE, MOST
from core.commanding.records import CommandRequest
from core.commanding.states import State
from core.fleet import systems
from core.fleet.systems import Registration
from core.fleet.tables import systems as systems_table
from core.records import ConflictError, RequestError
from core.registry import Registry
from core.runtime.database import Database
from tests.devices import START

ANN = Access(1, "ann", "A", None, OPERATIONS)
BOB = Access(2, "bob", "A", None, OPERATIONS)
SUE = Access(3, "sue", "A", None, grants_of("A", ["l2"]))
SUN = Access(4, "sun", "B", 1, grants_of("B", ["administrator"]))
LIMIT = CommandRequest("inverter", "set_export_limit", {"export_limit": 3000})
RESTART = CommandRequest("inverter", "restart", {})
RESET = CommandRequest("inverter", "factory_reset", {})
SNS = [f"ORDERED{n:05}" for n in range(12)]
MODERN, OLD, OTHER = SNS[0], SNS[1], SNS[2]


@attrs.define
class Office:
    """Where instructions are given, to twelve systems.

    The firmware of `MODERN` is new enough to reset; `OTHER` is of a model without such functions.
    """

    database: Database
    registry: Registry
    now: int = START

    async def give(self, order: Order, access: Access = ANN) -> Instruction:
        async with self.database.begin() as connection:
            return await giving.give(connection, self.registry, access, order, self.now)

    async def tried(self, order: Order, access: Access = ANN) -> Trial:
        async with self.database.read() as connection:
            return await orders.dry_run(connection, self.registry, access, order, self.now)

    async def approve(self, made: Instruction, access: Access = BOB, digest: str = "") -> None:
        async with self.database.begin() as connection:
            said = digest or made.digest
            await approvals.approve(connection, access, made.id, said, self.now)

    async def states(self, made: Instruction) -> dict[str, int]:
        async with self.database.read() as connection:
            found = await instructions.progress(connection, [made.id])
        return {state.value: count for state, count in found[made.id].counts.items()}

    async def claimed(self) -> list[str]:
        """Serial numbers of the commands that would be sent now."""
        async with self.database.begin() as connection:
            await delivery.expire(connection, self.now)
            return [each.sn for each in await delivery.claim(connection, self.now)]

    async def set_systems(self, sns: Sequence[str], **values: object) -> None:
        async with self.database.begin() as connection:
            await connection.execute(
                update(systems_table).where(systems_table.c.sn.in_(sns)).values(values)
            )

    async def count(self, table: str) -> int:
        async with self.database.read() as connection:
            return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")))


@pytest.fixture
async def office(database: Database, registry: Registry) -> Office:
    async with database.begin() as connection:
        for sn in SNS:
            product = "bench-two" if sn == OTHER else "bench"
            firmware = "2.1" if sn == MODERN else "1.4"
            given = Registration(sn, product, firmware=firmware)
            await systems.register(connection, registry, given, START)
    return Office(database, registry)


def wrong(error: pytest.ExceptionInfo[RequestError]) -> list[tuple[str, str]]:
    return [(problem.where, problem.what) for problem in error.value.problems]


async def test_one_order_becomes_a_command_for_each_system(office: Office) -> None:
    made = await office.give(Order(LIMIT, SNS[:3], reason="grid operator's wish"))
    assert (made.targets, made.created_by, made.reason) == (3, "ann", "grid operator's wish")
    assert await office.states(made) == {"QUEUED": 3}
    async with office.database.read() as connection:
        found = await instructions.commands_of(connection, ANN, made.id)
        rest = await instructions.commands_of(connection, ANN, made.id, after_sn=SNS[1])
        (entry,) = await entries.page(connection, PLATFORM, WantedEntries(area="commands"))
    assert [sn for sn, _ in found] == SNS[:3]
    assert [sn for sn, _ in rest] == [SNS[2]]
    assert {record.instruction_id for _, record in found} == {made.id}
    assert len({record.frame for _, record in found}) == 1
    assert (entry.action, entry.object_id, entry.user_name) == ("give", made.id, "ann")
    assert (entry.new["systems"], entry.new["parameters"]) == (3, {"export_limit": 3000})
    assert sorted(await office.claimed()) == SNS[:3]
    assert await office.states(made) == {"SENT": 3}


async def test_a_dry_run_tells_all_and_keeps_nothing(office: Office) -> None:
    await office.set_systems([OLD], online=False)
    await office.set_systems([SNS[3]], status="offline", last_frame_at=START)
    order = Order(RESET, [MODERN, OLD, OTHER, SNS[3], "NOBODY000001"])
    trial = await office.tried(order)
    assert [len(each) for each in (trial.systems, trial.ready, trial.away)] == [5, 2, 2]
    assert trial.needs_approval
    by_sn = {each.sn: each for each in trial.systems}
    assert by_sn[MODERN].frame.hex(" ").startswith("01 10 00 64 00 01 02 00 00")
    assert [(c.key, c.current, c.new) for c in by_sn[MODERN].changes] == [("mode", None, 0)]
    assert by_sn[OLD].missing == ("Resetting: needs EMS >=2, device has 1.4",)
    assert by_sn[OLD].frame == b""
    assert {each.sn for each in trial.missing} == {OLD, SNS[3]}
    assert by_sn["NOBODY000001"].problems[0].what == "'NOBODY000001' is not registered"
    assert await office.count("instructions") == await office.count("commands") == 0


async def test_a_dry_run_says_what_the_values_are_now(office: Office) -> None:
    trial = await office.tried(Order(LIMIT, [MODERN]))
    assert trial.systems[0].proof == ("export_limit",)
    too_much = CommandRequest("inverter", "set_export_limit", {"export_limit": 9000})
    refused = await office.tried(Order(too_much, [MODERN, OLD]))
    assert [each.problems[0].where for each in refused.systems] == ["export_limit"] * 2
    assert not refused.ready


async def test_with_a_problem_nothing_is_given_unless_the_rest_is_wanted(office: Office) -> None:
    with pytest.raises(RequestError) as refused:
        await office.give(Order(RESET, [MODERN, OLD]))
    assert wrong(refused) == [
        (f"{OLD}: command", "is not offered: Resetting: needs EMS >=2, device has 1.4")
    ]
    assert await office.count("commands") == 0
    made = await office.give(Order(RESET, [MODERN, OLD], partial=True))
    assert made.targets == 1
    with pytest.raises(RequestError, match="none of the systems can do it"):
        await office.give(Order(RESET, [OLD], partial=True))


async def test_a_device_that_is_away_is_waited_for_or_refused(office: Office) -> None:
    await office.set_systems([OLD], online=False)
    with pytest.raises(RequestError, match="not kept for later"):
        await office.give(Order(RESTART, [OLD]))
    made = await office.give(Order(LIMIT, [OLD]))
    assert await office.claimed() == []
    async with office.database.read() as connection:
        ((_, waiting),) = await instructions.commands_of(connection, ANN, made.id)
    assert waiting.reason == delivery.WAITING
    await office.set_systems([OLD], online=True)
    assert await office.claimed() == [OLD]


async def test_one_that_goes_away_before_its_time_is_withdrawn(office: Office) -> None:
    made = await office.give(Order(RESTART, [OLD], not_before=START + 5000))
    await office.set_systems([OLD], online=False)
    office.now += 5000
    assert await office.claimed() == []
    assert await office.states(made) == {"CANCELLED": 1}
    async with office.database.read() as connection:
        ((_, gone),) = await instructions.commands_of(connection, ANN, made.id)
    assert (gone.reason, gone.finished_at) == (delivery.GONE, office.now)


async def test_what_is_scheduled_waits_for_its_time(office: Office) -> None:
    await office.give(Order(LIMIT, [MODERN], not_before=START + 60_000))
    assert await office.claimed() == []
    async with office.database.read() as connection:
        assert not await delivery.is_pending(connection, office.now)
    office.now = START + 60_000 + LIFE - 1
    assert await office.claimed() == [MODERN]
    late = await office.give(Order(LIMIT, [OLD], not_before=office.now))
    office.now += LIFE
    assert await office.claimed() == []
    assert await office.states(late) == {"EXPIRED": 1}


@pytest.mark.parametrize(
    ("order", "where"),
    [
        (Order(LIMIT, []), "sns"),
        (Order(LIMIT, [MODERN], not_before=START - 1), "not_before"),
        (Order(LIMIT, [MODERN], not_before=START * 2), "not_before"),
        (Order(LIMIT, [MODERN], life=0), "life"),
        (Order(LIMIT, [MODERN], reason="x" * 1001), "reason"),
        (Order(LIMIT, [MODERN], key="x" * 65), "key"),
        (Order(LIMIT, [str(n) for n in range(MOST + 1)], partial=True), "sns"),
        (Order(CommandRequest("inverter", "reboot", {}), [MODERN]), "command"),
        (Order(CommandRequest("battery9", "restart", {}), [MODERN]), "slot"),
    ],
)
async def test_wrong_orders_are_refused(office: Office, order: Order, where: str) -> None:
    with pytest.raises(RequestError) as refused:
        await office.give(order)
    assert where in [place for place, _ in wrong(refused)]
    assert await office.count("commands") == 0


async def test_a_key_makes_an_order_good_once(office: Office) -> None:
    first = await office.give(Order(LIMIT, [MODERN, OLD], key="k1"))
    again = await office.give(Order(LIMIT, [OLD, MODERN, OLD], key="k1"))
    assert again == first
    other = CommandRequest("inverter", "set_export_limit", {"export_limit": 1})
    for order in (Order(other, [MODERN, OLD], key="k1"), Order(LIMIT, [MODERN], key="k1")):
        with pytest.raises(RequestError, match="was used for another order"):
            await office.give(order)
    assert (await office.give(Order(LIMIT, [MODERN, OLD], key="k1"), BOB)).id != first.id
    assert await office.count("commands") == 4


async def test_the_same_order_at_the_same_moment_is_given_once(office: Office) -> None:
    made = await asyncio.gather(*(office.give(Order(LIMIT, SNS[:2], key="k")) for _ in range(5)))
    assert len({each.id for each in made}) == 1
    assert await office.count("commands") == 2


async def test_who_may_give_what(office: Office) -> None:
    await office.set_systems([OLD], company_id=1)
    with pytest.raises(AccessError, match="commands:bulk"):
        await office.give(Order(LIMIT, [MODERN, OLD]), SUE)
    assert (await office.give(Order(LIMIT, [MODERN]), SUE)).created_by == "sue"
    with pytest.raises(RequestError, match="is not registered"):
        await office.give(Order(LIMIT, [MODERN]), SUN)
    made = await office.give(Order(LIMIT, [OLD]), SUN)
    async with office.database.read() as connection:
        seen = await instructions.page(connection, SUN)
        assert [each.id for each in seen] == [made.id]
        assert len(await instructions.page(connection, ANN)) == 2
    looking = Access(9, "eve", "A", None, grants_of("A", ["read_only"]))
    with pytest.raises(AccessError, match="systems:command"):
        await office.tried(Order(LIMIT, [MODERN]), looking)


async def test_lists_are_filtered(office: Office) -> None:
    first = await office.give(Order(LIMIT, [MODERN]))
    office.now += 1
    second = await office.give(Order(RESTART, [OLD]), BOB)
    await office.claimed()
    wanted = [
        (Wanted(), [second, first]),
        (Wanted(sn=OLD), [second]),
        (Wanted(name="restart"), [second]),
        (Wanted(created_by="ann"), [first]),
        (Wanted(state=State.SENT), [second, first]),
        (Wanted(state=State.QUEUED), []),
        (Wanted(since=office.now), [second]),
        (Wanted(until=office.now), [first]),
    ]
    async with office.database.read() as connection:
        for which, expected in wanted:
            assert await instructions.page(connection, ANN, which) == expected, which
        assert await instructions.page(connection, ANN, before=second.id) == [first]


# --- the second person ----------------------------------------------------------------------------


async def test_what_cannot_be_undone_waits_for_a_second_person(office: Office) -> None:
    made = await office.give(Order(RESET, [MODERN]))
    assert made.waits_for_approval
    assert await office.claimed() == []
    assert await office.states(made) == {"PENDING_APPROVAL": 1}
    await office.approve(made)
    async with office.database.read() as connection:
        found = await instructions.by_id(connection, ANN, made.id)
        ((_, record),) = await instructions.commands_of(connection, ANN, made.id)
        steps = await commands.transitions_of(connection, record.id)
        (entry, _) = await entries.page(connection, PLATFORM, WantedEntries(area="commands"))
    assert found is not None
    assert (found.approved_by, found.approved_at) == ("bob", office.now)
    assert not found.waits_for_approval
    assert [(step.state, step.actor) for step in steps] == [
        ("PENDING_APPROVAL", "ann"),
        ("QUEUED", "bob"),
    ]
    assert (entry.action, entry.new) == ("approve", {"asked_by": "ann", "digest": made.digest})
    assert await office.claimed() == [MODERN]


async def test_many_at_once_need_a_second_person_too(office: Office) -> None:
    few, many = SNS[: ALONE["disruptive"]], SNS[: ALONE["disruptive"] + 1]
    assert (await office.give(Order(RESTART, few))).approve_until is None
    assert (await office.give(Order(RESTART, many))).waits_for_approval
    assert (await office.give(Order(LIMIT, many))).approve_until is None


async def test_the_asker_cannot_approve(office: Office) -> None:
    made = await office.give(Order(RESET, [MODERN]))
    renamed = attrs.evolve(ANN, name="anna")
    for same in (ANN, renamed):
        with pytest.raises(RequestError, match="who asked for it cannot approve"):
            await office.approve(made, same)
    with pytest.raises(AccessError, match="commands:approve"):
        await office.approve(made, SUE)
    ours = await office.give(Order(RESET, [MODERN]), PLATFORM)
    with pytest.raises(RequestError, match="who asked for it cannot approve"):
        await office.approve(ours, PLATFORM)
    assert await office.claimed() == []


async def test_an_approver_must_be_allowed_to_do_it_and_see_it(office: Office) -> None:
    bulk = await office.give(Order(RESTART, SNS))
    only_approves = Access(7, "max", "A", None, frozenset({"commands:approve", "*:read"}))
    with pytest.raises(AccessError, match="systems:command"):
        await office.approve(bulk, only_approves)
    await office.set_systems([OLD], company_id=1)
    everything = Access(8, "moe", "B", 1, frozenset({"*:*"}))
    with pytest.raises(RequestError, match="not yours to see"):
        await office.approve(bulk, everything)


async def test_an_approval_is_for_what_was_shown(office: Office) -> None:
    made = await office.give(Order(RESET, [MODERN]))
    other = orders.digest(RESET, [OLD], None)
    with pytest.raises(ConflictError) as refused:
        await office.approve(made, digest=other)
    assert refused.value.current == made
    async with office.database.begin() as connection:  # somebody's hand in the database
        await connection.execute(text("UPDATE instructions SET slot = 'battery1'"))
    with pytest.raises(ConflictError):
        await office.approve(made)
    assert await office.claimed() == []


async def test_approval_must_come_in_time(office: Office) -> None:
    made = await office.give(Order(RESET, [MODERN]))
    office.now += APPROVAL_LIFE
    with pytest.raises(RequestError, match="does not wait for approval"):
        await office.approve(made)
    assert await office.claimed() == []
    async with office.database.read() as connection:
        ((_, record),) = await instructions.commands_of(connection, ANN, made.id)
    assert (record.state, record.reason) == (State.EXPIRED, "nobody approved it in time")


async def test_an_approval_runs_out(office: Office) -> None:
    made = await office.give(Order(RESET, [MODERN], life=60_000))
    office.now += APPROVAL_LIFE - 1
    await office.approve(made)
    office.now += 60_000
    assert await office.claimed() == []
    assert await office.states(made) == {"EXPIRED": 1}


async def test_what_is_scheduled_is_approved_before_its_time(office: Office) -> None:
    made = await office.give(Order(RESET, [MODERN], not_before=START + 10 * APPROVAL_LIFE))
    await office.approve(made)
    office.now += 9 * APPROVAL_LIFE
    assert await office.claimed() == []
    office.now = START + 10 * APPROVAL_LIFE
    assert await office.claimed() == [MODERN]
    soon = await office.give(Order(RESET, [MODERN], not_before=office.now + 1000, life=1000))
    assert soon.approve_until == office.now + 2000


async def test_an_edit_makes_an_approval_void(office: Office) -> None:
    made = await office.give(Order(RESET, [MODERN], not_before=START + 60_000))
    await office.approve(made)
    later = Order(RESET, [MODERN], not_before=START + 120_000, key="edit")
    for _ in range(2):  # the second time as a browser does that sends a form twice
        async with office.database.begin() as connection:
            edited = await giving.revise(
                connection, office.registry, ANN, later, replaces=made.id, now=office.now
            )
    assert (edited.replaces, edited.waits_for_approval) == (made.id, True)
    assert await office.states(made) == {"CANCELLED": 1}
    assert await office.states(edited) == {"PENDING_APPROVAL": 1}
    office.now = START + 120_000
    assert await office.claimed() == []
    with pytest.raises(ConflictError):
        await office.approve(edited, digest=made.digest)
    await office.approve(edited)
    assert await office.claimed() == [MODERN]


async def test_what_was_sent_cannot_be_edited(office: Office) -> None:
    made = await office.give(Order(LIMIT, [MODERN, OLD]))
    await office.claimed()
    async with office.database.begin() as connection:
        with pytest.raises(RequestError, match="2 of its commands were sent already"):
            await giving.revise(
                connection,
                office.registry,
                ANN,
                Order(LIMIT, [MODERN]),
                replaces=made.id,
                now=office.now,
            )


async def test_a_second_person_may_refuse(office: Office) -> None:
    made = await office.give(Order(RESET, [MODERN]))
    async with office.database.begin() as connection:
        await approvals.refuse(connection, BOB, made.id, reason="wrong system", now=office.now)
    async with office.database.read() as connection:
        ((_, record),) = await instructions.commands_of(connection, ANN, made.id)
    assert (record.state, record.reason) == (State.CANCELLED, "refused by bob: wrong system")
    with pytest.raises(RequestError, match="was withdrawn"):
        await office.approve(made)


async def test_what_waits_is_withdrawn_what_was_sent_is_not(office: Office) -> None:
    first = await office.give(Order(LIMIT, [MODERN]))
    await office.claimed()
    office.now += 1
    second = await office.give(Order(LIMIT, [MODERN, OLD]))
    for made, gone in ((first, 0), (second, 2)):
        async with office.database.begin() as connection:
            if not gone:
                with pytest.raises(RequestError, match="none of its commands still waits"):
                    await giving.cancel(connection, ANN, made.id, reason="", now=office.now)
                continue
            said = await giving.cancel(connection, ANN, made.id, reason="no", now=office.now)
            assert said == gone
    assert await office.states(second) == {"CANCELLED": 2}


async def test_a_company_withdraws_only_what_is_its_own(office: Office) -> None:
    await office.set_systems([OLD], company_id=1)
    made = await office.give(Order(LIMIT, [MODERN, OLD]))
    async with office.database.begin() as connection:
        assert await giving.cancel(connection, SUN, made.id, reason="", now=office.now) == 1
    assert await office.claimed() == [MODERN]


async def test_the_engine_gives_nothing_that_needs_a_second_person(office: Office) -> None:
    async with office.database.begin() as connection:
        record = await systems.by_sn(connection, MODERN)
        assert record is not None
        model = systems.model_of(office.registry, record)
        assert model is not None
        with pytest.raises(RequestError, match="has to be approved by a second person"):
            await commands.submit(connection, model, record.id, RESET, by="x", now=START)
