"""JSON payloads: values by path, with aliases, whatever the case of the names."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from json import JSONDecodeError, JSONDecoder
from typing import Any, Literal, cast

import msgspec
from attrs import evolve, field, frozen

from core.thing_model.layout.binary import Span
from core.thing_model.layout.codec import Trace, implausible, outside
from core.thing_model.layout.fields import Value
from core.thing_model.layout.linear import Linear
from core.thing_model.plausibility import Range
from core.thing_model.problems import DecodeError, EncodeError

Path = tuple[str | int, ...]


def parse_path(path: str) -> Path:
    """`emeters[0].power` as ("emeters", 0, "power"), names in lower case."""
    steps = re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)
    return tuple(int(index) if index else name.lower() for index, name in steps)


@frozen
class JsonField:
    """One value in a JSON payload, under the first of `paths` that is there.

    `absent` lists the JSON values that mean "no value"; a missing name and null always do.
    Mask, scale and offset are those of a binary `Field`.
    """

    key: str
    kind: Literal["number", "whole", "text", "texts", "flag"]
    paths: tuple[str, ...]
    scale: float = 1
    offset: float = 0
    mask: int | None = None
    absent: tuple[Value, ...] = ()
    linear: Linear = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "linear", Linear.of(self.scale, self.offset))

    @property
    def shift(self) -> int:
        return (self.mask & -self.mask).bit_length() - 1 if self.mask else 0

    def changed(self, **changes: Any) -> "JsonField":
        return evolve(self, **changes)


def number(
    key: str, *paths: str, scale: float = 1, offset: float = 0, absent: Any = ()
) -> JsonField:
    """A number, whole or not."""
    return JsonField(key, "number", paths, scale, offset, None, tuple(absent))


def whole(
    key: str, *paths: str, mask: int | None = None, scale: float = 1, absent: Any = ()
) -> JsonField:
    """A whole number; `mask` picks some of its bits and shifts them down, before the scale."""
    return JsonField(key, "whole", paths, scale, 0, mask, tuple(absent))


def string(key: str, *paths: str, absent: Any = ()) -> JsonField:
    """Text."""
    return JsonField(key, "text", paths, 1, 0, None, tuple(absent))


def strings(key: str, *paths: str) -> JsonField:
    """A list of texts, as one text with commas between them."""
    return JsonField(key, "texts", paths)


def flag(key: str, *paths: str) -> JsonField:
    """True or false; 1 and 0 will do."""
    return JsonField(key, "flag", paths)


@frozen
class JsonObject:
    """A JSON object. With `numeric_text` a number may be written as a string."""

    fields: tuple[JsonField, ...]
    numeric_text: bool = False

    def overridden(self, *fields: JsonField) -> "JsonObject":
        """This layout with the fields of the same keys replaced."""
        replaced = {f.key: f for f in fields}
        return evolve(self, fields=tuple(replaced.get(f.key, f) for f in self.fields))


def json_object(*fields: JsonField, numeric_text: bool = False) -> JsonObject:
    """A JSON object with these values; names it does not declare are left alone."""
    return JsonObject(fields, numeric_text)


@frozen(eq=False)
class JsonCodec:
    """A compiled JSON layout; see `Codec`."""

    layout: JsonObject
    keys: tuple[str, ...]
    ranges: Mapping[str, Range]
    readers: tuple[Callable[[Any], Value], ...]
    source: str = ""

    def decode(self, data: bytes) -> Sequence[Value]:
        folded = _folded(data)
        try:
            values = [read(folded) for read in self.readers]
        except _MismatchError as mismatch:
            found = _find(data, mismatch.path)
            raise DecodeError(mismatch.key, found[0] if found else 0, mismatch.reason) from None
        if all(value is None for value in values):
            raise DecodeError("frame", 0, f"holds none of the {len(self.keys)} declared values")
        return values

    def decode_checked(self, data: bytes) -> Sequence[Value]:
        values = self.decode(data)
        for key, value in zip(self.keys, values, strict=True):
            limits = self.ranges.get(key)
            if limits is not None and outside(value, limits):
                offset = self.trace(data)[key].spans[0][0]
                raise DecodeError(key, offset, implausible(value, limits))
        return values

    def encode(self, values: Mapping[str, Value]) -> bytes:
        document: dict[str, Any] = {}
        for item in self.layout.fields:
            value = values.get(item.key)
            if value is not None:
                _put(document, item, _said(item, value))
        return msgspec.json.encode(document)

    def trace(self, data: bytes) -> dict[str, Trace]:
        folded = _folded(data)
        traced: dict[str, Trace] = {}
        for item in self.layout.fields:
            said = {path: _get(folded, path) for path in map(parse_path, item.paths)}
            named = [path for path, raw in said.items() if raw is not None]
            present = [path for path in named if said[path] not in item.absent]
            for path in (present or named)[:1]:
                if span := _find(data, path):
                    raw = said[path]
                    traced[item.key] = Trace(raw if isinstance(raw, Value) else str(raw), (span,))
        return traced


def compile_json(layout: JsonObject, ranges: Mapping[str, Range]) -> JsonCodec:
    """Compile once at load time; `ranges` are the plausible ranges by datapoint key."""
    readers = tuple(_reader(item, numeric_text=layout.numeric_text) for item in layout.fields)
    return JsonCodec(layout, tuple(f.key for f in layout.fields), ranges, readers)


class _MismatchError(Exception):
    def __init__(self, key: str, path: Path, reason: str) -> None:
        self.key, self.path, self.reason = key, path, reason
        super().__init__(reason)


def _folded(data: bytes) -> Any:
    """The document with all names in lower case."""
    try:
        return _fold(_parse(data))
    except RecursionError:
        raise DecodeError("frame", 0, "is nested too deeply to be read") from None


def _parse(data: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        place = re.search(r"byte (\d+)", str(error))
        offset = int(place[1]) if place else len(data)
        raise DecodeError("frame", offset, f"is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise DecodeError("frame", 0, "is JSON, but not an object")
    return cast("dict[str, Any]", document)


def _fold(document: Any) -> Any:
    if isinstance(document, dict):
        table = cast("dict[str, Any]", document)
        return {name.lower(): _fold(value) for name, value in table.items()}
    if isinstance(document, list):
        return [_fold(value) for value in cast("Sequence[Any]", document)]
    return document


def _get(document: Any, path: Path) -> Any:
    for step in path:
        try:
            document = document[step]
        except (IndexError, KeyError, TypeError):
            return None
    return document


def _reader(item: JsonField, *, numeric_text: bool) -> Callable[[Any], Value]:
    paths = [parse_path(path) for path in item.paths]
    convert = _CONVERSIONS[item.kind]

    def read(document: Any) -> Value:
        for path in paths:
            raw = _get(document, path)
            if raw is None or raw in item.absent:
                continue
            if numeric_text and isinstance(raw, str) and item.kind in ("number", "whole"):
                raw = _number(raw)
            value = convert(item, raw)
            if value is None:
                raise _MismatchError(item.key, path, f"{raw!r} is not {_KINDS[item.kind]}")
            return value
        return None

    return read


def _number(text: str) -> int | float | str:
    """The number that a text writes out; the text itself where it does not."""
    if (match := _NUMBER.fullmatch(text)) is None:
        return text
    return float(text) if match["fraction"] else int(text)


_NUMBER = re.compile(
    r"\s*[+-]?(?=\.?\d)\d{0,40}(?P<fraction>(?:\.\d*)?(?:[eE][+-]?\d{1,3})?)\s*", re.ASCII
)


def _as_number(item: JsonField, raw: Any) -> Value:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    value = item.linear.value(raw)
    return value if math.isfinite(value) else None


def _as_whole(item: JsonField, raw: Any) -> Value:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or abs(raw) > EXACT:
        return None
    if raw != (said := int(raw)):
        return None
    return item.linear.value(said if item.mask is None else (said & item.mask) >> item.shift)


EXACT = 2**64
"""Whole numbers beyond this are none: a sender has lost the digits, and no device counts so far."""


def _as_text(_item: JsonField, raw: Any) -> Value:
    return raw if isinstance(raw, str) else None


def _as_texts(_item: JsonField, raw: Any) -> Value:
    if not isinstance(raw, list):
        return None
    texts = cast("Sequence[Any]", raw)
    return ", ".join(texts) if all(isinstance(text, str) for text in texts) else None


def _as_flag(_item: JsonField, raw: Any) -> Value:
    return bool(raw) if raw in (0, 1) else None


_CONVERSIONS: Mapping[str, Callable[[JsonField, Any], Value]] = {
    "number": _as_number,
    "whole": _as_whole,
    "text": _as_text,
    "texts": _as_texts,
    "flag": _as_flag,
}
_KINDS = {
    "number": "a number",
    "whole": "a whole number",
    "text": "text",
    "texts": "a list of texts",
    "flag": "true or false",
}


def _said(item: JsonField, value: Value) -> Any:
    if item.kind in ("text", "flag"):
        return value
    if item.kind == "texts":
        return str(value).split(", ") if value else []
    if isinstance(value, str) or value is None:
        raise EncodeError(item.key, f"{value!r} is text where a number belongs")
    if item.mask is not None:
        raw = item.linear.whole_raw(value) << item.shift
        if raw & ~item.mask:
            raise EncodeError(item.key, f"{value} does not fit the mask {item.mask:#x}")
        return raw
    if item.linear == Linear():
        return value
    return item.linear.raw(value)


def _put(document: dict[str, Any], item: JsonField, raw: Any) -> None:
    steps: list[str | int] = [
        int(index) if index else name
        for index, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", item.paths[0])
    ]
    here: Any = document
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if isinstance(step, int):
            here += [None] * (step + 1 - len(here))
            known = here[step]
        else:
            known = here.get(step)
        if following is None:
            here[step] = raw if item.mask is None or known is None else known | raw
        elif known is None:
            here[step] = [] if isinstance(following, int) else {}
        here = here[step]


def _find(data: bytes, path: Path) -> Span | None:
    """The bytes of the value at `path`; the document is known to be JSON."""
    document = data.decode()
    span = _Scan(document).find(0, path)
    if span is None or document.isascii():
        return span
    return len(document[: span[0]].encode()), len(document[: span[1]].encode())


class _Scan:
    """Finds where in a JSON text a value stands."""

    def __init__(self, document: str) -> None:
        self.document, self.decoder = document, JSONDecoder()

    def skip(self, at: int, characters: str = " \t\r\n") -> int:
        while at < len(self.document) and self.document[at] in characters:
            at += 1
        return at

    def end(self, at: int) -> int:
        try:
            return self.decoder.raw_decode(self.document, at)[1]
        except JSONDecodeError:
            return len(self.document)

    def find(self, at: int, path: Path) -> Span | None:
        at = self.skip(at)
        if not path:
            return at, self.end(at)
        opening = "[" if isinstance(path[0], int) else "{"
        if self.document[at] != opening:
            return None
        index, at = 0, self.skip(at + 1)
        while self.document[at] not in "]}":
            step: str | int = index
            if opening == "{":
                name, at = self.decoder.raw_decode(self.document, at)
                step, at = str(name).lower(), self.skip(at, " \t\r\n:")
            if step == path[0]:
                return self.find(at, path[1:])
            index, at = index + 1, self.skip(self.end(at), " \t\r\n,")
        return None
