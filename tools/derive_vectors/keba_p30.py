"""Makes the vectors of `chargers.keba_p30` from the fact table and KEBA's Modbus guide.

The guide (V1.02) gives an example for most registers; each makes a frame of origin "vendor".
"""

import struct
from collections.abc import Iterator

from register_answers import Values, added_rows, block, command, fact_rows, packed, written
from vector_toml import faults, write

PLUGIN = "chargers.keba_p30"
ABOUT = "Made by tools/derive_vectors/keba_p30.py."
UNIT = 255
ADDED = """
1006 uint32 2 1     - error_code
1100 uint32 2 0.001 A max_charging_current
1110 uint32 2 0.001 A max_supported_current
"""
EXAMPLES = {
    "error_code": 262_144, "current_l1": 645, "current_l2": 1011, "current_l3": 645,
    "serial_number": 18_416_854, "product": 304_111, "firmware": 50_990_336, "active_power": 98_661,
    "voltage_l1": 230, "voltage_l2": 230,
}  # fmt: skip
"""Registers as the guide's examples have them, sections 3.3 to 3.13."""
USUAL = {"charging_state": 3, "cable_state": 7, "error_code": 0, "phase_switch_source": 3}

ROWS = [*fact_rows("evse_keba_p30_modbus"), *added_rows(ADDED)]


def computed(said: Values) -> Values:
    if "firmware" not in said:
        return {}
    major, minor, patch, _ = struct.pack(">I", said["firmware"])
    return {"firmware_version": f"{major}.{minor}.{patch}"}


def frames() -> Iterator[str]:
    for row in ROWS:
        point, address = row["point"], int(row["address"])
        if address > 1999:
            continue
        one = block(point, [row], address, 2, unit=UNIT, source="evcc", computed=computed)
        if point in EXAMPLES:
            yield one.good(packed(row, EXAMPLES[point]), "vendor", "keba_guide")
        yield from one.frames(USUAL, {})
        yield from one.bad_frames()


def single(address: int, number: int) -> bytes:
    return written(address, struct.pack(">H", number), function=6, unit=UNIT)


def main() -> None:
    write(PLUGIN, "values", ABOUT, list(frames()))
    write(PLUGIN, "faults", ABOUT, faults("charging_state", {4: "error"}, bits=False))
    write(PLUGIN, "commands", ABOUT, [
        command("set_charging_current", single(5004, 8000), "vendor", set_charging_current=8),
        command("set_charging_current", single(5004, 40_500), set_charging_current=40.5),
        command("enable_station", single(5014, 1)),
        command("disable_station", single(5014, 0)),
        command("set_session_energy", single(5010, 1), "vendor", set_energy=0.01),
        command("set_session_energy", single(5010, 40_000), set_energy=400.0),
        command("unlock_plug", single(5012, 0)),
        command("set_failsafe_timeout", single(5018, 60), failsafe_timeout=60),
        command("set_failsafe_timeout", single(5018, 600), failsafe_timeout=600),
        command("switch_phases", single(5052, 1), phase_switch_state=1),
        command("switch_phases", single(5052, 0), phase_switch_state=0),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
