"""AlphaESS Storion industry systems: the block of the top battery management unit.

It is the part of the Modbus document V1.23 on industry batteries; the inverter has no registers in
it. The word order of the errors is not stated: they are read high word first, as the household part
says, with confidence C. An error has two words for the clusters of batteries that have it, but not
which bit is which cluster, so there are no faults. Cell voltages have no stated unit.
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

TABLE = register_table(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "alphaess_modbus_v123_de",
        "AlphaESS household Modbus RTU protocol V1.23",
        "A-",
        "table transcribed in github.com/SorX14/alphaess_pdf_parser at 3c9d0c9f",
        "vendor document, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "Storion", vendor="AlphaESS")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield TABLE.answer("battery", 0xA000, 30)
    yield TABLE.answer("errors", 0xA100, 113)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    yield View(
        "Battery",
        (
            "topbmu_soc_a00c",
            "topbmu_soh_a00d",
            "topbmu_voltage_a009",
            "topbmu_current_a00a",
            "topbmu_max_charge_current_a005",
            "topbmu_max_discharge_current_a006",
            "topbmu_clusters_number_a01d",
        ),
    )
    yield View(
        "Cells",
        (
            "topbmu_min_cell_voltage_a00e",
            "topbmu_max_cell_voltage_a010",
            "topbmu_min_cell_temperature_a012",
            "topbmu_max_cell_temperature_a014",
        ),
    )


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
