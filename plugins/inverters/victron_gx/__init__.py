"""Victron GX gateways: the services of a Victron system as the gateway's Modbus TCP server says.

The unit id of a request selects the service, `system` and `settings` answer at 100. A channel is
the answer to one read: its name is the service and the first register, `channels.csv` lists them. A
block ends where a register is not listed. Keys are the source's names behind their service.

Left out: five values that the gateway computes and whose layout is not published (`pv_i` of
solar chargers, `date_and_time` and `firmware_version` of the system, `error_code` of gensets). No
source states which way plus means in powers and currents, so signed powers have no role, nor which
way the energies of the grid meter count.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Fault,
    Source,
    View,
    hookimpl,
    product_files,
    register_table,
    total,
)
from thingwright.layout import modbus_tcp, modbus_write, registers

UNIT = 100
"""Where the system and its settings answer (register list, tab "Unit ID mapping")."""
FAULTY = re.compile(r"_alarms_|_alarm$|_errors_smart|_error(_code)?$")
"""Keys whose numbers other than 0 are faults."""
NO_FAULT = re.compile(r"_last_errors_|^system_")
"""Of those: what was, and why a schedule rests."""
PLACES = ("output", "grid", "genset")
"""Where PV inverters may be connected."""

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")
CHANNELS = register_table(__file__, "channels.csv").rows


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "victron_dbus_modbustcp",
        "Modbus TCP server of the GX, by the vendor",
        "A",
        "github.com/victronenergy/dbus_modbustcp at 24c50db7, attributes.csv",
        "MIT",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("inverter", "GX", vendor="Victron Energy")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from TABLE.datapoints()
    phases = [f"l{phase}_power" for phase in (1, 2, 3)]
    yield Datapoint(
        "system_ac_pv_total",
        "W",
        "pv.power",
        label="System: power of PV inverters",
        group="system",
        about="pv_meter",
        of=tuple(f"system_ac_pv_on_{place}_{phase}" for place in PLACES for phase in phases),
        computed=total,
    )
    yield Datapoint(
        "system_ac_consumption_total",
        "W",
        "load.power",
        label="System: AC consumption",
        group="system",
        of=tuple(f"system_ac_consumption_{phase}" for phase in phases),
        computed=total,
    )


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    for row in CHANNELS:
        first, count = int(row["first"]), int(row["count"])
        fields = TABLE.fields(first, first + count - 1, table=row["table"])
        block = registers(first, *fields, counts=count)
        yield Decoder(row["channel"], modbus_tcp(block, unit=UNIT))


@hookimpl
def declare_faults() -> Iterable[Fault]:
    for row in TABLE.rows:
        key, enum = row["point"], TABLE.enums.get(row["enum"])
        if enum is None or not FAULTY.search(key) or NO_FAULT.search(key):
            continue
        for number, symbol in enum.symbols.items():
            if number:
                label = f"{row['label']}: {symbol.label}"
                yield Fault(key, f"{key}_{number}", equals=number, label=label, number=str(number))


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield write("set_relay_1", "system", 806)
    yield write("set_relay_2", "system", 807)
    yield write("set_grid_setpoint", "settings", 2700)
    yield write("set_max_charge_current", "settings", 2705)
    yield write("set_max_discharge_power", "settings", 2720, 2721)
    yield write("set_max_feed_in_power", "settings", 2722, 2723)
    yield write("set_minimum_soc", "settings", 2901)
    yield write("set_ess_mode", "settings", 2902, risk="disruptive")


def write(name: str, service: str, first: int, last: int = 0, **attributes: Any) -> Command:
    """A command that writes registers of a service at `UNIT`, one alone by function 6."""
    fields = TABLE.fields(first, last or first, table=service)
    block = registers(first, *fields)
    layout = modbus_write(block, unit=UNIT, function=16 if last else 6, tcp=True)
    keys = tuple(field.key for field in fields)
    return Command(name, layout, reads_back=keys, **attributes)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    grid = [f"system_ac_grid_l{phase}_power" for phase in (1, 2, 3)]
    power = ("system_dc_pv_power", "system_ac_pv_total", "system_ac_consumption_total")
    yield View("System", (*power, *grid))
    battery = ("soc", "power", "voltage", "current", "state")
    yield View("Battery", tuple(f"system_dc_battery_{quantity}" for quantity in battery))


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
