"""An inverter of no maker, small enough that a test can write its frames by hand."""

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Enumeration,
    Fault,
    Function,
    LogRule,
    hookimpl,
    product_files,
)
from thingwright.layout import i16, json_object, modbus_write, number, registers, u16, u32

MODES = Enumeration("mode", {0: "Self use", 1: "Backup"})
RUNNING = registers(
    0,
    u16("pv_power"),
    i16("battery_power"),
    u16("soc", scale=0.1, absent=0xFFFF),
    u16("fault_word", absent=0xFFFF),
)
SETTINGS = registers(
    16,
    u16("export_limit"),
    u16("mode"),
    u16("charge_current", scale=0.5),
)
METERS = registers(40, u32("pv_energy"), u16("charged"), i16("temperature", scale=0.1))


def failing(power: float) -> float:
    """A plugin's own function, with a plugin's own error."""
    return 1000 / power


@hookimpl
def declare_components():
    yield Component("inverter", "Bench")


@hookimpl
def declare_datapoints():
    yield Datapoint("pv_power", "W", role="pv.power", range=(0, 20_000))
    yield Datapoint("battery_power", "W", role="battery.power", positive="discharging")
    yield Datapoint("soc", "%", role="battery.soc", range=(0, 100))
    yield Datapoint("fault_word")
    yield Datapoint("grid_power", "W", role="grid.power", positive="importing")
    yield Datapoint(
        "export_limit",
        "W",
        trait="export.limit",
        range=(0, 10_000),
        access="rw",
        aliases="ExportLimit",
    )
    yield Datapoint("mode", enum=MODES, access="rw", aliases="WorkMode")
    yield Datapoint("charge_current", "A", range=(0, 30), access="rw")
    yield Datapoint("resistance", "ohm", of="raw_power", computed=failing)
    yield Datapoint("raw_power", "W")
    yield Datapoint("pv_energy", "Wh", role="pv.energy", restarts=10)
    yield Datapoint("charged", "Wh", role="battery.energy_charged", rollover=65_536)
    yield Datapoint("temperature", "degC", step=0.5)
    yield Datapoint("charging_mode", aliases="ChargingMode")


@hookimpl
def declare_decoders():
    yield Decoder("running", RUNNING, interval=5)
    yield Decoder("settings", SETTINGS)
    yield Decoder("ems", json_object(number("grid_power", "pgrid")))
    yield Decoder("meters", METERS)
    yield Decoder("probe", json_object(number("raw_power", "p")))


@hookimpl
def declare_faults():
    yield Fault("fault_word", "fan_stalled", bit=0, severity="warning", number="E01")
    yield Fault("fault_word", "overheating", bit=2, severity="protection", number="E03")
    yield Fault("fault_word", "grid_lost", bit=1, severity="critical", number="E02")


@hookimpl
def declare_commands():
    yield Command(
        "set_export_limit",
        modbus_write(registers(16, u16("export_limit"))),
        limits={"export_limit": (0, 8_000)},
        defaults={"export_limit": 5_000},
        reads_back="export_limit",
        timeout=30,
    )
    yield Command(
        "set_mode",
        modbus_write(registers(17, u16("mode"), u16("charge_current", scale=0.5))),
        reads_back=("mode", "charge_current"),
    )
    yield Command(
        "restart",
        modbus_write(registers(99, u16("mode"))),
        constants={"mode": 1},
        delivery="at_most_once",
        offline="refuse",
        risk="disruptive",
        timeout=5,
    )
    yield Command(
        "factory_reset",
        modbus_write(registers(100, u16("mode"))),
        constants={"mode": 0},
        delivery="at_most_once",
        risk="irreversible",
    )


@hookimpl
def declare_functions():
    yield Function("resetting", "software", "Resetting", firmware=">=2", commands="factory_reset")


@hookimpl
def declare_log_parsers():
    yield LogRule("config", "Config: {items};", items="{name}: {old} -> {new}", separator=";")
    yield LogRule("fault", "Fault {code} {message}")


@hookimpl
def declare_products():
    return product_files(__file__)
