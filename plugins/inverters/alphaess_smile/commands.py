"""What a SMILE can be told, as Modbus writes. Addresses are the register document's."""

from collections.abc import Iterable
from typing import Literal

from thingwright import Command, WindowEdge, hookimpl
from thingwright.layout import clock, modbus_write, registers

from .registers import TABLE, UNIT, write

LAST = {"hour": 23, "minute": 59}
OFFSET = 32_000
"""W or var: the number that the device takes for zero, and so the most it can be told to charge."""


@hookimpl
def declare_commands() -> Iterable[Command]:
    # 0x0880: power control from outside, for a time
    yield write(
        "dispatch",
        0x0880,
        0x0888,
        doc="Charge or discharge with a power, in a mode, for a time. All nine registers at once",
        constants={"dispatch_start": 1},
        limits={
            "dispatch_active_power": (-OFFSET, OFFSET),
            "dispatch_reactive_power": (-OFFSET, OFFSET),
        },
        defaults={"dispatch_reactive_power": 0},
        reads_back=("dispatch_start", "dispatch_active_power", "dispatch_mode", "dispatch_soc"),
        delivery="at_most_once",  # a second one would start the time anew
        confidence="A-",
    )
    yield write(
        "dispatch_stop",
        0x0880,
        label="Stop dispatch",
        doc="Back to the system's own control",
        constants={"dispatch_start": 0},
        reads_back="dispatch_start",
        confidence="A-",
    )

    # 0x084F: charging and discharging by the clock
    yield write(
        "set_time_period_control",
        0x084F,
        doc="Whether the charging and the discharging periods count",
        reads_back="charging_time_period_control",
        confidence="A-",
    )
    yield write(
        "set_discharge_cutoff_soc", 0x0850, reads_back="discharge_cutoff_soc", confidence="A-"
    )
    yield periods("discharge", "hour", 0x0851, "A-", "Hours of both discharging periods")
    yield write("set_charge_cutoff_soc", 0x0855, reads_back="charge_cutoff_soc", confidence="A-")
    yield periods("charge", "hour", 0x0856, "A-", "Hours of both charging periods")
    yield periods("discharge", "minute", 0x085A, "B", "Newer firmware")
    yield periods("charge", "minute", 0x085E, "B", "Newer firmware")

    # 0x0800, 0x0740, 0x08B0: settings
    yield write(
        "set_max_feed_in",
        0x0800,
        label="Set maximum feed-in",
        doc="The most that is fed into the grid, in percent of the installed PV power",
        reads_back="max_feed_in_percent",
        confidence="A-",
    )
    yield Command(
        "sync_clock",
        modbus_write(registers(0x0740, clock("system_time")), unit=UNIT),
        doc="Sets the system's own clock, in its local time",
        reads_back="system_time",
        delivery="at_most_once",
        offline="refuse",  # a later one would set an earlier time
        confidence="A-",
    )
    for output in (0, 1):
        yield write(
            f"set_ems_do{output}",
            0x08B0 + output,
            label=f"Set EMS output {output}",
            doc="A digital output of the EMS; it cannot be read back, its values are not published",
        )

    # 0x012E, 0x1100: what takes the system out of service
    yield write(
        "battery_mos_control",
        0x012E,
        label="Open or close the battery MOSFET",
        doc="Open separates the battery from the inverter",
        risk="disruptive",
        reads_back="battery_mos_control",
        confidence="A-",
    )
    yield reset("reset_energy", 1, "Clears the energy counters")
    yield reset("reset_meter", 2, "Clears the data of the meters")
    yield reset("factory_reset", 4, "Back to the settings as delivered: every setting is lost")
    yield restart("restart_inverter", 7, "Restarts the power conversion system")
    yield restart("restart_ems", 8, "Restarts the energy management system; no data meanwhile")


def periods(
    action: Literal["charge", "discharge"],
    unit: Literal["hour", "minute"],
    first: int,
    confidence: str,
    doc: str,
) -> Command:
    """Start and stop of two periods, four registers from `first`."""
    keys = tuple(field.key for field in TABLE.fields(first, first + 3))
    edges = [WindowEdge(action, n, edge, unit) for n in (1, 2) for edge in ("start", "end")]
    return write(
        f"set_{action}_period" + ("_minutes" if unit == "minute" else ""),
        first,
        first + 3,
        doc=doc,
        limits=dict.fromkeys(keys, (0, LAST[unit])),
        reads_back=keys,
        windows=dict(zip(keys, edges, strict=True)),
        confidence=confidence,
    )


def reset(name: str, mode: int, doc: str) -> Command:
    """A value of the write-only register 0x1100 that cannot be undone."""
    return write(
        name,
        0x1100,
        doc=doc,
        constants={"reset_mode": mode},
        risk="irreversible",
        delivery="at_most_once",
        confidence="A-",
    )


def restart(name: str, mode: int, doc: str) -> Command:
    """A value of 0x1100 that one implementation knows and the document does not."""
    return write(
        name,
        0x1100,
        doc=doc,
        constants={"reset_mode": mode},
        risk="disruptive",
        delivery="at_most_once",
        source="senalse_ha_alphaess_modbus",
        confidence="C",
    )
