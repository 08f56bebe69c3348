"""Huawei EMMA, the energy manager of a plant: its settings and the meter behind it.

It answers at addresses that mean other things in a SUN2000. A channel is the answer to one read;
all ones are no value, of signed numbers the highest one. No source states which way plus means in
the powers of the meter, nor which way its energies count, so they have no role, and a house tells
nothing by an EMMA alone: no product model is made of it.
"""

from collections.abc import Iterable
from typing import Any

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Source,
    hookimpl,
    register_table,
)
from thingwright.layout import modbus_write, registers

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")
CHANNELS = register_table(__file__, "channels.csv").rows


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "huawei_solar_lib",
        "Huawei Solar library",
        "B",
        "github.com/wlcrs/huawei-solar-lib at 873c1b3b, registers.py, register_values.py",
        "AGPL-3.0, facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "EMMA", vendor="Huawei")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    for row in CHANNELS:
        yield TABLE.answer(row["channel"], int(row["first"]), int(row["count"]))


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield write("set_battery_control_mode", 40000, risk="disruptive")
    yield write("set_max_charging_power_from_grid", 40002, 40003)
    yield write("set_feed_in_limit", 40107, 40108)


def write(name: str, first: int, last: int = 0, **attributes: Any) -> Command:
    """A command that writes registers `first` to `last` in one go, one alone by function 6."""
    fields = TABLE.fields(first, last or first)
    layout = modbus_write(registers(first, *fields), function=16 if last else 6)
    keys = tuple(field.key for field in fields)
    return Command(name, layout, reads_back=keys, **attributes)
