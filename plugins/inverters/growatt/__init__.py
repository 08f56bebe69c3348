"""Growatt inverters that speak Modbus RTU protocol II, V1.24.

Every model group has registers of its own beside those of all: TL-X, TL-XH and MOD XH from 3000,
storage inverters (MIX, SPA, SPH) from 1000 and 2000, MAX 1500V from 875. They are variants; their
keys begin with `xh_`, `storage_` and `max_`. `channels.csv` lists the reads, of at most 125
registers. The table `us_holding` reads the times of US machines where others have a serial number.
A key that a group has as input and as holding register ends with `_setting` in the latter.

The document says registers one by one: of a text two characters each, of a time the hour in the
high byte, and its units only in part. What it leaves open has no unit here. Which way "to user"
points is not said, so the power at the grid connection has no role. Bits of faults and warnings are
not published in the tables.
"""

from collections.abc import Iterable
from pathlib import Path

from attrs import evolve

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Fault,
    Source,
    View,
    hookimpl,
    product_files,
    register_table,
)
from thingwright.layout import modbus_rtu, modbus_write, registers

VARIANTS = {"xh": "tl_xh", "storage": "storage", "max": "max_1500v"}
"""First word of a key: the model group that has it."""

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")
CHANNELS = register_table(__file__, "channels.csv").rows


@hookimpl
def declare_sources() -> Iterable[Source]:
    at = "github.com/0xAHA/Growatt_ModbusTCP at 64434f92, Protocols"
    yield Source(
        "growatt_protocol_v124",
        "Growatt Inverter Modbus RTU Protocol II V1.24, mostly confirmed by V1.39",
        "A",
        at,
        "vendor document, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "Protocol II", vendor="Growatt")
    yield Component("inverter", "TL-X, TL-XH, MOD XH", "tl_xh", vendor="Growatt")
    yield Component("inverter", "MIX, SPA, SPH", "storage", vendor="Growatt")
    yield Component("inverter", "MAX 1500V", "max_1500v", vendor="Growatt")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from map(scoped, TABLE.datapoints())
    yield serial_number("", "new_serial_no_{}", "new_serial_{}", range(209, 224))
    yield serial_number("xh_", "xh_new_serial_no_{}", "", range(3001, 3016))
    for group, charging, discharging in (
        ("xh", "pchr", "pdischr"),
        ("storage", "pcharge1", "pdischarge1"),
    ):
        yield Datapoint(
            f"{group}_battery_power",
            "W",
            "battery.power",
            label="Battery power",
            positive="charging",
            about="battery1",
            of=(f"{group}_{discharging}", f"{group}_{charging}"),
            computed=difference,
            variants=VARIANTS[group],
        )


def scoped(datapoint: Datapoint) -> Datapoint:
    """A datapoint for the model group that its key names."""
    variant = VARIANTS.get(datapoint.key.partition("_")[0])
    return evolve(datapoint, variants=variant) if variant else datapoint


def serial_number(group: str, first: str, later: str, numbers: range) -> Datapoint:
    """The serial number of registers with two characters each; `later` names those from 216."""
    return Datapoint(
        f"{group}new_serial_number",
        label="Serial number",
        of=tuple((later if later and n >= 216 else first).format(n) for n in numbers),
        computed=joined,
        partial=True,
        variants=VARIANTS.get(group.removesuffix("_"), ()),
    )


def joined(*parts: str) -> str:
    """Texts one after the other."""
    return "".join(parts)


def difference(discharging: float, charging: float) -> float:
    """One of both is zero."""
    return charging - discharging


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    for row in CHANNELS:
        first, count, table = int(row["first"]), int(row["count"]), row["table"]
        block = registers(first, *TABLE.fields(first, first + count - 1, table=table), counts=count)
        layout = modbus_rtu(block, function=4 if table.endswith("input") else 3)
        yield Decoder(row["channel"], layout, variants=row["variant"] or ())


@hookimpl
def declare_faults() -> Iterable[Fault]:
    yield Fault(
        "inverter_status",
        "inverter_fault",
        equals=3,
        label="Inverter reports a fault",
        severity="critical",
        doc="Its number is in fault_maincode",
    )


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield write("set_active_power_rate", "holding", 3)
    yield write("set_export_limit", "holding", 122, 123)
    yield write("set_discharge_stop_soc", "xh_holding", 3037)
    yield write("set_charge_stop_soc", "xh_holding", 3048)
    yield write("set_ac_charging", "xh_holding", 3049)
    yield write("set_storage_discharge_stop_soc", "storage_holding", 1071)
    yield write("set_storage_charge_stop_soc", "storage_holding", 1091)
    yield write("set_storage_ac_charging", "storage_holding", 1092)


def write(name: str, table: str, first: int, last: int = 0) -> Command:
    """A command that writes registers `first` to `last` in one go, one alone by function 6."""
    fields = TABLE.fields(first, last or first, table=table)
    layout = modbus_write(registers(first, *fields), function=16 if last else 6)
    keys = tuple(field.key for field in fields)
    variants = VARIANTS.get(table.partition("_")[0], ())
    return Command(name, layout, reads_back=keys, variants=variants)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    yield View("PV strings", ("ppv", *(f"{q}pv{n}" for n in range(1, 5) for q in "vp")))
    yield View("PV (XH)", ("xh_ppv", *(f"xh_{q}pv{n}" for n in range(1, 5) for q in "vip")))
    yield View("Battery (XH)", ("xh_soc", "xh_battery_power", "xh_vbat", "xh_ibat"))
    yield View("Battery (storage)", ("storage_soc", "storage_battery_power"))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
