"""Vector files: what is read from them, and how their mistakes are told."""

from pathlib import Path

import pytest

from core.thing_model.logs import LogRecord
from core.thing_model.problems import ModelError
from core.vectors import FaultVector, FrameVector, LogVector, Vectors, read_vectors


def written(folder: Path, text: str) -> Vectors:
    (folder / "vectors").mkdir()
    (folder / "vectors" / "some.toml").write_text(text)
    return read_vectors(folder)


def test_vectors_are_read_with_their_place(tmp_path: Path):
    vectors = written(
        tmp_path,
        """
[[frame]]
channel = "status"
origin = "vendor"
hex = "aa 55"
values = { soc = 50, voltage = 230.1, mode = "auto", on = true }

[[frame]]
channel = "json"
origin = "derived"
source = "book"
variant = "pro"
firmware = "3.6"
partial = true
text = '{"ä": 1}'
values = {}

[[fault]]
origin = "derived"
values = { word = 0x8 }
raises = ["hot"]

[[log]]
origin = "captured"
line = "A 0 -> 1"
records = [{ kind = "config", name = "A", old = "0", new = "1", extra = { unit = "x" } }]
""",
    )
    assert list(vectors) == [
        FrameVector(
            where="vectors/some.toml: frame 1",
            channel="status",
            origin="vendor",
            data=b"\xaa\x55",
            values={"soc": 50, "voltage": 230.1, "mode": "auto", "on": True},
        ),
        FrameVector(
            where="vectors/some.toml: frame 2",
            channel="json",
            origin="derived",
            source="book",
            variant="pro",
            firmware="3.6",
            partial=True,
            data='{"ä": 1}'.encode(),
            values={},
        ),
        FaultVector(
            where="vectors/some.toml: fault 1",
            origin="derived",
            values={"word": 8},
            raises=("hot",),
        ),
        LogVector(
            where="vectors/some.toml: log 1",
            origin="captured",
            line="A 0 -> 1",
            records=(LogRecord("config", "A", "0", "1", extra={"unit": "x"}),),
        ),
    ]
    assert vectors.unavailable == ()


MISTAKES = """
[[frame]]
channel = 5
origin = "dreamt"
text = "{}"
values = { a = [1] }
colour = "red"

[[bad_frame]]
origin = "derived"
hex = "zz"

[[bad_frame]]
origin = "derived"
hex = "00"

[[command]]
command = "x"
origin = "vendor"
hex = "00"
text = "0"

[[log]]
origin = "vendor"
line = "x"
records = [{ kind = "rumour" }]

[[frames]]
a = 1

[fault]
a = 1
"""


def test_every_mistake_is_told_with_file_and_place(tmp_path: Path):
    with pytest.raises(ModelError) as raised:
        written(tmp_path, MISTAKES)
    file = f"{tmp_path}/vectors/some.toml"
    told = [(p.where.removeprefix(file), p.what) for p in raised.value.problems]
    expected = [
        (": frame 1", "dreamt is none of ['captured', 'vendor', 'library', 'derived'] @ $.origin"),
        (": frame 1", "5 is not text @ $.channel"),
        (
            ": frame 1",
            "invalid value for type, expected int | float | str | bool",
        ),
        (": frame 1", "extra fields found (colour)"),
        (": bad_frame 1", "hex is not hex: "),
        (": bad_frame 2", "required field missing @ $.channel"),
        (": command 1", "needs its bytes once, as text"),
        (": log 1", "rumour is none of ['fault', "),
        ("", "'frames' is not a table of vectors"),
        ("", "'fault' is not a table of vectors"),
    ]
    for (where, what), (place, start) in zip(told, expected, strict=True):
        assert (where, what[: len(start)]) == (place, start)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path):
    with pytest.raises(ModelError, match=r"some\.toml: is not TOML: "):
        written(tmp_path, "[[frame]")


def test_a_capture_that_is_not_hex_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("THINGWRIGHT_CAPTURES", str(tmp_path))
    (tmp_path / "a.hex").write_text("not hex")
    text = '[[bad_frame]]\nchannel = "c"\norigin = "captured"\ncapture = "a.hex"\n'
    with pytest.raises(ModelError, match="capture is not hex"):
        written(tmp_path, text)
