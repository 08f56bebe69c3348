"""Plugins as a zip: what is unpacked, and what is refused."""

import stat
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from core import plugin_archives
from core.plugin_archives import unpack
from core.thing_model.problems import ModelError

SAID = b'kind = "meters"\nname = "m1"\nversion = "1.0.0"\n'


def packed(*files: tuple[str | zipfile.ZipInfo, bytes], said: bytes = SAID) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in (("m1/plugin.toml", said), *files):
            archive.writestr(name, body)
    return content.getvalue()


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("m1/registers.csv")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def test_a_plugin_is_unpacked_into_its_folder(tmp_path: Path):
    content = packed(("m1/registers.csv", b"point\n"), ("m1/vectors/a.toml", b""))
    assert unpack(content, tmp_path) == "meters.m1"
    assert (tmp_path / "meters/m1/vectors/a.toml").is_file()
    assert (tmp_path / "meters/m1/registers.csv").read_bytes() == b"point\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("../registers.csv", b"")], "leads outside"),
        ([("m1\\..\\x.csv", b"")], "leads outside"),
        ([("/etc/registers.csv", b"")], "is an absolute path"),
        ([("C:/registers.csv", b"")], "is an absolute path"),
        ([(link(), b"/etc/passwd")], "is a link"),
        ([("m1/registers.csv", b"0" * 1_000_000)], "unpacks to 1000000 bytes"),
        ([(f"m1/vectors/v{n}.toml", b"") for n in range(300)], "has 301 entries"),
        ([("m1/__init__.py", b"")], "is code"),
        ([("m1/x.so", b"")], "is code"),
        ([("m1/notes.docx", b"")], "is no file of a plugin"),
        ([("m1/Registers.csv", b""), ("m1/registers.csv", b"")], "is there twice"),
        ([("m2/plugin.toml", SAID)], "has 2 files named plugin.toml"),
        ([("m1/vectors/a.toml", b'[[frame]]\ncapture = "/etc/passwd"')], "names a capture"),
    ],
)
def test_what_is_strange_is_refused_and_nothing_is_written(
    tmp_path: Path, files: list[tuple[str, bytes]], said: str
):
    with pytest.raises(ModelError, match=said):
        unpack(packed(*files), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_everything_strange_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plugin_archives, "MOST_BYTES", 10)
    with pytest.raises(ModelError) as refused:
        unpack(packed(("../x", b""), ("/y", b"")), tmp_path)
    assert len(refused.value.problems) == 3
    with pytest.raises(ModelError, match="not a sound zip"):
        unpack(b"PK", tmp_path)
    monkeypatch.undo()
    with pytest.raises(ModelError, match="small letters"):
        unpack(packed(said=SAID.replace(b"m1", b"../m1")), tmp_path)
