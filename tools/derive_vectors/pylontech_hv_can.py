"""Makes the vectors of `batteries.pylontech_hv_can` from the fact table.

The bytes of the first frame are those that Battery-Emulator begins with: a stack of five modules.
"""

from typing import Any

from can_records import Frames, bad_frames, good, signals, values
from vector_toml import write

PLUGIN = "batteries.pylontech_hv_can"
ABOUT = "Made by tools/derive_vectors/pylontech_hv_can.py."
ANY_GROUP = 0x7FFF_FFF0
FIVE_MODULES = {
    0x4210: "A5 09 30 75 9D 04 2E 64",
    0x4220: "8C 0A E9 07 4A 79 4A 79",
    0x4230: "DF 0C DA 0C 03 00 06 00",
    0x4240: "7E 04 62 04 11 00 03 00",
    0x4250: "03 02 00 00 00 00 00 00",
    0x4270: "7E 04 62 04 05 00 01 00",
    0x4280: "00 00 00 00 00 00 00 00",
    0x7320: "4B 00 05 0F 2D 00 56 00",
    0x7330: "50 59 4C 4F 4E 54 45 43",
    0x7340: "48 00 00 00 00 00 00 00",
}
CHARGING = {0x4211: "B0 0E 94 75 B6 04 40 63", 0x4251: "11"}
DISCHARGING = {0x4210: "B0 0E CC 74 B6 04 40 63", 0x4250: "0A"}
DISCHARGING_PLUS = {0x4210: "B0 0E 94 75 B6 04 40 63", 0x4250: "02"}
UNPUBLISHED = {0x4210: "B0 0E 94 75 B6 04 40 63", 0x4250: "05"}
EDGES = {
    0x4213: "81 92 A3 B4 C5 D6 E7 F8",
    0x4223: "89 9A AB BC CD DE EF F1",
    0x4233: "83 94 A5 B6",
    0x4243: "85 96 A7 B8",
    0x4253: "F2",
    0x4273: "87 98 A9 BA",
    0x4283: "AA 9B",
    0x7323: "8B 9C AD BE CF D1 E2 F3",
    0x7333: "41 42 43 44 45 46 47 48",
    0x7343: "49 4A 4B 4C 4D 4E 4F 50",
}
DIRECTION = {0: 0, 1: 1, 2: -1, 3: 0}
ROWS = signals("pylontech_hv_can")


def meaning(frames: Frames) -> dict[str, Any]:
    said = values(ROWS, frames, ANY_GROUP)
    byte = said.pop("status")
    said |= {"status": byte & 7, "force_charge_request": byte >> 3 & 1}
    said["balance_charge_request"] = byte >> 4 & 1
    if (direction := DIRECTION.get(said["status"])) is not None:
        watts = said["battery_voltage"] * abs(said["battery_current"])
        said["battery_power"] = direction * watts
    return said


def main() -> None:
    frames = (FIVE_MODULES, CHARGING, DISCHARGING, DISCHARGING_PLUS, UNPUBLISHED, EDGES)
    write(PLUGIN, "derived", ABOUT, [
        *(good(meaning(said), said) for said in frames),
        *bad_frames(0x4210, bytes.fromhex(FIVE_MODULES[0x4210]), "battery_voltage", 0x4200),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
