"""Shelly Pro 3EM: the same values bare, in a full state and in a notice, whatever the case."""

import json
from typing import Any

import pytest

from core.host import Host
from core.registry import Registry
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError
from plugins.meters import shelly_pro_3em

NAME = "meters.shelly_pro_3em"
EM = {"a_act_power": -120.5, "a_voltage": 229.0, "total_act_power": -90.25, "n_current": None}
READ = {"power_l1": -120.5, "voltage_l1": 229.0, "power_total": -90.25}


@pytest.fixture(scope="module")
def registry() -> Registry:
    host = Host(strict=True)
    host.register(NAME, shelly_pro_3em, "built in")
    return host.registry()


def read(registry: Registry, channel: str, document: Any) -> dict[str, Value]:
    product = registry.product("shelly-pro-3em-site")
    assert product is not None
    found = registry.system(product).parts["grid_meter"].channels[channel]
    values, refused = found.read(json.dumps(document).encode())
    assert refused == ()
    return {k: v for k, v in zip(found.keys, values, strict=True) if v is not None}


@pytest.mark.parametrize(
    "document",
    [
        EM,
        {"em:0": EM, "sys": {"uptime": 5}},
        {"method": "NotifyStatus", "params": {"ts": 1.5, "em:0": EM}},
        {name.upper(): value for name, value in EM.items()},
        {"Params": {"EM:0": EM}},
    ],
    ids=["bare", "full state", "notice", "upper case", "notice in mixed case"],
)
def test_values_are_found_wherever_they_stand(registry: Registry, document: Any) -> None:
    assert read(registry, "em_status", document) == READ


def test_the_bare_value_counts_before_one_inside(registry: Registry) -> None:
    both = {"a_act_power": 5.0, "em:0": {"a_act_power": 7.0}}
    assert read(registry, "em_status", both) == {"power_l1": 5.0}


def test_the_site_shows_import_as_positive_and_energy_in_kilowatt_hours(registry: Registry) -> None:
    product = registry.product_of_sn("SHELLY3EMAABBCC")
    assert product is not None
    power = read(registry, "em_status", EM)
    energy = read(registry, "em_data", {"total_act": 2500.0, "total_act_ret": 500.0})
    latest = {("grid_meter", key): value for key, value in {**power, **energy}.items()}
    house = registry.system(product).house(latest)
    assert house["grid.power"] == -90.25
    assert (house["grid.energy_imported"], house["grid.energy_exported"]) == (2.5, 0.5)


def test_another_component_is_no_frame_of_this_channel(registry: Registry) -> None:
    with pytest.raises(DecodeError, match="none of the"):
        read(registry, "em_status", {"em1:0": {"act_power": 5.0}})
