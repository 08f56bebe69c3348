"""Vectors: frames, commands, faults and log lines with what they mean, kept beside a plugin.

They are TOML files in the folder `vectors` of the plugin. Every vector names its origin: `captured`
from a device, a worked example of the `vendor`, read by an independent `library`, or `derived` from
the facts by plain code that does not use the plugin's layouts.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import attrs
import cattrs
import tomli_w
from attrs import evolve, field, fields, frozen
from cattrs.strategies import configure_union_passthrough

import core
from core.thing_model.layout.fields import Value
from core.thing_model.logs import LogRecord
from core.thing_model.problems import ModelError, Problem

Origin = Literal["captured", "vendor", "library", "derived"]
ORIGINS: tuple[Origin, ...] = ("captured", "vendor", "library", "derived")
"""The strongest proof first."""


@frozen(kw_only=True)
class Vector:
    """What all vectors say: where they stand, where they come from, and which device they are of.

    `source` is the id of a declared source; the plugin's first source where it is empty.
    """

    where: str
    origin: Origin
    source: str = ""
    variant: str = ""
    firmware: str = ""


@frozen(kw_only=True)
class _Payload(Vector):
    """A vector with bytes; `unavailable` says why they are not on this machine."""

    data: bytes = field(default=b"", repr=lambda data: data.hex(" "))
    unavailable: str = ""


@frozen(kw_only=True)
class FrameVector(_Payload):
    """A good frame and every value that is not absent in it; with `partial` only some of them."""

    channel: str
    values: Mapping[str, Value]
    partial: bool = False


@frozen(kw_only=True)
class BadFrame(_Payload):
    """A frame that is refused: the datapoint, the offset if stated, and a part of the reason."""

    channel: str
    datapoint: str = "frame"
    offset: int | None = None
    reason: str = ""


@frozen(kw_only=True)
class CommandVector(_Payload):
    """A command with parameters as people give them, and the bytes that are sent."""

    command: str
    parameters: Mapping[str, Value] = field(factory=dict[str, Value])


@frozen(kw_only=True)
class FaultVector(Vector):
    """Values and exactly those fault codes that they raise."""

    values: Mapping[str, Value]
    raises: tuple[str, ...] = ()


@frozen(kw_only=True)
class LogVector(Vector):
    """A line of the device's log and the records that it reads as."""

    line: str
    records: tuple[LogRecord, ...]


@frozen
class Vectors:
    """All vectors of a plugin, in the order of files and lines."""

    frames: tuple[FrameVector, ...] = ()
    bad_frames: tuple[BadFrame, ...] = ()
    faults: tuple[FaultVector, ...] = ()
    commands: tuple[CommandVector, ...] = ()
    logs: tuple[LogVector, ...] = ()

    def __iter__(self) -> Iterator[Vector]:
        yield from (*self.frames, *self.bad_frames, *self.faults, *self.commands, *self.logs)

    @property
    def unavailable(self) -> tuple[str, ...]:
        """Why payloads are missing, each with its place."""
        return tuple(
            f"{vector.where}: {vector.unavailable}"
            for vector in self
            if isinstance(vector, _Payload) and vector.unavailable
        )


_TABLES: Mapping[str, type[Vector]] = {
    "frame": FrameVector,
    "bad_frame": BadFrame,
    "fault": FaultVector,
    "command": CommandVector,
    "log": LogVector,
}
_FORMS = ("hex", "text", "capture")
"""How a file may write the payload of a vector."""


def captures_folder() -> Path:
    """Where `capture = "…"` is looked up: THINGWRIGHT_CAPTURES, or a folder beside the checkout."""
    beside = Path(core.__file__).parents[2] / "shared" / "captures"
    return Path(os.environ.get("THINGWRIGHT_CAPTURES") or beside)


