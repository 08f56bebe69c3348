"""Makes the vectors of `chargers.heidelberg_energy_control` from the fact table.

Three input registers are not in it: they are those of the wbec project and of a sister model.
"""

import struct

from register_answers import Row, added_rows, block, command, fact_rows, written
from vector_toml import faults, write

PLUGIN = "chargers.heidelberg_energy_control"
ABOUT = "Made by tools/derive_vectors/heidelberg_energy_control.py."
ADDED = """
4  uint16 1 1     -   layout_version
13 uint16 1 1     -   external_lock
15 uint32 2 0.001 kWh energy_since_power_on
"""
STATES = {8: "derating", 9: "state_e", 10: "state_f", 11: "error"}
ROWS: list[Row] = [
    *fact_rows("evse_heidelberg_energy_control"), *added_rows(ADDED, table="input")
]  # fmt: skip
BLOCKS = (
    block("measurements", ROWS, 4, 15, table="input"),
    block("settings", ROWS, 257, 6),
)
USUAL = {
    "layout_version": 0x0108, "vehicle_status": 7, "external_lock": 1, "watchdog_timeout": 15_000,
    "standby_config": 4, "remote_lock": 1,
}  # fmt: skip


def one(register: int, number: int) -> bytes:
    return written(register, struct.pack(">H", number))


def main() -> None:
    write(PLUGIN, "values", ABOUT, [
        text for read in BLOCKS for text in (*read.frames(USUAL, {}), *read.bad_frames())
    ])  # fmt: skip
    write(PLUGIN, "faults", ABOUT, faults("vehicle_status", STATES, bits=False))
    write(PLUGIN, "commands", ABOUT, [
        command("set_max_current", one(261, 160), max_current=16),
        command("set_max_current", one(261, 73), max_current=7.3),
        command("pause_charging", one(261, 0)),
        command("set_failsafe_current", one(262, 60), failsafe_current=6),
        command("set_watchdog_timeout", one(257, 15_000), watchdog_timeout=15_000),
        command("set_watchdog_timeout", one(257, 60_000), watchdog_timeout=60_000),
        command("set_standby", one(258, 4), standby_config=4),
        command("set_standby", one(258, 0), standby_config=0),
        command("lock", one(259, 0)),
        command("unlock", one(259, 1)),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
