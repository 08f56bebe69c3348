"""Grid specifications: what the plugins declare, and what the tables beside them may say."""

import csv
import importlib
from pathlib import Path
from shutil import copytree

import pytest

from core.grid_tables import grid_tables
from core.host import Host
from core.thing_model.grid_spec import GridCurve, GridLimit, GridParameter, GridSpec
from core.thing_model.problems import ModelError

FACTS = Path(__file__).parents[3] / "shared" / "facts" / "grid"
PLUGINS = ("grid_specs.vde_ar_n_4105", "grid_specs.as_nzs_4777_2")
IDS = (
    "de_vde_ar_n_4105_2018",
    "de_vde_ar_n_4105_2011",
    "au_as4777_2_2020_a",
    "au_as4777_2_2020_b",
    "au_as4777_2_2020_c",
    "nz_as4777_2_2020",
)


def facts(path: str) -> list[dict[str, str]]:
    if not FACTS.is_dir():
        pytest.skip(f"the fact tables are not at {FACTS}")
    with (FACTS / path).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def rows_of(spec: GridSpec) -> tuple[GridLimit | GridParameter | GridCurve, ...]:
    return (*spec.limits, *spec.parameters, *spec.curves)


@pytest.fixture(scope="module")
def host() -> Host:
    host = Host(strict=True)
    for name in PLUGINS:
        host.register(name, importlib.import_module(f"plugins.{name}"), "built in")
    return host


@pytest.fixture(scope="module")
def specs(host: Host) -> dict[str, GridSpec]:
    return dict(host.registry().grid_specs)


def test_both_rules_in_their_editions_and_regions(specs: dict[str, GridSpec]) -> None:
    assert tuple(sorted(specs)) == tuple(sorted(IDS))
    germany, queensland = specs["de_vde_ar_n_4105_2018"], specs["au_as4777_2_2020_a"]
    assert (germany.edition, germany.countries) == ("2018-11", ("DE",))
    assert (queensland.region, queensland.countries) == ("Australia A", ("AU",))
    assert {s.nominal_voltage for s in specs.values()} == {230}
    assert {s.nominal_frequency for s in specs.values()} == {50}


def test_a_time_is_a_delay_a_maximum_or_an_average(specs: dict[str, GridSpec]) -> None:
    germany = {limit.protection: limit for limit in specs["de_vde_ar_n_4105_2018"].limits}
    assert (germany["uv1"].time, germany["uv1"].timing) == (3, "delay")
    assert (germany["ov_10min"].time, germany["ov_10min"].timing) == (600, "average")
    australia = {limit.protection: limit for limit in specs["au_as4777_2_2020_a"].limits}
    assert (australia["ov2"].time, australia["ov2"].timing) == (0.2, "maximum")
    assert germany["ov_10min"].above
    assert not germany["uf1"].above


def test_what_was_recalled_shows_as_unverified(specs: dict[str, GridSpec]) -> None:
    recalled = [row for spec in specs.values() for row in rows_of(spec) if row.basis == "recalled"]
    assert recalled
    assert {row.confidence for row in recalled} == {"unverified"}


def test_curves_run_from_low_to_high_voltage(specs: dict[str, GridSpec]) -> None:
    for spec in specs.values():
        for curve in spec.curves:
            voltages = [x for x, _ in curve.points]
            assert voltages == sorted(voltages), (spec.id, curve.name)
    volt_watt = next(c for c in specs["au_as4777_2_2020_a"].curves if c.name == "volt_watt")
    assert volt_watt.points == ((253, 100), (260, 20))


def test_parameters_are_numbers_flags_or_text(specs: dict[str, GridSpec]) -> None:
    germany = {(p.function, p.name): p.value for p in specs["de_vde_ar_n_4105_2018"].parameters}
    assert germany["anti_islanding", "enabled"] is True
    assert germany["frequency_watt", "over_start"] == 50.2
    australia = {(p.function, p.name): p.value for p in specs["au_as4777_2_2020_a"].parameters}
    assert australia["drm", "modes"] == "DRM0..DRM8"


