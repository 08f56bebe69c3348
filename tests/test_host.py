"""The plugin host: what it takes, what it refuses, and how it says so."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.host import Host, load
from core.registry import Registry
from core.thing_model.problems import ModelError, Problem
from tests.conftest import WritePlugin

HEAD = """
from thingwright import *
from thingwright.layout import *
"""
GOOD = f"""{HEAD}
@hookimpl
def declare_datapoints():
    yield Datapoint("power", "W", range=(0, 5000), access="rw")

@hookimpl
def declare_decoders():
    yield Decoder("status", registers(0, u16("power")))
"""


def loaded(host: Host, folder: Path) -> Registry:
    host.load_folder(folder, "folder")
    return host.registry()


def only_problem(host: Host, folder: Path) -> Problem:
    (problem,) = loaded(host, folder).problems
    return problem


def test_a_plugin_of_a_folder_is_loaded(host: Host, write_plugin: WritePlugin, tmp_path: Path):
    write_plugin("meters.good", GOOD)
    registry = loaded(host, tmp_path)
    assert list(registry.plugins) == ["meters.good"]
    assert registry.plugins["meters.good"].origin == "folder"
    assert registry.problems == ()


BEYOND = """
@hookimpl
def declare_datapoints():
    yield Datapoint("x", "W", range=(0, 100))

@hookimpl
def declare_commands():
    yield Command("set_x", registers(0, u16("x")), limits={"x": (0, 200)})
"""
WINDOWS = """
@hookimpl
def declare_datapoints():
    yield Datapoint("x")

@hookimpl
def declare_commands():
    edge = WindowEdge("charge", 1, "start", "hour")
    yield Command("set_x", registers(0, u16("x")), windows={"y": edge})
"""


def twice(*firmware: str) -> str:
    """A hook that declares a datapoint for each of some ranges."""
    rows = [f"    yield Datapoint('x', firmware='{each}')" for each in firmware]
    return "\n".join(["@hookimpl", "def declare_datapoints():", *rows])


BROKEN = {
    "an unknown hook": (
        "@hookimpl\ndef declare_datapoint():\n    return ()",
        "unknown hook 'declare_datapoint'",
    ),
    "an unmarked hook": (
        "def declare_faults():\n    return ()",
        "declare_faults is not marked as a hook",
    ),
    "a hook that returns nothing": (
        "@hookimpl\ndef declare_faults():\n    return 5",
        "declare_faults: TypeError: 'int' object is not iterable",
    ),
    "a hook that yields another type": (
        "@hookimpl\ndef declare_faults():\n    yield Datapoint('x')",
        "a Datapoint and not a Fault",
    ),
    "a hook with another signature": (
        "@hookimpl\ndef declare_faults(host):\n    return ()",
        "Argument(s) {'host'} are declared in the hookimpl but can not be found in the hookspec",
    ),
    "an unknown unit": (
        "@hookimpl\ndef declare_datapoints():\n    yield Datapoint('x', 'furlong')",
        "unit 'furlong' is not known",
    ),
    "a signed role of unknown sign": (
        "@hookimpl\ndef declare_datapoints():\n    yield Datapoint('x', 'W', 'battery.power')",
        "has role battery.power, but its sign is not stated",
    ),
    "two datapoints of one key": (
        "@hookimpl\ndef declare_datapoints():\n    yield Datapoint('x')\n    yield Datapoint('x')",
        "datapoint x: is declared twice",
    ),
    "two datapoints of one key for the same firmware": (
        twice("<4", ">=3.6"),
        "datapoint x: is declared twice for firmware >=3.6,<4",
    ),
    "a range of firmware that is empty": (
        "@hookimpl\ndef declare_datapoints():\n    yield Datapoint('x', firmware='>=4,<3')",
        "datapoint x: holds at no version of >=4,<3",
    ),
    "a row that more specific ones cover": (
        twice(">=4", ">=3,>=4"),
        "datapoint x: holds at no version of >=4",
    ),
    "a fault on an unknown datapoint": (
        "@hookimpl\ndef declare_faults():\n    yield Fault('nowhere', 'hot', bit=0)",
        "fault hot: reads 'nowhere', which is not declared",
    ),
    "a decoder of an unknown datapoint": (
        "@hookimpl\ndef declare_decoders():\n    yield Decoder('c', registers(0, u16('nowhere')))",
        "channel c: decodes 'nowhere', which is not declared",
    ),
    "a command limit outside of the range": (
        BEYOND,
        "command set_x: limit 0..200 of x lies outside its range (stay within 0..100)",
    ),
    "a window of an unknown value": (WINDOWS, "command set_x windows: names 'y', which is not"),
    "two values of one window": (
        WINDOWS.replace('{"y": edge}', '{"x": edge, "z": edge}')
        .replace('u16("x")', 'u16("x"), u16("z")')
        .replace('    yield Datapoint("x")', '    yield Datapoint("x")\n    yield Datapoint("z")'),
        "command set_x windows: x and z both say the start hour of window 1 to charge",
    ),
    "a module that raises": ("raise RuntimeError('no')", "cannot be imported: RuntimeError: no"),
    "a module that is not Python": ("def", "cannot be imported: SyntaxError"),
}


@pytest.mark.parametrize(("source", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_named_with_its_file_and_the_rest_runs(
    host: Host, write_plugin: WritePlugin, tmp_path: Path, source: str, said: str
):
    broken = write_plugin("meters.broken", HEAD + source)
    write_plugin("meters.good", GOOD)
    registry = loaded(host, tmp_path)
    assert list(registry.plugins) == ["meters.good"]
    (problem,) = registry.problems
    assert problem.plugin == "meters.broken"
    assert str(broken / "__init__.py") in str(problem)
    assert said in str(problem)


@pytest.mark.parametrize(("source", "said"), BROKEN.values(), ids=BROKEN)
def test_a_strict_host_raises(write_plugin: WritePlugin, tmp_path: Path, source: str, said: str):
    write_plugin("meters.broken", HEAD + source)
    with pytest.raises(ModelError) as raised:
        Host(strict=True).load_folder(tmp_path, "folder")
    assert said in str(raised.value)


def test_every_mistake_of_a_plugin_is_listed(host: Host, write_plugin: WritePlugin, tmp_path: Path):
    write_plugin(
        "meters.broken",
        f"""{HEAD}
