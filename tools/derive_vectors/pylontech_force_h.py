"""Makes the vectors of `batteries.pylontech_force_h` from the fact table."""

from register_answers import Values, block, fact_rows
from vector_toml import write

PLUGIN = "batteries.pylontech_force_h"
ABOUT = "Made by tools/derive_vectors/pylontech_force_h.py."
READS = {
    "identity": (4096, 11), "status": (5123, 53), "modules": (5200, 21),
    "module_temperatures": (5296, 5), "cell_voltages": (5376, 15), "cell_temperatures": (6144, 15),
}  # fmt: skip
USUAL = {
    "device_firmware_version": 0x0106, "battery_voltage": 3302, "max_charging_voltage": 3550,
    "min_discharging_voltage": 2870, "max_discharging_current": -3700, "battery_module_series": 5,
    "battery_cell_series": 75, "today_battery_charge": 4210, "today_battery_discharge": 3180,
}  # fmt: skip
ROWS = fact_rows("pylontech_force_h_modbus", device_firmware_version={"data_type": "uint16"})


def computed(said: Values) -> Values:
    if "device_firmware_version" not in said:
        return {}
    major, minor = divmod(said["device_firmware_version"], 256)
    return {"firmware": f"{major}.{minor}"}


def main() -> None:
    for channel, (first, count) in READS.items():
        read = block(channel, ROWS, first, count, computed=computed)
        write(PLUGIN, channel, ABOUT, [*read.frames(USUAL, {}), *read.bad_frames()])


if __name__ == "__main__":
    main()
