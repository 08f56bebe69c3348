"""Registering, finding and changing systems, on both databases."""

import pytest

from core.fleet import systems
from core.fleet.listed import LISTING
from core.fleet.systems import Registration
from core.records import RequestError
from core.registry import Registry
from core.runtime.database import Database
from tests.asking import counted, listed
from tests.devices import SN, START


@pytest.fixture
async def fleet(database: Database, registry: Registry) -> Database:
    """Thirty systems, the odd ones of another model, registered in no order."""
    given = [
        Registration(f"AL{n * 7 % 30:04}{n % 3}XYZ", "bench-two" if n % 2 else "bench")
        for n in range(30)
    ]
    async with database.begin() as connection:
        assert await systems.register_new(connection, registry, given, START) == 30
        assert await systems.register_new(connection, registry, given[:5], START) == 0
    return database


async def test_a_system_is_registered_as_said(database: Database, registry: Registry) -> None:
    given = Registration(SN, "bench", "1.0.0", "Küche", "DE", "Europe/Berlin", "2.1")
    async with database.begin() as connection:
        made = await systems.register(connection, registry, given, START)
    async with database.read() as connection:
        assert await systems.by_sn(connection, SN) == made
        assert await systems.by_sn(connection, "BENCH0000009") is None
    assert (made.sn, made.product_id, made.product_version) == (SN, "bench", "1.0.0")
    assert (made.name, made.country, made.timezone) == ("Küche", "DE", "Europe/Berlin")
    assert (made.firmware, made.registered_at, made.changed_at) == ("2.1", START, START)
    assert (made.online, made.first_frame_at, made.last_frame_at) == (None, None, None)


@pytest.mark.parametrize(
    "sn", ["", "short", "a" * 10, "A" * 25, "AL20/0210043", "AL2002+21#", "ÄL20023210"]
)
async def test_a_wrong_serial_number_is_refused(
    database: Database, registry: Registry, sn: str
) -> None:
    with pytest.raises(RequestError, match="is not a serial number"):
        await _register(database, registry, Registration(sn, "bench"))


async def test_everything_wrong_is_said_at_once(database: Database, registry: Registry) -> None:
    given = Registration("x", "nothing", "", "n" * 129, "de", "Mars/Base", "f" * 65)
    with pytest.raises(RequestError) as refused:
        await _register(database, registry, given)
    wrong = [problem.where for problem in refused.value.problems]
    assert wrong == ["sn", "product_id", "country", "timezone", "name", "firmware"]


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/localtime", "", "Europe/Berlin"])
def test_zones_are_names_and_not_paths(registry: Registry, zone: str) -> None:
    problems = list(systems.problems_of(registry, Registration(SN, "bench", timezone=zone)))
    assert bool(problems) == ("etc" in zone)


async def test_a_serial_number_is_registered_once(database: Database, registry: Registry) -> None:
    await _register(database, registry, Registration(SN, "bench"))
    with pytest.raises(RequestError, match="is registered already"):
        await _register(database, registry, Registration(SN, "bench-two"))


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("al000", 10),
        ("AL", 30),
        ("A", 30),
        ("XY", 0),
        ("1XYZ", 10),
        ("1xyz", 10),
        ("%_%", 0),
        ("003", 1),
    ],
)
async def test_search_finds_beginnings_and_from_three_characters_parts(
    fleet: Database, search: str, expected: int
) -> None:
    async with fleet.read() as connection:
        assert len(await listed(connection, LISTING, q=search)) == expected
        assert await counted(connection, LISTING, q=search) == expected


async def test_a_system_can_become_another_model(database: Database, registry: Registry) -> None:
    await _register(database, registry, Registration(SN, "bench"))
    async with database.begin() as connection:
        changed = await systems.change_product(connection, registry, SN, "bench-two", now=START + 1)
        assert (changed.product_id, changed.product_version) == ("bench-two", "2.0.0")
        with pytest.raises(RequestError, match="not a version of bench"):
            await systems.change_product(
                connection, registry, SN, "bench", product_version="7", now=START
            )
        with pytest.raises(RequestError, match="is not registered"):
            await systems.change_product(connection, registry, SN + "9", "bench", now=START)
        assert await systems.changed_since(connection, START + 1) == {(SN, START + 1)}
        assert await systems.changed_since(connection, START + 2) == set()
    model = systems.model_of(registry, changed)
    assert model is not None
    assert model.product.id == "bench-two"


async def _register(database: Database, registry: Registry, given: Registration) -> None:
    async with database.begin() as connection:
        await systems.register(connection, registry, given, START)
