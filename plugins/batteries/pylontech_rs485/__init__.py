"""Pylontech low-voltage batteries (US2000, US3000, UP2500) on RS485, protocol V3.3.

Section numbers are those of the maker's paper. The answers do not say which question they answer,
so the gateway puts them on channels: `values` and `module_values` answer CID2 42 (get analog value)
with command FF for all batteries of a group or with the address of one, `system_parameters` answers
47 and `management_info` 92. INFO begins with INFOFLAG in answers to 42 and 47, with the address of
the battery in those to 92. Temperatures count tenths of a kelvin from 2731 at freezing point.
"""

from collections.abc import Callable, Iterable
from functools import partial

from plugins.batteries.pylontech_rs485.framing import AsciiAnswer
from thingwright import Component, Datapoint, Decoder, Source, hookimpl, total
from thingwright.layout import Field, Repeat, framed, i16, octet_string, repeat, u8, u16, u24

MODULES = 12
"""Section 2.5.3: at most 8 or 12 batteries in one group, as the product says."""
CELLS = 16
"""Section 3.3: a battery has 15 or 16 cells, fewer in a 24 V one."""
GROUPS = 5
"""Groups of cells with a temperature of their own; the fifth is the MOSFET of a US3000B (3.5)."""

CAPACITIES = ("remaining_capacity", "total_capacity")

volts = partial(u16, scale=0.001)
cell_volts = partial(i16, scale=0.001)
amperes = partial(i16, scale=0.1)
ampere_hours = partial(u16, scale=0.001, absent=0xFFFF)
many_ampere_hours = partial(u24, scale=0.001)
celsius = partial(i16, scale=0.1, offset=-273.1)


def battery(prefix: str) -> tuple[Field | Repeat, ...]:
    """Data of one battery (3.3); `prefix` begins its keys.

    A battery above 65 Ah says its capacities as two more items of 24 bits, FFFF in the old places.
    """
    return (
        u8(prefix + "number_of_cells"),
        repeat(
            "cell",
            cell_volts(prefix + "cell{cell}_voltage"),
            count=prefix + "number_of_cells",
            limit=CELLS,
        ),
        u8(prefix + "number_of_temperatures"),
        celsius(prefix + "average_bms_temperature"),
        repeat(
            "group",
            celsius(prefix + "grouped_cells_temperature{group}"),
            count=prefix + "number_of_temperatures",
            more=-1,
            limit=GROUPS,
        ),
        amperes(prefix + "current"),
        volts(prefix + "voltage"),
        ampere_hours(prefix + "remaining_capacity_1"),
        u8(prefix + "user_defined_items"),
        ampere_hours(prefix + "total_capacity_1"),
        u16(prefix + "cycle_number"),
        repeat(
            "item",
            many_ampere_hours(prefix + "capacity_item{item}"),
            count=prefix + "user_defined_items",
            more=-2,
            limit=2,
        ),
    )


VALUES = octet_string(
    u8("info_flag"),
    u8("number_of_modules"),
    repeat("module", *battery("module{module}_"), count="number_of_modules", limit=MODULES),
)
MODULE_VALUES = octet_string(u8("info_flag"), u8("module_address"), *battery(""))

SYSTEM_PARAMETERS = octet_string(  # 3.4
    u8("info_flag"),
    cell_volts("cell_high_voltage_limit"),
    cell_volts("cell_low_voltage_limit"),
    cell_volts("cell_under_voltage_limit"),
    celsius("charge_high_temperature_limit"),
    celsius("charge_low_temperature_limit"),
    amperes("system_charge_current_limit"),
    volts("module_high_voltage_limit"),
    volts("module_low_voltage_limit"),
    volts("module_under_voltage_limit"),
    celsius("discharge_high_temperature_limit"),
    celsius("discharge_low_temperature_limit"),
    amperes("system_discharge_current_limit"),
    size=25,
)
MANAGEMENT_INFO = octet_string(  # 3.6
    u8("module_address"),
    volts("charge_voltage_limit"),
    volts("discharge_voltage_limit"),
    amperes("charge_current_limit"),
    amperes("discharge_current_limit"),
    u8("status"),
    size=10,
)

REQUESTS = {
    7: ("charge_enable", "0 asks to stop charging"),
    6: ("discharge_enable", "0 asks to stop discharging"),
    5: ("charge_immediately_1", "State of charge 5 to 9 % (15 to 19 % in a US2000B)"),
    4: ("charge_immediately_2", "State of charge 9 to 13 %"),
    3: ("full_charge_request", "Never above 97 % in 30 days: charge until full"),
}
"""Bits of `status` (3.6); the library names bits 5 and 4 the other way round."""

LIMITS = {
    "V": (
        "cell_high_voltage_limit",
        "cell_low_voltage_limit",
        "cell_under_voltage_limit",
        "module_high_voltage_limit",
        "module_low_voltage_limit",
        "module_under_voltage_limit",
        "charge_voltage_limit",
        "discharge_voltage_limit",
    ),
    "degC": (
        "charge_high_temperature_limit",
        "charge_low_temperature_limit",
        "discharge_high_temperature_limit",
        "discharge_low_temperature_limit",
    ),
    "A": (
        "system_charge_current_limit",
        "system_discharge_current_limit",
        "charge_current_limit",
        "discharge_current_limit",
    ),
}
"""Limits by unit. Those named system_ are fixed parameters, of the same name in the paper."""


