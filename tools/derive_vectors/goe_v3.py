"""Vectors of chargers/goe_v3: JSON and Modbus answers put together by hand from the fact tables."""

import csv
import json
import math
import struct
from collections.abc import Callable
from typing import Any

from vector_toml import FACTS, entry, faults, spaced, write

PLUGIN = "chargers.goe_v3"
ARRAYS = {
    "nrg": (
        "u_l1", "u_l2", "u_l3", "u_n", "i_l1", "i_l2", "i_l3", "p_l1", "p_l2", "p_l3", "p_n",
        "p_total", "pf_l1", "pf_l2", "pf_l3", "pf_n",
    ),
    "tma": ("1", "2"),
}  # fmt: skip
CHARGING = {
    "car": 2, "err": 0, "modelStatus": 12, "alw": True, "acu": 16, "amp": 16, "ama": 32, "mca": 6,
    "amt": 32, "tcl": None, "frc": 0, "psm": 2, "fsp": False, "pnp": 3, "pwm": 2, "lmo": 3,
    "acs": 0, "trx": 0, "dwo": None, "adi": False, "wh": 5321.43, "eto": 1234567, "tpa": 11038.5,
    "mmp": 11062.25, "whs": 3200.5, "whb": 400.25, "whg": 1700.0, "who": 20.75,
    "nrg": [232.1, 231.8, 232.5, 1, 15.9, 16.1, 15.8, 3680, 3700, 3660, 0, 11040, 99, 98, 97, 0],
    "fhz": 49.98, "tma": [31.25, 28.5], "fwv": "60.4", "sse": "226305", "fna": "Garage",
    "typ": "go-eCharger_V4", "var": 11, "rbc": 18, "rbt": 769989354, "rssi": -61, "wst": 3,
    "wsms": 3, "cwe": True, "ocppe": False, "ocppc": False, "ocppa": False, "ocppcs": 0,
    "men": True, "loe": False, "loa": None, "lse": True, "lbr": 255, "nmo": False,
}  # fmt: skip
CHANNELS = {
    "input_100": ("input", 100, 30),
    "input_323": ("input", 323, 49),
    "holding_200": ("holding", 200, 19),
    "holding_299": ("holding", 299, 2),
    "holding_332": ("holding", 332, 6),
}
FIRMWARE = {"holding_332": "55.6"}
"""The first version that has all registers of a channel; the vendor's document names it."""
BEFORE_FORCE_STATE = "55.5"
"""The version that has all of holding_332 but its last register."""
FUNCTIONS = {"holding": 3, "input": 4}
CODES = {"uint16": ">H", "uint32": ">I", "float64": ">d"}
TYPICAL = {
    "car_state": 2, "pp_cable": 32, "fwv": b"060\0", "error": 0, "volt_l1": 232, "volt_l2": 231,
    "volt_l3": 233, "amp_l1": 159, "amp_l2": 161, "amp_l3": 158, "power_total": 1104000,
    "energy_total": 12345, "gateway": bytes((0, 192, 0, 168, 0, 1, 0, 254)),
    "rfid_card": bytes.fromhex("04a1b2c3000000000000"), "allow": 1, "access_state": 0,
    "cable_lock_mode": 1, "led_brightness": 255, "led_save_energy": 1,
    "electricity_prices_hours": 2, "electricity_prices_finished": 7,
    "electricity_prices_zone": 1, "ampere_max": 32,
    "ampere_l1": 6, "ampere_l2": 10, "ampere_l3": 16, "ampere_l4": 20, "ampere_l5": 32,
    "cloud_disabled": 0, "norway_mode": 0, "ampere_volatile": 16, "ampere_eeprom": 32,
    "phase_switch_mode": 2, "energy_limit": 7500.5, "force_state": 0,
}  # fmt: skip
ERRORS = {
    1: "fi_ac", 2: "fi_dc", 3: "phase", 4: "overvolt", 5: "overamp", 6: "diode", 7: "pp_invalid",
    8: "gnd_invalid", 9: "contactor_stuck", 10: "contactor_miss", 12: "status_lock_stuck_open",
    13: "status_lock_stuck_locked", 14: "fi_unknown", 15: "unknown", 16: "overtemp", 17: "no_comm",
    18: "cp_invalid", 23: "rdc_self_test_failed",
}  # fmt: skip
MODBUS_ERRORS = {1: "modbus_rccb", 3: "modbus_phase", 8: "modbus_no_ground", 10: "modbus_internal"}

Row = dict[str, str]


def rows(table: str, first: int, count: int) -> list[Row]:
    with (FACTS / "registers/evse_goe_v3.csv").open(encoding="utf-8", newline="") as lines:
        return [
            row
            for row in csv.DictReader(lines)
            if row["table"] == table and first <= int(row["address"]) < first + count
        ]


def typical(row: Row, number: int) -> Any:
    return TYPICAL.get(row["point"], 10000.5 + 1000 * number)


def edge(row: Row, number: int) -> Any:
    """The top bit set, words unlike."""
    size = 2 * int(row["words"])
    if row["data_type"] in ("string", "bytes"):
        return bytes(range(65 + number, 65 + number + size))
    return {
        "uint16": 0x8100 + 257 * number,
        "uint32": 0x81020304 + 0x01112233 * number,
        "float64": -1.2345678901 * (number + 1),
    }[row["data_type"]]


