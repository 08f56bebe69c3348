"""Vectors of batteries/pylontech_rs485: answers read and packed by hand.

Scales and offsets are those of the fact table; the order of the values is that of the maker's
paper (V3.3, sections 3.3, 3.4 and 3.6). The answers of real batteries are those in the tests of
python-pylontech, which reads the same in them, and the example of the paper's section 4.
"""

import csv
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from vector_toml import FACTS, entry, write

PLUGIN = "batteries.pylontech_rs485"

THREE_US2000 = (
    "~20024600914211030F0CE70CE80CE60CE70CE80CE80CE80CE60CE50CE60CE80CE70CEA0CE50CE6050B910B870B870"
    "B870B87FFE6C18982DC02C350001F0F0CE20CE60CE60CE10CE50CE70CE60CE30CE20CE50CE30CE90CE70CE90CE9050"
    "B910B870B870B870B87FFE7C17082DC02C350001F0F0CE20CE50CE50CE20CE30CE30CE40CE50CE60CE60CE30CE40CE"
    "40CE60CE6050B910B7D0B7D0B7D0B7DFFE5C16082DC02C350001FB476\r"
)
FOUR_US3000 = (
    "~2002460061DC11040F0CFD0CFC0CFC0CFB0CFC0CFB0CFD0CFC0CFC0CFB0CFA0CFD0CFB0CFE0CFA050BE10BCD0BCD0"
    "BCD0BCD0000C2C1FFFF04FFFF002F00EFEC0121100F0CEB0CEB0CEB0CEA0CEA0CEC0CEB0CEB0CE90CE80CE60CE90CE"
    "90CEA0CE8050BE10BCD0BCD0BCD0BCDFFBCC1B2FFFF04FFFF002800F2D00121100F0CE80CE90CEA0CEA0CEA0CE90CE"
    "A0CEA0CEB0CEC0CEB0CEB0CEB0CEA0CEA050BE10BC30BC30BC30BC3FFB7C1B8FFFF04FFFF007100E7400121100F0CE"
    "90CEC0CEB0CEA0CEA0CEB0CE90CE80CEA0CEA0CEA0CEB0CEC0CEA0CEA050BD70BC30BC30BC30BB9FFBBC1B9FFFF04F"
    "FFF006B00ED080121108D63\r"
)
US3000_AND_US2000 = (
    "~2002460010F011020F0CCD0CCE0CCC0CCE0CCB0CCC0CCD0CCC0CCD0CCB0CCC0CCD0CCD0CCE0CCC050BE10BCD0BCD0"
    "BD70BCDFFC3BFFDFFFF04FFFF0234007F300121100F0CCA0CCA0CCB0CCC0CCA0CCC0CCB0CCB0CCB0CCB0CCB0CCA0CC"
    "C0CCC0CCB050BEB0BCD0BCD0BCD0BC3FFD1BFE5FFFF04FFFF0292005FB400C350C4A7\r"
)
UP2500 = (
    "~20024600D05E1002080D020D020D020D030D000D010D010D03050B7D0B690B690B690B73FFFA680EFFFF04FFFF00"
    "000174E401B198E906\r"
)
UP2500_MANAGEMENT = "~20024600B014026EF05AA0022BFDD5C0F915\r"
US3000_PARAMETERS = "~20024600B032110E420BEA0B540D0D0A3D03FCD2F0B3B0ADD40D0D0A3DFC18F23D\r"
"""In a public variant of the library, beside the frame of four US3000."""
PAPER = (
    "~20024600F07A11020F0D450D440D450D440D450D440D3E0D450D4A0D4A0D4B0D4A0D4A0D4A0D4A050BC30BC30BC3"
    "0BCD0BCD0000C725FFFF04FFFF000200CA58012110E1A2\r"
)
"""As printed. By the rule of section 2.3.3, which all real frames follow, its CHKSUM is E27A."""

SYSTEM_PARAMETERS = (
    "cell_high_voltage_limit",
    "cell_low_voltage_limit",
    "cell_under_voltage_limit",
    "charge_high_temperature_limit",
    "charge_low_temperature_limit",
    "charge_current_limit",
    "module_high_voltage_limit",
    "module_low_voltage_limit",
    "module_under_voltage_limit",
    "discharge_high_temperature_limit",
    "discharge_low_temperature_limit",
    "discharge_current_limit",
)
"""In the order of section 3.4."""
MANAGEMENT_INFO = (
    "charge_voltage_limit",
    "discharge_voltage_limit",
    "charge_current_limit",
    "discharge_current_limit",
)
REQUESTS = {
    "charge_enable": 7,
    "discharge_enable": 6,
    "charge_immediately_1": 5,
    "charge_immediately_2": 4,
    "full_charge_request": 3,
}
COUNT = "number_of_modules"
NOT_HERE = 65.535
"""FFFF where a battery above 65 Ah has no capacity to say."""


