"""Fixtures of the ingest tests."""

import pytest

from core.fleet import systems
from core.fleet.systems import Registration
from core.registry import Registry
from core.runtime.database import Database
from core.runtime.ingest import Ingest
from core.runtime.outbox import Outbox
from tests.databases import common_url, database, database_url, mortal_postgresql, postgresql
from tests.devices import SN, START, bench_registry
from tests.ingest.bench import Bench, Desk
from tests.ingest.yard import Yard
from tests.servers import mosquitto, start_mosquitto

__all__ = [
    "common_url",
    "database",
    "database_url",
    "mortal_postgresql",
    "mosquitto",
    "postgresql",
    "start_mosquitto",
]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return bench_registry()


@pytest.fixture
async def bench(database: Database, registry: Registry) -> Bench:
    """An ingest that knows the device SN."""
    async with database.begin() as connection:
        given = Registration(SN, "bench")
        record = await systems.register(connection, registry, given, START)
    desk = Desk()
    ingest = Ingest(registry, database, desk, desk, clock=lambda: made.now)
    made = Bench(database, ingest, desk, record.id)
    return made


@pytest.fixture
def yard(bench: Bench, registry: Registry) -> Yard:
    outbox = Outbox(bench.database, bench.desk, lambda: bench.now)
    return Yard(bench, outbox, registry.system(registry.product("bench")))
