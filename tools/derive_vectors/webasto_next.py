"""Makes the vectors of `chargers.webasto_next` from the fact table.

Registers that it lacks are those of a Home Assistant integration (the plugin's second source).
"""

import struct
from collections.abc import Iterator

from register_answers import Row, added_rows, block, command, fact_rows, written
from vector_toml import faults, write

PLUGIN = "chargers.webasto_next"
ABOUT = "Made by tools/derive_vectors/webasto_next.py."
UNIT = 255
ADDED = """
1001 uint16 1 1 -  charging_state
1002 uint16 1 1 -  equipment_state
1004 uint16 1 1 -  cable_state
1006 uint16 1 1 -  fault_code
1024 uint32 2 1 W  active_power_l1
1028 uint32 2 1 W  active_power_l2
1032 uint32 2 1 W  active_power_l3
1100 uint16 1 1 A  session_max_current
1102 uint16 1 1 A  evse_min_current
1104 uint16 1 1 A  evse_max_current
1106 uint16 1 1 A  cable_max_current
1108 uint16 1 1 A  ev_max_current
1502 uint16 1 1 Wh session_energy
1504 uint32 2 1 -  session_start_time
1512 uint32 2 1 -  session_end_time
2000 uint16 1 1 A  failsafe_current
"""
FAULTS = {
    1: "power_switch", 2: "auxiliary_voltage", 3: "control_pilot", 4: "over_voltage",
    5: "under_voltage", 6: "over_current", 7: "frequency", 8: "ground",
    9: "residual_current_self_test", 10: "over_temperature", 11: "proximity_pilot", 12: "shutter",
    13: "phase_check", 14: "internal_power", 15: "negative_pilot", 16: "dc_residual_current",
}  # fmt: skip
USUAL = {
    "chargepoint_state": 3, "charging_state": 1, "equipment_state": 1, "cable_state": 3,
    "fault_code": 0, "session_start_time": 174_501, "session_end_time": 0, "com_timeout": 20,
}  # fmt: skip
BY_FUNCTION_4 = {f"current_l{n}": {"table": "input"} for n in (1, 2, 3)}
ROWS: list[Row] = [
    *fact_rows("evse_webasto_next", **BY_FUNCTION_4), *added_rows(ADDED)
]  # fmt: skip


def frames() -> Iterator[str]:
    for row in ROWS:
        first, words = int(row["address"]), int(row["words"])
        if first < 3000:
            read = block(row["point"], [row], first, words, table=row["table"], unit=UNIT)
            yield from read.frames(USUAL, {})
            yield from read.bad_frames()


def one(register: int, number: int) -> bytes:
    return written(register, struct.pack(">H", number), function=6, unit=UNIT)


def main() -> None:
    write(PLUGIN, "values", ABOUT, list(frames()))
    write(PLUGIN, "faults", ABOUT, [
        *faults("chargepoint_state", {7: "charging_error"}, bits=False),
        *faults("fault_code", FAULTS, bits=False),
    ])  # fmt: skip
    write(PLUGIN, "commands", ABOUT, [
        command("set_charging_current", one(5004, 16), charge_current=16),
        command("set_charging_current", one(5004, 7), charge_current=7),
        command("pause_charging", one(5004, 0)),
        command("start_session", one(5006, 1)),
        command("stop_session", one(5006, 2)),
        command("keep_alive", one(6000, 1)),
        command("set_failsafe_current", one(2000, 8), failsafe_current=8),
        command("set_communication_timeout", one(2002, 60), com_timeout=60),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
