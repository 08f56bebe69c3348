"""The words in which a layout is declared: one call per value, in the vendor's own order."""

from collections.abc import Iterable
from typing import Any, Literal

from attrs import evolve, field, frozen, validators

from core.thing_model.layout.linear import Linear

WireType = Literal[
    "u8", "i8", "u16", "i16", "u24", "u32", "i32", "u64", "i64", "f32", "f64",
    "text", "clock", "octets",
]  # fmt: skip
Value = int | float | str | bool | None

STRUCT_CODES: dict[str, tuple[str, int]] = {
    "u8": ("B", 1),
    "i8": ("b", 1),
    "u16": ("H", 2),
    "i16": ("h", 2),
    "u24": ("3s", 3),  # three bytes, joined by whoever reads them
    "u32": ("I", 4),
    "i32": ("i", 4),
    "u64": ("Q", 8),
    "i64": ("q", 8),
    "f32": ("f", 4),
    "f64": ("d", 8),
}

SIZES = {name: size for name, (_, size) in STRUCT_CODES.items()} | {"clock": 6}
"""Bytes of the types that always have the same number of them."""


def _numbers(given: int | Iterable[int] | None) -> tuple[int, ...]:
    if given is None:
        return ()
    return (given,) if isinstance(given, int) else tuple(given)


@frozen
class Field:
    """One value in a binary layout.

    `key` is the datapoint key; inside a `Repeat` it holds the repeat's index in braces.
    `at` is an address of the layout (register number or byte offset); several addresses are
    registers that are not adjacent, low word first. Without `at` the field follows the one before.
    value = (raw & mask, shifted down, // divide) * scale + offset, in the datapoint's unit.
    `absent` lists the raw numbers that mean "no value". `scaled_by` names the point that holds
    the power of ten (SunSpec). `byte` picks one byte of a register.
    """

    key: str
    type: WireType
    at: tuple[int, ...] = field(default=(), converter=_numbers)
    scale: float = field(default=1, kw_only=True, validator=validators.not_(validators.in_((0,))))
    offset: float = field(default=0, kw_only=True)
    absent: tuple[int, ...] = field(default=(), kw_only=True, converter=_numbers)
    mask: int | None = field(default=None, kw_only=True)
    divide: int = field(default=1, kw_only=True)
    words: Literal["big", "little"] = field(default="big", kw_only=True)
    scaled_by: str | None = field(default=None, kw_only=True)
    byte: Literal["high", "low"] | None = field(default=None, kw_only=True)
    size: int = field(default=0, kw_only=True)
    linear: Linear = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.type in SIZES:
            object.__setattr__(self, "size", SIZES[self.type])
        object.__setattr__(self, "linear", Linear.of(self.scale, self.offset))

    @property
    def numeric(self) -> bool:
        return self.type in STRUCT_CODES

    @property
    def whole(self) -> bool:
        """Raw values are whole numbers."""
        return self.numeric and self.type[0] != "f"

    @property
    def bounds(self) -> tuple[int, int]:
        """The smallest and largest number that type and mask can hold, after the division."""
        bits = 8 * self.size
        if self.mask is not None:
            low, high = 0, self.mask >> self.shift
        elif self.type[0] == "i":
            low, high = -(1 << bits - 1), (1 << bits - 1) - 1
        else:
            low, high = 0, (1 << bits) - 1
        return -(-low // self.divide), high // self.divide

    @property
    def shift(self) -> int:
        return (self.mask & -self.mask).bit_length() - 1 if self.mask else 0

    def changed(self, **changes: Any) -> "Field":
        """The same field with other attributes; how mutations and overrides are made."""
        return evolve(self, **changes)


@frozen
class Repeat:
    """Fields that occur once per element of a group, such as the cells of a module.

    `index` names the element's number (from 1) in the keys of its fields. `count` is the key of
    the field that says how many follow (plus `more`), `limit` the most that are ever declared.
    Elements beyond the actual count are absent.
    """

    index: str
    count: str
    limit: int
    items: tuple["Field | Repeat", ...]
    more: int = 0


def repeat(index: str, *items: Field | Repeat, count: str, limit: int, more: int = 0) -> Repeat:
    """A group of `items` that occurs `count` + `more` times, at most `limit` times."""
    return Repeat(index, count, limit, items, more)


At = int | tuple[int, ...] | None


def u8(key: str, at: At = None, **attributes: Any) -> Field:
    """An unsigned byte; in a register layout name the `byte` ("high" or "low")."""
    return Field(key, "u8", at, **attributes)


def i8(key: str, at: At = None, **attributes: Any) -> Field:
    """A signed byte; in a register layout name the `byte` ("high" or "low")."""
    return Field(key, "i8", at, **attributes)


def u16(key: str, at: At = None, **attributes: Any) -> Field:
    """An unsigned 16-bit number, one register."""
    return Field(key, "u16", at, **attributes)


def i16(key: str, at: At = None, **attributes: Any) -> Field:
    """A signed 16-bit number (two's complement), one register."""
    return Field(key, "i16", at, **attributes)


def u24(key: str, at: At = None, **attributes: Any) -> Field:
    """An unsigned number of three bytes."""
    return Field(key, "u24", at, **attributes)


def u32(key: str, at: At = None, **attributes: Any) -> Field:
    """An unsigned 32-bit number; `words="little"` where the low word comes first."""
    return Field(key, "u32", at, **attributes)


def i32(key: str, at: At = None, **attributes: Any) -> Field:
    """A signed 32-bit number; `words="little"` where the low word comes first."""
    return Field(key, "i32", at, **attributes)


def u64(key: str, at: At = None, **attributes: Any) -> Field:
    """An unsigned 64-bit number; `words="little"` where the low word comes first."""
    return Field(key, "u64", at, **attributes)


def i64(key: str, at: At = None, **attributes: Any) -> Field:
    """A signed 64-bit number; `words="little"` where the low word comes first."""
    return Field(key, "i64", at, **attributes)


def f32(key: str, at: At = None, **attributes: Any) -> Field:
    """An IEEE 754 single; not-a-number and the infinities are absent."""
    return Field(key, "f32", at, **attributes)


def f64(key: str, at: At = None, **attributes: Any) -> Field:
    """An IEEE 754 double; not-a-number and the infinities are absent."""
    return Field(key, "f64", at, **attributes)


def text(key: str, size: int, at: At = None) -> Field:
    """`size` bytes of ASCII, padded with NUL, FF or spaces; empty is absent."""
    return Field(key, "text", at, size=size)


def clock(key: str, at: At = None) -> Field:
    """Six bytes year-2000, month, day, hour, minute, second of the device's own clock.

    The value is ISO 8601 without a zone; all zeros is absent.
    """
    return Field(key, "clock", at)


def octets(key: str, size: int, at: At = None) -> Field:
    """`size` bytes without further meaning; the value is lower-case hex, all zeros is absent."""
    return Field(key, "octets", at, size=size)
