"""Shelly 3EM: phases in an array, sums that the device does not send, flags."""

import json
from typing import Any

import pytest

from core.host import Host
from core.registry import Part, part_of
from core.thing_model.layout.fields import Value
from core.thing_model.problems import DecodeError
from core.thing_model.product import Mounted
from plugins.meters import shelly_3em

NAME = "meters.shelly_3em"
PHASES = [
    {"power": 100.5, "total": 1000.0, "total_returned": 10.0, "is_valid": True},
    {"power": -300.0, "total": 2000.0, "total_returned": 20.0, "is_valid": False},
    {"power": 50.0, "total": 3000.0, "total_returned": 30.0, "is_valid": True},
]


@pytest.fixture(scope="module")
def meter() -> Part:
    host = Host(strict=True)
    host.register(NAME, shelly_3em, "built in")
    return part_of(host.plugins[NAME], "grid_meter", Mounted(NAME))


def read(meter: Part, document: Any) -> dict[str, Value]:
    channel = meter.channels["status"]
    values, refused = channel.read(json.dumps(document).encode())
    assert refused == ()
    return {k: v for k, v in zip(channel.keys, values, strict=True) if v is not None}


def test_old_firmware_gets_its_total_from_the_phases(meter: Part) -> None:
    assert read(meter, {"emeters": PHASES})["power_total"] == -149.5
    assert read(meter, {"emeters": PHASES, "total_power": -149.8})["power_total"] == -149.8


def test_energies_add_up_over_the_phases(meter: Part) -> None:
    values = read(meter, {"emeters": PHASES})
    assert (values["energy_import_total"], values["energy_export_total"]) == (6000, 60)
    assert meter.datapoints["energy_import_total"].role == "meter.energy_imported"


def test_a_phase_that_is_missing_leaves_no_total(meter: Part) -> None:
    values = read(meter, {"emeters": PHASES[:2]})
    assert (values["power_l2"], values["valid_l2"]) == (-300.0, False)
    assert not {"power_l3", "power_total", "energy_import_total"} & values.keys()


def test_names_may_be_written_in_any_case(meter: Part) -> None:
    assert read(meter, {"EMETERS": [{"Power": 1.5}]}) == {"power_l1": 1.5}


def test_text_in_the_place_of_a_number_is_shown_where_it_stands(meter: Part) -> None:
    text = b'{"emeters": [{"power": "1.5"}]}'
    with pytest.raises(DecodeError) as error:
        meter.channels["status"].read(text)
    assert (error.value.datapoint, error.value.offset) == ("power_l1", text.index(b'"1.5"'))
