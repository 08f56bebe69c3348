"""Reading a frame of 100 registers and 60 datapoints, on one core, against four other ways.

All of them read the same frames in the same rounds and, before they are timed, have to agree:
- by hand: `benchmarks.by_hand`, one precompiled Struct and a tuple of expressions;
- pysunspec2: a model made once and filled anew by each frame, all its computed values read;
- construct, interpreted and compiled: raw numbers only, it is spared scaling and absence.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import construct
from attrs import frozen
from sunspec2.device import Model

from benchmarks.by_hand import read as read_by_hand
from benchmarks.measure import Report, Target, arguments, measure
from core.thing_model.layout.fields import Field
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.layout.raw import interpret
from core.thing_model.plausibility import Range
from thingwright.layout import registers

Read = Callable[[bytes], Sequence[Any]]

TYPES = {
    "u16": ("u16", 0xFFFF, "uint16", construct.Int16ub),
    "i16": ("i16", -0x8000, "int16", construct.Int16sb),
    "u32": ("u32", 0xFFFF_FFFF, "uint32", construct.Int32ub),
    "i32": ("i32", -0x8000_0000, "int32", construct.Int32sb),
    "u64": ("u64", 0xFFFF_FFFF_FFFF_FFFF, "uint64", construct.Int64ub),
    "enum16": ("u16", 0xFFFF, "enum16", construct.Int16ub),
    "bits16": ("u16", 0xFFFF, "bitfield16", construct.Int16ub),
}
"""Ours, the number that means absent, pysunspec2's and construct's name of each type."""

REGISTERS = 100
ABSENT = ("pv4_voltage", "pv4_current", "module_temperature", "backup_energy", "fault_word_5")
"""Not fitted in the device of the frames; its other values change from frame to frame."""


@frozen
class Row:
    """One datapoint of the frame: value = raw / divisor + offset, plausible within `range`."""

    key: str
    type: str
    address: int
    divisor: int
    offset: int
    range: Range

    @property
    def field(self) -> Field:
        type_, absent, _, _ = TYPES[self.type]
        at, scale = self.address, 1 / self.divisor
        return Field(self.key, type_, at, scale=scale, offset=self.offset, absent=absent)  # type: ignore[arg-type]


def _row(given: Mapping[str, str]) -> Row:
    low, high = (float(given[end]) if given[end] else None for end in ("low", "high"))
    numbers = (int(given[name]) for name in ("address", "divisor", "offset"))
    return Row(given["key"], given["type"], *numbers, (low, high))


with Path(__file__).with_name("frame.csv").open(encoding="utf-8") as _lines:
    ROWS = tuple(map(_row, csv.DictReader(_lines)))
RANGES = {row.key: row.range for row in ROWS if row.range != (None, None)}
LAYOUT = registers(0, *(row.field for row in ROWS), counts=REGISTERS)


def frames(number: int) -> list[bytes]:
    """Frames of plausible values, the same ones every time."""
    random, codec = Random(20), compile_layout(LAYOUT)

    def value(row: Row) -> float | None:
        if row.key in ABSENT:
            return None
        low = 0 if row.range[0] is None else row.range[0]
        high = 0xFFFE if row.range[1] is None else row.range[1]
        return random.randint(int(low * row.divisor), int(high * row.divisor)) / row.divisor

    return [codec.encode({row.key: value(row) for row in ROWS}) for _ in range(number)]


def sunspec() -> Read:
    """The frame as a SunSpec model; its unused registers are three points of padding."""
    points: list[dict[str, Any]] = []
    for row, following in zip(ROWS, [*(r.address for r in ROWS[1:]), REGISTERS], strict=True):
        point: dict[str, Any] = {"name": row.key, "type": TYPES[row.type][2]}
        if row.divisor > 1:
            point["sf"] = -(len(str(row.divisor)) - 1)
        end = row.address + row.field.size // 2
        points.append(point)
        if following > end:
            points.append({"name": f"pad{end}", "type": "pad", "size": following - end})
    model = Model(model_def={"id": 64_999, "group": {"name": "frame", "points": points}})
    wanted = [(model.points[row.key], row.offset) for row in ROWS]

    def read(data: bytes) -> Sequence[Any]:
        model.set_mb(data)
        values = [point.cvalue for point, _ in wanted]
        values[_OFFSET] += wanted[_OFFSET][1]  # SunSpec has no offsets
        return values

    return read


_OFFSET = next(n for n, row in enumerate(ROWS) if row.offset)


def constructed(*, compiled: bool) -> Read:
    """The frame as a construct Struct of raw numbers."""
    parts: list[Any] = []
    end = 0
    for row in ROWS:
        if row.address > end:
            parts.append(construct.Padding(2 * (row.address - end)))
        parts.append(row.key / TYPES[row.type][3])
        end = row.address + row.field.size // 2
    struct = construct.Struct(*parts, construct.Padding(2 * (REGISTERS - end)))
    parse = struct.compile().parse if compiled else struct.parse
    return lambda data: tuple(parse(data).values())


def check(contenders: Mapping[str, Read], samples: Sequence[bytes]) -> None:
    """All contenders read the same; those that read raw numbers give them before scaling."""
    for data in samples:
        plain = interpret(LAYOUT, data)
        for name, read in contenders.items():
            for row, value in zip(ROWS, list(read(data))[-len(ROWS) :], strict=True):
                _agree(name, row, value, plain[row.key])


def _agree(name: str, row: Row, value: float | None, expected: Any) -> None:
    if name.startswith("construct"):
        absent = value == TYPES[row.type][1]
        value = None if absent or value is None else value / row.divisor + row.offset
    same = value is expected if expected is None or value is None else abs(value - expected) < 1e-6
    assert same, f"{name} reads {row.key} as {value}, not {expected}"


def main() -> None:
    options = arguments(__doc__)
    codec = compile_layout(LAYOUT, RANGES)
    contenders: dict[str, Read] = {
        "tuple": codec.decode,
        "checked": codec.decode_checked,
        "by_hand": read_by_hand,
        "pysunspec2": sunspec(),
        "construct": constructed(compiled=False),
        "construct_compiled": constructed(compiled=True),
    }
    samples = frames(64)
    check(contenders, samples)

    def over_samples(read: Read) -> Callable[[], object]:
        following = cycle(samples).__next__
        return lambda: read(following())

    rounds, seconds = (15, 0.08) if options.short else (31, 0.25)
    calls = {name: over_samples(read) for name, read in contenders.items()}
    measured = measure(calls, rounds=rounds, seconds=seconds)
    figures = {f"{name}_frames_per_second": measured.rate(name) for name in contenders}
    figures |= {
        "tuple_datapoints_per_second": measured.rate("tuple") * len(ROWS),
        "checked_datapoints_per_second": measured.rate("checked") * len(ROWS),
    }
    ratios = {
        "tuple_to_by_hand": measured.speed("tuple", "by_hand"),
        "checked_to_by_hand": measured.speed("checked", "by_hand"),
        "tuple_to_pysunspec2": measured.speed("tuple", "pysunspec2"),
        "tuple_to_construct": measured.speed("tuple", "construct"),
        "tuple_to_construct_compiled": measured.speed("tuple", "construct_compiled"),
    }
    targets = [
        Target("tuple_to_by_hand", 0.8),
        Target("checked_to_by_hand", 0.5),
        Target("tuple_to_pysunspec2", 20),
    ]
    Report("decode", figures, ratios, targets).show(as_json=options.json)


if __name__ == "__main__":
    main()
