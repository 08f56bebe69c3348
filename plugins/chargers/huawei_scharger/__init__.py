"""Huawei SCharger, a charging point that answers behind an EMMA.

It answers at addresses that mean other things in a SUN2000. A channel is the answer to one read;
all ones are no value, of signed numbers the highest one. `chager_total_energy_charged_sensor` is
spelt as in the source, which lists it without a device class; its name says whose it is.
"""

from collections.abc import Iterable
from pathlib import Path

from thingwright import (
    Component,
    Datapoint,
    Decoder,
    Source,
    hookimpl,
    product_files,
    register_table,
)

TABLE = register_table(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "huawei_solar_lib",
        "Huawei Solar library",
        "B",
        "github.com/wlcrs/huawei-solar-lib at 873c1b3b, registers.py",
        "AGPL-3.0, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("charger", "SCharger", vendor="Huawei")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    for row in register_table(__file__, "channels.csv").rows:
        yield TABLE.answer(row["channel"], int(row["first"]), int(row["count"]))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