def read_vectors(folder: Path) -> Vectors:
    """The vectors of the plugin in `folder`, from `vectors/*.toml`; none where there is no file.

    Raises ModelError with a Problem for everything that is wrong with any of the files.
    """
    problems: list[Problem] = []
    rows: dict[str, list[Any]] = {name: [] for name in _TABLES}
    for path in sorted((folder / "vectors").glob("*.toml")):
        for name, number, row in _rows(path, problems):
            try:
                where = f"vectors/{path.name}: {name} {number}"
                rows[name].append(_vector(_TABLES[name], where, row))
            except ModelError as error:
                problems += [evolve(p, where=f"{folder}/{p.where}") for p in error.problems]
    if problems:
        raise ModelError(problems)
    return Vectors(*(tuple(found) for found in rows.values()))


def written(vector: Vector, about: str = "") -> str:
    """A file with this one vector, its payload as hex; `about` becomes the comment above it."""
    name = next(table for table, kind in _TABLES.items() if isinstance(vector, kind))
    skipped = ("where", "unavailable")
    row = attrs.asdict(vector, filter=lambda a, value: a.name not in skipped and value != a.default)
    if "data" in row:
        row["hex"] = row.pop("data").hex(" ")
    comment = "".join(f"# {line}\n" for line in about.splitlines())
    return f"{comment}\n{tomli_w.dumps({name: [row]})}".lstrip()


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Table name, number from 1 and content of every vector in a file."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), f"is not TOML: {error}"))
        return
    for name, rows in document.items():
        if name not in _TABLES or not _are_tables(rows):
            hint = "tables are " + ", ".join(f"[[{table}]]" for table in _TABLES)
            problems.append(Problem(str(path), f"{name!r} is not a table of vectors", hint))
            continue
        for number, row in enumerate(rows, 1):
            yield name, number, row


def _are_tables(rows: Any) -> bool:
    return isinstance(rows, list) and {type(row) for row in cast("list[object]", rows)} == {dict}


Row = TypeVar("Row", bound=Vector)


def _vector(kind: type[Row], where: str, row: Mapping[str, Any]) -> Row:
    attributes = {**row, "where": where}
    if issubclass(kind, _Payload):
        attributes |= _payload(where, {name: attributes.pop(name, None) for name in _FORMS})
    try:
        return _converter.structure(attributes, kind)
    except cattrs.BaseValidationError as error:
        known = [a.name for a in fields(kind) if a.name not in ("where", "data", "unavailable")]
        hint = "a vector has " + ", ".join(known)
        raise ModelError(
            Problem(where, message.removesuffix(" @ $"), hint)
            for message in cattrs.transform_error(error, format_exception=_said)
        ) from None


def _said(error: BaseException, kind: type | None) -> str:
    own = str(error).replace(" not in literal typing.Literal", " is none of ")
    return own if "is no" in own else cattrs.v.format_exception(error, kind)


def _payload(where: str, forms: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: text for name, text in forms.items() if text is not None}
    if len(given) != 1 or not all(isinstance(text, str) for text in given.values()):
        hint = 'write one of hex = "…", text = "…" or capture = "folder/file.hex"'
        raise ModelError([Problem(where, "needs its bytes once, as text", hint)])
    ((form, text),) = given.items()
    if form == "text":
        return {"data": text.encode()}
    if form == "capture":
        path = captures_folder() / text
        if not path.is_file():
            reason = f"{path} is not there; THINGWRIGHT_CAPTURES names the folder of captures"
            return {"unavailable": reason}
        text = path.read_text(encoding="ascii")
    try:
        return {"data": bytes.fromhex(text)}
    except ValueError as error:
        raise ModelError([Problem(where, f"{form} is not hex: {error}")]) from None


def _as_is(value: Any, kind: type) -> Any:
    """Cattrs alone would make text of a number and a flag of text; a file says what it means."""
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not {_KINDS[kind]}")
    return value


_KINDS: Mapping[type, str] = {str: "text", bool: "true or false", bytes: "bytes"}
_converter = cattrs.Converter(forbid_extra_keys=True)
configure_union_passthrough(Value, _converter)
for _kind in _KINDS:
    _converter.register_structure_hook(_kind, _as_is)
