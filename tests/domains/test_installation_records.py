"""The history of installations: what ended stays as it was, and whose of it somebody sees."""

from datetime import date
from typing import Any

import attrs
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM, Access
from core.accounts.roles import grants_of
from core.fleet import end_users, installations, sites, systems
from core.fleet.end_users import Contact
from core.fleet.installation_record_list import LISTING
from core.fleet.installation_terms import Terms
from core.fleet.installations import Ownership
from core.fleet.sites import Place
from core.fleet.systems import Registration
from core.fleet.tables import systems as all_systems
from core.listing import rows
from core.listing.filters import Clock
from core.listing.query import Occasion, read_query
from core.registry import Registry
from core.runtime.database import Database
from tests.devices import START

SN = "BENCH0000001"
HOUSE = Place("Seestr. 1", "Seestr. 1", "8002", "Zürich", "ZH", "CH", "Europe/Zurich")
TERMS = Terms(date(2026, 3, 1), "Sun", "Ben", "L-1", "dc")
BEN = Access(5, "ben", "B", 77, grants_of("B", ["administrator"]))
MIA = Access(6, "mia", "B", 88, grants_of("B", ["administrator"]))
CARL = Access(7, "carl", "C", None, frozenset({"*:*"}))
DAY = 86_400_000


async def test_what_ended_stays_and_what_holds_follows(
    database: Database, registry: Registry
) -> None:
    async with database.begin() as connection:
        await _lived(connection, registry)
    newest, first, *others = await _found(database, registry)
    assert not others
    assert (newest["state"], newest["event"], newest["end_user"]) == (
        "installed",
        "hand_over",
        "tom",
    )
    assert (newest["site"], newest["installer"], newest["country"]) == ("Flat 2", "Moon", "AT")
    assert (first["state"], first["end_user"], first["site"]) == ("handed_over", "eva", "Seestr. 1")
    assert (first["address"], first["reason"]) == ("Seestr. 1, 8002 Zürich", "sold")
    assert (first["installer"], first["installed_on"]) == ("Sun", date(2026, 3, 1))
    assert (first["began_at"], first["ended_at"]) == (START, START + DAY)
    assert (first["began_by"], first["ended_by"]) == ("platform", "platform")


async def test_every_filter_finds_its_record(database: Database, registry: Registry) -> None:
    async with database.begin() as connection:
        await _lived(connection, registry)
    for query in (
        {"end_user": "TO"}, {"site": "flat"}, {"state": "installed"}, {"event": "hand_over"},
        {"installer": "Moon"}, {"licence": "L-2"}, {"country": "AT"},
        {"began_at.from": str(START + 1)},
    ):  # fmt: skip
        assert [row["end_user"] for row in await _found(database, registry, query)] == ["tom"], (
            query
        )
    for query in (
        {"q": "h00000"}, {"product": "bench"}, {"began_by": "plat"}, {"install_mode": "dc"},
        {"installed_on.from": "2026-03-01", "installed_on.to": "2026-03-01"},
        {"end_user_state": "none"},
    ):  # fmt: skip
        assert len(await _found(database, registry, query)) == 2, query
    for query in (
        {"q": "NOSUCH"},
        {"installed_on.from": "2026-03-02"},
        {"end_user_state": "active"},
    ):
        assert await _found(database, registry, query) == []


async def test_a_company_sees_its_own_time_alone(database: Database, registry: Registry) -> None:
    async with database.begin() as connection:
        await _lived(connection, registry)
    said = [[row["end_user"] for row in await _found(database, registry, access=who)]
            for who in (BEN, MIA, CARL)]  # fmt: skip
    assert said == [["eva"], ["tom"], []]


async def _lived(connection: AsyncConnection, registry: Registry) -> None:
    """Ben's company installs for Eva, she sells to Tom; then Mia's company takes over."""
    await systems.register(connection, registry, Registration(SN, "bench", country="DE"), START)
    await _belongs_to(connection, BEN)
    eva, tom = [
        await end_users.create(connection, PLATFORM, Contact(name), now=START)
        for name in ("eva", "tom")
    ]
    house = await sites.create(connection, PLATFORM, eva.id, HOUSE, now=START)
    flat = attrs.evolve(HOUSE, name="Flat")
    theirs = await sites.create(connection, PLATFORM, tom.id, flat, now=START)
    await installations.create(
        connection, PLATFORM, SN, Ownership(eva.id, house.id), TERMS, now=START
    )
    sold: dict[str, Any] = {"version": 1, "reason": "sold", "now": START + DAY}
    owner = Ownership(tom.id, theirs.id)
    await installations.hand_over(connection, PLATFORM, SN, owner, **sold)
    await _belongs_to(connection, MIA)
    again: dict[str, Any] = {"now": START + 2 * DAY}
    terms = attrs.evolve(TERMS, installer="Moon", licence="L-2")
    await installations.edit(connection, PLATFORM, SN, terms, version=2, **again)
    for site, name, country in ((house, "Seestr. 1b", "CH"), (theirs, "Flat 2", "AT")):
        place = attrs.evolve(site.place, name=name, country=country)
        await sites.edit(connection, PLATFORM, site.id, place, version=1, **again)
    await end_users.edit(connection, PLATFORM, eva.id, Contact("eva b"), version=1, **again)


async def _belongs_to(connection: AsyncConnection, access: Access) -> None:
    await connection.execute(
        update(all_systems).where(all_systems.c.sn == SN).values(company_id=access.company_id)
    )


async def _found(
    database: Database,
    registry: Registry,
    said: dict[str, str] | None = None,
    access: Access = PLATFORM,
) -> list[dict[str, Any]]:
    given = {name: [value] for name, value in (said or {}).items()}
    query, problems = read_query(LISTING, given, Clock(START))
    assert not problems
    occasion = Occasion(access, START + 3 * DAY, registry)
    return (await rows.page(database.read, LISTING, query, occasion)).rows
