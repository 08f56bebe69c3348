"""Homes for tests of tariffs: their registry, and their roll-ups without a device."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from core.host import Host
from core.records import write
from core.registry import Registry
from core.telemetry.fold import Closed
from core.telemetry.rollups import packed_closed
from core.telemetry.tables import rollups

KEYS: Final = ("pv", "used", "charged", "discharged", "imported", "exported")
Grown = Mapping[int, Mapping[str, float]]
"""What counters grew by (kWh), by bucket and key."""


def home_registry() -> Registry:
    """The plugins of this folder, and no others."""
    host = Host(strict=True)
    host.load_folder(Path(__file__).parent, "folder")
    return host.registry()


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