@hookimpl
def declare_faults():
    yield Fault("nowhere", "hot", bit=0)
    yield Fault("elsewhere", "cold", bit=1)
""",
    )
    said = [problem.what for problem in loaded(host, tmp_path).problems]
    assert [what.split(",")[0] for what in said] == ["reads 'nowhere'", "reads 'elsewhere'"]


def test_the_first_of_two_plugins_keeps_the_name(
    host: Host, write_plugin: WritePlugin, tmp_path: Path
):
    folder = write_plugin("meters.good", GOOD)
    host.load_folder(tmp_path, "folder")
    host.load_folder(tmp_path, "folder")
    registry = host.registry()
    assert list(registry.plugins) == ["meters.good"]
    (problem,) = registry.problems
    assert f"claims the name 'meters.good' that {folder / '__init__.py'} has" in problem.what


@pytest.mark.parametrize("name", ["meters.Big", "boats.dinghy", "meters", "meters.a-b"])
def test_a_name_that_is_not_kind_and_name_is_refused(host: Host, name: str):
    host.register(name, sys.modules[__name__], "installed")
    assert host.registry().plugins == {}
    (problem,) = host.problems
    assert f"{name!r} is not a plugin name" in problem.what


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path with the metadata of an installed distribution."""
    metadata = tmp_path / "acme_devices-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-devices\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[thingwright]\nmeters.acme_m1 = acme_m1\nmeters.acme_m2 = acme_m2\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("acme_m1", None)


def test_an_installed_plugin_is_loaded_by_its_entry_point(host: Host, distribution: Path):
    (distribution / "acme_m1.py").write_text(GOOD)
    host.load_installed()
    registry = host.registry()
    assert registry.plugins["meters.acme_m1"].origin == "installed"
    (problem,) = registry.problems
    assert problem.plugin == "meters.acme_m2"
    assert "cannot be imported: ModuleNotFoundError: No module named 'acme_m2'" in str(problem)


