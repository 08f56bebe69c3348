"""The plugin of the fixture `scaffold`: how tests spoil it, and what the kit then says of it."""

from pathlib import Path

from core.conformance import Report, report
from core.host import Host
from core.registry import Registry

ACME = "meters.acme_m1"
MODULE, VECTORS = "__init__.py", "vectors/derived.toml"
HEX = 'hex = "01 03 0e  08fd fa24 0012d687 019f 0000 1388  66cd"'
"""The frame of its worked example."""


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Change a file of it, so that something is wrong."""
    path = folder / "meters" / "acme_m1" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def break_unit(folder: Path) -> None:
    change(folder, MODULE, '"V", range', '"Volt", range')


def loaded(folder: Path) -> Registry:
    host = Host()
    host.load_folder(folder, "folder")
    return host.registry()


def examined(folder: Path, name: str = ACME) -> Report:
    return report(name, loaded(folder))
