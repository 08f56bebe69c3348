"""The registry of an installation: what is published over what is shipped."""

import attrs
from sqlalchemy import text

from core.effective import effective_model
from core.host import load
from core.products.configured import Configured
from core.registry import Registry
from core.runtime.database import Database
from tests.product_models import acme, published


async def test_every_version_is_there_and_what_is_compiled_is_shared(
    database: Database, registry: Registry
) -> None:
    configured = Configured(registry)
    bench = registry.product("bench")
    assert bench is not None
    compiled = registry.system(bench)
    await _refresh(database, configured)
    assert configured.registry is registry  # nothing was published
    await published(database, registry)
    await _refresh(database, configured)
    first = configured.registry
    assert first.system(bench) is compiled
    old = first.product("acme-x1")
    assert old is not None
    system = first.system(old, "3.1")
    await _refresh(database, configured)
    assert configured.registry is first  # nothing since
    await published(database, registry, acme(version="1.1.0", inverter="inverters.bench"))
    await _refresh(database, configured)
    second = configured.registry
    assert second is not first
    assert second.products["acme-x1", "1.0.0"] == old
    assert second.newest["acme-x1"].version == "1.1.0"
    assert second.system(old, "3.1") is system
    assert second.system(second.newest["acme-x1"]).parts["inverter"].channels.keys() == (
        system.parts["inverter"].channels.keys()
    )
    assert "acme-x1" not in registry.newest


async def test_what_cannot_be_used_is_a_problem_and_the_rest_runs(
    database: Database, registry: Registry
) -> None:
    await published(database, registry)
    await published(
        database, registry, acme(id="acme-x2", sn_rules="").replace('sn_rules = ""', "")
    )
    bare = Registry.of({}, {}, ())
    gone = await _refresh(database, Configured(bare))
    assert gone.products == {}
    assert [str(problem) for problem in gone.problems] == [
        f"product model acme-x{n}: mounts 'inverters.bench' in inverter "
        "(no such plugin or variant is loaded)"
        for n in (1, 2)
    ]
    async with database.begin() as connection:  # as a later release may read it
        await connection.execute(
            text("UPDATE product_versions SET text = 'id = 5' WHERE product_id = 'acme-x2'")
        )
    left = await _refresh(database, Configured(registry))
    assert ("acme-x1", "1.0.0") in left.products
    assert ("acme-x2", "1.0.0") not in left.products
    assert {problem.where for problem in left.problems} == {
        "product model acme-x2 1.0.0",
        "product model acme-x2 1.0.0: id",
    }


async def test_a_plugin_that_comes_to_ship_a_published_id_is_told_of(
    database: Database, registry: Registry
) -> None:
    await published(database, registry)
    bench = registry.plugins["inverters.bench"]
    ours = attrs.evolve(bench.products[0], id="acme-x1", name="Theirs")
    plugins = {"inverters.bench": attrs.evolve(bench, products=(ours,))}
    products = {("acme-x1", "1.0.0"): ours}
    found = await _refresh(database, Configured(Registry.of(plugins, products, ())))
    assert found.products["acme-x1", "1.0.0"].name == "Acme X1"
    (problem,) = found.problems
    assert problem.what == "was published here, and inverters.bench ships a model of this id"


async def test_a_configured_model_has_the_functions_that_it_lists(database: Database) -> None:
    registry = load(strict=True)
    plugin = next(p for p in registry.plugins.values() if ("smile5", "1.0.0") in p.product_texts)
    given = plugin.product_texts["smile5", "1.0.0"].replace('id = "smile5"', 'id = "our-smile"', 1)
    given = given.replace('"storm_guard",', "")
    await published(database, registry, given)
    current = await _refresh(database, Configured(registry))
    product = current.newest["our-smile"]
    model = effective_model(current, product, "3.6", "DE")
    assert model.functions["work_mode"].available
    (missing,) = model.functions["storm_guard"].missing
    assert str(missing) == f"function missing on {product.name}"
    assert model.offers("dispatch")
    assert model.system.parts.keys() == current.system(current.newest["smile5"]).parts.keys()


async def _refresh(database: Database, configured: Configured) -> Registry:
    async with database.read() as connection:
        await configured.refresh(connection)
    return configured.registry
