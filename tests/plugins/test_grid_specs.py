"""Grid specifications: what the plugins declare, and what the tables beside them may say."""

import csv
import importlib
import pkgutil
import runpy
from pathlib import Path
from shutil import copytree

import pytest

import plugins.grid_specs
from core.grid_tables import grid_tables
from core.host import Host
from core.thing_model.grid_spec import GridCurve, GridLimit, GridParameter, GridSpec
from core.thing_model.problems import ModelError

ROOT = Path(__file__).parents[2]
FACTS = ROOT.parent / "shared" / "facts" / "grid"
PLUGINS = tuple(f"grid_specs.{m.name}" for m in pkgutil.iter_modules(plugins.grid_specs.__path__))
FUNCTIONS = ("spec_id", "function", "parameter", "value", "unit", "basis", "confidence")
POINTS = ("spec_id", "curve", "x", "x_unit", "y", "y_unit", "basis", "confidence")
LABELS = {
    "de_vde_ar_n_4105_2018": "4105",
    "au_as4777_2_2020_a": "4777",
    "au_as4777_2_2020_b": "4777",
    "au_as4777_2_2020_c": "4777",
    "nz_as4777_2_2020": "4777",
    "pl_pn_en_50549_1_2019": "50549",
    "es_rd_1699_2011": "1699",
    "it_cei_0_21_2019": "CEI 0-21:2019",
    "za_nrs_097_2_1_2017": "097-2-1:2017",
    "br_abnt_nbr_16149_2013": "NBR 16149",
    "se_eifs_2018_2": "EIFS:2018",
    "dk_en50549_dk1_dk2": "DK",
}
"""What the label of a specification's vendor codes must say; others have no codes."""


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


def numeric(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def test_every_specification_of_the_facts_is_there(specs: dict[str, GridSpec]) -> None:
    told = {row["spec_id"]: row for row in facts("grid_specs.csv")}
    assert specs.keys() == told.keys()
    for id_, row in told.items():
        spec = specs[id_]
        assert (spec.name, spec.edition, spec.region) == (
            row["name"],
            row["edition"],
            row["region"],
        )
        assert spec.countries == tuple(c.partition("-")[0] for c in row["country_code"].split(","))
        assert spec.nominal_voltage == float(row["nominal_voltage_v"])
        assert spec.nominal_frequency == float(row["nominal_frequency_hz"])
        assert spec.confidence == row["overall_confidence"]


def test_editions_and_regions(specs: dict[str, GridSpec]) -> None:
    germany, queensland = specs["de_vde_ar_n_4105_2018"], specs["au_as4777_2_2020_a"]
    assert (germany.edition, germany.countries) == ("2018-11", ("DE",))
    assert (queensland.region, queensland.countries) == ("Australia A", ("AU",))
    assert specs["us_ca_rule21"].countries == ("US",)
    assert specs["de_din_vde_0126_1_1_a1"].countries == ("DE", "FR")


def test_a_time_is_a_delay_a_maximum_or_an_average(specs: dict[str, GridSpec]) -> None:
    germany = {limit.protection: limit for limit in specs["de_vde_ar_n_4105_2018"].limits}
    assert (germany["uv1"].time, germany["uv1"].timing) == (3, "delay")
    assert (germany["ov_10min"].time, germany["ov_10min"].timing) == (600, "average")
    australia = {limit.protection: limit for limit in specs["au_as4777_2_2020_a"].limits}
    assert (australia["ov2"].time, australia["ov2"].timing) == (0.2, "maximum")
    italy = {limit.protection: limit for limit in specs["it_cei_0_21_older"].limits}
    assert (italy["ov1_59s1"].time, italy["ov1_59s1"].timing) == (600, "average")
    assert italy["ov2_59s2"].time is None
    belgium = {limit.protection: limit for limit in specs["be_c10_11_2_2"].limits}
    assert (belgium["ov_10min"].time, belgium["ov_10min"].timing) == (0, "delay")
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
    (both,) = specs["de_din_vde_0126_1_1_a1"].export_rules
    assert both.note.startswith("holds in DE: example")
    told = {row["country_code"] for row in facts("export_rules.csv")}
    for spec in specs.values():
        assert bool(spec.export_rules) == bool(told & set(spec.countries)), spec.id
        assert {rule.confidence for rule in spec.export_rules} <= {"C"}


def test_vendor_codes_are_those_of_the_inverters_own_list(specs: dict[str, GridSpec]) -> None:
    told = {
        (row["vendor"], int(row["code"])): row["label"]
        for row in facts("vendor_grid_code_enums.csv")
    }
    assert {id_ for id_, spec in specs.items() if spec.vendor_codes} == LABELS.keys()
    for id_, said in LABELS.items():
        for vendor_code in specs[id_].vendor_codes:
            assert said in told[vendor_code], (id_, vendor_code)
    assert ("alphaess", 1) in specs["de_vde_ar_n_4105_2018"].vendor_codes
    assert ("solplanet_aiswei", 84) in specs["it_cei_0_21_2019"].vendor_codes


def test_limits_are_those_of_the_facts(specs: dict[str, GridSpec]) -> None:
    told = {(row["spec_id"], row["protection"]): row for row in facts("grid_limits.csv")}
    declared = {(s.id, limit.protection): limit for s in specs.values() for limit in s.limits}
    assert told.keys() == declared.keys()
    assert sum(len(spec.limits) for spec in specs.values()) == len(facts("grid_limits.csv"))
    for key, row in told.items():
        limit = declared[key]
        assert (limit.quantity, limit.unit) == (row["quantity"], row["unit"])
        assert limit.value == float(row["value"])
        time = float(row["trip_time_s"]) if row["trip_time_s"] else None
        assert limit.time == (600 if "10-minute average" in row["note"] else time), key
        assert (limit.basis, limit.confidence) == (row["basis"], row["confidence"])
        assert limit.source.split("_and_")[0] in row["source"]


def test_settings_are_those_of_the_facts(specs: dict[str, GridSpec]) -> None:
    told = [tuple(numeric(row[name]) for name in FUNCTIONS) for row in facts("grid_functions.csv")]
    declared = [
        (s.id, p.function, p.name, numeric(str(p.value)), p.unit, p.basis, p.confidence)
        for s in specs.values()
        for p in s.parameters
    ]
    assert sorted(told, key=str) == sorted(declared, key=str)


def test_curves_are_those_of_the_facts(specs: dict[str, GridSpec]) -> None:
    told = [tuple(numeric(row[name]) for name in POINTS) for row in facts("grid_curves.csv")]
    declared = [
        (s.id, c.name, x, c.x_unit, y, c.y_unit, c.basis, c.confidence)
        for s in specs.values()
        for c in s.curves
        for x, y in c.points
    ]
    assert sorted(told, key=str) == sorted(declared, key=str)


def test_the_tables_are_as_the_tool_cuts_them(tmp_path: Path) -> None:
    facts("grid_specs.csv")
    tool = runpy.run_path(str(ROOT / "tools" / "derive_grid_specs.py"))
    for plugin, ids in tool["FAMILIES"].items():
        tool["write_plugin"](tmp_path / plugin, ids, FACTS)
        kept = ROOT / "plugins" / "grid_specs" / plugin
        assert tables(tmp_path / plugin) == tables(kept), plugin


def tables(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.csv")}


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
