"""Fixtures of the domains' tests."""

import pytest

from core.registry import Registry
from tests.databases import common_url, database, database_url, mortal_postgresql, postgresql
from tests.devices import bench_registry
from tests.passwords import cheap_passwords

__all__ = [
    "cheap_passwords",
    "common_url",
    "database",
    "database_url",
    "mortal_postgresql",
    "postgresql",
]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return bench_registry()