def modbus(
    channel: str, make: Callable[[Row, int], Any], shorter: int = 0
) -> tuple[bytes, dict[str, Any]]:
    """The registers of a channel, without as many at its end, and what they say."""
    table, first, count = CHANNELS[channel]
    count -= shorter
    body, said = bytearray(2 * count), dict[str, Any]()
    for number, row in enumerate(rows(table, first, count)):
        raw, at = make(row, number), 2 * (int(row["address"]) - first)
        if isinstance(raw, bytes):
            body[at : at + len(raw)] = raw
            said[row["point"]] = raw.rstrip(b"\0").decode() if row["point"] == "fwv" else raw.hex()
            continue
        struct.pack_into(CODES[row["data_type"]], body, at, raw)
        steps = round(1 / float(row["scale"]))
        said[row["point"]] = raw if steps == 1 else raw / steps
        if not math.isfinite(raw):
            said[row["point"]] = None
    return bytes(body), said


def tcp(request: bytes) -> bytes:
    """Transaction 1, protocol 0, length."""
    return struct.pack(">HHH", 1, 0, len(request)) + request


def answer(channel: str, body: bytes) -> bytes:
    function = FUNCTIONS[CHANNELS[channel][0]]
    return tcp(struct.pack("BBB", 1, function, len(body)) + body)


def frame(channel: str, make: Callable[[Row, int], Any], firmware: str = "") -> str:
    body, said = modbus(channel, make, shorter=firmware == BEFORE_FORCE_STATE)
    return entry(
        "frame", said, channel=channel, **version(firmware), origin="derived", source="goe_api_v2",
        hex=spaced(answer(channel, body)),
    )  # fmt: skip


def version(firmware: str) -> dict[str, str]:
    return {"firmware": firmware} if firmware else {}


def status(document: dict[str, Any]) -> str:
    said = {key: value for key, value in document.items() if key not in ARRAYS}
    for key, parts in ARRAYS.items():
        said |= {f"{key}_{part}": value for part, value in zip(parts, document[key], strict=True)}
    return entry(
        "frame", said, channel="status", origin="derived", source="goe_api_v2",
        text=json.dumps(document),
    )  # fmt: skip


def bad(channel: str, offset: int, reason: str, datapoint: str = "frame", **payload: str) -> str:
    return entry(
        "bad_frame", channel=channel, origin="derived", **payload, datapoint=datapoint,
        offset=offset, reason=reason,
    )  # fmt: skip


def command(name: str, register: int, parameter: str, value: int, firmware: str = "") -> str:
    request = struct.pack(">BBHHBH", 1, 16, register, 1, 2, value)
    return entry(
        "command", command=name, **version(firmware), origin="derived", source="goe_api_v2",
        parameters={parameter: value}, hex=spaced(tcp(request)),
    )  # fmt: skip


def edge_status() -> dict[str, Any]:
    """Every number negative and broken where it can be, every flag the other way round."""
    document: dict[str, Any] = {}
    for n, (key, value) in enumerate(CHARGING.items()):
        if isinstance(value, bool):
            document[key] = not value
        elif isinstance(value, list):
            document[key] = [-1.25 * (n + m) for m, _ in enumerate(value)]
        elif isinstance(value, float):
            document[key] = -1.25 * (n + 1)
        else:
            document[key] = value + "'" if isinstance(value, str) else -1000 - n
    return {**document, "dwo": 0.5}


def answers(channel: str, firmware: str) -> list[str]:
    """Good and bad answers of a channel, at a firmware version if that matters."""
    body = modbus(channel, typical, shorter=firmware == BEFORE_FORCE_STATE)[0]
    plain, told = answer(channel, body), version(firmware)
    long = answer(channel, body + b"\0\0")
    return [
        frame(channel, typical, firmware),
        frame(channel, edge, firmware),
        bad(channel, 2, "protocol identifier", hex=spaced(plain[:3] + b"\1" + plain[4:]), **told),
        bad(channel, 4, "lengths", hex=spaced(plain[:-3]), **told),
        bad(channel, 9 + len(body), "bytes long", hex=spaced(long), **told),
    ]


def main() -> None:
    text = json.dumps({"amp": 16.5})
    entries = [
        status(CHARGING),
        status(edge_status()),
        bad("status", text.index("16.5"), "is not a whole number", "amp", text=text),
        bad("status", 8, "is not true or false", "alw", text='{"alw": "yes"}'),
        bad("status", 13, "is not JSON", text='{"car": 2, "w'),
        bad("status", 0, "none of the", text='{"success": true}'),
    ]
    for channel in CHANNELS:
        entries += answers(channel, FIRMWARE.get(channel, ""))
    entries += [
        *answers("holding_332", BEFORE_FORCE_STATE),
        frame("holding_332", lambda row, n: math.inf if n == 1 else typical(row, n), "55.6"),
        *faults("err", ERRORS, bits=False),
        *faults("error", MODBUS_ERRORS, bits=False),
        command("set_charging_current", 299, "ampere_volatile", 13),
        command("set_force_state", 337, "force_state", 1, "55.6"),
        command("set_phase_switch_mode", 332, "phase_switch_mode", 2, "55.5"),
    ]
    write(PLUGIN, "derived", "Made by tools/derive_vectors/goe_v3.py.", entries)


if __name__ == "__main__":
    main()
