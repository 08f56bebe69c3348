"""Homes for tests of tariffs: their registry, their roll-ups without a device, and tariffs."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM
from core.fleet import end_users, installations, sites, systems
from core.fleet.end_users import Contact
from core.fleet.installation_terms import Terms
from core.fleet.installations import Ownership
from core.fleet.sites import Place, Site
from core.fleet.systems import Registration, SystemRecord
from core.fleet.tables import serial_numbers
from core.host import Host
from core.records import insert_new, write
from core.registry import Registry
from core.tariffs.tariff import Rate, Tariff
from core.telemetry.fold import Closed
from core.telemetry.rollups import packed_closed
from core.telemetry.tables import rollups

START: Final = 1_800_000_000_000
KEYS: Final = ("pv", "used", "charged", "discharged", "imported", "exported")
Grown = Mapping[int, Mapping[str, float]]
"""What counters grew by (kWh), by bucket and key."""


def home_registry() -> Registry:
    """The plugins of this folder, and no others."""
    host = Host(strict=True)
    host.load_folder(Path(__file__).parent, "folder")
    return host.registry()


def time_of_use(valid_from: date = date(2027, 1, 1), valid_until: date | None = None) -> Tariff:
    """Cheap nights, dear evenings; weekends without a peak."""
    bands = {
        "off_peak": Rate(Decimal("0.1"), Decimal("0.05")),
        "shoulder": Rate(Decimal("0.25"), Decimal("0.0512")),
        "peak": Rate(Decimal("0.4321"), Decimal("0.12")),
    }
    weekday = ("off_peak",) * 12 + ("shoulder",) * 21 + ("peak",) * 9 + ("off_peak",) * 6
    weekend = ("off_peak",) * 14 + ("shoulder",) * 34
    return Tariff("Time of use", "EUR", valid_from, valid_until, bands, weekday, weekend)


async def build(connection: AsyncConnection, sn: str, zone: str) -> tuple[SystemRecord, Site]:
    """A home with a system in it, and its site."""
    given = Registration(sn, "home", country="DE", timezone=zone)
    record = await systems.register(connection, home_registry(), given, START)
    columns = ("sn", "category", "state", "created_at", "version")
    rows = [(sn, "residential", "activated", START, 1)]
    await insert_new(connection, serial_numbers, columns, rows)
    eva = await end_users.create(connection, PLATFORM, Contact("Eva"), now=START)
    place = Place("Home", country="DE", timezone=zone)
    site = await sites.create(connection, PLATFORM, eva.id, place, now=START)
    owner = Ownership(eva.id, site.id)
    await installations.create(
        connection, PLATFORM, sn, owner, Terms(licence="L-1", install_mode="dc"), now=START
    )
    return record, site


async def write_rollups(connection: AsyncConnection, system_id: int, grown: Grown) -> None:
    """Roll-ups that say so."""
    rows = [
        (system_id, "inverter", "counters", bucket, packed_closed(Closed(_cells(each))))
        for bucket, each in sorted(grown.items())
    ]
    columns = ("system_id", "slot", "channel", "bucket", "cells")
    await write(connection, rollups, columns, rows, "")


def _cells(grown: Mapping[str, float]) -> dict[str, list[float]]:
    return {key: [1.0, kwh, 0.0] for key, kwh in grown.items()}
