"""A fleet to measure lists on: systems with skewed models, countries, ages and faults."""

import random
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from sqlalchemy import text

from core.fleet.tables import systems
from core.journal.tables import faults
from core.records import write
from core.runtime.database import Database
from core.thing_model.product import OFFLINE_AFTER

NOW: Final = 1_790_000_000_000
COUNTRIES: Final = [
    "DE",
    "AU",
    "GB",
    "IT",
    "NL",
    "PL",
    "ZA",
    "US",
    "CN",
    "NZ",
    "BE",
    "AT",
    "ES",
    "FR",
    "CZ",
    "SE",
    "DK",
    "IE",
    "PT",
    "CH",
    "HU",
    "RO",
    "GR",
    "FI",
    "NO",
    "HR",
    "SI",
    "SK",
    "LT",
    "EE",
]
FIRMWARE: Final = ("1.0.9", "1.2.0", "1.2.4", "1.3.0", "1.3.1", "1.4.0", "2.0.0", "2.0.1")
PREFIXES: Final = ("AL2001", "AL2002", "ALB501", "AL7011", "ALD401", "SH10RT")
NEW_FOR: Final = 7 * 86_400_000
BATCH: Final = 20_000
COLUMNS: Final = (
    "sn", "company_id", "product_id", "product_version", "name", "country", "timezone", "firmware",
    "online", "registered_at", "changed_at", "first_frame_at", "last_frame_at", "status",
    "is_new",
)  # fmt: skip


async def fill(database: Database, number: int, products: list[str]) -> None:
    """Register systems 1 to `number`; 2 in 100 have an open critical fault, 3 never spoke."""
    rows = systems_of(number, products)
    for _ in range(0, number, BATCH):
        batch = list(islice(rows, BATCH))
        async with database.begin() as connection:
            await write(connection, systems, COLUMNS, batch, "")
    async with database.begin() as connection:
        faulty = (
            "INSERT INTO faults (system_id, slot, code, severity, opened_at) "
            "SELECT id, 'inverter', 'hot', 'critical', registered_at FROM systems WHERE id % 50 = 7"
        )
        await connection.execute(text(faulty))
        await connection.execute(
            text("UPDATE systems SET status = 'fault' WHERE id % 50 = 7 AND status = 'normal'")
        )
    if not database.is_sqlite:
        async with database.begin() as connection:
            await connection.execute(text(f"ANALYZE {systems.name}, {faults.name}"))
    else:
        async with database.begin() as connection:
            await connection.execute(text("ANALYZE"))


def systems_of(number: int, products: list[str]) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(1)
    shares = [1 / (n + 1) for n in range(len(COUNTRIES))]
    models = [1 / (n + 1) for n in range(len(products))]
    for n in range(number):
        country = chance.choices(COUNTRIES, shares)[0]
        registered = NOW - chance.randrange(5 * 365 * 86_400_000)
        spoke = chance.random()
        ago = int(chance.expovariate(1 / 60_000)) if spoke < 0.9 else chance.randrange(10**10)
        last = None if spoke > 0.97 else NOW - ago
        yield (
            f"{chance.choice(PREFIXES)}{n * 7919 % 10**7:07d}",
            chance.randrange(3000) or None,
            chance.choices(products, models)[0],
            "1.0.0",
            f"House {n}",
            country,
            "Europe/Berlin",
            chance.choice(FIRMWARE),
            spoke < 0.9,
            registered,
            registered,
            registered if last else None,
            last,
            "normal" if last and ago < 1000 * OFFLINE_AFTER else "offline",
            bool(last) and registered > NOW - NEW_FOR,
        )
