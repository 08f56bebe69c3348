"""Every product model can be played, and what it says is what the house does."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from core.host import load
from core.runtime.simulator import serial_number, simulated_fleet
from core.simulation.system import SimulatedSystem
from core.telemetry.readings import packed
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import compile_layout

REGISTRY = load()
NOON = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
SPEAKING = [
    product
    for product in REGISTRY.products.values()
    if any(part.channels for part in REGISTRY.system(product).parts.values())
]


def heard(system: SimulatedSystem) -> dict[tuple[str, str], Value]:
    """The values of all channels, by slot and key; every frame must be plausible."""
    latest: dict[tuple[str, str], Value] = {}
    for slot, name, frame in system.frames(NOON):
        channel = system.system.parts[slot].channels[name]
        values, refused = channel.read(frame)
        assert refused == ()
        assert packed(channel, values)
        latest |= {(slot, key): value for key, value in zip(channel.keys, values, strict=True)}
    return latest


@pytest.mark.parametrize("product", SPEAKING, ids=lambda product: product.id)
def test_what_a_simulated_system_says_is_what_its_house_does(product):
    system = SimulatedSystem(serial_number(product, 7), REGISTRY.system(product), "Europe/Berlin")
    house = system.system.house(heard(system))
    played = {**system.flow.readings, **system.flow.counters}
    assert house
    for role in house.keys() & played.keys():
        assert house[role] == pytest.approx(played[role], rel=0.02, abs=5), role


def test_the_same_serial_number_is_the_same_house():
    product = SPEAKING[0]
    first, second = (SimulatedSystem("SIM000000001", REGISTRY.system(product)) for _ in range(2))
    assert heard(first) == heard(second)


def test_a_played_fault_comes_and_goes():
    system = next(system for system in simulated_fleet(REGISTRY, 60) if system.fault)
    played = [system.is_faulty(NOON + timedelta(minutes=n)) for n in range(60)]
    assert played.count(True) == 40
    assert sum(before != after for before, after in pairwise(played)) in (3, 4)
    system.fault = None
    assert not system.is_faulty(NOON)


def test_a_played_fault_is_raised_and_no_other():
    fleet = [system for system in simulated_fleet(REGISTRY, 60) if system.is_faulty(NOON)]
    assert fleet
    for system in fleet:
        slot, fault = system.fault
        latest = heard(system)
        values = {key: value for (where, key), value in latest.items() if where == slot}
        raised = [
            f.code for f in system.system.parts[slot].faults if f.raised(values.get(f.datapoint))
        ]
        assert raised in ([fault.code], [])  # a module that is not there cannot say so


def test_a_command_is_obeyed_and_read_back():
    system = SimulatedSystem("AL2000000001", REGISTRY.system(REGISTRY.product("smile-b3-plus")))
    command = system.system.parts["inverter"].commands["set_max_feed_in"]
    frame = compile_layout(command.writes).encode({"max_feed_in_percent": 42})
    assert system.obey("inverter", "set_max_feed_in", frame) is None
    assert heard(system)["inverter", "max_feed_in_percent"] == 42


def test_a_command_that_cannot_be_read_is_refused_with_the_reason():
    system = SimulatedSystem("AL2000000001", REGISTRY.system(REGISTRY.product("smile-b3-plus")))
    assert "knows no command" in (system.obey("inverter", "sing", b"") or "")
    assert "cannot read" in (system.obey("inverter", "set_max_feed_in", b"\0") or "")


def test_serial_numbers_fit_their_product_model():
    for product in SPEAKING:
        number = serial_number(product, 12)
        assert 8 <= len(number) <= 24
        assert not product.sn_rules or product.accepts(number)


def test_a_fleet_can_be_limited_to_the_product_models_of_a_plugin():
    fleet = simulated_fleet(REGISTRY, 9, ["inverters.goodwe_et"])
    assert {system.system.parts["inverter"].plugin.name for system in fleet} == {
        "inverters.goodwe_et"
    }
