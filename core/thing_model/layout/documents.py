"""JSON payloads: values by path, with aliases, whatever the case of the names."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from fractions import Fraction
from typing import Any, Literal, cast

import msgspec
from attrs import evolve, field, frozen

from core.thing_model.layout.codec import Trace, implausible, outside
from core.thing_model.layout.fields import Value
from core.thing_model.layout.json_text import find
from core.thing_model.layout.linear import Linear
from core.thing_model.layout.paths import Path, get, parse_path, put, settled, steps
from core.thing_model.layout.raw import LARGEST_POWER, power_of_ten
from core.thing_model.plausibility import Range
from core.thing_model.problems import DecodeError, EncodeError


@frozen
class JsonField:
    """One value in a JSON payload, under the first of `paths` that is there (see `paths`).

    `absent` lists the JSON values that mean "no value"; a missing name and null always do.
    Mask, scale and offset are those of a binary `Field`. `factors`, one for each path, multiply
    what stands under it: the same value in W and in kW. `scaled_by` is the path, from where the
    value stands, of the power of ten to which it is told; 0 where nothing is there.
    """

    key: str
    kind: Literal["number", "whole", "text", "texts", "flag"]
    paths: tuple[str, ...]
    scale: float = 1
    offset: float = 0
    mask: int | None = None
    absent: tuple[Value, ...] = ()
    factors: tuple[float, ...] = ()
    scaled_by: str = ""
    linears: tuple[Linear, ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        factors = self.factors or (1,) * len(self.paths)
        if len(factors) != len(self.paths):
            raise ValueError(f"{self.key}: {len(factors)} factors for {len(self.paths)} paths")
        scale = Fraction(str(self.scale))
        scales = [float(scale * Fraction(str(factor))) for factor in factors]
        linears = tuple(Linear.of(scale, self.offset) for scale in scales)
        object.__setattr__(self, "linears", linears)

    @property
    def linear(self) -> Linear:
        """How the value is written under the first of its paths."""
        return self.linears[0]

    @property
    def shift(self) -> int:
        return (self.mask & -self.mask).bit_length() - 1 if self.mask else 0

    def changed(self, **changes: Any) -> "JsonField":
        return evolve(self, **changes)


def number(
    key: str,
    *paths: str,
    scale: float = 1,
    offset: float = 0,
    absent: Any = (),
    factors: Iterable[float] = (),
    scaled_by: str = "",
) -> JsonField:
    """A number, whole or not."""
    absent, factors = tuple(absent), tuple(factors)
    return JsonField(key, "number", paths, scale, offset, None, absent, factors, scaled_by)


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
    """A JSON object. With `numeric_text` a number may be written as a string.

    `fixed` is what every such object says besides, and is refused without.
    """

    fields: tuple[JsonField, ...]
    numeric_text: bool = False
    fixed: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)

    def overridden(self, *fields: JsonField) -> "JsonObject":
        """This layout with the fields of the same keys replaced."""
        replaced = {f.key: f for f in fields}
        return evolve(self, fields=tuple(replaced.get(f.key, f) for f in self.fields))


def json_object(
    *fields: JsonField, numeric_text: bool = False, fixed: Mapping[str, Any] | None = None
) -> JsonObject:
    """A JSON object with these values; names it does not declare are left alone."""
    return JsonObject(fields, numeric_text, fixed or {})


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
            found = find(data, settled(folded, mismatch.path))
            raise DecodeError(mismatch.key, found[0] if found else 0, mismatch.reason) from None
        if not _says(folded, _fold(self.layout.fixed)):
            fixed = msgspec.json.encode(self.layout.fixed).decode()
            raise DecodeError("frame", 0, f"does not say {fixed}")
        if values and all(value is None for value in values):
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
        document = deepcopy(dict(self.layout.fixed))
        for item in self.layout.fields:
            value = values.get(item.key)
            if value is not None:
                raw, masked = _said(item, value), item.mask is not None
                put(document, steps(item.paths[0]), raw, join=masked)
        return msgspec.json.encode(document)

    def trace(self, data: bytes) -> dict[str, Trace]:
        folded = _folded(data)
        traced: dict[str, Trace] = {}
        for item in self.layout.fields:
            said = {path: get(folded, path) for path in map(parse_path, item.paths)}
            named = [path for path, raw in said.items() if raw is not None]
            present = [path for path in named if said[path] not in item.absent]
            for path in (present or named)[:1]:
                if span := find(data, settled(folded, path)):
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


def _says(document: Any, wanted: Any) -> bool:
    """Whether a document says all that is wanted, and perhaps more."""
    if isinstance(wanted, dict):
        names = cast("Mapping[str, Any]", wanted)
        return all(_says(get(document, (name,)), value) for name, value in names.items())
    if isinstance(wanted, list):
        values = enumerate(cast("Sequence[Any]", wanted))
        return all(_says(get(document, (place,)), value) for place, value in values)
    return bool(document == wanted)


def _reader(item: JsonField, *, numeric_text: bool) -> Callable[[Any], Value]:
    ways = [*zip(map(parse_path, item.paths), item.linears, strict=True)]
    convert, power = _CONVERSIONS[item.kind], parse_path(item.scaled_by)

    def read(document: Any) -> Value:
        for path, linear in ways:
            raw = get(document, path)
            if raw is None or raw in item.absent:
                continue
            if numeric_text and isinstance(raw, str) and item.kind in ("number", "whole"):
                raw = _number(raw)
            if power:
                raw = _raised(raw, get(document, (*settled(document, path)[:-1], *power)))
            value = convert(item, linear, raw)
            if value is None:
                raise _MismatchError(item.key, path, f"{raw!r} is not {_KINDS[item.kind]}")
            return value
        return None

    return read


def _raised(raw: Any, power: Any) -> Any:
    """The number that is told to a power of ten; what is no number is left for the conversion."""
    if power is None or isinstance(raw, bool) or not isinstance(raw, int | float):
        return raw
    whole = isinstance(power, int) and abs(power) <= LARGEST_POWER
    return power_of_ten(raw, power) if whole else f"{raw} × 10^{power}"


def _number(text: str) -> int | float | str:
    """The number that a text writes out; the text itself where it does not."""
    if (match := _NUMBER.fullmatch(text)) is None:
        return text
    return float(text) if match["fraction"] else int(text)


_NUMBER = re.compile(
    r"\s*[+-]?(?=\.?\d)\d{0,40}(?P<fraction>(?:\.\d*)?(?:[eE][+-]?\d{1,3})?)\s*", re.ASCII
)


def _as_number(_item: JsonField, linear: Linear, raw: Any) -> Value:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    value = linear.value(raw)
    return value if math.isfinite(value) else None


def _as_whole(item: JsonField, linear: Linear, raw: Any) -> Value:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or abs(raw) > EXACT:
        return None
    if raw != (said := int(raw)):
        return None
    return linear.value(said if item.mask is None else (said & item.mask) >> item.shift)


EXACT = 2**64
"""Whole numbers beyond this are none: a sender has lost the digits, and no device counts so far."""


def _as_text(_item: JsonField, _linear: Linear, raw: Any) -> Value:
    return raw if isinstance(raw, str) else None


def _as_texts(_item: JsonField, _linear: Linear, raw: Any) -> Value:
    if not isinstance(raw, list):
        return None
    texts = cast("Sequence[Any]", raw)
    return ", ".join(texts) if all(isinstance(text, str) for text in texts) else None


def _as_flag(_item: JsonField, _linear: Linear, raw: Any) -> Value:
    return bool(raw) if raw in (0, 1) else None


_CONVERSIONS: Mapping[str, Callable[[JsonField, Linear, Any], Value]] = {
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
    if item.kind == "whole":
        return item.linear.whole_raw(value)
    return value if item.linear == Linear() else item.linear.raw(value)
