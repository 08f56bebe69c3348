"""ABB Terra AC wallbox, read and led by Modbus RTU or TCP as a secondary device.

One read takes everything up to the energy of the session, and with newer firmware what Modbus has
set. The charger wants to be asked every 30 to 90 seconds: after the communication timeout without
any read it takes the fallback limit, or stops where none is set (manual 1.11, 4 and 5.19).
Registers that are only written stand here under the key of the register that reads them back.
"""

from collections.abc import Iterable
from pathlib import Path

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
from thingwright.layout import modbus_rtu, modbus_write, registers, u16, u32

TABLE = register_table(__file__, enums="enums.csv")
FIRST = 0x4000
CONNECTORS = "GPST"

ERRORS = {
    1: ("residual_current", "Residual current"),
    2: ("earth_missing", "Protective earth missing, or neutral and phase swapped"),
    3: ("over_voltage", "Over voltage"),
    4: ("under_voltage", "Under voltage"),
    5: ("over_current", "Over current"),
    6: ("severe_over_current", "Severe over current"),
    7: ("over_temperature", "Over temperature"),
    10: ("power_relay", "Power relay"),
    11: ("internal_communication", "Internal communication"),
    12: ("lock", "Lock of the socket"),
    13: ("missing_phase", "Missing phase"),
    14: ("modbus_lost", "Modbus communication lost"),
}
"""Bits of the error code."""


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "abb_modbus_manual",
        "Terra AC Charger Modbus Communication, revision 1.11; evcc agrees",
        "A-",
        "ABB, March 2025; github.com/evcc-io/evcc, charger/abb.go",
        "vendor document (facts only)",
    )
    yield Source(
        "abb_terra_ha",
        "Home Assistant integration ABB Terra AC",
        "C",
        "github.com/JernejHren/ABB-Terra-AC, const.py and __init__.py",
        "Apache-2.0",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("charger", "Terra AC", vendor="ABB")


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    fields = TABLE.fields(FIRST, FIRST + 36)
    layout = modbus_rtu(registers(FIRST, *fields, counts=(32, 37)))
    yield Decoder("status", layout, interval=30, doc="37 registers from manual 1.9 on")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from TABLE.datapoints()
    yield Datapoint(
        "serial",
        label="Serial number as printed",
        of="serial_number",
        computed=printed_serial,
        confidence="A-",
        doc="Section 5.1",
    )
    yield Datapoint(
        "firmware",
        of="firmware_version",
        computed=firmware,
        trait="component.firmware",
        confidence="A-",
        doc="Section 5.2: hexadecimal digits, read as decimal ones",
    )


def printed_serial(encoded: str) -> str | None:
    """TACW22-4-4920-T0025, of connector, power, plant, spare, week, year and number."""
    connector = chr(int(encoded[:2], 16))
    if connector not in CONNECTORS:
        return None
    power, plant, week_and_year, number = encoded[2:4], encoded[5], encoded[8:12], encoded[12:]
    return f"TACW{power}-{plant}-{week_and_year}-{connector}{number}"


def firmware(version: int) -> str:
    return ".".join(f"{version >> shift & 0xFF:x}" for shift in (24, 16, 8))


@hookimpl
def declare_faults() -> Iterable[Fault]:
    for position, (code, label) in ERRORS.items():
        yield Fault(
            "error_code",
            code,
            bit=position,
            label=label,
            number=str(1 << position),
            severity="warning" if code == "modbus_lost" else "critical",
            source="abb_terra_ha",
        )


@hookimpl
def declare_commands() -> Iterable[Command]:
    limit = u32("modbus_current_limit", 0x4100, scale=0.001)
    yield Command(
        "set_charging_current",
        modbus_write(registers(0x4100, limit)),
        limits={"modbus_current_limit": (6, 32)},
        reads_back="modbus_current_limit",
        doc="The charger may choose less, for its own load management (section 5.15)",
    )
    yield Command(
        "pause_charging",
        modbus_write(registers(0x4100, limit)),
        constants={"modbus_current_limit": 0},
        reads_back="modbus_current_limit",
        doc="Less than 6 A pauses the session; it goes on when a current is set",
    )
    session = modbus_write(registers(0x4105, *TABLE.fields(0x4105, 0x4105)), function=6)
    yield Command("start_session", session, constants={"start_stop_session": 0})
    yield Command(
        "stop_session",
        session,
        constants={"start_stop_session": 1},
        risk="disruptive",
        doc="Going on may need a new authorization",
    )
    lock = modbus_write(registers(0x4103, *TABLE.fields(0x4103, 0x4103)), function=6)
    yield Command(
        "lock_socket_cable",
        lock,
        constants={"lock_socket_cable": 1},
        risk="disruptive",
        doc="Sockets only: held until it is unlocked or the power is cut",
    )
    yield Command(
        "unlock_socket_cable",
        lock,
        constants={"lock_socket_cable": 0},
        risk="disruptive",
        doc="Sockets only, and not while a session goes on (section 5.16)",
    )
    yield Command(
        "set_communication_timeout",
        modbus_write(registers(0x4106, u16("communication_timeout", 0x4106)), function=6),
        limits={"communication_timeout": (10, 65535)},
        reads_back="communication_timeout",
    )
    yield Command(
        "set_fallback_limit",
        modbus_write(registers(0x4109, u16("fallback_limit", 0x4109)), function=6),
        limits={"fallback_limit": (6, 32)},
        reads_back="fallback_limit",
    )


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
