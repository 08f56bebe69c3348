"""Vectors of inverters/sunspec: models packed by hand from the fact table, read by pysunspec2.

What the frames say is what the SunSpec Alliance's own Python library reads in them.
"""

import csv
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from sunspec2.modbus.client import SunSpecModbusClientModel
from vector_toml import FACTS, entry, faults, spaced, write

PLUGIN = "inverters.sunspec"
PREFIX = {1: "", 103: "", 160: "mppt_"}
CODES = {
    "uint16": "H",
    "int16": "h",
    "count": "H",
    "enum16": "H",
    "sunssf": "h",
    "bitfield32": "I",
    "uint32": "I",
    "acc32": "I",
}
UNIMPLEMENTED = {
    "count": 0xFFFF,
    "uint16": 0xFFFF,
    "int16": -0x8000,
    "enum16": 0xFFFF,
    "sunssf": -0x8000,
    "bitfield32": 0xFFFF_FFFF,
    "uint32": 0xFFFF_FFFF,
    "acc32": 0,
}
INPUTS = 8
EVENTS_103 = {
    0: "ground_fault",
    1: "dc_over_volt",
    2: "ac_disconnect",
    3: "dc_disconnect",
    4: "grid_disconnect",
    5: "cabinet_open",
    6: "manual_shutdown",
    7: "over_temp",
    8: "over_frequency",
    9: "under_frequency",
    10: "ac_over_volt",
    11: "ac_under_volt",
    12: "blown_string_fuse",
    13: "under_temp",
    14: "memory_loss",
    15: "hw_test_failure",
}
EVENTS_160 = {
    0: "ground_fault",
    1: "input_over_voltage",
    3: "dc_disconnect",
    5: "cabinet_open",
    6: "manual_shutdown",
    7: "over_temp",
    12: "blown_fuse",
    13: "under_temp",
    14: "memory_loss",
    15: "arc_detection",
    20: "test_failed",
    21: "input_under_voltage",
    22: "input_over_current",
}
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
COMMON = {
    "Mn": "Acme Solar",
    "Md": "Three-10",
    "Opt": "opt",
    "Vr": "1.17.3",
    "SN": "AS7042",
    "DA": 3,
}


def points(model: int, group: str = "") -> list[dict[str, str]]:
    with (FACTS / "sunspec/points.csv").open(encoding="utf-8", newline="") as lines:
        return [
            row
            for row in csv.DictReader(lines)
            if row["model_id"] == str(model)
            and row["group_path"].partition(".")[2] == group
            and row["point"] not in ("ID", "L")[: 2 * (not group)]
        ]


def packed(rows: list[dict[str, str]], raws: Mapping[str, Any]) -> bytes:
    parts = []
    for row in rows:
        size = 2 * int(row["size"])
        if row["type"] == "string":
            parts.append(str(raws.get(row["point"], "")).encode().ljust(size, b"\0"))
        elif row["type"] == "pad":
            parts.append(b"\x80\0")
        else:
            raw = raws.get(row["point"], UNIMPLEMENTED.get(row["type"], 0))
            parts.append(struct.pack(">" + CODES[row["type"]], raw))
    return b"".join(parts)


