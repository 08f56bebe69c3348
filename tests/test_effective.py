"""What a system really has, and the reasons for what it has not."""

import pytest
from attrs import evolve

from core.effective import EffectiveModel, effective_model
from core.registry import Registry
from core.thing_model.function import Function
from core.thing_model.product import FunctionUse, ProductModel

WITH_CODES = frozenset({"system.bat_use_cap", "ems.dispatch_api_normal"})


def smile(registry: Registry, id_: str = "smile5") -> ProductModel:
    product = registry.product(id_)
    assert product is not None
    return product


def reasons(model: EffectiveModel, function: str) -> list[str]:
    return [str(missing) for missing in model.functions[function].missing]


def test_what_the_model_lists_is_there(registry: Registry) -> None:
    model = effective_model(registry, smile(registry))
    assert model.functions["storm_guard"].available
    assert model.offers("dispatch")
    assert model.system.product.id == "smile5"


def test_what_the_model_does_not_list_is_missing_on_it(registry: Registry) -> None:
    assert reasons(effective_model(registry, smile(registry, "smile-b3")), "storm_guard") == [
        "function missing on SMILE-B3"
    ]


@pytest.mark.parametrize(
    ("firmware", "said"),
    [("3.6", []), ("3.10", []), ("3.4", ["needs EMS >=3.6, device has 3.4"]),
     ("", ["needs EMS >=3.6, device has not said which"])],
)  # fmt: skip
def test_firmware_that_is_too_old_says_so(
    registry: Registry, firmware: str, said: list[str]
) -> None:
    changed = with_function(registry, "storm_guard", firmware=">=3.6")
    assert reasons(effective_model(changed, smile(changed), firmware), "storm_guard") == said


def test_a_function_of_some_countries_is_not_sold_in_others(registry: Registry) -> None:
    product = evolve(smile(registry), software_functions=(FunctionUse("self_check_italy"),))
    assert effective_model(registry, product, country="IT").functions["self_check_italy"].available
    assert reasons(effective_model(registry, product, country="FR"), "self_check_italy") == [
        "not sold in FR, only in IT"
    ]


def test_what_the_device_does_not_report_is_not_there(registry: Registry) -> None:
    told = effective_model(registry, smile(registry), codes=WITH_CODES)
    assert told.functions["battery_soc"].available
    assert told.functions["storm_guard"].available  # no code is known for it
    assert reasons(told, "work_mode") == ["the device does not report system.self_consumption"]


def test_a_command_is_withheld_with_the_functions_that_it_serves(registry: Registry) -> None:
    told = effective_model(registry, smile(registry), codes=frozenset({"system.bat_use_cap"}))
    assert not told.offers("dispatch")
    assert [state.function.id for state in told.withheld["dispatch"]] == ["remote_dispatch"]
    assert told.offers("set_charge_cutoff_soc")
    assert told.offers("sync_clock")


def test_a_model_without_functions_withholds_nothing(registry: Registry) -> None:
    product = registry.product("goodwe-et")
    assert product is not None
    model = effective_model(registry, product)
    assert (dict(model.functions), dict(model.withheld)) == ({}, {})


def test_a_second_look_finds_what_the_first_made(registry: Registry) -> None:
    first = effective_model(registry, smile(registry), "3.6", "DE")
    assert effective_model(registry, smile(registry), "3.6", "DE") is first


def with_function(registry: Registry, id_: str, **changes: str) -> Registry:
    """The registry with one function declared otherwise."""

    def changed(functions: tuple[Function, ...]) -> tuple[Function, ...]:
        return tuple(evolve(f, **changes) if f.id == id_ else f for f in functions)

    plugins = {
        name: evolve(plugin, functions=changed(plugin.functions))
        for name, plugin in registry.plugins.items()
    }
    return Registry.of(plugins, registry.products, ())
