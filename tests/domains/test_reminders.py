"""Rules of reminders: which faults they tell of, when, to whom, and how often."""

import asyncio
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import select

from core.access import AccessError
from core.accounts.tables import users
from core.audit.tables import audit_entries
from core.host import Host
from core.notifications import asked, matching, notices, rules, telling
from core.notifications.asked import Ground
from core.notifications.composing import Composer
from core.notifications.quiet import Quiet
from core.notifications.tables import matches, notifications
from core.notifications.tables import rules as rule_table
from core.notifications.texts import filled
from core.records import RequestError
from core.runtime.database import Database
from core.runtime.reminding import Reminders
from tests.notices import (
    ADA,
    COMPANY,
    MINUTE,
    NOW,
    SEAL,
    THEIRS,
    USUAL,
    close_fault,
    furnish,
    make_rule,
    open_fault,
)

HOUR = 60 * MINUTE


class Ward:
    """A worker's reminders, by a clock that the test sets."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOW
        composer = Composer(Host().registry(), "https://portal.example.org")
        self.reminders = Reminders(database, composer, lambda: self.now)

    async def round(self, *, after: int = 0) -> int:
        self.now += after
        return await self.reminders.work()

    async def fault(self, system_id: int, code: str, severity: str = "critical") -> None:
        async with self.database.begin() as connection:
            await open_fault(connection, system_id, code, severity, self.now)

    async def closed(self, system_id: int, code: str) -> None:
        async with self.database.begin() as connection:
            await close_fault(connection, system_id, code, self.now)

    async def sent(self) -> list[Any]:
        async with self.database.read() as connection:
            query = select(notifications).order_by(notifications.c.id)
            return list((await connection.execute(query)).all())


@pytest.fixture
async def ward(database: Database) -> Ward:
    made = Ward(database)
    async with database.begin() as connection:
        await furnish(connection)
        await open_fault(connection, 1, "old", "critical")
    await made.round()
    return made


async def rule(ward: Ward, access=ADA, **said: object) -> int:
    async with ward.database.begin() as connection:
        return await make_rule(connection, access, **said)


async def test_a_fault_is_told_once_and_older_ones_never(ward: Ward):
    await rule(ward)
    await ward.fault(1, "hot")
    assert await ward.round() == 1
    assert await ward.round(after=HOUR) == 0
    (message,) = await ward.sent()
    assert message.subject == "Fault: Critical hot at SN0000000000001"
    assert message.recipient == "duty@example.org"
    assert message.state == "queued"
    assert "Critical · SN0000000000001 · House 1 · inverter · hot · 2026-09-21 14:13 (UTC)" in (
        message.body
    )
    assert "https://portal.example.org/faults?q=SN0000000000001" in message.body


async def test_a_fault_that_closes_within_the_delay_is_not_told(ward: Ward):
    await rule(ward, delay=10)
    await ward.fault(1, "brief")
    await ward.fault(1, "lasting")
    assert await ward.round(after=9 * MINUTE) == 0
    await ward.closed(1, "brief")
    assert await ward.round(after=MINUTE) == 1
    (message,) = await ward.sent()
    assert "lasting" in message.subject
    assert "brief" not in message.body


async def test_a_storm_is_one_message_with_the_gravest_first(ward: Ward):
    await rule(ward, grouping=5)
    await ward.fault(1, "dust", "info")
    assert await ward.round() == 0
    for n in range(60):
        await ward.fault(2, f"code{n:02}", "warning")
    await ward.fault(1, "fire", "critical")
    assert await ward.round(after=4 * MINUTE) == 0
    assert await ward.round(after=MINUTE) == 1
    (message,) = await ward.sent()
    assert message.subject == "Fault: Critical fire at SN0000000000001 and 61 more"
    assert message.severity == "critical"
    assert message.body.startswith("62 of Grave faults\nCritical · ")
    assert "and 12 more" in message.body
    assert "state=active" in message.body


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"severities": ("critical",)}, ["hot", "hot.cell"]),
        ({"codes": "hot*"}, ["hot", "hot.cell"]),
        ({"codes": "dust"}, ["dust"]),
        ({"countries": "au"}, ["hot.cell"]),
        ({"products": ("y",)}, []),
        ({"company": "sun"}, ["hot.cell"]),
        ({}, ["hot", "dust", "hot.cell"]),
    ],
)
async def test_a_rule_is_about_the_faults_it_names(ward: Ward, said, told):
    await rule(ward, body_en="{fault}", **said)
    for system_id, code, severity in (
        (1, "hot", "critical"),
        (1, "dust", "info"),
        (2, "hot.cell", "critical"),
    ):
        await ward.fault(system_id, code, severity)
        await ward.round(after=MINUTE)
    assert [message.body for message in await ward.sent()] == told


async def test_a_companys_rule_tells_of_its_own_systems_to_its_own_people(ward: Ward):
    await rule(ward, THEIRS, channels=("portal",), users="ben", mails="")
    await ward.fault(1, "foreign")
    await ward.fault(2, "own")
    await ward.round()
    (message,) = await ward.sent()
    assert "own" in message.subject
    assert (message.owner_id, message.user_id, message.state) == (COMPANY, 2, "sent")
    with pytest.raises(RequestError, match="no active user"):
        await rule(ward, THEIRS, users="ada")
    with pytest.raises(RequestError, match="may not see these systems"):
        await rule(ward, ADA, users="ben")
    await rule(ward, ADA, users="ben", company="Sun")


async def test_an_edit_by_the_platform_leaves_a_companys_rule_in_the_company(ward: Ward):
    rule_id = await rule(ward, THEIRS)
    async with ward.database.begin() as connection:
        ground = Ground(SEAL, COMPANY)
        reminder = await asked.read(connection, ADA, USUAL, ground)
        await rules.edit(connection, ADA, rule_id, reminder, version=1, now=NOW)
        kept = await rules.seen(connection, THEIRS, rule_id)
    assert kept.reminder.company_id == COMPANY


async def test_people_are_told_in_their_own_language_and_by_their_own_clock(ward: Ward):
    async with ward.database.begin() as connection:
        own = {"language": "zh", "timezone": "Asia/Shanghai"}
        await connection.execute(users.update().where(users.c.id == 1).values(own))
    await rule(ward, users="ada", subject_zh="{sn} 故障", body_zh="{since}")
    await ward.fault(1, "hot")
    await ward.round()
    mine, other = await ward.sent()
    assert (mine.recipient, mine.subject) == ("ada@example.org", "SN0000000000001 故障")
    assert mine.body == "2026-09-21 22:13 (Asia/Shanghai)"
    assert other.subject.startswith("Fault: ")


async def test_quiet_hours_hold_back_what_is_not_critical(ward: Ward):
    await rule(ward, quiet_from="22:00", quiet_until="06:00", timezone="Asia/Shanghai")
    await ward.fault(1, "hot", "critical")
    await ward.fault(1, "dust", "warning")
    assert await ward.round() == 1
    assert await ward.round(after=7 * HOUR) == 0
    assert await ward.round(after=HOUR) == 1
    first, second = await ward.sent()
    assert "hot" in first.subject
    assert "dust" in second.subject


async def test_quiet_hours_may_hold_back_everything(ward: Ward):
    await rule(ward, quiet_from="14:00", quiet_until="15:00", wakes=False)
    await ward.fault(1, "hot", "critical")
    assert await ward.round() == 0
    assert await ward.round(after=HOUR) == 1


@pytest.mark.parametrize(
    ("begins", "ends", "zone", "until"),
    [
        ("22:00", "06:00", "Asia/Shanghai", NOW + 7 * HOUR + 46 * MINUTE + 40_000),
        ("14:00", "14:14", "UTC", NOW + 40_000),
        ("14:14", "15:00", "UTC", None),
        ("", "", "UTC", None),
    ],
)
def test_quiet_hours_go_by_the_clock_of_their_zone(begins, ends, zone, until):
    assert Quiet(begins, ends, zone).until(NOW) == until


def test_quiet_hours_over_a_change_of_the_clock_end_by_the_clock():
    late = 1_792_881_000_000  # 2026-10-25 00:30 in Berlin, the night with an hour twice
    assert Quiet("22:00", "06:00", "Europe/Berlin").until(late) == late + 6 * HOUR + 30 * MINUTE


async def test_what_was_told_is_told_to_be_over(ward: Ward):
    await rule(ward, tells_resolved=True)
    await ward.fault(1, "hot")
    await ward.round()
    await ward.closed(1, "hot")
    assert await ward.round(after=MINUTE) == 1
    assert await ward.round(after=MINUTE) == 0
    _, over = await ward.sent()
    assert over.subject.startswith("Resolved: Critical hot")


async def test_matches_are_forgotten_when_they_are_over(ward: Ward):
    await rule(ward)
    await ward.fault(1, "hot")
    for _ in range(4):
        await ward.round(after=2 * MINUTE)
        await ward.fault(1, f"more{ward.now}", "info")
    async with ward.database.read() as connection:
        left = (await connection.execute(select(matches))).all()
    assert len(left) < 3
    assert len(await ward.sent()) == 4


async def test_a_rule_that_is_off_tells_nothing_and_on_again_nothing_of_meanwhile(ward: Ward):
    rule_id = await rule(ward, delay=1)
    await ward.fault(1, "waits")
    await ward.round()
    async with ward.database.begin() as connection:
        await rules.switch(connection, ADA, rule_id, on=False, version=1, now=NOW)
    await ward.fault(1, "meanwhile")
    await ward.round(after=HOUR)
    async with ward.database.begin() as connection:
        await rules.switch(connection, ADA, rule_id, on=True, version=2, now=NOW)
    await ward.round(after=HOUR)
    assert await ward.sent() == []
    async with ward.database.begin() as connection:
        await rules.remove(connection, ADA, rule_id, now=NOW)
        entries = select(audit_entries.c.action).order_by(audit_entries.c.id)
        actions = (await connection.execute(entries)).scalars().all()
        assert (await connection.execute(select(rule_table))).all() == []
    assert actions == ["create", "disable", "enable", "delete"]


async def test_faults_are_seen_though_a_lower_number_comes_later(database: Database):
    """On PostgreSQL a number is seen before a lower one whose transaction ends later."""
    if database.is_sqlite:
        pytest.skip("SQLite writes one transaction after the other")
    ward = Ward(database)
    async with database.begin() as connection:
        await furnish(connection)
    await ward.round()
    await rule(ward, body_en="{fault}")
    async with database.begin() as late:
        await open_fault(late, 1, "late", "info")
        await ward.fault(2, "early", "info")
        await ward.round()
    await ward.round()
    assert [message.body for message in await ward.sent()] == ["early", "late"]


async def test_a_worker_that_begins_anew_tells_nothing_again(ward: Ward):
    await rule(ward)
    await ward.fault(1, "hot")
    assert await ward.round() == 1
    fresh = Ward(ward.database)
    fresh.now = ward.now
    assert await fresh.round() == 0
    assert await fresh.round(after=2 * MINUTE) == 0
    assert len(await ward.sent()) == 1


async def test_more_faults_than_a_transaction_holds_are_all_matched(ward: Ward):
    await rule(ward, grouping=1, body_en="{count}")
    async with ward.database.begin() as connection:
        for n in range(1_200):
            await open_fault(connection, 1, f"code{n}", "info")
    await ward.round()
    await ward.round(after=MINUTE)
    assert [message.body for message in await ward.sent()] == ["1200"]


async def test_a_rule_may_go_while_its_faults_are_looked_at(ward: Ward):
    rule_id = await rule(ward)
    for n in range(20):
        await ward.fault(1, f"code{n}")

    async def gone() -> None:
        async with ward.database.begin() as connection:
            await rules.remove(connection, ADA, rule_id, now=NOW)

    await asyncio.gather(ward.round(), gone())
    assert await ward.round() == 0


async def test_a_second_worker_leaves_the_first_alone(ward: Ward):
    await rule(ward)
    await ward.fault(1, "hot")
    if ward.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    async with ward.database.begin() as connection:
        assert await matching.lock(connection, NOW) is not None
        assert await ward.round() == 0
    assert await ward.round() == 1


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"subject_en": "{secret}"}, "subject_en"),
        ({"body_en": "{sn.__class__}"}, "body_en"),
        ({"body_en": "{sn!r}"}, "body_en"),
        ({"body_en": "{sn"}, "body_en"),
        ({"body_zh": "x"}, "subject_zh"),
        ({"language": "zh"}, "subject_zh"),
        ({"mails": "no address"}, "mails"),
        ({"mails": "a@b"}, "mails"),
        ({"quiet_from": "25:00", "quiet_until": "06:00"}, "quiet_from"),
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"timezone": "Mars"}, "timezone"),
        ({"countries": "Germany"}, "countries"),
        ({"channels": ()}, "channels"),
        ({"mails": ""}, "mails"),
        ({"channels": ("portal",)}, "users"),
        ({"channels": ("service",)}, "targets"),
        ({"targets": "file:///etc/passwd"}, "targets"),
        ({"targets": "slack://a/b/c?template=/etc/passwd"}, "targets"),
        ({"users": "nobody"}, "users"),
        ({"company": "Moon"}, "company"),
        ({"codes": "a b'c"}, "codes"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(ward: Ward, said, where):
    with pytest.raises(RequestError) as error:
        await rule(ward, **said)
    assert {problem.where for problem in error.value.problems} == {where}


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1/x",
        "json://localhost:80",
        "ntfy://10.1.2.3/topic",
        "jsons://[::1]/x",
        "json://169.254.169.254/latest",
        "json://[::ffff:10.0.0.1]/",
    ],
)
async def test_services_of_private_networks_are_refused(ward: Ward, url):
    async with ward.database.begin() as connection:
        wanted = evolve(USUAL, channels=("service",), targets=url)
        with pytest.raises(RequestError, match="private network"):
            await asked.read(connection, ADA, wanted, Ground(SEAL, None))


async def test_addresses_of_services_are_sealed_masked_and_kept(ward: Ward):
    url = "jsons://hooks.example.org/very-secret"
    rule_id = await rule(ward, channels=("service",), mails="", targets=url)
    async with ward.database.begin() as connection:
        kept = (await rules.seen(connection, ADA, rule_id)).reminder
        stored = (await connection.execute(select(rule_table.c.targets))).scalar_one()
        told = (await connection.execute(select(audit_entries.c.new))).scalar_one()
        masked = kept.targets[0].masked
        ground = Ground(SEAL, None, kept.targets)
        wanted = evolve(USUAL, channels=("service",), mails="", targets=masked)
        again = await asked.read(connection, ADA, wanted, ground)
    assert "very-secret" not in f"{stored}{told}{masked}"
    assert masked.startswith("jsons://hooks.example.org/•••")
    assert again.targets == kept.targets
    with pytest.raises(AccessError, match="reminders:target"):
        await rule(ward, evolve(THEIRS, grants=frozenset({"reminders:create"})), targets=url)


async def test_values_are_no_templates():
    assert filled("{fault} {{x}}", {"fault": "{sn}"}) == "{sn} {x}"


async def test_a_sample_goes_to_whoever_asks(ward: Ward):
    rule_id = await rule(ward, channels=("mail", "portal"), users="ada")
    async with ward.database.begin() as connection:
        kept = await rules.seen(connection, ADA, rule_id)
        composer = ward.reminders.composer
        where = await telling.send_sample(connection, ADA, kept, composer, now=NOW)
    assert where == ["ada", "ada@example.org"]
    assert "Sample" in (await ward.sent())[0].subject
    stranger = evolve(ADA, user_id=None)
    with pytest.raises(RequestError, match="reaches you"):
        async with ward.database.begin() as connection:
            await telling.send_sample(connection, stranger, kept, composer, now=NOW)


async def test_notices_are_unread_until_they_are_read(ward: Ward):
    await rule(ward, channels=("portal",), users="ada", mails="")
    for code in ("one", "two", "three"):
        await ward.fault(1, code)
        await ward.round(after=MINUTE)
    async with ward.database.begin() as connection:
        first = await notices.newest(connection, ADA, 2)
        assert [each.subject.split()[2] for each in first] == ["three", "two"]
        assert await notices.unread(connection, ADA) == 3
        assert await notices.mark_read(connection, THEIRS, NOW) == 0
        assert await notices.mark_read(connection, ADA, NOW, only=first[0].id) == 1
        assert await notices.unread(connection, ADA) == 2
        assert await notices.mark_read(connection, ADA, NOW) == 2
        assert await notices.newest(connection, ADA, 2) == []
