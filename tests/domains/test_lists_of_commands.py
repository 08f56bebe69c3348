"""Lists of instructions and commands, on both databases: filters, scope, one command withdrawn."""

import attrs
import pytest
from sqlalchemy import update

from core.access import Access
from core.commanding import approvals, giving, offers
from core.commanding.listed import COMMANDS, INSTRUCTIONS
from core.commanding.orders import Order
from core.companies.tables import companies
from core.fleet.tables import systems
from core.listing import rows
from core.listing.filters import Clock
from core.listing.query import Occasion, read_query
from core.listing.tables import Listing
from core.records import RequestError
from tests.devices import START
from tests.domains import people
from tests.domains.test_instructions import (
    ANN,
    LIMIT,
    MODERN,
    OLD,
    OTHER,
    RESET,
    RESTART,
    SNS,
    SUN,
    Office,
    office,
)  # fmt: skip

__all__ = ["office"]


async def found(office: Office, listing: Listing, access: Access = ANN, **said: str) -> list[str]:
    """Ids, newest first."""
    given = {name.replace("__", "."): [value] for name, value in said.items()}
    query, problems = read_query(listing, given, Clock(office.now))
    assert problems == []
    occasion = Occasion(access, office.now, office.registry)
    page = await rows.page(office.database.read, listing, query, occasion)
    await rows.facet_counts(office.database.read, listing, query, occasion)
    return [row["id"] for row in page.rows]


async def test_instructions_are_found_by_what_became_of_them(office: Office) -> None:
    first = await office.give(Order(LIMIT, [OLD]))
    office.now += 1000
    second = await office.give(Order(RESTART, [MODERN]), attrs.evolve(ANN, name="amy"))
    office.now += 1000
    third = await office.give(Order(RESET, [MODERN]))
    every = [third.id, second.id, first.id]
    assert await found(office, INSTRUCTIONS) == every
    for said, wanted in (
        ({"sn__exact": MODERN}, every[:2]),
        ({"sn": OLD[4:].lower()}, every[2:]),
        ({"state": "PENDING_APPROVAL"}, every[:1]),
        ({"state": "QUEUED", "name": "restart"}, every[1:2]),
        ({"created_by": "amy"}, every[1:2]),
        ({"created_at__from": str(START + 1000)}, every[:2]),
        ({"created_at__from": str(START + 1), "created_at__to": str(START + 1999)}, every[1:2]),
    ):  # fmt: skip
        assert await found(office, INSTRUCTIONS, **said) == wanted, said
    async with office.database.read() as connection:
        assert await approvals.waiting(connection, office.now) == {1: 1}
        assert third.approve_until
        assert await approvals.waiting(connection, third.approve_until) == {}


async def test_commands_are_listed_within_what_somebody_sees(office: Office) -> None:
    made = await office.give(Order(LIMIT, SNS[:3]))
    async with office.database.begin() as connection:
        await connection.execute(companies.insert(), people.company(1))
        mine = update(systems).where(systems.c.sn == OLD).values(company_id=1)
        await connection.execute(mine)
    assert len(await found(office, COMMANDS, instruction=made.id, name=LIMIT.name)) == 3
    assert len(await found(office, COMMANDS, sn=OTHER, state="QUEUED", created_by="ann")) == 1
    (own,) = await found(office, COMMANDS, SUN)
    assert await found(office, INSTRUCTIONS, SUN) == [made.id]
    assert await found(office, COMMANDS, SUN, sn=OTHER) == []
    stranger = attrs.evolve(SUN, company_id=2)
    assert await found(office, COMMANDS, stranger) == []
    assert await found(office, INSTRUCTIONS, stranger) == []
    async with office.database.begin() as connection:
        with pytest.raises(RequestError, match="does not wait"):
            await giving.cancel_command(connection, stranger, own, reason="", now=office.now)
        await giving.cancel_command(connection, SUN, own, reason="ours", now=office.now)
    assert await office.states(made) == {"QUEUED": 2, "CANCELLED": 1}


async def test_offers_are_what_at_least_one_system_has(office: Office) -> None:
    async with office.database.read() as connection:
        made = await offers.offered(
            connection, office.registry, ANN, [MODERN, OLD, OTHER, "NOBODY000001"]
        )
    assert (made.found, made.unknown) == (3, ("NOBODY000001",))
    reset = made.of("inverter/factory_reset")
    assert reset
    assert (reset.sn, reset.systems) == (MODERN, 2)  # OTHER has no functions
    assert made.of("inverter/set_export_limit")
    assert made.of("inverter/fly") is None
