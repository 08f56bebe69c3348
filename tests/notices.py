"""What tests of notifications share: a company's systems, people, faults, and rules about them."""

from attrs import evolve
from sqlalchemy import insert

from core.access import PLATFORM, Access
from core.accounts.tables import users
from core.companies.tables import companies
from core.fleet.tables import systems
from core.journal import faults
from core.journal.faults import Closed, Opened
from core.notifications import asked, rules
from core.notifications.asked import Asked, Ground
from core.records import Connection
from core.sealing import Seal
from tests.domains.people import company, user

NOW = 1_790_000_000_000
MINUTE = 60_000
SEAL = Seal("ab" * 32)
COMPANY = 7
THEIRS = evolve(PLATFORM, user_id=2, name="ben", user_type="B", company_id=COMPANY)
ADA = evolve(PLATFORM, user_id=1, name="ada")
USUAL = Asked(
    name="Grave faults",
    severities=(),
    codes="",
    products=(),
    countries="",
    company="",
    delay=0,
    grouping=0,
    tells_resolved=False,
    channels=("mail",),
    users="",
    mails="duty@example.org",
    targets="",
    language="en",
    subject_en="{state}: {level} {fault} at {sn}{others}",
    body_en="{count} of {rule}\n{list}\n{link}",
    subject_zh="",
    body_zh="",
    quiet_from="",
    quiet_until="",
    timezone="UTC",
    wakes=True,
)


async def furnish(connection: Connection) -> None:
    """Two systems, the second of a company, and a user of the platform and of the company each."""
    sun = company(COMPANY) | {"name": "Sun", "folded_name": "sun", "state": "enabled"}
    await connection.execute(insert(companies), sun)
    for n, name, user_type, company_id in ((1, "ada", "A", None), (2, "ben", "B", COMPANY)):
        own = {"id": n, "name": name, "user_type": user_type, "company_id": company_id}
        reached = {"mail": f"{name}@example.org", "state": "active"}
        await connection.execute(insert(users), user(4) | own | reached)
    for n, company_id in ((1, None), (2, COMPANY)):
        await connection.execute(
            insert(systems).values(
                id=n, sn=f"SN{n:013}", product_id="x", product_version="1.0.0", name=f"House {n}",
                country=("DE", "AU")[n - 1], timezone="UTC", firmware="", company_id=company_id,
                online=True, registered_at=NOW, changed_at=NOW, status="normal", status_since=NOW,
                is_new=False, is_upgrading=False,
            )
        )  # fmt: skip


async def open_fault(
    connection: Connection, system_id: int, code: str, severity: str, at: int = NOW
) -> None:
    await faults.note(connection, [Opened(system_id, "inverter", code, severity, at)])


async def close_fault(connection: Connection, system_id: int, code: str, at: int = NOW) -> None:
    await faults.note(connection, [Closed(system_id, "inverter", code, at)])


async def make_rule(connection: Connection, access: Access = ADA, **said: object) -> int:
    ground = Ground(SEAL, rules.owner_of(access), private=True)
    reminder = await asked.read(connection, access, evolve(USUAL, **said), ground)
    return await rules.create(connection, access, reminder, now=NOW)
