"""Makes the vectors of `batteries.byd_battery_box` from the fact tables.

The answer of a tower is not in them: its registers are those of the integration that is the
plugin's second source, counted from 0x0558.
"""

import csv
from typing import Any

from can_records import Frames, bad_frames, good, signals, values
from register_answers import Row, Values, added_rows, block, fact_rows
from vector_toml import FACTS, faults, write

PLUGIN = "batteries.byd_battery_box"
ABOUT = "Made by tools/derive_vectors/byd_battery_box.py."
TENTHS = {"scale": "0.1"}
"""What Battery-Emulator's code multiplies ampere-hours with (its issue 562)."""

TOWER = """
0  uint16      1 1     -    tower_answer_length
1  int16       1 0.001 V    tower_max_cell_voltage
2  int16       1 0.001 V    tower_min_cell_voltage
3  uint8_high  1 1     -    tower_max_voltage_cell
3  uint8_low   1 1     -    tower_min_voltage_cell
4  int16       1 1     degC tower_max_temperature
5  int16       1 1     degC tower_min_temperature
6  uint8_high  1 1     -    tower_max_temperature_cell
6  uint8_low   1 1     -    tower_min_temperature_cell
7  bitfield16  1 1     -    balancing_cells_1
8  bitfield16  1 1     -    balancing_cells_2
9  bitfield16  1 1     -    balancing_cells_3
10 bitfield16  1 1     -    balancing_cells_4
11 bitfield16  1 1     -    balancing_cells_5
12 bitfield16  1 1     -    balancing_cells_6
13 bitfield16  1 1     -    balancing_cells_7
14 bitfield16  1 1     -    balancing_cells_8
15 uint32      2 0.001 kWh  tower_charge_energy
17 uint32      2 0.001 kWh  tower_discharge_energy
21 int16       1 0.1   V    tower_battery_voltage
24 int16       1 0.1   V    tower_output_voltage
25 int16       1 0.1   %    tower_soc
26 int16       1 1     %    tower_soh
27 int16       1 0.1   A    tower_current
28 bitfield16  1 1     -    tower_warnings_1
29 bitfield16  1 1     -    tower_warnings_2
30 bitfield16  1 1     -    tower_warnings_3
48 bitfield16  1 1     -    tower_errors
"""
WARNINGS_3 = (
    "battery_overvoltage", "battery_undervoltage", "cell_overvoltage", "cell_undervoltage",
    "voltage_sensor_failure", "temperature_sensor_failure", "high_temperature_discharging_cells",
    "low_temperature_discharging_cells", "high_temperature_charging_cells",
    "low_temperature_charging_cells", "overcurrent_discharging", "overcurrent_charging",
    "main_circuit_failure", "short_circuit_alarm", "cells_imbalance", "current_sensor_failure",
)  # fmt: skip
TYPICAL_CAN = {
    0x110: "12 8E 0C 80 01 F4 01 F4",
    0x150: "19 64 26 DE 01 0E 02 00",
    0x1D0: "10 36 00 96 00 D2 03 08",
    0x210: "00 DC 00 C8 00 00 00 00",
    0x250: "03 16 00 66 00 CC 02 09",
}
EDGES_CAN = {
    0x110: "81 92 A3 B4 C5 D6 E7 F8",
    0x150: "83 94 A5 B6 C7 D8 E9 FA",
    0x1D0: "85 96 A7 B8 C9 DA",
    0x210: "87 98 A9 BA",
    0x250: "89 9A AB BC CD DE EF F1",
}


def tower_rows() -> list[Row]:
    """The rows at their addresses; of the two-register numbers the low word comes first."""
    rows = [{**row, "address": str(0x0558 + int(row["address"]))} for row in added_rows(TOWER)]
    return [{**r, "word_order": "little"} if r["words"] == "2" else r for r in rows]


def power(said: Values) -> Values:
    return {"battery_power": said["output_voltage"] * said["battery_current"]}


BMU = block("bmu", fact_rows("byd_battery_box"), 0x0500, 21, 25, computed=power)
ONE_TOWER = block("tower", tower_rows(), 0x0558, 65)
USUAL = {
    "soc": 64, "max_cell_voltage": 334, "min_cell_voltage": 333, "soh": 99, "battery_current": -57,
    "battery_voltage": 41_500, "errors": 0, "output_voltage": 41_480,
    "tower_answer_length": 0x0080, "tower_soc": 641, "tower_soh": 99, "tower_current": -57,
    "tower_max_cell_voltage": 3338, "tower_min_cell_voltage": 3331, "tower_battery_voltage": 4151,
    "tower_output_voltage": 4148, "tower_errors": 0, "tower_warnings_1": 0, "tower_warnings_2": 0,
    "tower_warnings_3": 0, "balancing_cells_1": 0,
}  # fmt: skip


def can(frames: Frames) -> str:
    rows = signals("byd_hv_can", remaining_capacity=TENTHS, full_capacity=TENTHS)
    said: dict[str, Any] = values(rows, frames)
    said["can_battery_current"] = said.pop("battery_current")
    return good(said, frames)


def symbols(bitfield: str, prefix: str = "") -> dict[int, str]:
    with (FACTS / "bitfields.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["bitfield"] == bitfield]
    return {int(row["bit"]): prefix + row["symbol"] for row in rows}


def main() -> None:
    write(PLUGIN, "can", ABOUT, [
        can(TYPICAL_CAN), can(EDGES_CAN),
        *bad_frames(0x110, bytes.fromhex(TYPICAL_CAN[0x110]), "max_charge_voltage", 0x151),
    ])  # fmt: skip
    for read in (BMU, ONE_TOWER):
        write(PLUGIN, read.channel, ABOUT, [*read.frames(USUAL, {}), *read.bad_frames()])
    third = {bit: f"tower_warning_3_{symbol}" for bit, symbol in enumerate(WARNINGS_3)}
    write(PLUGIN, "faults", ABOUT, [
        *faults("errors", symbols("byd_bmu_errors"), bits=True),
        *faults("tower_errors", symbols("byd_bms_errors", "tower_error_"), bits=True),
        *faults("tower_warnings_1", symbols("byd_bms_warnings", "tower_warning_"), bits=True),
        *faults("tower_warnings_2", symbols("byd_bms_warnings", "tower_warning_2_"), bits=True),
        *faults("tower_warnings_3", third, bits=True),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