def test_export_rules_are_examples_that_say_so(specs: dict[str, GridSpec]) -> None:
    (germany,) = specs["de_vde_ar_n_4105_2018"].export_rules
    assert (germany.value, germany.unit, germany.relative_to) == (70, "%", "installed_pv_power")
    (australia,) = specs["au_as4777_2_2020_b"].export_rules
    assert (australia.value, australia.unit) == (5, "kW")
    assert {germany.confidence, australia.confidence} == {"C"}
    assert specs["nz_as4777_2_2020"].export_rules == ()


def test_vendor_codes_are_those_of_the_inverters_own_list(specs: dict[str, GridSpec]) -> None:
    told = {
        (row["vendor"], int(row["code"])): row["label"]
        for row in facts("vendor_grid_code_enums.csv")
    }
    for spec in specs.values():
        for vendor_code in spec.vendor_codes:
            label = told[vendor_code]
            assert ("4105" if spec.countries == ("DE",) else "4777") in label
    assert ("alphaess", 1) in specs["de_vde_ar_n_4105_2018"].vendor_codes
    assert specs["de_vde_ar_n_4105_2011"].vendor_codes == ()


def test_limits_are_those_of_the_facts(specs: dict[str, GridSpec]) -> None:
    told = {
        (row["spec_id"], row["protection"]): row
        for row in facts("grid_limits.csv")
        if row["spec_id"] in IDS
    }
    declared = {(s.id, limit.protection): limit for s in specs.values() for limit in s.limits}
    assert told.keys() == declared.keys()
    for key, row in told.items():
        limit = declared[key]
        assert (limit.value, limit.unit) == (float(row["value"]), row["unit"])
        assert limit.time == float(row["trip_time_s"])
        assert (limit.basis, limit.confidence) == (row["basis"], row["confidence"])


def test_every_source_is_declared(host: Host) -> None:
    for plugin in host.plugins.values():
        known = {source.id for source in plugin.sources}
        for spec in plugin.grid_specs:
            assert {row.source for row in rows_of(spec)} <= known
            assert {rule.source for rule in spec.export_rules} <= known


@pytest.fixture
def folder(host: Host, tmp_path: Path) -> Path:
    """A copy of the German tables, to be spoilt."""
    return copytree(host.plugins["grid_specs.vde_ar_n_4105"].folder, tmp_path / "copy")


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("limits.csv", ",delay,", ",soon,", "timing 'soon' is none of delay, maximum, average"),
        ("limits.csv", ",voltage,", ",pressure,", "quantity 'pressure'"),
        ("limits.csv", ",184.0,", ",many,", "could not convert string to float"),
        ("parameters.csv", ",read,", ",heard,", "basis 'heard'"),
        ("curves.csv", "de_vde_ar_n_4105_2018,", "de_vde_2018,", "'de_vde_2018'"),
        ("vendor_codes.csv", ",70,", ",0x,", "invalid literal"),
        ("export_rules.csv", "spec_id", "spec", "'spec_id'"),
    ],
)
def test_a_wrong_table_is_refused_by_line(
    folder: Path, table: str, old: str, new: str, said: str
) -> None:
    path = folder / table
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        list(grid_tables(str(folder / "__init__.py")))
    (problem,) = caught.value.problems
    assert said in problem.what
    assert problem.where.startswith(f"{path}: line ")


def test_a_plugin_has_only_the_tables_that_it_needs(folder: Path) -> None:
    for name in ("curves.csv", "export_rules.csv", "vendor_codes.csv"):
        (folder / name).unlink()
    spec, *_ = grid_tables(str(folder / "__init__.py"))
    assert spec.limits
    assert not spec.curves
    assert not spec.export_rules
    assert not spec.vendor_codes
    (folder / "specs.csv").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        list(grid_tables(str(folder / "__init__.py")))
