"""The telemetry vectors of `inverters.alphaess_smile`; `alphaess_smile.py` writes them."""

import csv
import json
from collections.abc import Iterator, Mapping
from fractions import Fraction

from vector_toml import FACTS, entry

Value = int | float | str

CHANNEL = "ems_json"
SOURCE = "tidalvirus_capture"

OWN_KEYS = {
    "InvWorkMode": "ems_inverter_work_mode",
    "SYSMode": "ems_system_mode",
    "PacL2": "pac_l2",
    "PacL3": "pac_l3",
}
"""Names whose meaning differs from that of the register of the same point, or that have none."""

PLACES = {
    "VcellLow": "min_cell_voltage",
    "VcellHigh": "max_cell_voltage",
    "TcellLow": "min_cell_temperature",
    "TcellHigh": "max_cell_temperature",
}
"""Names that pack module, cell or sensor, and reading."""

ALIASES = {"Upv1": "Vpv1", "Upv2": "Vpv2"}

TYPICAL = {
    "Ppv1": "1243",
    "Ppv2": "1228",
    "Vpv1": "270.3",
    "Vpv2": "273.0",
    "EpvTotal": "433.0",
    "Ua": "248.2",
    "Fac": "50.00",
    "PmeterL1": "-4",
    "Einput": "60.00",
    "Eoutput": "128.40",
    "VarAC": "-559",
    "PmeterDC": "1071",
    "PMeterDCL1": "1071",
    "MeterDCUa": "248.3",
    "VarDC": "-10",
    "Ubus": "383",
    "PrealL1": "1640",
    "Sva": "1636",
    "Tinv": "38",
    "InvBatV": "50.60",
    "PacL1": "5000",
    "PacL2": "822",
    "InvWorkMode": "3",
    "Pbat": "-708.8640",
    "SOC": "33.6",
    "BatV": "49.92",
    "BatC": "-14.20",
    "Pcharge": "4949",
    "Pdischarge": "4949",
    "Echarge": "143.9",
    "EDischarge": "138.6",
    "EGridCharge": "2.9",
    "BmsNum": "1",
    "BmsRelay": "3",
    "BmsWork": "1",
    "FlagBms": "257",
    "VcellLow": "17042704",
    "VcellHigh": "17501462",
    "TcellLow": "16908309",
    "TcellHigh": "17170453",
    "BatC1": "-14.00",
    "SOC1": "33.6",
    "EmsStatus": "Normal",
    "Eirp": "-63",
    "CSQ": "99,99",
}
"""What a system with one battery says in the morning, as text; "0" where it is not named."""


def table(path: str) -> list[dict[str, str]]:
    with (FACTS / path).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


FIELDS = {row["name"]: row for row in table("cloud/alphaess_ems_telemetry_fields.csv")}


def number(said: Value) -> Value:
    """Text that is a number as that number."""
    for kind in (int, float) if isinstance(said, str) else ():
        try:
            return kind(said)
        except ValueError:
            continue
    return said


def meaning(name: str, said: Value) -> dict[str, Value]:
    """The values that one name of the object says, by datapoint."""
    value = number(said)
    if name in PLACES:
        packed, place = int(value), PLACES[name]
        reading = packed & 0xFFFF
        volts = place.endswith("voltage")
        return {
            f"pack_id_of_{place}": packed >> 24,
            f"cell_id_of_{place}": packed >> 16 & 0xFF,
            f"battery_{place}": float(Fraction(reading, 1000)) if volts else reading,
        }
    key = OWN_KEYS.get(name) or FIELDS[name]["point"]
    if name == "FlagBms":
        charge, discharge = divmod(int(value), 256)
        return {key: value, "battery_charge_flag": charge, "battery_discharge_flag": discharge}
    return {} if value == "99,99" else {key: value}


def values_of(said: Mapping[str, Value]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in said.items():
        if name in FIELDS:
            found |= meaning(name, value)
    for total, parts in (
        ("pv_power_total", ("pv1_power", "pv2_power", "pv3_power", "pv4_power")),
        ("grid_power_total", ("grid_power_l1", "grid_power_l2", "grid_power_l3")),
    ):
        if given := [float(found[part]) for part in parts if part in found]:
            found[total] = sum(given)
    return found


def edges() -> dict[str, Value]:
    """Every name with a number of its own that nothing else says; packed ones all bits set."""
    said: dict[str, Value] = {}
    for index, (name, row) in enumerate(FIELDS.items(), 1):
        if name in ALIASES:
            continue
        if name in PLACES:
            said[name] = 0xFFFF_FFFF
        elif name == "FlagBms":
            said[name] = 0xFFFF
        elif row["data_type"] == "string":
            said[name] = f"text {index}"
        else:
            said[name] = 1000 + index if "int" in row["data_type"] else -(1000.25 + index)
    return said


def recorded() -> dict[str, Value]:
    """The ten-second object that was captured on 2021-03-24 at 20:59:22, values as text."""
    return {
        row["key"]: row["example"]
        for row in table("cloud/alphaess_ems_config_keys.csv")
        if row["message"] == "1-1-16.json"
    }


def frame(said: Mapping[str, Value], text: str, origin: str, source: str = SOURCE) -> str:
    return entry(
        "frame",
        channel=CHANNEL,
        origin=origin,
        source=source,
        text=text,
        values=values_of(said),
    )


def entries() -> Iterator[str]:
    typical = {name: TYPICAL.get(name, "0") for name in FIELDS if name not in ALIASES}
    yield frame(typical, json.dumps(typical), "derived")
    captured = recorded()
    yield frame(captured, json.dumps(captured), "captured")
    # names in the guide's capitals, numbers as numbers
    shouted = json.dumps({name.upper(): value for name, value in edges().items()})
    yield frame(edges(), shouted, "derived")
    # the other names of the same values
    renamed = {"Upv1": "278.2", "Upv2": "288.8"}
    yield frame(renamed, json.dumps(renamed), "derived")
    phases = {"PMeterDCL1": "951", "PMeterDCL2": "2", "PMeterDCL3": "3"}
    written = json.dumps(phases).replace("PMeter", "Pmeter")
    yield frame(phases, written, "derived")
    for text, datapoint, reason in (
        ('{"Ppv1": "12', "frame", "is not JSON"),
        ("[12]", "frame", "not an object"),
        ('{"Status": "Success"}', "frame", "holds none"),
        ('{"Ppv1": "many"}', "pv1_power", "is not a number"),
        ('{"SOC": true}', "battery_soc", "is not a number"),
        ('{"BmsNum": "1.5"}', "battery_module_count", "is not a whole number"),
        ('{"SOC": "330"}', "battery_soc", "outside its range"),
    ):
        yield entry(
            "bad_frame",
            channel=CHANNEL,
            origin="derived",
            text=text,
            datapoint=datapoint,
            reason=reason,
        )