PRODUCT = """
id = "home"
name = "Home"
version = "1.0.0"
meters = [{ model = "meters.good", position = "grid" }]
"""
WITH_PRODUCTS = GOOD + "@hookimpl\ndef declare_products():\n    return product_files(__file__)\n"


def test_a_product_file_is_loaded(host: Host, write_plugin: WritePlugin, tmp_path: Path):
    write_plugin("meters.good", WITH_PRODUCTS, products__home_toml=PRODUCT)
    registry = loaded(host, tmp_path)
    assert list(registry.products) == [("home", "1.0.0")]
    assert registry.problems == ()


def test_every_mistake_of_a_product_file_is_listed_and_nothing_of_it_loaded(
    host: Host, write_plugin: WritePlugin, tmp_path: Path
):
    wrong = PRODUCT + 'sn_rules = ["al*"]\ncolour = "red"\nbatteries = [{ max_count = 99 }]\n'
    folder = write_plugin(
        "meters.good",
        WITH_PRODUCTS,
        products__home_toml=wrong.replace("1.0.0", "one"),
        products__other_toml=PRODUCT.replace("home", "other"),
    )
    registry = loaded(host, tmp_path)
    assert list(registry.products) == [("other", "1.0.0")]
    file = folder / "products" / "home.toml"
    places = {problem.where.removeprefix(f"{file}: ") for problem in registry.problems}
    assert places == {
        str(file),
        "batteries[0]",
        "batteries[0].max_count",
        "sn_rules[0]",
        "version",
    }
    said = "\n".join(map(str, registry.problems))
    assert "'colour' was unexpected" in said
    assert "known names are id, name, version" in said
    assert "Semantic version of this model" in said


def test_a_product_file_that_is_not_toml_is_named(
    host: Host, write_plugin: WritePlugin, tmp_path: Path
):
    folder = write_plugin("meters.good", WITH_PRODUCTS, products__home_toml="id = home")
    problem = only_problem(host, tmp_path)
    assert problem.where == str(folder / "products" / "home.toml")
    assert problem.what.startswith("is not TOML: Invalid value (at line 1")


def test_mounting_an_unknown_component_is_refused(
    host: Host, write_plugin: WritePlugin, tmp_path: Path
):
    wrong = PRODUCT.replace('"meters.good"', '"meters.none"')
    folder = write_plugin("meters.good", WITH_PRODUCTS, products__home_toml=wrong)
    problem = only_problem(host, tmp_path)
    assert problem.plugin == "meters.good"
    assert str(folder) in problem.where
    assert problem.what == "mounts 'meters.none' in grid_meter"
    assert problem.hint == "no such plugin or variant is loaded"
    assert host.registry().products == {}


def test_mounting_an_unknown_variant_is_refused(
    host: Host, write_plugin: WritePlugin, tmp_path: Path
):
    wrong = PRODUCT.replace('"meters.good"', '"meters.good.deluxe"')
    write_plugin("meters.good", WITH_PRODUCTS, products__home_toml=wrong)
    assert only_problem(host, tmp_path).what == "mounts 'meters.good.deluxe' in grid_meter"


def test_two_product_models_of_one_id_and_version_are_refused(
    host: Host, write_plugin: WritePlugin, tmp_path: Path
):
    write_plugin("meters.good", WITH_PRODUCTS, products__a_toml=PRODUCT, products__b_toml=PRODUCT)
    problem = only_problem(host, tmp_path)
    assert problem.what == "is declared twice"


def test_the_built_in_plugins_load_strictly(registry: Registry):
    assert registry.problems == ()
    assert {plugin.origin for plugin in registry.plugins.values()} == {"built in"}


def test_further_folders_are_loaded_beside_the_built_in_ones(
    write_plugin: WritePlugin, tmp_path: Path
):
    write_plugin("meters.good", GOOD)
    registry = load([tmp_path])
    assert registry.plugins["meters.good"].origin == "folder"
    assert len(registry.plugins) > 1


def test_importing_a_plugin_registers_nothing(host: Host, write_plugin: WritePlugin):
    write_plugin("meters.good", GOOD)
    assert host.registry().plugins == {}
