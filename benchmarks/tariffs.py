"""What a year's profit costs: `python -m benchmarks.tariffs [--short] [--json]`.

A SMILE5 with a year of five minutes (105,120 buckets of three channels) and a tariff by time of
use, in SQLite. Compared are the view of the year by months, which reads the half hours that the
worker keeps; the raw limit of that, the same rows fetched and nothing done with them; the same
money from the buckets themselves; and the raw limit of that.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from attrs import frozen
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.measure import Report, Target, arguments, measure
from core.access import PLATFORM
from core.fleet import end_users, installations, sites, systems
from core.fleet.end_users import Contact
from core.fleet.installation_terms import Terms
from core.fleet.installations import Ownership
from core.fleet.sites import Place
from core.fleet.systems import Registration
from core.fleet.tables import serial_numbers
from core.host import load
from core.records import insert_new, write
from core.registry import Registry, System
from core.runtime.daily import Daily
from core.runtime.database import Database
from core.tariffs import plans
from core.tariffs.profit import profits
from core.tariffs.tariff import Rate, Tariff, day_type_of
from core.telemetry import stale
from core.telemetry.curves import cells_of, chosen_sources, grown
from core.telemetry.fold import BUCKET, Closed
from core.telemetry.half_hours import clock
from core.telemetry.periods import EPOCH, day
from core.telemetry.rollups import packed_closed
from core.telemetry.tables import days, rollups

SN = "BENCHTARIFF1"
ZONE = "Europe/Berlin"
FIRST = date(2027, 1, 1)
NOW = 1_830_297_600_000
"""2028-01-01."""
ROWS = {
    "system": ("system_total_pv_energy",),
    "battery": ("total_energy_charge_battery", "total_energy_discharge_battery"),
    "grid_meter": ("grid_energy_import_total", "grid_energy_export_total"),
}
TARIFF = Tariff(
    "Time of use",
    "EUR",
    FIRST,
    None,
    {
        name: Rate(Decimal(buy), Decimal("0.08"))
        for name, buy in (("off_peak", "0.22"), ("shoulder", "0.31"), ("peak", "0.42"))
    },
    ("off_peak",) * 12 + ("shoulder",) * 21 + ("peak",) * 9 + ("off_peak",) * 6,
    ("off_peak",) * 14 + ("shoulder",) * 34,
)


@frozen(eq=False)
class Year:
    """A database with a system in it, and so many days of it from FIRST on."""

    database: Database
    system_id: int
    system: System
    length: int

    @property
    def last(self) -> date:
        return FIRST + timedelta(self.length - 1)

    async def view(self) -> Decimal:
        """What was paid, by months."""
        async with self.database.read() as connection:
            found = await profits(connection, PLATFORM, SN, FIRST, self.last, step="month")
        return sum((m.cost for each in found for m in each.money if m.cost), Decimal())

    async def view_raw(self) -> None:
        """The rows of `view`, as they are."""
        number = (FIRST - EPOCH).days
        query = select(days.c.day, days.c.half_hours, days.c.purchase, days.c.feed_in)
        query = query.where(
            days.c.system_id == self.system_id,
            days.c.day.between(number, number + self.length - 1),
        )
        await self._fetch(query)

    async def buckets(self) -> float:
        """What was paid, from every bucket by its own price."""
        cost = 0.0
        span = (day(FIRST, ZONE)[0], day(self.last, ZONE)[1])
        async with self.database.read() as connection:
            cells = await cells_of(connection, self.system_id, self.system, span)
            chosen = await chosen_sources(connection, self.system_id, self.system, span[0], cells)
        for n in range(self.length):
            of = FIRST + timedelta(n)
            bands = TARIFF.cells(day_type_of(of))
            prices = [float(TARIFF.bands[band].buy) for band in bands]
            for start, half_hour in clock(of, ZONE):
                if start in cells:
                    told = grown(self.system, [cells[start]], chosen)
                    cost += told.get("grid.energy_imported", 0) * prices[half_hour]
        return cost

    async def buckets_raw(self) -> None:
        """The rows of `buckets`, as they are."""
        span = (day(FIRST, ZONE)[0], day(self.last, ZONE)[1] - 1)
        query = select(rollups.c.bucket, rollups.c.slot, rollups.c.cells)
        for channel in ROWS:
            await self._fetch(
                query.where(
                    rollups.c.system_id == self.system_id,
                    rollups.c.slot == "inverter",
                    rollups.c.channel == channel,
                    rollups.c.bucket.between(*span),
                )
            )

    async def _fetch(self, query: Select[Any]) -> None:
        async with self.database.read() as connection:
            (await connection.execute(query)).all()


async def made(url: str, registry: Registry, length: int) -> Year:
    """A new database with so many days in it."""
    database = Database(url)
    await database.open()
    product = registry.products["smile5", "1.0.0"]
    async with database.begin() as connection:
        given = Registration(SN, "smile5", country="DE", timezone=ZONE)
        record = await systems.register(connection, registry, given, NOW)
        await _settle(connection)
        await _fill(connection, record.id, length)
    await Daily(registry, database, lambda: NOW + 2 * BUCKET).work()
    return Year(database, record.id, registry.system(product), length)


async def _settle(connection: AsyncConnection) -> None:
    columns = ("sn", "category", "state", "created_at", "version")
    await insert_new(
        connection, serial_numbers, columns, [(SN, "residential", "activated", NOW, 1)]
    )
    owner = await end_users.create(connection, PLATFORM, Contact("bench"), now=NOW)
    place = Place("Home", country="DE", timezone=ZONE)
    site = await sites.create(connection, PLATFORM, owner.id, place, now=NOW)
    ownership, terms = Ownership(owner.id, site.id), Terms(licence="L", install_mode="dc")
    await installations.create(connection, PLATFORM, SN, ownership, terms, now=NOW)
    await plans.create(connection, PLATFORM, site.id, TARIFF, now=NOW)


async def _fill(connection: AsyncConnection, system_id: int, length: int) -> None:
    columns = ("system_id", "slot", "channel", "bucket", "cells")
    random = Random(1)
    for n in range(length):
        span = day(FIRST + timedelta(n), ZONE)
        rows = [
            (system_id, "inverter", channel, bucket, packed_closed(Closed(_cells(keys, random))))
            for bucket in range(*span, BUCKET)
            for channel, keys in ROWS.items()
        ]
        await write(connection, rollups, columns, rows, "")
        touched = {stale.stale_day(system_id, bucket) for bucket in range(*span, BUCKET)}
        await stale.mark(connection, touched, NOW)


def _cells(keys: tuple[str, ...], random: Random) -> dict[str, list[float]]:
    """Counters of 0.01 kWh, as a SMILE's are."""
    return {key: [30, random.randrange(30) / 100, random.randrange(10**7) / 100] for key in keys}


