"""Pylontech Force H1, H2 and H3 by Modbus RTU (unit 1): the stack, its modules, some cells.

A channel is one stretch of registers. Of the cells only those of the first module are listed; other
modules follow in the same way, as many as the stack has.
"""

from collections.abc import Iterable

from thingwright import Component, Datapoint, Decoder, Source, hookimpl, register_table
from thingwright.layout import modbus_rtu, registers

TABLE = register_table(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "ha_solarman",
        "Solarman for Home Assistant, its profile of Pylontech Force",
        "B",
        "github.com/davidrapan/ha-solarman, inverter_definitions/pylontech_force.yaml",
        "MIT (facts only)",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("battery", "Force H", vendor="Pylontech")


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield answer("identity", 4096, 11)
    yield answer("status", 5123, 53)
    yield answer("modules", 5200, 21)
    yield answer("module_temperatures", 5296, 5)
    yield answer("cell_voltages", 5376, 15)
    yield answer("cell_temperatures", 6144, 15)


def answer(channel: str, first: int, count: int) -> Decoder:
    """The answer to a read of `count` registers."""
    fields = TABLE.fields(first, first + count - 1)
    return Decoder(channel, modbus_rtu(registers(first, *fields, counts=count)))


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from TABLE.datapoints()
    yield Datapoint(
        "firmware",
        group="info",
        of="device_firmware_version",
        computed=firmware,
        trait="component.firmware",
    )


def firmware(version: int) -> str:
    return f"{version >> 8}.{version & 0xFF}"