def model(number: int, body: bytes) -> bytes:
    return struct.pack(">HH", number, len(body) // 2) + body


def inputs(raws: Mapping[str, Any], *modules: Mapping[str, Any]) -> bytes:
    rows = points(160, "module[0]")
    head = packed(points(160), {**raws, "N": len(modules)})
    return model(160, head + b"".join(packed(rows, module) for module in modules))


def edges(rows: list[dict[str, str]], seed: int) -> dict[str, Any]:
    """Numbers with the top bit set and unlike words; powers of ten from -4 to 3 but not 0."""
    raws: dict[str, Any] = {}
    for n, row in enumerate(rows, seed):
        if row["type"] == "string":
            raws[row["point"]] = chr(65 + n % 26) * (2 * int(row["size"]))
        elif row["type"] == "sunssf":
            raws[row["point"]] = (-4, 3, -3, 2, -2, 1, -1)[n % 7]
        elif row["size"] == "2":
            raws[row["point"]] = 0x81020304 + 0x01030507 * n
        elif row["type"] == "int16":
            raws[row["point"]] = -0x7EFE + 263 * n
        else:
            raws[row["point"]] = 0x8102 + 263 * n
    return raws


def parted(raws: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The scale factors alone, with no value to scale; and the values without them."""
    for scales in (True, False):
        yield {name: raw for name, raw in raws.items() if name.endswith("_SF") == scales}


def read(frame: bytes) -> dict[str, Any]:
    """Every value that the library finds, by our keys."""
    number, length = struct.unpack_from(">HH", frame)
    found = SunSpecModbusClientModel(number, model_len=length, data=frame)
    if found.error_info:
        raise ValueError(found.error_info)
    said = dict(named(found.points, PREFIX[number]))
    for n, module in enumerate(found.groups.get("module", ()), 1):
        said |= dict(named(module.points, f"{PREFIX[number]}module{n}_"))
    return {key: said[key] for key in said if key not in ("ID", "L", "mppt_ID", "mppt_L", "Pad")}


def named(found: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, point in found.items():
        value = point.cvalue
        if point.sf and point.sf_value is None:
            value = None
        yield prefix + name, float(f"{value:.12g}") if isinstance(value, float) else value


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


def main() -> None:
    common, inverter = points(1), points(103)
    module = points(160, "module[0]")
    typical = model(103, packed(inverter, INVERTER))
    two = inputs(
        {"DCA_SF": -2, "DCV_SF": -1, "DCW_SF": 0, "DCWH_SF": 0, "Evt": 0, "TmsPer": 60},
        {"ID": 1, "IDStr": "String 1", "DCA": 612, "DCV": 6253, "DCW": 3826, "DCWH": 61234567,
         "Tms": 817234000, "Tmp": 41, "DCSt": 4, "DCEvt": 0},
        {"ID": 2, "IDStr": "String 2", "DCA": 575, "DCV": 6249, "DCW": 3593, "DCWH": 60987654},
    )  # fmt: skip
    full = inputs(
        {**edges(points(160), 1), "DCA_SF": -3, "DCV_SF": 2, "DCW_SF": -1, "DCWH_SF": 1},
        *(edges(module, 11 * n) for n in range(1, INPUTS + 1)),
    )
    write(PLUGIN, "library", "Packed by tools/derive_vectors/sunspec.py, read by pysunspec2.", [
        good(model(1, packed(common, COMMON))),
        good(model(1, packed(common, edges(common, 2)))),
        good(model(1, packed(common[:-1], {"SN": "AS7042"}))),
        good(typical),
        good(model(103, packed(inverter, edges(inverter, 1)))),
        *(good(model(103, packed(inverter, part))) for part in parted(INVERTER)),
        good(two),
        good(full),
        good(inputs({"Evt": 0x81020304}, edges(module, 3))),
        good(inputs({"DCA_SF": -2, "DCV_SF": -1, "DCW_SF": 0, "DCWH_SF": 0}, {})),
        good(inputs({})),
        good(model(160, packed(points(160), {"DCA_SF": -1}))),
    ])  # fmt: skip
    write(PLUGIN, "derived", "Made by tools/derive_vectors/sunspec.py.", [
        bad(1, model(1, b"")[:3], 3, "before the number and length"),
        bad(1, typical, 0, "is model 103, not 1"),
        bad(1, model(1, packed(common[:-2], COMMON)), 132, "ends after 128", "DA"),
        bad(103, typical[:-2], 2, "announces 50 registers, holds 98"),
        bad(103, typical + b"\0\0", 2, "announces 50 registers, holds 102"),
        bad(103, model(103, typical[4:-4]), 100, "ends after 96 bytes", "EvtVnd4"),
        bad(160, model(160, two[4:-40]), 60, "ends after 56 bytes", "mppt_module2_ID"),
        bad(160, model(160, two[4:] + b"\0\0"), 100, "its values end at 96"),
        bad(160, inputs({}, *[{}] * 9), 20, "at most 8 are declared", "mppt_N"),
        *faults("Evt1", EVENTS_103, bits=True),
        *faults("St", {7: "st_fault"}, bits=False),
        *faults("mppt_Evt", {n: f"mppt_{code}" for n, code in EVENTS_160.items()}, bits=True),
        *(
            fault
            for n in range(1, INPUTS + 1)
            for fault in faults(
                f"mppt_module{n}_DCEvt",
                {bit: f"mppt_module{n}_{code}" for bit, code in EVENTS_160.items()},
                bits=True,
            )
        ),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