def facts() -> dict[tuple[str, str], dict[str, str]]:
    with (FACTS / "can/pylontech_rs485_fields.csv").open(encoding="utf-8", newline="") as lines:
        return {(row["command"][:4], row["field"]): row for row in csv.DictReader(lines)}


ROWS = facts()


class Reader:
    """Takes values from the front of INFO."""

    def __init__(self, info: bytes) -> None:
        self.info, self.at = info, 0

    def take(self, size: int) -> bytes:
        self.at += size
        return self.info[self.at - size : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def value(self, command: str, field: str) -> float:
        row = ROWS[command, field]
        code = ">h" if row["data_type"].startswith("int16") else ">H"
        (raw,) = struct.unpack(code, self.take(2))
        scaled = raw * Fraction(row["scale"]) + Fraction(row["offset"])
        return int(scaled) if row["scale"] == "1" else float(scaled)


def battery(reader: Reader) -> Iterator[tuple[str, Any]]:
    cells = reader.byte()
    yield "number_of_cells", cells
    for cell in range(1, cells + 1):
        yield f"cell{cell}_voltage", reader.value("0x42", "cell_voltage[n]")
    temperatures = reader.byte()
    yield "number_of_temperatures", temperatures
    yield "average_bms_temperature", reader.value("0x42", "average_bms_temperature")
    for group in range(1, temperatures):
        field = "grouped_cells_temperature[n]"
        yield f"grouped_cells_temperature{group}", reader.value("0x42", field)
    current, voltage = (reader.value("0x42", field) for field in ("current", "voltage"))
    yield from (("current", current), ("voltage", voltage), ("power", current * voltage))
    remaining = reader.value("0x42", "remaining_capacity")
    items = reader.byte()
    total = reader.value("0x42", "total_capacity")
    yield from (
        ("user_defined_items", items),
        ("cycle_number", reader.value("0x42", "cycle_number")),
    )
    yield "remaining_capacity_1", None if remaining == NOT_HERE else remaining
    yield "total_capacity_1", None if total == NOT_HERE else total
    if items > 2:
        large = reader.take(3), reader.take(3)
        remaining, total = (int.from_bytes(part, "big") / 1000 for part in large)
        yield from (("capacity_item1", remaining), ("capacity_item2", total))
    yield from (("remaining_capacity", remaining), ("total_capacity", total))


def values(info: bytes) -> dict[str, Any]:
    reader = Reader(info)
    said: dict[str, Any] = {"info_flag": reader.byte(), COUNT: reader.byte()}
    modules = range(1, said[COUNT] + 1)
    for module in modules:
        prefix = f"module{module}_"
        said |= {prefix + key: value for key, value in battery(reader)}
    for key in ("power", "remaining_capacity", "total_capacity"):
        said[f"group_{key}"] = sum(said[f"module{module}_{key}"] for module in modules)
    said["group_soc"] = 100 * said["group_remaining_capacity"] / said["group_total_capacity"]
    return said


def module_values(info: bytes) -> dict[str, Any]:
    reader = Reader(info)
    head = {"info_flag": reader.byte(), "module_address": reader.byte()}
    said = head | dict(battery(reader))
    return said | {"soc": 100 * said["remaining_capacity"] / said["total_capacity"]}


def system_parameters(info: bytes) -> dict[str, Any]:
    reader = Reader(info)
    said: dict[str, Any] = {"info_flag": reader.byte()}
    for field in SYSTEM_PARAMETERS:
        prefix = "system_" if field in MANAGEMENT_INFO else ""
        said[prefix + field] = reader.value("0x47", field)
    return said


def management_info(info: bytes) -> dict[str, Any]:
    reader = Reader(info)
    said: dict[str, Any] = {"module_address": reader.byte()}
    said |= {field: reader.value("0x92", field) for field in MANAGEMENT_INFO}
    said["status"] = status = reader.byte()
    return said | {key: status >> bit & 1 for key, bit in REQUESTS.items()}


READ = {
    "values": values,
    "module_values": module_values,
    "system_parameters": system_parameters,
    "management_info": management_info,
}


def answer(info: bytes, code: int = 0, cid1: int = 0x46, lchksum: int | None = None) -> bytes:
    """VER 20, ADR 02; LENGTH and CHKSUM as sections 2.3.2 and 2.3.3 have them."""
    digits = 2 * len(info)
    nibbles = sum(digits >> shift & 0xF for shift in (0, 4, 8))
    sign = (16 - nibbles % 16) % 16 if lchksum is None else lchksum
    body = f"2002{cid1:02X}{code:02X}{sign:X}{digits:03X}{info.hex().upper()}".encode()
    return b"~" + body + f"{(0x10000 - sum(body) % 0x10000) % 0x10000:04X}\r".encode()


def info_of(text: str) -> bytes:
    return bytes.fromhex(text[13:-5])


def good(channel: str, frame: str | bytes, origin: str, source: str) -> str:
    data = frame.encode() if isinstance(frame, str) else frame
    said = READ[channel](info_of(data.decode()))
    return entry("frame", said, channel=channel, origin=origin, source=source, text=data.decode())


def derived(channel: str, info: bytes) -> str:
    return good(channel, answer(info), "derived", "python_pylontech")


def bad(channel: str, data: bytes, offset: int, reason: str, datapoint: str = "frame") -> str:
    return entry(
        "bad_frame", channel=channel, origin="derived", text=data.decode(), datapoint=datapoint,
        offset=offset, reason=reason,
    )  # fmt: skip


def numbers(count: int, seed: int) -> bytes:
    """Words with the top bit set, each with two unlike bytes and unlike its neighbours."""
    return b"".join(struct.pack(">H", 0x8000 | (seed + 263 * n) % 0x7FF0) for n in range(count))


def edge_battery(module: int, *, large: bool) -> bytes:
    """All 16 cells and 6 temperatures; a `large` battery is above 65 Ah."""
    capacity = b"\xff\xff" if large else struct.pack(">H", 0x8123 + module)
    return (
        bytes((16,)) + numbers(16, 1000 * module) + bytes((6,)) + numbers(6, 70 * module)
        + numbers(2, 31 * module) + capacity + bytes((4,)) + (b"\xff\xff" if large else b"\xc3\x50")
        + struct.pack(">H", 0x9234 + module)
        + (0x81A2B3 + module).to_bytes(3, "big") + (0xC4D5E6 + module).to_bytes(3, "big")
    )  # fmt: skip


def edge_group(*, odd: bool) -> bytes:
    """Twelve batteries, the odd or the even ones of them large."""
    modules = (edge_battery(module, large=module % 2 == odd) for module in range(1, 13))
    return b"\x91\x0c" + b"".join(modules)


def main() -> None:
    write(PLUGIN, "library", "Real batteries, from the tests of python-pylontech.", [
        good("values", THREE_US2000, "library", "python_pylontech"),
        good("values", FOUR_US3000, "library", "python_pylontech"),
        good("values", US3000_AND_US2000, "library", "python_pylontech"),
        good("module_values", UP2500, "library", "python_pylontech"),
        good("management_info", UP2500_MANAGEMENT, "library", "python_pylontech"),
        good("system_parameters", US3000_PARAMETERS, "library", "python_pylontech"),
    ])  # fmt: skip
    mended = answer(info_of(PAPER))
    write(PLUGIN, "vendor", "The paper's example (section 4): CHKSUM put right, then as printed.", [
        good("module_values", mended, "vendor", "pylontech_rs485_v33"),
        bad("module_values", PAPER.encode(), 135, "CHKSUM is E1A2, should be E27A"),
    ])  # fmt: skip
    typical = struct.pack(
        ">B12h", 0, 3650, 3050, 2800, 3281, 2731, 1020, -11536, -18036, -20536, 3331, 2531, -1000
    )
    three = THREE_US2000.encode()
    short = info_of(THREE_US2000)[:-1]
    write(PLUGIN, "derived", "Made by tools/derive_vectors/pylontech_rs485.py.", [
        derived("system_parameters", typical),
        derived("system_parameters", b"\xa1" + numbers(12, 77)),
        derived("management_info", b"\x92" + numbers(4, 99) + b"\xa8"),
        derived("management_info", b"\x03" + numbers(4, 5) + b"\x50"),
        derived("values", edge_group(odd=True)),
        derived("values", edge_group(odd=False)),
        derived("module_values", b"\x91\x8d" + edge_battery(1, large=False)),
        derived("module_values", b"\x92\x8e" + edge_battery(1, large=True)),
        bad("values", three[1:], 0, "from ~ to a carriage return"),
        bad("values", three[:-1], 0, "from ~ to a carriage return"),
        bad("values", b"~2002\r", 6, "header"),
        bad("values", three.replace(b"0CE7", b"0CE8", 1), len(three) - 5, "CHKSUM is B476"),
        bad("values", three.replace(b"B476", b"B4G6"), len(three) - 5, "hexadecimal"),
        bad("values", answer(b"", 0x90), 7, "ADR error"),
        bad("values", answer(short), 13 + 2 * len(short), "ends after", "module3_cycle_number"),
        bad("values", answer(short + b"\x1f\0"), 15 + 2 * len(short), "its values end"),
        bad("values", answer(b"\x11\x0d"), 17, "at most 12 are declared", COUNT),
        bad("module_values", answer(info_of(PAPER), cid1=0x4A), 5, "CID1 is 4A"),
        bad("module_values", answer(info_of(PAPER), lchksum=0), 9, "LENGTH is 007A"),
        bad("module_values", answer(b"\x11\x02\x11" + bytes(90)), 19, "16", "number_of_cells"),
        bad("system_parameters", answer(typical[:5]), 23, "after 5", "cell_under_voltage_limit"),
        bad("system_parameters", answer(typical + b"\0"), 13 + 50, "26 bytes"),
        bad("management_info", answer(b"\x02"), 15, "ends after 1", "charge_voltage_limit"),
        bad("management_info", answer(b"", 0x04), 7, "CID2 invalid"),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