@hookimpl
def declare_sources() -> Iterable[Source]:
    repository = "github.com/Frankkkkk/python-pylontech at 5d91f6d7"
    yield Source("python_pylontech", "Pylontech RS485 library", "B", repository, "MIT")
    yield Source(
        "pylontech_rs485_v33",
        "PYLON low voltage protocol RS485, V3.3 of 2018-08-21",
        "A-",
        f"{repository}, RS485-protocol-pylon-low-voltage-V3.3-20180821.pdf",
        "vendor document (facts only)",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield Component("battery", "Pylontech low-voltage battery, RS485", vendor="Pylontech")


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    answer = AsciiAnswer()
    yield Decoder("values", framed(VALUES, answer), doc="All batteries of a group")
    yield Decoder("module_values", framed(MODULE_VALUES, answer), doc="One battery")
    yield Decoder("system_parameters", framed(SYSTEM_PARAMETERS, answer))
    yield Decoder("management_info", framed(MANAGEMENT_INFO, answer))


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield Datapoint(
        "info_flag",
        group="frame",
        doc="Bit 0: an alarm has changed and not been read; bit 4: a switch has (2.2.2)",
        source="pylontech_rs485_v33",
    )
    yield Datapoint("number_of_modules", group="frame")
    yield Datapoint("module_address", group="frame", source="pylontech_rs485_v33", range=(2, 125))
    for module in range(1, MODULES + 1):
        yield from one_battery(f"module{module}_", f"battery {module}")
    yield from all_together()
    yield from one_battery("", "battery")
    yield from power_and_charge("", ("current", "voltage"), product)
    for unit, keys in LIMITS.items():
        for key in keys:
            yield Datapoint(key, unit, group="limits")
    yield Datapoint("status", group="requests")
    for position, (key, doc) in REQUESTS.items():
        yield Datapoint(key, group="requests", doc=doc, of="status", computed=bit(position))


def one_battery(prefix: str, group: str) -> Iterable[Datapoint]:
    """What one battery says of itself; its capacities count wherever it says them."""
    yield Datapoint(f"{prefix}number_of_cells", group=group)
    for cell in range(1, CELLS + 1):
        yield Datapoint(f"{prefix}cell{cell}_voltage", "V", group=group, range=(0, 5))
    yield Datapoint(f"{prefix}number_of_temperatures", group=group)
    yield Datapoint(f"{prefix}average_bms_temperature", "degC", group=group, range=(-50, 150))
    for number in range(1, GROUPS + 1):
        key = f"{prefix}grouped_cells_temperature{number}"
        yield Datapoint(key, "degC", group=group, range=(-50, 150))
    yield Datapoint(
        f"{prefix}current",
        "A",
        group=group,
        positive="charging",
        source="pylontech_rs485_v33",
        doc="Plus is charging (2.5.2, 3.3)",
    )
    yield Datapoint(f"{prefix}voltage", "V", group=group)
    yield Datapoint(f"{prefix}user_defined_items", group=group, range=(2, 4))
    for number, name in enumerate(CAPACITIES, 1):
        key, item = f"{prefix}{name}", f"{prefix}capacity_item{number}"
        yield Datapoint(f"{key}_1", "Ah", group=group, doc="Batteries up to 65 Ah")
        yield Datapoint(item, "Ah", group=group, doc="Batteries above 65 Ah")
        yield Datapoint(key, "Ah", group=group, of=(f"{key}_1", item), computed=last, partial=True)
    yield Datapoint(f"{prefix}cycle_number", "cycle", group=group, counter="total")


def all_together() -> Iterable[Datapoint]:
    """What follows for a whole group of batteries."""
    prefixes = [f"module{module}_" for module in range(1, MODULES + 1)]
    for prefix in prefixes:
        yield Datapoint(
            f"{prefix}power",
            "W",
            positive="charging",
            of=(f"{prefix}current", f"{prefix}voltage"),
            computed=product,
        )
    for key in CAPACITIES:
        parts = [f"{prefix}{key}" for prefix in prefixes]
        yield Datapoint(f"group_{key}", "Ah", of=parts, computed=total, partial=True)
    powers = [f"{prefix}power" for prefix in prefixes]
    yield from power_and_charge("group_", powers, total, partial=True)


def power_and_charge(
    prefix: str, of: Iterable[str], computed: Callable[..., float], *, partial: bool = False
) -> Iterable[Datapoint]:
    yield Datapoint(
        f"{prefix}power",
        "W",
        "battery.power",
        positive="charging",
        of=of,
        computed=computed,
        partial=partial,
    )
    yield Datapoint(
        f"{prefix}soc",
        "%",
        "battery.soc",
        label="State of charge",
        range=(0, 100),
        of=[f"{prefix}{key}" for key in CAPACITIES],
        computed=share,
    )


def bit(position: int) -> Callable[[int], int]:
    """1 or 0, as one bit of a byte says."""
    return lambda flags: flags >> position & 1


def product(current: float, voltage: float) -> float:
    return current * voltage


def last(*said: float) -> float:
    """The 24 bits of a large battery come after the 16 of a small one."""
    return said[-1]


def share(remaining: float, total_capacity: float) -> float | None:
    return 100 * remaining / total_capacity if total_capacity else None
