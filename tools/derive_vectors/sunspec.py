"""Vectors of inverters/sunspec: models packed by hand from the fact table, read by pysunspec2.

What the frames say is what the SunSpec Alliance's own Python library reads in them.
"""

import csv
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from sunspec2.modbus.client import SunSpecModbusClientGroup, SunSpecModbusClientModel
from vector_toml import FACTS, ROOT, entry, faults, spaced, write

PLUGIN = "inverters.sunspec"
Row = dict[str, str]
Raw = Callable[[Row, tuple[int, ...]], Any]

# type: struct code, raw number of "not implemented"
TYPES: Mapping[str, tuple[str, Any]] = {
    "uint16": ("H", 0xFFFF),
    "count": ("H", 0xFFFF),
    "enum16": ("H", 0xFFFF),
    "bitfield16": ("H", 0xFFFF),
    "int16": ("h", -0x8000),
    "sunssf": ("h", -0x8000),
    "pad": ("H", 0x8000),
    "uint32": ("I", 0xFFFF_FFFF),
    "bitfield32": ("I", 0xFFFF_FFFF),
    "acc32": ("I", 0),
    "int32": ("i", -0x8000_0000),
    "uint64": ("Q", 0xFFFF_FFFF_FFFF_FFFF),
    "acc64": ("Q", 0),
    "float32": ("f", float("nan")),
}
WIDE = 9_300_000_000_000_000_000
"""Above 2**63, with zeros enough for a power of ten to come off without a remainder."""
COUNTING = ("N", "NCell", "NCrv", "NCrvSet", "NCtl", "NMod", "NPrt", "NStr")
SCALES = {"Hz_SF": -3, "Tmp_SF": -1}
"""Those of values with ranges, so that the ranges have room."""
SHORT = {"lithium_ion_string_module": "module", "lithium-ion-module-cell": "cell"}
EVENTS = ("Evt", "Evt1", "Alrm", "DCAlrm", "DCEvt", "StrEvt1")
UNNAMED = ("RESERVED", "OEM", "MANUFACTURER")


def table(path: str) -> list[Row]:
    with path_of(path).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def path_of(name: str) -> Any:
    return ROOT / name if name.startswith("plugins") else FACTS / "sunspec" / name


POINTS, SYMBOLS = table("points.csv"), table("symbols.csv")
PLACES = {id(row): n % 97 for n, row in enumerate(POINTS)}
OURS = {int(row["model_id"]): row for row in table("plugins/inverters/sunspec/models.csv")}


# --- packing ----------------------------------------------------------------------------------


def model(number: int, raw: Raw, *counts: int) -> bytes:
    """A model with so many elements of its group, and of the group inside it."""
    rows = [row for row in POINTS if row["model_id"] == str(number)][2:]
    body = b"".join(packed(rows, raw, counts))
    return framed(number, body)


