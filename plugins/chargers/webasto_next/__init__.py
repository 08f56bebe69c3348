"""Webasto Next (now Ampure Unite) by Modbus TCP (unit 255).

Values lie apart in the register space and are read one by one, as both sources do: every value is a
channel named like its datapoint. The life bit has to be written again and again, or the charger
takes its failsafe current when the communication timeout ends.
"""

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
    hookimpl,
    product_files,
    register_table,
)
from thingwright.layout import modbus_rtu, modbus_write, registers

UNIT = 255
TABLE = register_table(__file__, enums="enums.csv")
LAST_READ = 2999
"""Registers above are only written."""
INPUTS = ("current_l1", "current_l2", "current_l3")
"""What is read by function 4."""


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "evcc",
        "evcc, its Webasto Next charger",
        "B",
        "github.com/evcc-io/evcc at b29b49e3, charger/webasto-next.go",
        "facts only",
    )
    yield Source(
        "webasto_ha",
        "Home Assistant integration Webasto Next",
        "B",
        "github.com/tomwellnitz/Webasto-Next-Modbus, const.py",
        "facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("charger", "Next", vendor="Webasto")


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    for item in TABLE.fields(0, LAST_READ):
        layout = registers(item.at[0], item, counts=item.size // 2)
        function = 4 if item.key in INPUTS else 3
        yield Decoder(item.key, modbus_rtu(layout, function=function, unit=UNIT))


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    return TABLE.datapoints()


@hookimpl
def declare_faults() -> Iterable[Fault]:
    yield Fault(
        "chargepoint_state", "charging_error", equals=7, label="Charging error", severity="critical"
    )
    for number, symbol in TABLE.enums["webasto_fault_code"].symbols.items():
        if number:
            yield Fault(
                "fault_code",
                symbol.name,
                equals=number,
                label=symbol.label,
                number=str(number),
                severity="critical",
                source="webasto_ha",
            )


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield Command(
        "set_charging_current",
        written(5004),
        limits={"charge_current": (6, 32)},
        doc="32 A for the model of 22 kW, 16 A for that of 11 kW",
    )
    yield Command("pause_charging", written(5004), constants={"charge_current": 0})
    session = written(5006)
    yield Command("start_session", session, constants={"session_command": 1})
    yield Command(
        "stop_session",
        session,
        constants={"session_command": 2},
        risk="disruptive",
        doc="Going on may need a new authorization",
    )
    yield Command(
        "keep_alive",
        written(6000),
        constants={"life_bit": 1},
        risk="safe",
        timeout=10,
        doc="Every 20 seconds at least",
    )
    yield Command(
        "set_failsafe_current",
        written(2000),
        limits={"failsafe_current": (6, 32)},
        reads_back="failsafe_current",
    )
    yield Command(
        "set_communication_timeout",
        written(2002),
        limits={"com_timeout": (6, 120)},
        reads_back="com_timeout",
    )


def written(register: int) -> Any:
    """One register, by function 6."""
    layout = registers(register, *TABLE.fields(register, register))
    return modbus_write(layout, unit=UNIT, function=6)


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
