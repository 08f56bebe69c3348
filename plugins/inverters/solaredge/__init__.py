"""SolarEdge inverters: SunSpec models 1 and 101 to 103, and SolarEdge's own blocks.

Numbers of the SunSpec block are scaled by powers of ten that stand beside them. The battery's block
(floats, low word first) has the keys of its fact table after `battery_`, since the inverter's has
some of the same names. Of three values the source lists two registers with a 16-bit type; the first
is read. The settings are read only, as the source does: nothing can be set.
No source states which way plus means in the battery's power, so it has no role.
"""

from collections.abc import Iterable
from pathlib import Path

from thingwright import (
    Component,
    Datapoint,
    Decoder,
    Source,
    View,
    hookimpl,
    product_files,
    register_table,
)
from thingwright.layout import modbus_rtu, registers

TABLE = register_table(__file__, enums="enums.csv")

SCALED = {
    "current": ("current", "l1_current", "l2_current", "l3_current"),
    "voltage": tuple(f"l{n}_voltage" for n in (1, 2, 3, "1n", "2n", "3n")),
    **{
        name: (name,)
        for name in (
            "power_ac",
            "frequency",
            "power_apparent",
            "power_reactive",
            "power_factor",
            "energy_total",
            "current_dc",
            "voltage_dc",
            "power_dc",
            "temperature",
        )
    },
}
"""Stem of the point that holds a power of ten: the points that it scales."""
POWERS = {key: f"{stem}_scale" for stem, keys in SCALED.items() for key in keys}


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "nmakel_solaredge_modbus",
        "SolarEdge Modbus library",
        "B",
        "github.com/nmakel/solaredge_modbus at fd3ce7ae",
        "MIT",
    )
    yield Source(
        "sunspec_models",
        "SunSpec model definitions",
        "A-",
        "github.com/sunspec/models at 7abdf898, model_103.json",
        "Apache-2.0",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "SolarEdge inverter", vendor="SolarEdge")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    # the SunSpec block, whose numbers are scaled by one another
    fields = TABLE.fields(40000, 40108)
    scaled = (field.changed(scaled_by=POWERS.get(field.key)) for field in fields)
    yield Decoder("inverter", modbus_rtu(registers(40000, *scaled, counts=109)))
    yield TABLE.answer("storage_settings", 57348, 14)
    yield TABLE.answer("battery_info", 57600, 76)
    yield TABLE.answer("battery", 57708, 40)
    yield TABLE.answer("power_limit", 61440, 4)
    yield TABLE.answer("power_control", 61696, 7)
    yield TABLE.answer("advanced_power_control", 61762, 2)
    yield TABLE.answer("export_control", 63232, 4)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    yield View(
        "Inverter",
        (
            "power_ac",
            "power_dc",
            "energy_total",
            "frequency",
            "l1n_voltage",
            "current",
            "temperature",
            "status",
        ),
    )
    yield View(
        "Battery",
        (
            "battery_soe",
            "battery_soh",
            "battery_instantaneous_power",
            "battery_instantaneous_voltage",
            "battery_instantaneous_current",
            "battery_available_energy",
            "battery_status",
        ),
    )
    yield View("Limits", ("active_power_limit", "export_control_mode", "export_control_site_limit"))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
