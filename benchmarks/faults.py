"""The fault query at five million faults: any filters, each page beside its bare SQL."""

import asyncio
import random
import sys
from collections.abc import Callable
from typing import Final

from sqlalchemy import text

from benchmarks import portal_fleet
from benchmarks.measure import Report, Target
from benchmarks.portal import Bench, Said, asked_for, lists, opened
from benchmarks.portal_fleet import NOW
from core.host import load
from core.journal.listed import LISTING, STATES
from core.journal.tables import faults
from core.records import write
from core.runtime.database import Database
from core.thing_model.fault import SEVERITIES

SYSTEMS: Final = 100_000
BATCH: Final = 50_000
COLUMNS: Final = (
    "id", "opened_at", "closed_at", "sn", "slot", "code", "severity", "product_id",
    "product_version", "firmware", "timezone", "state",
)  # fmt: skip
SLOTS: Final = ("inverter", "battery1", "grid_meter", "backup_box", "charger")
CODES: Final = tuple(f"code_{n:03d}" for n in range(300))
DAY: Final = 86_400_000
TARGETS: Final = (Target("list_p95_ms", 100, most=True),)


async def fill(database: Database, number: int, products: list[str]) -> None:
    """Systems, and `number` faults of three years: few codes are frequent, 1 in 500 is present."""
    await portal_fleet.fill(database, SYSTEMS, products)
    async with database.begin() as connection:
        await connection.execute(faults.delete())
    chance = random.Random(3)
    shares = [1 / (n + 1) for n in range(len(CODES))]
    names = ("system_id", "slot", "code", "severity", "opened_at", "closed_at")
    for begin in range(0, number, BATCH):
        codes = chance.choices(CODES, shares, k=BATCH)
        severities = chance.choices(SEVERITIES, (60, 30, 6, 4), k=BATCH)
        rows = [
            (
                1 + n * 7919 % SYSTEMS,
                chance.choice(SLOTS),
                f"{code}_{n}" if present else code,
                severity,
                opened := NOW - (number - n) * 3 * 365 * DAY // number,
                None if present else opened + chance.randrange(DAY),
            )
            for n, code, severity in zip(
                range(begin, begin + BATCH), codes, severities, strict=True
            )
            for present in (n % 500 == 0,)
        ]
        async with database.begin() as connection:
            await write(connection, faults, names, rows, "")
    async with database.begin() as connection:
        await connection.execute(text("ANALYZE"))


def questions(number: int, products: list[str]) -> list[Said]:
    """Sets of up to four filters, by chance, the same each time."""
    chance = random.Random(11)
    filters: dict[str, Callable[[], list[str]]] = {
        "q": lambda: [chance.choice([*portal_fleet.PREFIXES, "777", "L2001123", "B501000"])],
        "severity": lambda: chance.sample(SEVERITIES, chance.choice([1, 1, 2])),
        "state": lambda: [chance.choice(STATES)],
        "slot": lambda: [chance.choice(SLOTS)],
        "code": lambda: [chance.choice(CODES)],
        "product": lambda: [chance.choice(products)],
        "country": lambda: [chance.choice(portal_fleet.COUNTRIES)],
        "opened_at.from": lambda: [str(NOW - chance.randrange(900) * DAY)],
        "opened_at.to": lambda: [str(NOW - chance.randrange(900) * DAY)],
    }
    asked: list[Said] = []
    for _ in range(number):
        names = set(chance.sample(list(filters), chance.choice([0, 1, 1, 2, 2, 3, 4])))
        if names >= {"opened_at.from", "opened_at.to"}:
            names.remove("opened_at.to")
        asked.append({name: filters[name]() for name in sorted(names)})
    return asked


async def run(url: str, number: int, *, short: bool) -> Report:
    registry = load()
    products = sorted(registry.newest)
    async with opened(url) as database:
        print(f"  filling in {number:,} faults", file=sys.stderr)
        await fill(database, number, products)
        bench = Bench(database, registry, LISTING, COLUMNS)
        figures, ratios = await lists(bench, questions(40 if short else 200, products))
    name = f"fault query over {number:,} faults on {url.partition(':')[0]}"
    return Report(name, figures, ratios, TARGETS)


def main() -> None:
    given = asked_for(__doc__, "faults", 5_000_000)
    report = asyncio.run(run(given.database, given.faults, short=given.short))
    report.show(as_json=given.json)


if __name__ == "__main__":
    main()
