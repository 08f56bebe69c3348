"""An inverter that counts every energy of a home and knows daily windows in several forms."""

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Enumeration,
    Function,
    WindowEdge,
    hookimpl,
    product_files,
)
from thingwright.layout import modbus_write, registers, u16, u32

ENERGIES = {
    "pv": "pv.energy",
    "used": "load.energy",
    "charged": "battery.energy_charged",
    "discharged": "battery.energy_discharged",
    "imported": "grid.energy_imported",
    "exported": "grid.energy_exported",
}
EDGES = [(edge, unit) for edge in ("start", "end") for unit in ("hour", "minute")]
CHARGE = {
    f"charge_{n}_{edge}_{unit}": WindowEdge("charge", n, edge, unit)
    for n in (1, 2)
    for edge, unit in EDGES
}
DISCHARGE = {f"discharge_{e}": WindowEdge("discharge", 1, e, "hour") for e in ("start", "end")}
MODES = Enumeration("modes", {0: "Self use", 1: "Feed-in priority"})
LAST = {"hour": 24, "minute": 59}


@hookimpl
def declare_components():
    yield Component("inverter", "Home")


@hookimpl
def declare_datapoints():
    for key, role in ENERGIES.items():
        yield Datapoint(key, "kWh", role=role)
    for key, edge in {**CHARGE, **DISCHARGE}.items():
        yield Datapoint(key, range=(0, LAST[edge.unit]), access="rw")
    yield Datapoint("power", "W", range=(0, 5_000), access="rw")
    yield Datapoint("enabled", range=(0, 1), access="rw")
    yield Datapoint("floor", "%", trait="battery.lowest_soc", range=(5, 95), access="rw")
    yield Datapoint("mode", enum=MODES, trait="work.mode", access="rw")
    yield Datapoint("guarded", range=(0, 1), access="rw")


@hookimpl
def declare_decoders():
    yield Decoder("counters", registers(0, *(u32(key, scale=0.001) for key in ENERGIES)))
    yield Decoder("settings", registers(100, *map(u16, (*CHARGE, *DISCHARGE, "power", "enabled"))))
    yield Decoder("modes", registers(200, u16("floor"), u16("mode"), u16("guarded")))


@hookimpl
def declare_commands():
    yield Command("set_charging", modbus_write(registers(100, *map(u16, CHARGE))), windows=CHARGE)
    yield Command(
        "set_discharging",
        modbus_write(registers(108, *map(u16, (*DISCHARGE, "power")))),
        limits={"discharge_end": (0, 23)},
        defaults={"power": 2_500},
        windows=DISCHARGE,
    )
    yield Command(
        "enable", modbus_write(registers(111, u16("enabled"))), doc="Whether windows count"
    )
    for n, key in enumerate(("floor", "mode", "guarded")):
        yield Command(f"set_{key}", modbus_write(registers(200 + n, u16(key))), reads_back=key)


@hookimpl
def declare_functions():
    yield Function(
        "windows",
        "software",
        "Windows",
        commands=("set_charging", "set_discharging", "enable"),
        countries=("DE", "AU"),
    )
    yield Function("storm_guard", "software", "Storm Guard", commands="set_guarded")
    yield Function("away_mode", "software", "Away Mode")


@hookimpl
def declare_products():
    return product_files(__file__)
