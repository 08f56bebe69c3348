"""Shelly 3EM (Gen1, SHEM-3): the answer of its local HTTP interface to /status.

Energies count per phase: what enters on one phase and leaves on another counts in both sums.
"""

from collections.abc import Iterable

from attrs import evolve

from thingwright import Component, Datapoint, Decoder, Source, hookimpl, register_table, total
from thingwright.layout import json_object

TABLE = register_table(__file__, "fields.csv")
POWERS = ("power_l1", "power_l2", "power_l3")


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "openems_test",
        "OpenEMS, payloads in its tests of the Shelly 3EM",
        "A-",
        "github.com/OpenEMS/openems at 0e4ea888, io.openems.edge.io.shelly",
        "EPL-2.0 (facts only)",
    )
    yield Source(
        "powerwatt34",
        "State of a real Shelly 3EM, firmware 1.14.0, and what its fields mean",
        "B",
        "github.com/ryandecian/PowerWatt34 at f5c2d8ba, server/src/config/test.ts and src/types",
        "no licence file (facts only)",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("meter", "Shelly 3EM", vendor="Shelly")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    for datapoint in TABLE.datapoints():
        if datapoint.key == "power_total":
            yield evolve(datapoint, of=POWERS, computed=total)
        else:
            yield datapoint
    for way in ("import", "export"):
        yield Datapoint(
            f"energy_{way}_total",
            "Wh",
            f"meter.energy_{way}ed",
            group="Total",
            counter="total",
            of=[f"energy_{way}_l{phase}" for phase in (1, 2, 3)],
            computed=total,
            source="powerwatt34",
        )


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield Decoder("status", json_object(*TABLE.json_fields("status")))
