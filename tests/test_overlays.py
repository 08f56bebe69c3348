"""What depends on firmware: found in declarations, told by version, explained for one system."""

from pathlib import Path

import pytest

from core.effective import EffectiveModel, effective_model
from core.host import Host
from core.overlays import Fact, Overlay, overlays
from core.registry import Registry
from tests import scaled


@pytest.fixture
def scales(tmp_path: Path) -> Registry:
    scaled.written(tmp_path)
    host = Host(strict=True)
    host.load_folder(tmp_path / "plugins", "folder")
    return host.registry()


def model_at(registry: Registry, firmware: str) -> EffectiveModel:
    product = registry.product("scaled")
    assert product
    return effective_model(registry, product, firmware)


def overlay(registry: Registry, name: str) -> Overlay:
    return next(o for o in overlays(registry.plugins[scaled.NAME]) if o.name == name)


def test_only_what_depends_on_firmware_is_an_overlay(scales: Registry):
    found = [(o.what, o.name) for o in overlays(scales.plugins[scaled.NAME])]
    assert found == [("datapoint", "reserve"), ("channel", "running"), ("command", "set_reserve")]


def test_each_stretch_tells_what_the_others_do_not_say(scales: Registry):
    running = overlay(scales, "running")
    old, new = running.line
    assert running.facts(old.row) == (
        Fact("reserve", "missing", ""),
        Fact("soc", "scale", "0.1"),
    )
    assert running.facts(new.row) == (Fact("reserve", "there", ""), Fact("soc", "scale", "0.4"))
    assert overlay(scales, "set_reserve").facts(None) == ()


@pytest.mark.parametrize(
    ("firmware", "scale", "reasons"),
    [
        (
            "3.4",
            100,
            [
                "datapoint reserve of inverter needs firmware >=3.6, the system has 3.4",
                "channel running of inverter is that of firmware <3.6, the system has 3.4",
                "command set_reserve of inverter needs firmware >=3.6, the system has 3.4",
            ],
        ),
        (
            "3.6.0",
            400,
            [
                "datapoint reserve of inverter is that of firmware >=3.6, the system has 3.6.0",
                "channel running of inverter is that of firmware >=3.6, the system has 3.6.0",
                "command set_reserve of inverter is that of firmware >=3.6, the system has 3.6.0",
            ],
        ),
    ],
)
def test_a_system_has_what_its_firmware_says_and_why(
    scales: Registry, firmware: str, scale: int, reasons: list[str]
):
    model = model_at(scales, firmware)
    part = model.system.parts["inverter"]
    values, _ = part.channels["running"].read(bytes((0x03, 0xE8, 0, 7))[: 2 * len(part.datapoints)])
    assert values[0] == scale
    assert list(map(str, model.standings)) == reasons
    assert ("set_reserve" in part.commands) == (model.outdated("inverter", "set_reserve") is None)


def test_firmware_that_nobody_knows_has_nothing_that_asks_for_one(scales: Registry):
    model = model_at(scales, "")
    assert not model.system.parts["inverter"].channels
    assert [standing.row for standing in model.standings] == [None] * 3
    assert str(model.outdated("inverter", "set_reserve")).endswith("the system has not said which")
    assert model.outdated("inverter", "nothing") is None


def test_a_charger_of_go_e_has_registers_from_the_firmware_on_that_its_vendor_names(
    registry: Registry,
):
    found = {o.name: o for o in overlays(registry.plugins["chargers.goe_v3"])}
    assert [str(s.firmware) for s in found["force_state"].line if s.row] == [">=55.6"]
    assert [str(s.firmware) for s in found["set_phase_switch_mode"].line if s.row] == [">=55.5"]
    holding = found["holding_332"]
    assert [fact.key for fact in holding.facts(holding.row("55.5"))] == ["force_state"]
    assert holding.row("55.4") is None
