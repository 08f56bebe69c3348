"""A plugin that nobody has seen, with hostile words in every place that a page shows."""

NAME = "inverters.zephyr_q9"
SN = "ZQ9000000001"
HOSTILE = '<script>alert("x")</script>'
SOURCE = '''
"""Zephyr Q9, made up for a test."""

from thingwright import (
    Command, Component, Datapoint, Decoder, Enumeration, ExportRule, Fault, Function, GridLimit,
    GridSpec,
    LogRule, Rating, Source, View,
    hookimpl, product_files,
)
from thingwright.layout import i16, registers, u16

HOSTILE = '<script>alert("x")</script>'
MODES = Enumeration("modes", {0: "Standby", 1: "Feeding"})
RUNNING = registers(
    0x10,
    i16("cell_power", scale=1), u16("roof_power"), i16("street_power"), u16("charge", scale=0.1),
    u16("mode"), u16("trouble"), u16("feed_limit"), u16("label_sum"), counts=8,
)


@hookimpl
def declare_sources():
    yield Source("manual", "Zephyr manual " + HOSTILE, "A-", "§ 4")


@hookimpl
def declare_components():
    yield Component(
        "inverter", "Zephyr Q9", vendor="Zephyr " + HOSTILE,
        ratings=(Rating("rated_power", 9000, "W", confidence="unverified"),),
    )
    for kind in ("battery", "meter", "wifi", "charger"):
        yield Component(kind, f"Zephyr {kind} " + HOSTILE, kind, doc="Part " + HOSTILE)


@hookimpl
def declare_functions():
    yield Function("night_hum", "hardware", "Night hum " + HOSTILE, doc="Hums " + HOSTILE)
    yield Function("day_hum", "software", "Day hum " + HOSTILE, codes="hum.day")


@hookimpl
def declare_grid_specs():
    yield GridSpec(
        "zz_hum", "Hum " + HOSTILE, "2026", "Nowhere", ("DE",), 230, 50,
        limits=(
            GridLimit("ov1", "voltage", 260, "V", 0.2), GridLimit("uf1", "frequency", 47, "Hz"),
        ),
        export_rules=(
            ExportRule(70, "%", "installed_pv_power", confidence="C", note="Rule " + HOSTILE),
        ),
    )


@hookimpl
def declare_datapoints():
    yield Datapoint("cell_power", "W", "battery.power", positive="discharging", group="cells")
    yield Datapoint("roof_power", "W", "pv.power", label="Roof", group="roof")
    yield Datapoint("street_power", "W", "grid.power", positive="exporting", group="street")
    yield Datapoint("charge", "%", "battery.soc", group="cells", range=(0, 100))
    yield Datapoint("mode", enum=MODES, doc="Mode " + HOSTILE)
    yield Datapoint("trouble", label="Trouble " + HOSTILE)
    yield Datapoint(
        "feed_limit", "W", trait="export.limit", range=(0, 9000), access="rw", label="Feed limit",
    )
    yield Datapoint("label_sum", trait="component.serial_number")
    yield Datapoint("never_heard", "V")
    yield Datapoint(
        "board", label="Board", of="label_sum", computed=version, trait="component.firmware",
    )


def version(number):
    return f"0.{number}"


@hookimpl
def declare_decoders():
    yield Decoder("running", RUNNING, interval=5)


@hookimpl
def declare_faults():
    hot = "Hot " + HOSTILE
    yield Fault("trouble", "melting", bit=2, severity="critical", doc=hot, advice="Cool it")
    yield Fault("trouble", "dusty", bit=0, severity="info")


@hookimpl
def declare_commands():
    yield Command(
        "set_feed_limit", registers(0x16, u16("feed_limit")), doc="Say " + HOSTILE,
        reads_back="feed_limit", defaults={"feed_limit": 5000},
    )
    yield Command("set_mode", registers(0x14, u16("mode")), risk="disruptive")
    yield Command("wipe", registers(0x14, u16("mode")), constants={"mode": 0}, risk="irreversible")


@hookimpl
def declare_log_parsers():
    yield LogRule("config", "CFG {items}", items="{name}: {old} -> {new}")


@hookimpl
def declare_portal_views():
    yield View("Battery at a glance", ("charge", "cell_power"), doc="View " + HOSTILE)


@hookimpl
def declare_products():
    return product_files(__file__)
'''
PRODUCT = """
id = "zephyr-q9"
name = "Zephyr Q9 <b>bold</b>"
version = "1.0.0"
sn_rules = ["ZQ9*"]
inverter = "inverters.zephyr_q9"
"""
BROKEN = "raise RuntimeError('torn <i>page</i>')\n"


def frame(  # noqa: PLR0917  the registers in order
    cells: int = 2100,
    roof: int = 3200,
    street: int = -900,
    charge: int = 715,
    mode: int = 1,
    trouble: int = 4,
    limit: int = 4000,
    rest: int = 7,
) -> bytes:
    """The eight registers; by default the battery discharges 2.1 kW and 900 W are imported."""
    numbers = (cells, roof, street, charge, mode, trouble, limit, rest)
    return b"".join((n & 0xFFFF).to_bytes(2, "big") for n in numbers)
