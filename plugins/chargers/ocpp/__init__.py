"""Any charger that speaks OCPP 1.6-J or 2.0.1, behind the gateway of `thingwright gateway ocpp`.

A channel is an action of OCPP, a frame the payload of the charger's call as it came. Connector n
(2.0.1: EVSE n) is the slot `charger`n; what the charger says of itself as a whole comes in
`charger1`, its state (1.6: connector 0) on the channel `station_status`. A heartbeat says nothing,
so there the frame is the gateway's answer; a TransactionEvent with meter values comes on
`meter_values` too, so that one without does not make them absent. `measurands.csv` is common to
both versions.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Fault,
    LogRule,
    RegisterTable,
    Source,
    hookimpl,
    product_files,
    register_table,
)
from thingwright.layout import JsonField, json_object

from .faults import faults_v16, faults_v201
from .instructions import commands_v16, commands_v201
from .measurands import measurands, sampled

TABLES = {variant: register_table(__file__, f"{variant}.csv") for variant in ("v16", "v201")}
METER = "meter_values"


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "python_ocpp",
        "ocpp 2.1.0: enumerations and message schemas of OCPP 1.6 and 2.0.1",
        "A",
        "github.com/mobilityhouse/ocpp",
        "MIT",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("charger", "Charger with OCPP 1.6-J", variant="v16")
    yield Component("charger", "Charger with OCPP 2.0.1", variant="v201")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    for variant, table in TABLES.items():
        yield from table.datapoints(variants=variant)
        yield from measurands(variant)


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    for variant, table in TABLES.items():
        for channel in _channels(table):
            fields = _fields(table, variant, channel)
            yield Decoder(channel, json_object(*fields, numeric_text=True), variants=variant)


def _channels(table: RegisterTable) -> Iterable[str]:
    names = dict.fromkeys((*(row["table"] for row in table.rows), METER))
    return (name for name in names if name != "command")


def _fields(table: RegisterTable, variant: str, channel: str) -> Iterator[JsonField]:
    yield from table.json_fields(channel)
    if channel == METER:
        yield from sampled(variant)


@hookimpl
def declare_faults() -> Iterable[Fault]:
    yield from faults_v16()
    yield from faults_v201()


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield from commands_v16()
    yield from commands_v201()


@hookimpl
def declare_log_parsers() -> Iterable[LogRule]:
    """Lines are those of the gateway: action and payload of what the charger said."""
    for action in ("FirmwareStatusNotification", "SignedFirmwareStatusNotification"):
        yield LogRule("upgrade", f'{action} {{"status":"{{message}}"{{rest}}')
    for action in ("DiagnosticsStatusNotification", "LogStatusNotification"):
        yield LogRule("status", f'{action} {{"status":"{{message}}"{{rest}}')
    yield LogRule("fault", 'SecurityEventNotification {"type":"{code}"{rest}')
    yield LogRule("status", "BootNotification {message}")


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
