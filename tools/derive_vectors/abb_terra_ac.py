"""Makes the vectors of `chargers.abb_terra_ac` from the fact table and ABB's Modbus manual.

The vendor's own examples (revision 1.11, sections 5.1 and 5.2) are a serial number and a firmware
version; they make a frame of origin "vendor" in which only those two are checked.
"""

import struct

from register_answers import Values, added_rows, block, command, fact_rows, typical, written
from vector_toml import entry, faults, spaced, write

PLUGIN = "chargers.abb_terra_ac"
ABOUT = "Made by tools/derive_vectors/abb_terra_ac.py."
ADDED = """
16396 uint32 2 1     - below_rated_current
16416 uint16 1 1     s communication_timeout
16418 uint32 2 0.001 A modbus_current_limit
16420 uint16 1 1     A fallback_limit
"""
"""What the manual has beyond the fact table."""
MASKS = {"charging_state": "0x7F00", "below_rated_current": "0x8000"}
SERIAL = bytes.fromhex("5422040049200025")
VERSION = bytes.fromhex("01021300")
ERRORS = {
    1: "residual_current", 2: "earth_missing", 3: "over_voltage", 4: "under_voltage",
    5: "over_current", 6: "severe_over_current", 7: "over_temperature", 10: "power_relay",
    11: "internal_communication", 12: "lock", 13: "missing_phase", 14: "modbus_lost",
}  # fmt: skip

ROWS = [
    {**row, "bit_mask": MASKS.get(row["point"], "")}
    for row in (*fact_rows("evse_abb_terra_ac", serial_number={"data_type": "bytes"}),
                *added_rows(ADDED))
]  # fmt: skip


def computed(said: Values) -> Values:
    """Serial number and firmware as they are printed."""
    code = bytes.fromhex(said["serial_number"])
    _, power, plant, _, week, year, high, low = (f"{byte:02x}" for byte in code)
    serial = f"TACW{power}-{plant[1]}-{week}{year}-{chr(code[0])}{high}{low}"
    major, minor, patch, _ = struct.pack(">I", said["firmware_version"])
    found = {"firmware": f"{major:x}.{minor:x}.{patch:x}"}
    return found | ({"serial": serial} if chr(code[0]) in "GPST" else {})


STATUS = block("status", ROWS, 0x4000, 32, 37, computed=computed)
USUAL = {
    "firmware_version": 0x01081500, "error_code": 0, "socket_lock_state": 0x0111,
    "charging_state": 0x8400, "fallback_limit": 16,
}  # fmt: skip
EDGES = {"charging_state": 0x81FE9A5C}


def vendor_frame() -> str:
    body = SERIAL + VERSION + STATUS.body(typical, USUAL, 37)[12:]
    said = STATUS.values(body)
    shown = {key: said[key] for key in ("serial_number", "serial", "firmware_version", "firmware")}
    facts = {"channel": "status", "origin": "vendor", "source": "abb_modbus_manual"}
    return entry("frame", shown, **facts, partial=True, hex=spaced(STATUS.answer(body)))


def limit(milliamperes: int) -> bytes:
    return written(0x4100, struct.pack(">I", milliamperes))


def single(address: int, number: int) -> bytes:
    return written(address, struct.pack(">H", number), function=6)


def main() -> None:
    write(PLUGIN, "status", ABOUT, [
        vendor_frame(), *STATUS.frames(USUAL, EDGES), *STATUS.bad_frames()
    ])  # fmt: skip
    write(PLUGIN, "faults", ABOUT, faults("error_code", ERRORS, bits=True))
    write(PLUGIN, "commands", ABOUT, [
        command("set_charging_current", limit(16_000), modbus_current_limit=16),
        command("set_charging_current", limit(6_250), modbus_current_limit=6.25),
        command("pause_charging", limit(0)),
        command("start_session", single(0x4105, 0)),
        command("stop_session", single(0x4105, 1)),
        command("lock_socket_cable", single(0x4103, 1)),
        command("unlock_socket_cable", single(0x4103, 0)),
        command("set_communication_timeout", single(0x4106, 300), communication_timeout=300),
        command("set_communication_timeout", single(0x4106, 40_000), communication_timeout=40_000),
        command("set_fallback_limit", single(0x4109, 16), origin="vendor", fallback_limit=16),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
