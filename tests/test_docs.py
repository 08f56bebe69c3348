"""The documentation says what is so: its files, commands, tables and links are tried."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from core import hookspecs
from core.catalogue import REGENERATE, documents, stale
from core.catalogue.hooks import hook_signature, users
from core.exchange.asyncapi import ENVELOPE
from core.host import load
from core.registry import Registry
from core.runtime import topics
from core.runtime.envelope import Envelope
from core.runtime.mqtt import MqttConsumer
from core.telemetry.dead_letters import HINTS
from core.thing_model.layout.layouts import compile_layout
from tests.servers import Mosquitto, mosquitto, start_mosquitto
from thingwright import layout as words

__all__ = ["mosquitto", "start_mosquitto"]

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FRAMES = (DOCS / "frames.md").read_text(encoding="utf-8")
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")
TUTORIAL = (DOCS / "write-a-plugin.md").read_text(encoding="utf-8")
SCRIPTS = Path(sys.executable).parent


# --- what is generated ----------------------------------------------------------------------------


def test_generated_pages_are_fresh(registry: Registry) -> None:
    assert stale(DOCS, documents(registry)) == [], f"run `{REGENERATE}`"


@pytest.mark.parametrize("hook", hookspecs.RETURNS)
def test_hook_is_documented_with_its_exact_signature(hook: str) -> None:
    text = (DOCS / "hooks.md").read_text(encoding="utf-8")
    assert f"## {hook}\n\n```python\n@hookimpl\n{hook_signature(hook)} ...\n```\n" in text


@pytest.mark.parametrize("hook", hookspecs.RETURNS)
def test_hook_is_used_by_a_plugin_that_ships(hook: str, registry: Registry) -> None:
    assert users(hook, registry), f"no plugin declares anything by {hook}: use it or remove it"


def test_every_hook_has_a_return_type() -> None:
    specified = {name for name in vars(hookspecs) if name.startswith("declare_")}
    assert specified == set(hookspecs.RETURNS)


# --- links ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


# --- frames.md ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gateway.py", "gateway.sh"])
def test_the_page_shows_the_gateways_as_they_are(name: str) -> None:
    shown = re.search(rf"\(gateway/{re.escape(name)}\):\n\n```\w+\n(.*?)```\n", FRAMES, re.DOTALL)
    assert shown
    assert shown[1] == (DOCS / "gateway" / name).read_text(encoding="utf-8")


def test_the_page_explains_every_dead_letter() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", FRAMES, re.MULTILINE)) == set(HINTS)


def test_the_page_describes_the_header_byte_by_byte() -> None:
    rows = re.findall(r"^\| (\d+)(?: to (\d+))? \| (\w[\w ]*) \| (\w\d+) \|", FRAMES, re.MULTILINE)
    said = [(name.replace(" ", "_"), int(b or a) - int(a) + 1, type_) for a, b, name, type_ in rows]
    assert said == [(name, size, type_) for name, size, type_, _ in ENVELOPE]


# --- architecture.md ------------------------------------------------------------------------------


def test_classes_of_the_concepts_exist() -> None:
    table = ARCHITECTURE[: ARCHITECTURE.index("## Floors")]
    last_cells = "".join(re.findall(r"\|([^|]+)\|$", table, re.MULTILINE))
    named = set(re.findall(r"`([A-Z]\w+)`", last_cells))
    paths = [*(ROOT / "core").rglob("*.py"), *(ROOT / "portal").rglob("*.py")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    known = set(re.findall(r"^class (\w+)", source, re.MULTILINE))
    assert len(named) > 20
    assert named - known == set()


def test_paths_of_the_architecture_exist() -> None:
    paths = re.findall(r"`((?:core|portal|plugins|schemas|tools)/[\w./]+)`", ARCHITECTURE)
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_compiled_decoder_is_shown_as_it_is() -> None:
    declared, compiled = re.findall(r"```(?:python|text)\n(.*?)\n```\n", ARCHITECTURE, re.DOTALL)
    source = compile_layout(eval(declared, dict(vars(words))), {"soc": (0, 100)}).source
    assert source.startswith(compiled + "\n\n")


# --- write-a-plugin.md ----------------------------------------------------------------------------


@frozen
class Written:
    """A file that the reader writes."""

    path: str
    text: str


@frozen
class Typed:
    """A command that the reader types, and what it prints: "…" stands for any text."""

    command: str
    output: tuple[str, ...]


def steps() -> Iterator[Written | Typed]:
    """The files and commands of the tutorial in its order."""
    blocks = re.compile(
        r"<!-- file: (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)```\n"
        r"|```console\n(?P<console>.*?)```\n",
        re.DOTALL,
    )
    for found in blocks.finditer(TUTORIAL):
        if path := found["path"]:
            yield Written(path, found["text"])
            continue
        for part in found["console"].split("$ ")[1:]:
            command, *output = part.splitlines()
            yield Typed(command, tuple(output))


def type_(command: str, folder: Path) -> list[str]:
    """Type a command in a shell, and return the lines that it prints."""
    environment = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return (done.stdout + done.stderr).splitlines()


def shape(lines: tuple[str, ...]) -> str:
    """Expected output as a regular expression."""
    return "\n".join(map(re.escape, lines)).replace("…", "(?s:.*?)")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which somebody followed the tutorial to its end."""
    folder = tmp_path_factory.mktemp("tutorial")
    for step in steps():
        if isinstance(step, Written):
            (folder / step.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / step.path).write_text(step.text, encoding="utf-8")
        else:
            printed = "\n".join(type_(step.command, folder))
            assert re.fullmatch(shape(step.output), printed), f"{step.command}\n{printed}"
    return folder