def compare(loop: asyncio.AbstractEventLoop, year: Year, *, rounds: int, seconds: float) -> Report:
    """All four, after a check that both ways come to the same money."""
    one, other = loop.run_until_complete(year.view()), loop.run_until_complete(year.buckets())
    assert abs(float(one) - other) < 0.01, f"half hours say {one}, buckets {other}"
    assert one > 0

    def run(call: Callable[[], Awaitable[object]]) -> Callable[[], object]:
        async def once() -> None:
            await call()

        return lambda: loop.run_until_complete(once())

    names = ("view", "view_raw", "buckets", "buckets_raw")
    found = measure(
        {name: run(getattr(year, name)) for name in names}, rounds=rounds, seconds=seconds
    )
    figures = {f"{name}_ms": 1000 * found.seconds(name) for name in names}
    ratios = {
        "view_to_its_raw_limit": found.speed("view", "view_raw"),
        "view_to_the_raw_read_of_buckets": found.speed("view", "buckets_raw"),
        "buckets_to_their_raw_limit": found.speed("buckets", "buckets_raw"),
    }
    return Report("tariffs", figures, ratios, [Target("view_ms", 100, most=True)])


def main() -> None:
    options = arguments(__doc__)
    length = 90 if options.short else 365
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/tariffs.db"
        year = loop.run_until_complete(made(url, load(), length))
        compare(loop, year, rounds=3 if options.short else 7, seconds=0.5).show(
            as_json=options.json
        )
        loop.run_until_complete(year.database.close())
    loop.close()


if __name__ == "__main__":
    main()
