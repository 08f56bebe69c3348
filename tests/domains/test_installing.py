"""Installing by hand: of two at once one wins, and who may not see a device learns nothing."""

import asyncio
from datetime import date

import pytest

from core.access import PLATFORM, Access
from core.accounts.roles import grants_of
from core.fleet import end_users, installing, serial_numbers, sites, systems
from core.fleet.end_users import Contact
from core.fleet.installation_terms import Terms
from core.fleet.installations import InstalledError
from core.fleet.installing import Order
from core.fleet.provisioning import ProvisioningError
from core.fleet.sites import Place
from core.fleet.systems import Registration
from core.records import RequestError, insert_new
from core.registry import Registry
from core.runtime.database import Database
from tests.devices import START

SN, SMALL, UNHEARD = "BENCH0000001", "BENCH0000002", "BENCH0000003"
HOUSE = Place("House", "Seestr. 1", country="CH", timezone="Europe/Zurich")
TERMS = Terms(date(2026, 3, 1))
BEN = Access(5, "ben", "B", 77, grants_of("B", ["administrator"]))


async def _register(database: Database, registry: Registry) -> None:
    async with database.begin() as connection:
        columns = ("sn", "category", "state", "created_at", "version")
        rows = [(SMALL, "micro", "unactivated", 0, 1), (UNHEARD, "residential", "bound", 0, 1)]
        await insert_new(connection, serial_numbers.serial_numbers, columns, rows)
        for sn in (SN, SMALL):
            given = Registration(sn, "bench", country="CH")
            await systems.register(connection, registry, given, START)


async def test_of_two_at_once_one_wins_and_nothing_of_the_other_is_kept(
    database: Database, registry: Registry
) -> None:
    await _register(database, registry)

    async def tried(name: str) -> bool:
        try:
            async with database.begin() as connection:
                order = Order(SN, Contact(name), HOUSE, TERMS)
                await installing.install(connection, PLATFORM, order, now=START)
        except InstalledError:
            return False
        return True

    assert sorted(await asyncio.gather(*map(tried, ("eva", "tom", "mia")))) == [False, False, True]
    async with database.read() as connection:
        assert len(await end_users.page(connection, PLATFORM)) == 1
        assert len(await sites.page(connection, PLATFORM)) == 1


async def test_what_cannot_be_installed(database: Database, registry: Registry) -> None:
    await _register(database, registry)
    async with database.read() as connection:
        with pytest.raises(RequestError, match="micro storage"):
            await installing.installable(connection, PLATFORM, SMALL)
        with pytest.raises(RequestError, match="never heard of"):
            await installing.installable(connection, PLATFORM, UNHEARD)
        for sn in (SN, SMALL, UNHEARD, "NOSUCH000001"):
            with pytest.raises(ProvisioningError):
                await installing.installable(connection, BEN, sn)
