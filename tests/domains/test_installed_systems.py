"""Systems found by their installation, site and end user, few or many; on both databases."""

from datetime import date

import pytest
from sqlalchemy import insert

from benchmarks import portal_fleet
from core.access import PLATFORM, Access
from core.fleet import installation_filters, listed, listing
from core.fleet.tables import end_users, installations, sites
from core.host import Host
from core.listing import rows
from core.listing.filters import Clock
from core.listing.query import Occasion, read_query
from core.runtime.database import Database

NOW = portal_fleet.NOW
NUMBER = 60
TEXTS = dict.fromkeys(
    ("install_user", "installer_remark", "reseller_remark", "end_user_remark"), ""
)


@pytest.fixture
async def installed(database: Database) -> Database:
    """A fleet whose every second system is installed at Ada's, every sixth of these as hybrid."""
    await portal_fleet.fill(database, NUMBER, ["alpha"])
    made = {"created_at": NOW, "changed_at": NOW, "version": 1}
    owner = {"account": "ada", "mail": "a@x.example", "phone": "", "given_name": ""}
    site = {"name": "Almhütte", "folded_name": "almhütte", "post_code": "53113", "country": "DE"}
    blank = dict.fromkeys(("address", "city", "region", "timezone", "currency"), "")
    terms = {"installer": "Sun", "licence": "L-1", "grid_regulation": "VDE", "pv_at_storage": 4.5}
    async with database.begin() as connection:
        person = insert(end_users).values(**owner, **made, family_name="")
        at = (await connection.execute(person.returning(end_users.c.id))).scalar_one()
        house = insert(sites).values(
            **site, **blank, **made, end_user_id=at, address_confirmed=False
        )
        where = (await connection.execute(house.returning(sites.c.id))).scalar_one()
        for number in range(2, NUMBER + 1, 2):
            mode = "hybrid" if number % 6 == 0 else "ac"
            values = {**terms, **TEXTS, "system_id": number, "install_mode": mode}
            day = date(2026, 1, 1 + number % 28)
            await connection.execute(
                insert(installations).values(
                    **values, end_user_id=at, site_id=where, installed_on=day,
                    allow_auto_update=True, changed_at=NOW, version=1,
                )
            )  # fmt: skip
    return database


@pytest.mark.parametrize("few", [2_000, 3])
@pytest.mark.parametrize(
    ("said", "number"),
    [
        ({"end_user": ["AD"]}, 30),
        ({"end_user": ["bob"]}, 0),
        ({"site": ["Almh"]}, 30),
        ({"post_code": ["531"], "install_mode": ["hybrid"]}, 10),
        ({"install_mode": ["ac", "hybrid"], "installer": ["Sun"]}, 30),
        ({"licence": ["L-2"]}, 0),
        ({"installed_on.from": ["2026-01-03"], "installed_on.to": ["2026-01-03"]}, 3),
    ],
)
async def test_found_whether_few_or_many(
    installed: Database,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    said: dict[str, list[str]],
    number: int,
) -> None:
    monkeypatch.setattr(installation_filters, "FEW", few)
    query, problems = read_query(listed.LISTING, said, Clock(NOW))
    assert problems == []
    occasion = Occasion(PLATFORM, NOW, Host().registry())
    page = await rows.page(installed.read, listed.LISTING, query, occasion, ("id",), NUMBER)
    assert len(page.rows) == number


async def test_the_rest_of_a_page_within_what_is_seen(installed: Database) -> None:
    stranger = Access(9, "tom", "B", 77, PLATFORM.grants)
    async with installed.read() as connection:
        found = await listing.by_ids(connection, PLATFORM, [1, 2])
        assert await listing.by_ids(connection, stranger, [1, 2]) == {}
    assert (found[1].site_name, found[1].pv_at_storage) == ("", None)
    assert (found[2].site_name, found[2].end_user, found[2].pv_at_storage) == (
        "Almhütte", "ada", 4.5,
    )  # fmt: skip
