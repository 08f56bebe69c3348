"""Uploaded plugins: tried, accepted by a person, known to every process, retired when unused."""

from itertools import chain, repeat

import pytest

from core.access import PLATFORM, Access, AccessError
from core.conformance import Budget
from core.fleet import systems
from core.fleet.systems import Registration
from core.products import uploads
from core.records import RequestError
from core.registry import Registry
from core.runtime.database import Database
from core.runtime.product_watch import ProductWatch
from tests.devices import START
from tests.product_models import acme, published
from tests.tutorial import NAME, PRODUCT, files, packed

SN = "SLR000000001"


async def _offered(database: Database, registry: Registry, content: bytes) -> int:
    examined = uploads.examine(registry, content)
    assert examined.problems == ()
    async with database.begin() as connection:
        return await uploads.offer(connection, PLATFORM, examined, now=START)


async def _accept(database: Database, registry: Registry, number: int) -> None:
    async with database.begin() as connection:
        await uploads.accept(connection, registry, PLATFORM, number, reason="new", now=START)


async def _retire(database: Database, registry: Registry, number: int) -> None:
    async with database.begin() as connection:
        await uploads.retire(connection, registry, PLATFORM, number, reason="gone", now=START)


async def test_what_is_accepted_serves_in_every_process_and_stays_while_somebody_has_it(
    database: Database, registry: Registry
) -> None:
    one, other = ProductWatch(registry, database), ProductWatch(registry, database)
    number = await _offered(database, registry, packed())
    await one.look()
    assert NAME not in one.registry.plugins, "it is only offered"
    await _accept(database, registry, number)
    for watch in (one, other):
        await watch.look()
        assert watch.registry.plugins[NAME].origin == "uploaded"
        assert watch.registry.product(PRODUCT) is not None
    with pytest.raises(RequestError, match="not offered"):
        await _accept(database, registry, number)
    async with database.begin() as connection:
        await systems.register(connection, one.registry, Registration(SN, PRODUCT), START)
    with pytest.raises(RequestError, match=f"1 have it: {SN}"):
        await _retire(database, one.registry, number)
    await published(database, one.registry, acme(inverter=NAME))
    with pytest.raises(RequestError, match="1 mount it: acme-x1"):
        await _retire(database, one.registry, number)


async def test_an_unused_one_is_retired_and_its_name_is_free(
    database: Database, registry: Registry
) -> None:
    watch = ProductWatch(registry, database)
    number = await _offered(database, registry, packed())
    await _accept(database, registry, number)
    await watch.look()
    await _retire(database, watch.registry, number)
    await watch.look()
    assert NAME not in watch.registry.plugins
    again = await _offered(database, watch.registry, packed())
    await _accept(database, watch.registry, again)
    await watch.look()
    assert NAME in watch.registry.plugins


async def test_a_higher_version_takes_the_place_of_the_last(
    database: Database, registry: Registry
) -> None:
    watch = ProductWatch(registry, database)
    await _accept(database, registry, await _offered(database, registry, packed()))
    await watch.look()
    (same,) = uploads.examine(watch.registry, packed()).problems
    assert "versions grow" in str(same)
    number = await _offered(database, watch.registry, packed("1.1.0"))
    await _accept(database, watch.registry, number)
    await watch.look()
    assert watch.registry.plugins[NAME].version == "1.1.0"


async def test_what_is_wrong_is_said_at_once_and_by_its_place_in_the_zip(
    registry: Registry,
) -> None:
    rows = files()["registers.csv"].replace("uint32", "uint33").replace("0.1,degC", "x,degC")
    wrong = uploads.examine(registry, packed(registers=rows))
    assert len(wrong.problems) == 3
    assert all(each.where.startswith("inverters/solora_h3/") for each in wrong.problems)
    rows = files()["registers.csv"].replace("int32,0.1,W", "int32,0.2,W")
    broken = uploads.examine(registry, packed(registers=rows))
    assert broken.tier == "none"
    assert any("battery_power" in each.what for each in broken.problems)
    said = files()["plugin.toml"].replace("solora_h3", "bench")
    (taken,) = uploads.examine(registry, packed(plugin=said)).problems
    assert "is here already" in str(taken)


@pytest.mark.parametrize(
    ("looks", "step"),
    [
        (1, "unpacking and loading"),
        (2, "loading beside the other plugins"),
        (5, "the rule consistency"),
        (30, "the rule frames"),
    ],
)
async def test_a_trial_that_takes_too_long_ends_and_says_where(
    registry: Registry, looks: int, step: str
) -> None:
    times = chain([0.0] * (looks + 1), repeat(21.0))
    examined = uploads.examine(registry, packed(), Budget(20, clock=lambda: next(times)))
    assert examined.plugin is None
    (problem,) = examined.problems
    assert str(problem.what) == f"took more than 20 s, and ran over in {step}"


async def test_who_may_only_look_changes_nothing(database: Database, registry: Registry) -> None:
    reader = Access(5, "otto", "A", None, frozenset({"plugins:read"}))
    examined = uploads.examine(registry, packed())
    async with database.begin() as connection:
        with pytest.raises(AccessError):
            await uploads.offer(connection, reader, examined, now=START)
