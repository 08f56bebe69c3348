"""Shelly Pro 3EM (Gen2), profile triphase: JSON of its local RPC interface.

`em_status` is the answer of EM.GetStatus?id=0, `em_data` that of EMData.GetStatus?id=0. Both also
come inside Shelly.GetStatus, under "em:0" and "emdata:0", and as the MQTT message NotifyStatus,
there under "params".
"""

from collections.abc import Iterable
from pathlib import Path

from thingwright import (
    Component,
    Datapoint,
    Decoder,
    Fault,
    Source,
    hookimpl,
    product_files,
    register_table,
)
from thingwright.layout import json_object

TABLE = register_table(__file__, "fields.csv")
ERRORS = ("active_power", "apparent_power", "voltage", "current")
COMPONENTS = {"em_status": "em:0", "em_data": "emdata:0"}


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "aioshelly_fixture",
        "State of a real Shelly Pro 3EM, firmware 1.1.0, in the tests of aioshelly",
        "A-",
        "github.com/home-assistant-libs/aioshelly at ea7a88f4, fixtures/gen2_Shelly Pro 3EM_*.json",
        "Apache-2.0",
    )
    yield Source(
        "openems_test",
        "OpenEMS, payloads in its tests of the Shelly Pro 3EM",
        "B",
        "github.com/OpenEMS/openems at 0e4ea888",
        "EPL-2.0 (facts only)",
    )
    yield Source(
        "powerwatt34",
        "What the fields of a Shelly Pro 3EM mean: which sign is import",
        "B",
        "github.com/ryandecian/PowerWatt34 at f5c2d8ba, shellyPro3EM types",
        "no licence file (facts only)",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "Shelly Pro 3EM", vendor="Shelly")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    for channel, component in COMPONENTS.items():
        fields = TABLE.json_fields(channel, inside=(component, f"params.{component}"))
        yield Decoder(channel, json_object(*fields))


@hookimpl
def declare_faults() -> Iterable[Fault]:
    for phase in ("l1", "l2", "l3"):
        for quantity in ERRORS:
            yield Fault(
                f"errors_{phase}",
                f"{quantity}_out_of_range_{phase}",
                names=f"out_of_range:{quantity}",
                label=f"{quantity.replace('_', ' ').capitalize()} out of range on {phase.upper()}",
                source="openems_test",
            )


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
