"""The generated schemas are fresh, refuse what is wrong, and accept what ships."""

import json
import re
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from core import schemas
from core.exchange.schema_files import REGENERATE, schema_files
from core.host import load
from core.registry import Registry

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "schemas"
PRODUCT_FILES = sorted((ROOT / "plugins").glob("*/*/products/*.toml"))

Document = dict[str, Any]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load()


def errors(name: str, document: Any) -> list[str]:
    validator = Draft202012Validator(schemas.documents()[schemas.file_name(name)])
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


# --- the files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", schema_files())
def test_file_is_fresh(name: str) -> None:
    path = FOLDER / name
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    assert known == schema_files()[name], f"schemas/{name} is stale: run `{REGENERATE}`"


def test_no_file_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(schema_files())


@pytest.mark.parametrize(("file", "schema"), schemas.documents().items())
def test_schema_is_sound_and_names_itself(file: str, schema: Document) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"https://thingwright.dev/schemas/{file}"
    assert schema["$schema"] == schemas.DIALECT
    assert schema["title"]


@pytest.mark.parametrize(("file", "schema"), schemas.documents().items())
def test_every_object_is_closed_and_described(file: str, schema: Document) -> None:
    for name, definition in schema["$defs"].items():
        assert definition["additionalProperties"] is False, name
        assert definition["description"], name


# --- right and wrong documents --------------------------------------------------------------------

RIGHT: dict[str, Document] = {
    "product_model": {
        "id": "smile5",
        "name": "SMILE5",
        "version": "1.0.0",
        "inverter": "inverters.alphaess_smile",
        "batteries": [{"model": "batteries.some_pack.large", "max_count": 6}],
        "meters": [{"model": "meters.acrel_acr10r", "position": "grid"}],
        "software_functions": ["storm_guard", {"id": "tou_tariff", "version": "1.2.0"}],
        "markets": ["DE"],
        "sn_rules": ["AL2*"],
    },
    "plugin": {
        "kind": "meters",
        "name": "acme_m1",
        "version": "1.0.0",
        "sources": [{"id": "manual", "title": "M1 manual", "confidence": "A-"}],
        "registers": [{"channel": "values", "first": 0, "counts": [4, 8], "table": "input"}],
        "json": [{"channel": "status", "inside": ["params"], "interval": 10}],
        "commands": [{"name": "set_limit", "first": 5, "limits": {"limit": "0..5"}}],
        "logs": [{"kind": "config", "line": "{name}: {old} -> {new}"}],
        "views": [{"title": "Health", "datapoints": ["voltage"]}],
    },
    "component": {
        "kind": "battery",
        "label": "SMILE-BAT-5.8P",
        "variant": "bat_5_8p",
        "ratings": [{"name": "usable_capacity", "value": 5.8, "unit": "kWh", "confidence": "A-"}],
    },
    "grid_spec": {
        "id": "de_vde_ar_n_4105_2018",
        "name": "VDE-AR-N 4105",
        "edition": "2018-11",
        "region": "Germany",
        "countries": ["DE"],
        "nominal_voltage": 230,
        "nominal_frequency": 50,
        "limits": [
            {"protection": "uv1", "quantity": "voltage", "value": 184, "unit": "V", "time": 3.0}
        ],
        "curves": [{"name": "volt_var", "x_unit": "V", "y_unit": "%", "points": [[1, 2], [3, 4]]}],
        "vendor_codes": [["huawei", 0]],
    },
    "site": {
        "sn": "9010KETU000W0000",
        "product_model": "goodwe-et-sdm630",
        "broker": {"url": "mqtt://127.0.0.1:1883"},
        "slots": {"inverter": {"tcp": "192.168.1.20", "interval": 10}},
    },
    "tariff": {
        "name": "Time of use",
        "currency": "AUD",
        "valid_from": "2027-07-01",
        "bands": {"peak": {"buy": 0.4321, "feed_in": 0.12}, "off_peak": {"buy": 0, "feed_in": 0}},
        "weekday": [
            {"start": "00:00", "end": "16:30", "band": "off_peak"},
            {"start": "16:30", "end": "24:00", "band": "peak"},
        ],
        "weekend": [{"start": "00:00", "end": "24:00", "band": "off_peak"}],
    },
    "telemetry": {
        "sn": "AL2002311234567",
        "time": 1_700_000_000_000,
        "house": {"battery.power": -1200.0},
        "changed": {"inverter": {"pv1_power": 812, "work_mode": None}},
    },
    "command": {
        "id": "01JCQ0V0000000000000000000",
        "slot": "inverter",
        "command": "set_export_limit",
        "parameters": {"export_limit": 5000},
        "expires_at": 1_700_000_000_000,
        "frame": "010600641388",
    },
    "backfill_request": {
        "id": "01JCQ0V0000000000000000000",
        "boot_id": 305_419_896,
        "ranges": [[17, 20], [31, 31]],
        "expires_at": 1_700_000_000_000,
    },
    "acknowledgement": {"id": "01JCQ0V0000000000000000000", "status": "succeeded"},
    "presence": {"online": True, "product_model": "smile5", "firmware": "3.7", "country": "DE"},
}

