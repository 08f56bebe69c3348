"""Telling a system the windows of a tariff: all of its commands or none, and once."""

from collections.abc import Sequence

import pytest

from core.access import PLATFORM
from core.commanding import commands
from core.commanding.instructions import Instruction
from core.commanding.records import CommandRequest
from core.effective import effective_model
from core.records import ConflictError, RequestError
from core.runtime.database import Database
from core.tariffs.telling import digest, tell
from core.tariffs.windows import schedule
from tests.domains.test_tariffs import BEN
from tests.homes import START, build, home_registry, time_of_use

SN = "TARIFF000001"
REGISTRY = home_registry()


def requests() -> tuple[CommandRequest, ...]:
    product = REGISTRY.product("home")
    assert product is not None
    return schedule(time_of_use(), effective_model(REGISTRY, product, "", "DE")).requests


async def told(
    database: Database, wanted: Sequence[CommandRequest], seen: str = "", key: str = "k"
) -> list[Instruction]:
    async with database.begin() as connection:
        return await tell(
            connection, REGISTRY, PLATFORM, SN, wanted,
            seen=seen or digest(wanted, SN), reason="tariff", key=key, now=START,
        )  # fmt: skip


async def test_every_request_is_given_once(database: Database) -> None:
    async with database.begin() as connection:
        await build(connection, SN, "Europe/Berlin")
    first = await told(database, requests())
    again = await told(database, requests())
    assert [each.id for each in first] == [each.id for each in again]
    assert {each.name for each in first} == {"set_charging", "set_discharging"}
    assert {each.reason for each in first} == {"tariff"}
    other = await told(database, requests(), key="other")
    assert {each.id for each in other}.isdisjoint(each.id for each in first)


async def test_one_that_is_refused_leaves_none(database: Database) -> None:
    async with database.begin() as connection:
        await build(connection, SN, "Europe/Berlin")
    wrong = CommandRequest("inverter", "set_discharging", {"discharge_start": 99})
    with pytest.raises(RequestError):
        await told(database, (requests()[0], wrong))
    async with database.read() as connection:
        assert await commands.page(connection) == []


async def test_what_was_not_shown_is_not_told(database: Database) -> None:
    async with database.begin() as connection:
        await build(connection, SN, "Europe/Berlin")
    with pytest.raises(ConflictError):
        await told(database, requests(), seen=digest(requests()[:1], SN))
    with pytest.raises(ConflictError):
        await told(database, ())
    async with database.begin() as connection:
        with pytest.raises(RequestError):
            await tell(
                connection, REGISTRY, BEN, SN, requests(),
                seen=digest(requests(), SN), reason="", key="k", now=START,
            )  # fmt: skip
