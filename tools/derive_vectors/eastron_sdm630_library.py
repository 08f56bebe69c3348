"""Asks the library sdm_modbus whether it reads in the meter's vectors what they say.

Run it as `uv run --no-project --with sdm-modbus==0.7.0 --with pymodbus==3.5.4 python` and this
file. It needs no device: the library's reads are answered from the frames.
"""

import csv
import struct
import sys
import tomllib
from pathlib import Path
from typing import Any

import sdm_modbus
from pymodbus.payload import BinaryPayloadDecoder
from sdm_modbus.meter import registerType

PLUGIN = Path(__file__).parents[2] / "plugins/meters/eastron_sdm630"
FIRST = {"measurements": 0, "distortion": 234, "energy": 342}


class Answered(sdm_modbus.SDM630):  # type: ignore[misc]
    """The library's meter, with registers in the place of a connection."""

    def __init__(self, first: int, body: bytes) -> None:
        words = struct.unpack(f">{len(body) // 2}H", body)
        self.words = dict(enumerate(words, first))
        super().__init__(host="")

    def connect(self) -> bool:
        return True

    def _read_input_registers(self, address: int, length: int) -> Any:
        words = [self.words[address + n] for n in range(length)]
        return BinaryPayloadDecoder.fromRegisters(
            words, byteorder=self.byteorder, wordorder=self.wordorder
        )


def readings(frame: dict[str, Any], points: dict[int, str]) -> dict[str, float]:
    """What the library reads in a frame, by our keys; not-a-number is absent."""
    meter = Answered(FIRST[frame["channel"]], bytes.fromhex(frame["hex"])[3:-2])
    found = {
        points[register[0]]: meter.read(name)
        for name, register in meter.registers.items()
        if register[2] is registerType.INPUT
        and register[0] in meter.words
        and register[0] in points
    }
    return {key: value for key, value in found.items() if value == value}  # noqa: PLR0124


def main() -> None:
    with (PLUGIN / "registers.csv").open(encoding="utf-8", newline="") as lines:
        points = {int(row["address"]): row["point"] for row in csv.DictReader(lines)}
    frames = tomllib.loads((PLUGIN / "vectors/library.toml").read_text(encoding="utf-8"))["frame"]
    for frame in frames:
        if readings(frame, points) != frame["values"]:
            sys.exit(f"the library reads something else on {frame['channel']}")
    sys.stdout.write(f"the library reads the same in {len(frames)} frames\n")


if __name__ == "__main__":
    main()
