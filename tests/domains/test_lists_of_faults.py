"""The list of faults over all systems: whose faults somebody sees."""

from attrs import evolve

from core.access import PLATFORM
from core.fleet.tables import systems
from core.host import Host
from core.journal import faults
from core.journal.faults import Opened
from core.journal.listed import LISTING
from core.listing import rows
from core.listing.filters import Clock
from core.listing.query import Occasion, read_query
from core.runtime.database import Database

NOW = 1_790_000_000_000


async def test_only_faults_of_ones_own_systems_are_listed(database: Database):
    async with database.begin() as connection:
        for n, company in enumerate((None, 7), 1):
            await connection.execute(
                systems.insert().values(
                    id=n, sn=f"SN{n:013}", product_id="x", product_version="1.0.0", name="",
                    country="DE", timezone="UTC", firmware="", company_id=company, online=True,
                    registered_at=NOW, changed_at=NOW, status="normal", status_since=NOW,
                    is_new=False, is_upgrading=False,
                )
            )  # fmt: skip
        opened = [Opened(n, "inverter", "hot", "warning", NOW + n) for n in (1, 2)]
        await faults.note(connection, opened)
    their = evolve(PLATFORM, user_type="B", company_id=7)
    nobody = evolve(PLATFORM, user_type="C", user_id=3)
    for access, seen in ((PLATFORM, [2, 1]), (their, [2]), (nobody, [])):
        query, problems = read_query(LISTING, {}, Clock(NOW))
        assert problems == []
        occasion = Occasion(access, NOW, Host().registry())
        page = await rows.page(database.read, LISTING, query, occasion, ("sn", "id"), 10)
        assert [int(row["sn"][2:]) for row in page.rows] == seen
