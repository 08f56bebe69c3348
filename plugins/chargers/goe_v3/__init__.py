"""go-e Charger V3 (HOME+, HOMEfix, Gemini): its JSON key-value API v2 and its Modbus registers.

`status` is the answer to /api/status: keys of three letters, those of `keys.csv` among some three
hundred. nrg is an array of voltages, currents, powers and power factors. The Modbus channels are
named by table and first register; their meanings are in `registers.csv`. Modbus is that over TCP,
answers and requests with its header.
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
from thingwright.layout import Framed, json_object, modbus_tcp, modbus_write, registers

KEYS = register_table(__file__, "keys.csv", enums="enums.csv")
REGISTERS = register_table(__file__, enums="enums.csv")
FUNCTIONS = {"holding": 3, "input": 4}


@hookimpl
def declare_sources() -> Iterable[Source]:
    repository = "github.com/goecharger/go-eCharger-API-v2 at b4d7f853"
    yield Source(
        "goe_api_v2",
        "go-e: keys of API v2, firmware 60.4, and Modbus registers",
        "A",
        f"{repository}, API_KEYS_FIRMWARE/apikeys_Firmware_60.4_sorted.md, modbus-en.md",
        "vendor document (facts only)",
    )
    yield Source(
        "evcc",
        "evcc, its go-e charger",
        "B",
        "github.com/evcc-io/evcc, charger/go-e.go",
        "facts only",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("charger", "go-e Charger V3", vendor="go-e")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from KEYS.datapoints()
    known = {row["point"] for row in KEYS.rows}  # fwv is in both
    yield from (datapoint for datapoint in REGISTERS.datapoints() if datapoint.key not in known)


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield Decoder("status", json_object(*KEYS.json_fields("status")))
    yield answer("input", 100, 30)
    yield answer("input", 323, 49)
    yield answer("holding", 200, 19)
    yield answer("holding", 299, 2)
    yield answer("holding", 332, 5, firmware=">=55.5,<55.6")
    yield answer("holding", 332, 6, firmware=">=55.6")


def answer(table: str, first: int, count: int, firmware: str = "") -> Decoder:
    """The answer to a read of `count` registers of a table."""
    fields = REGISTERS.fields(first, first + count - 1, table=table)
    layout = modbus_tcp(registers(first, *fields, counts=count), function=FUNCTIONS[table])
    return Decoder(f"{table}_{first}", layout, firmware=firmware)


@hookimpl
def declare_faults() -> Iterable[Fault]:
    """An error stops charging: the state "not charging because error" is 26 of modelStatus."""
    for value, symbol in KEYS.enums["goe_err"].symbols.items():
        if value:
            yield error("err", value, symbol.name, symbol.label)
    for value, symbol in REGISTERS.enums["goe_modbus_error"].symbols.items():
        yield error("error", value, f"modbus_{symbol.name}", f"{symbol.label} (Modbus)")


def error(datapoint: str, value: int, code: str, label: str) -> Fault:
    return Fault(datapoint, code, equals=value, number=str(value), label=label, severity="critical")


@hookimpl
def declare_commands() -> Iterable[Command]:
    yield Command(
        "set_charging_current",
        written(299),
        limits={"ampere_volatile": (6, 32)},
        reads_back=("ampere_volatile", "amp"),
        doc="For control: held until the next reboot, without wear of the EEPROM",
    )
    yield Command(
        "set_force_state",
        written(337),
        limits={"force_state": (0, 2)},
        reads_back=("force_state", "frc"),
        firmware=">=55.6",
        doc="Off or on, or neutral: as the charger itself decides",
    )
    yield Command(
        "set_phase_switch_mode",
        written(332),
        limits={"phase_switch_mode": (0, 2)},
        reads_back=("phase_switch_mode", "psm"),
        risk="disruptive",
        firmware=">=55.5",
        doc="Charging pauses while the charger switches",
    )


def written(register: int) -> Framed:
    """One register, by function 16: the only one by which the charger is written."""
    return modbus_write(registers(register, *REGISTERS.fields(register, register)), tcp=True)


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)