WRONG: dict[str, tuple[tuple[str, Any], ...]] = {
    "product_model": (
        ("id", "Smile 5"),
        ("name", ""),
        ("version", "1.0"),
        ("version", 1),
        ("inverter", "alphaess_smile"),
        ("inverter", {"model": "inverters.alphaess_smile", "maximum": 2}),
        ("batteries", "batteries.some_pack"),
        ("batteries", [{"model": "batteries.some_pack", "max_count": 0}]),
        ("batteries", [{"max_count": 2}]),
        ("meters", [{"model": "meters.acrel_acr10r", "position": "roof"}]),
        ("software_functions", [{"version": "1.0.0"}]),
        ("markets", ["Germany"]),
        ("sn_rules", ["al2*"]),
        ("offline_after", 0),
        ("voltage", 230),
    ),
    "plugin": (
        ("kind", "grid_specs"),
        ("name", "Acme M1"),
        ("version", "1.0"),
        ("registers", [{"channel": "values", "first": 0, "counts": []}]),
        ("registers", [{"channel": "values", "first": 0, "counts": [126]}]),
        ("registers", [{"channel": "values", "counts": [4]}]),
        ("registers", [{"channel": "values", "first": 0, "counts": [4], "table": "coils"}]),
        ("json", [{"channel": "a/b"}]),
        ("commands", [{"name": "set_limit", "first": 5, "function": 5}]),
        ("commands", [{"name": "set_limit", "first": 5, "risk": "none"}]),
        ("logs", [{"kind": "chatter", "line": "{name}"}]),
        ("code", "import os"),
    ),
    "component": (
        ("kind", "heat_pump"),
        ("label", ""),
        ("label", None),
        ("variant", "BAT 5.8P"),
        ("ratings", {"usable_capacity": 5.8}),
        ("ratings", [{"name": "usable_capacity"}]),
        ("ratings", [{"name": "mass", "value": 63, "confidence": "sure"}]),
        ("serial", "AL2"),
    ),
    "grid_spec": (
        ("id", "VDE 4105"),
        ("countries", ["Germany"]),
        ("countries", "DE"),
        ("nominal_voltage", "230 V"),
        ("nominal_frequency", 0),
        ("limits", [{"protection": "uv1", "quantity": "voltage", "value": 184}]),
        ("limits", [{"protection": "uv1", "quantity": "current", "value": 1, "unit": "A"}]),
        ("curves", [{"name": "volt_var", "x_unit": "V", "y_unit": "%", "points": [[1, 2]]}]),
        ("curves", [{"name": "p_f", "x_unit": "Hz", "y_unit": "%", "points": [[1], [2]]}]),
        ("vendor_codes", [["huawei", "zero"]]),
        ("year", 2018),
    ),
    "site": (
        ("sn", "al2"),
        ("broker", "mqtt://127.0.0.1"),
        ("broker", {"url": "http://127.0.0.1"}),
        ("slots", {"inverter": {"tcp": "192.168.1.20", "port": 0}}),
        ("slots", {"inverter": {"tcp": "192.168.1.20", "interval": 0}}),
        ("place", "roof"),
    ),
    "tariff": (
        ("name", ""),
        ("currency", "euro"),
        ("valid_from", "1 July 2027"),
        ("valid_until", None),
        ("bands", {}),
        ("bands", {"Peak": {"buy": 0.4, "feed_in": 0.1}}),
        ("bands", {"peak": {"buy": "0.4", "feed_in": 0.1}}),
        ("bands", {"peak": {"buy": 0.4, "feed_in": -0.1}}),
        ("weekday", [{"start": "24:00", "end": "24:00", "band": "peak"}]),
        ("weekday", [{"start": "00:00", "end": "06:15", "band": "peak"}]),
        ("holidays", []),
    ),
    "telemetry": (
        ("sn", 7),
        ("time", "now"),
        ("time", 1.5),
        ("house", {"battery.power": "1.2 kW"}),
        ("house", {"battery.power": None}),
        ("changed", {"inverter": 812}),
        ("changed", {"inverter": {"cells": [1, 2]}}),
        ("faults", "none"),
        ("unit", "W"),
    ),
    "command": (
        ("id", 1),
        ("slot", None),
        ("parameters", [5000]),
        ("parameters", {"export_limit": {"W": 5000}}),
        ("expires_at", "2030-01-01"),
        ("frame", None),
        ("priority", 1),
    ),
    "backfill_request": (
        ("id", 1),
        ("boot_id", "x"),
        ("ranges", [17, 20]),
        ("ranges", [[17, 20, 21]]),
        ("expires_at", None),
        ("from", 1),
    ),
    "acknowledgement": (
        ("id", "01JCQ0V"),
        ("status", "done"),
        ("status", None),
        ("detail", "x" * 1001),
        ("error", 5),
    ),
    "presence": (
        ("online", "yes"),
        ("online", None),
        ("product_model", "x" * 65),
        ("country", "DEU"),
        ("timezone", 1),
        ("ip", "10.0.0.1"),
    ),
}


