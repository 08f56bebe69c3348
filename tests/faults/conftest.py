"""Fixtures of the fault drills."""

import pytest

from core.registry import Registry
from tests.databases import common_url, database, database_url, mortal_postgresql, postgresql
from tests.devices import bench_registry
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