def test_the_tutorial_has_files_and_commands() -> None:
    kinds = [type(step) for step in steps()]
    assert kinds.count(Written) == 9
    assert kinds.count(Typed) >= 8


def test_the_tutorial_can_be_followed(followed: Path) -> None:
    printed = type_("thingwright check inverters.solora_h3 --folder my_plugins", followed)
    assert printed == [
        "inverters.solora_h3  silver  mutants 67/67  running: derived; settings: derived"
    ]


def test_the_tutorials_plugin_without_python_declares_the_same(followed: Path) -> None:
    written, tabled = (
        load([followed / folder], strict=True).plugins["inverters.solora_h3"]
        for folder in ("my_plugins", "tables")
    )
    assert tabled.version == "1.0.0"
    for rows in ("sources", "components", "log_rules", "views", "products", "faults"):
        assert getattr(tabled, rows) == getattr(written, rows)
    assert [(d.key, d.unit, d.role, d.range) for d in tabled.datapoints] == [
        (d.key, d.unit, d.role, d.range) for d in written.datapoints
    ]


def test_the_plugin_of_the_tutorial_passes_with_plain_pytest(followed: Path) -> None:
    *_, last = type_("pytest -q -p no:cacheprovider -p no:asyncio test_my_plugins.py", followed)
    assert re.fullmatch(r"\d+ passed in .*", last)


def test_the_plugin_of_the_tutorial_uses_every_hook_of_a_device(followed: Path) -> None:
    registry = load([followed / "my_plugins"])
    unused = {h for h in hookspecs.RETURNS if "inverters.solora_h3" not in users(h, registry)}
    assert unused == {"declare_functions", "declare_grid_specs"}


@pytest.mark.integration
async def test_the_device_of_the_tutorial_can_be_played(
    followed: Path, mosquitto: Mosquitto
) -> None:
    registry = load([followed / "my_plugins"])
    product = registry.product("solora-h3")
    assert product is not None
    channel = registry.system(product).parts["inverter"].channels["running"]
    command = (
        *(
            str(SCRIPTS / "thingwright"),
            "simulate",
            "--broker",
            f"mqtt://127.0.0.1:{mosquitto.port}",
        ),
        *("--devices", "1", "--interval", "0.2", "--plugin", "inverters.solora_h3"),
    )
    environment = {**os.environ, "THINGWRIGHT_PLUGINS": "my_plugins"}
    filters = ["ess/+/up/frame/inverter/running"]
    async with MqttConsumer(mosquitto.address(), "ingest-1", filters) as consumer:
        device = await asyncio.create_subprocess_exec(*command, cwd=followed, env=environment)
        try:
            async with asyncio.timeout(60):
                message, *_ = await anext(consumer.batches())
        finally:
            device.terminate()
            await device.wait()
    assert product.accepts(topics.parse(message.topic).sn)
    values, refused = channel.read(Envelope.parse(message.payload).body)
    assert refused == ()
    assert dict(zip(channel.keys, values, strict=True))["operating_state"] == 1


def test_plugins_that_the_tutorial_points_to_ship(registry: Registry) -> None:
    table = TUTORIAL[TUTORIAL.index("## What else") :]
    named = set(re.findall(r"\| `(\w+\.\w+)` \|", table))
    assert named
    assert named <= registry.plugins.keys()