def required(name: str) -> list[str]:
    schema = schemas.documents()[schemas.file_name(name)]
    names: list[str] = schema["$defs"][schema["$ref"].rpartition("/")[2]]["required"]
    return names


def test_every_schema_has_right_and_wrong_documents() -> None:
    names = {file.partition(".")[0] for file in schemas.documents()}
    assert set(RIGHT) == set(WRONG) == names


@pytest.mark.parametrize("name", RIGHT)
def test_right_document_is_accepted(name: str) -> None:
    assert errors(name, RIGHT[name]) == []


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [(name, key, value) for name, changes in WRONG.items() for key, value in changes],
)
def test_wrong_document_is_refused(name: str, key: str, value: Any) -> None:
    assert errors(name, {**RIGHT[name], key: value})


@pytest.mark.parametrize(("name", "key"), [(name, key) for name in RIGHT for key in required(name)])
def test_document_that_lacks_something_is_refused(name: str, key: str) -> None:
    document = deepcopy(RIGHT[name])
    del document[key]
    assert errors(name, document) == [f"$: {key!r} is a required property"]


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("document", [None, [], "text", 7, {}])
def test_what_is_no_document_at_all_is_refused(name: str, document: Any) -> None:
    assert errors(name, document)


@pytest.mark.parametrize("name", schemas.MESSAGES)
def test_message_schema_and_decoder_agree(name: str) -> None:
    """What the schema takes, the run time can read, and what it writes, the schema takes."""
    message = msgspec.convert(RIGHT[name], schemas.MESSAGES[name])
    assert errors(name, msgspec.json.decode(msgspec.json.encode(message))) == []


# --- what ships -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PRODUCT_FILES, ids=lambda path: path.stem)
def test_shipped_product_file_fits(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert errors("product_model", tomllib.loads(text)) == []
    directive = re.match(r"#:schema (\S+)\n", text)
    assert directive, "begin with `#:schema ` and the path of the schema, for editors"
    assert (path.parent / directive[1]).resolve() == FOLDER / "product_model.schema.json"


def test_shipped_components_and_grid_specs_fit(registry: Registry) -> None:
    for plugin in registry.plugins.values():
        for component in plugin.components:
            assert errors("component", _plain(component)) == [], component
    for spec in registry.grid_specs.values():
        assert errors("grid_spec", _plain(spec)) == [], spec.id


def _plain(declaration: object) -> Any:
    return json.loads(msgspec.json.encode(declaration))