def framed(number: int, body: bytes) -> bytes:
    return struct.pack(">HH", number, len(body) // 2) + body


def packed(
    rows: Iterable[Row], raw: Raw, counts: tuple[int, ...], at: tuple[int, ...] = (), depth: int = 1
) -> Iterator[bytes]:
    for step, members in groupby(
        rows, lambda row: ".".join(row["group_path"].split(".")[depth:][:1])
    ):
        inside = list(members)
        if not step:
            yield from (word(row, said(row, raw, counts, at)) for row in inside)
        elif "[" in step:
            for n in range(1, counts[len(at)] + 1):
                yield from packed(inside, raw, counts, (*at, n), depth + 1)
        else:
            yield from packed(inside, raw, counts, at, depth + 1)


def step_of(row: Row, depth: int) -> str:
    """The group at a depth of a point's path, empty where the point is in none so deep."""
    return "".join(row["group_path"].split(".")[depth : depth + 1])


def said(row: Row, raw: Raw, counts: tuple[int, ...], at: tuple[int, ...]) -> Any:
    """The raw value of a point; those that count say how many there are."""
    if not at and counts and row["point"] in COUNTING:
        return counts[0]
    if not at and len(counts) > 1 and row["point"] == "NPt":
        return counts[1]
    return raw(row, at)


def word(row: Row, raw: Any) -> bytes:
    if row["type"] == "string":
        return str(raw or "").encode().ljust(2 * int(row["size"]), b"\0")
    code, unimplemented = TYPES[row["type"]]
    return struct.pack(">" + code, unimplemented if raw is None else raw)


def nothing(_row: Row, _at: tuple[int, ...]) -> None:
    """Not implemented."""


def these(raws: Mapping[str, Any], *elements: Mapping[str, Any]) -> Raw:
    """Points by name, those of the first, second … element of a group apart."""
    return lambda row, at: (elements[at[0] - 1] if at else raws).get(row["point"])


def edges(row: Row, at: tuple[int, ...]) -> Any:
    """Numbers with the top bit set and unlike words; powers of ten from -4 to 3 but not 0."""
    n = (PLACES[id(row)] + sum(11 * number for number in at)) % 120
    kind, size = row["type"], row["size"]
    if kind == "string":
        return chr(65 + n % 26) * (2 * int(size))
    if kind == "sunssf":
        if row["point"] in SCALES and int(row["model_id"]) < 120:
            return SCALES[row["point"]]
        return (-4, 3, -3, 2, -2, 1, -1)[n % 7]
    if kind == "float32":
        return n * 1024 + 0.25
    raw = {"1": 0x8102 + 263 * n, "2": 0x81020304 + 0x01030507 * n, "4": WIDE + 10**12 * n}[size]
    return raw - (1 << 16 * int(size)) if kind.startswith("int") else raw


def parted(*, scales: bool) -> Raw:
    """The scale factors alone, with no value to scale; or the values without them."""
    return lambda row, at: edges(row, at) if (row["type"] == "sunssf") == scales else None


# --- reading ----------------------------------------------------------------------------------


def read(frame: bytes) -> dict[str, Any]:
    """Every value that the library finds, by our keys."""
    number, length = struct.unpack_from(">HH", frame)
    found = SunSpecModbusClientModel(number, model_len=length, data=frame)
    if found.error_info:
        raise ValueError(f"{number}: {found.error_info}")
    prefix = OURS[number]["prefix"]
    values = dict(named(found, prefix))
    return {k: v for k, v in values.items() if k not in (prefix + "ID", prefix + "L")}


def named(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, point in group.points.items():
        value = point.cvalue
        if point.sf and point.sf_value is None:
            value = None
        if point.pdef["type"] == "pad" and not keeps_place(group, name, prefix):
            continue
        yield prefix + name, float(f"{value:.12g}") if isinstance(value, float) else value
    for name, inside in group.groups.items():
        if isinstance(inside, SunSpecModbusClientGroup):
            yield from named(inside, f"{prefix}{name}_")
        else:
            for n, element in enumerate(inside, 1):
                yield from named(element, f"{prefix}{SHORT.get(name, name)}{n}_")


def keeps_place(group: Any, pad: str, prefix: str) -> bool:
    """Whether something stands behind a pad whose address follows from it."""
    if prefix[-2:-1].isdigit():
        return True
    return bool(group.gdef.get("groups")) and pad == list(group.points)[-1]


def good(frame: bytes) -> str:
    number = struct.unpack_from(">H", frame)[0]
    return entry(
        "frame", read(frame), channel=f"model_{number}", origin="library", source="pysunspec2",
        hex=spaced(frame),
    )  # fmt: skip


def bad(number: int, data: bytes, offset: int, reason: str, datapoint: str = "frame") -> str:
    return entry(
        "bad_frame", channel=f"model_{number}", origin="derived", hex=spaced(data),
        datapoint=datapoint, offset=offset, reason=reason,
    )  # fmt: skip


# --- what a house says ------------------------------------------------------------------------

COMMON = these(
    {"Mn": "Acme Solar", "Md": "Three-10", "Opt": "opt", "Vr": "1.17.3", "SN": "AS7042", "DA": 3}
)
INVERTER = {
    "A": 1042, "AphA": 349, "AphB": 347, "AphC": 346, "A_SF": -2,
    "PPVphAB": 4012, "PPVphBC": 4008, "PPVphCA": 4015,
    "PhVphA": 2316, "PhVphB": 2314, "PhVphC": 2318, "V_SF": -1,
    "W": 723, "W_SF": 1, "Hz": 49987, "Hz_SF": -3, "VA": 724, "VA_SF": 1, "VAr": -39, "VAr_SF": 1,
    "PF": -998, "PF_SF": -1, "WH": 123456789, "WH_SF": 0,
    "DCA": 1187, "DCA_SF": -2, "DCV": 6253, "DCV_SF": -1, "DCW": 742, "DCW_SF": 1,
    "TmpCab": 412, "TmpSnk": 455, "TmpTrns": 487, "TmpOt": -37, "Tmp_SF": -1, "St": 4, "StVnd": 307,
    "Evt1": 0, "Evt2": 0, "EvtVnd1": 0, "EvtVnd2": 0, "EvtVnd3": 0, "EvtVnd4": 0,
}  # fmt: skip
INPUTS = these(
    {"DCA_SF": -2, "DCV_SF": -1, "DCW_SF": 0, "DCWH_SF": 0, "Evt": 0, "TmsPer": 60},
    {"ID": 1, "IDStr": "String 1", "DCA": 612, "DCV": 6253, "DCW": 3826, "DCWH": 61234567,
     "Tms": 817234000, "Tmp": 41, "DCSt": 4, "DCEvt": 0},
    {"ID": 2, "IDStr": "String 2", "DCA": 575, "DCV": 6249, "DCW": 3593, "DCWH": 60987654},
)  # fmt: skip


def most(number: int) -> tuple[int, ...]:
    """As many elements as the plugin declares."""
    depth = max(row["group_path"].count("[") for row in POINTS if row["model_id"] == str(number))
    return (*map(int, OURS[number]["limits"].split()), 8, 8)[:depth]


def frames(number: int) -> Iterator[bytes]:
    """Everything at once, the values and their scale factors apart, and nothing at all."""
    counts = most(number)
    yield model(number, edges, *counts)
    yield model(number, parted(scales=False), *counts)
    yield model(number, parted(scales=True), *counts)
    yield model(number, nothing, *(0 for _ in counts))


def event_faults() -> Iterator[str]:
    """Every event and alarm by itself, in each element of the groups it is in."""
    done: set[str] = set()
    for place, rows in groupby(SYMBOLS, lambda r: (r["model_id"], r["group_path"], r["point"])):
        number, path, point = int(place[0]), place[1], place[2]
        numbers = {int(row["value"]): symbol(row).lower() for row in rows if is_event(row)}
        for stem in stems(number, path):
            key = f"{stem}{point}"
            if not numbers or key in done:
                continue
            done.add(key)
            prefix = stem if point in EVENTS else f"{key}_"
            codes = {n: f"{prefix}{name}".lower() for n, name in numbers.items()}
            yield from faults(key, codes, bits=point in EVENTS)


def is_event(row: Row) -> bool:
    if row["point"] == "St":
        return row["symbol"] == "FAULT"
    return row["point"] in EVENTS and not symbol(row).upper().startswith(UNNAMED)


def symbol(row: Row) -> str:
    return row["symbol"].removeprefix("M_EVENT_")


def stems(number: int, path: str) -> Iterator[str]:
    prefix = OURS[number]["prefix"]
    groups = [step.partition("[")[0] for step in path.split(".")[1:] if "[" in step]
    if not groups:
        yield prefix
        return
    for n in range(1, most(number)[0] + 1):
        yield f"{prefix}{SHORT.get(groups[0], groups[0])}{n}_"


def main() -> None:
    common, typical = model(1, COMMON), model(103, these(INVERTER))
    two = model(160, INPUTS, 2)
    write(PLUGIN, "library", "Packed by tools/derive_vectors/sunspec.py, read by pysunspec2.", [
        good(common),
        good(framed(1, model(1, these({"SN": "AS7042"}))[4:-2])),
        good(typical),
        good(two),
        *(good(frame) for number in OURS for frame in frames(number)),
    ])  # fmt: skip
    write(PLUGIN, "derived", "Made by tools/derive_vectors/sunspec.py.", [
        bad(1, common[:3], 3, "before the number and length"),
        bad(1, framed(1, common[4:-4]), 132, "ends after 128", "DA"),
        bad(103, typical[:-2], 2, "announces 50 registers, holds 98"),
        bad(103, typical + b"\0\0", 2, "announces 50 registers, holds 102"),
        bad(103, framed(103, typical[4:-4]), 100, "ends after 96 bytes", "EvtVnd4"),
        bad(160, framed(160, two[4:-40]), 60, "ends after 56 bytes", "mppt_module2_ID"),
        bad(160, framed(160, two[4:] + b"\0\0"), 100, "its values end at 96"),
        bad(160, model(160, nothing, 9), 20, "at most 8 are declared", "mppt_N"),
        *(bad(n, typical if n != 103 else common, 0, f"not {n}") for n in OURS),
        *event_faults(),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
