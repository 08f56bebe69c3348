"""AlphaESS SMILE household systems: Modbus RTU protocol V1.23, and what the EMS reports itself.

A channel is the answer to one read (unit 0x55, function 3); `ems_json` is the telemetry that the
EMS sends to its server. Fields at the end of a block that only newer firmware has are absent where
a shorter answer ends before them.

Systems disagree with the document by factors of ten. `registers.csv` overrides what was measured on
a SMILE-B3 (voltages, cell voltages, inverter temperature, PV energies) and what two readers apply
to a SMILE-B3-PLUS (powers). They apply the powers to a SMILE-B3 too; the full dump of one, 161 W
out of the inverter with 163 W out of the battery, says otherwise. The owner of that dump heard that
SMILE5 and SMILE-B3-PLUS owners found his voltages right; nobody published a figure, so those follow
the document, and the ranges keep a value that is ten times too large out of the readings.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from attrs import evolve

from thingwright import (
    Datapoint,
    Decoder,
    Fault,
    View,
    fault_table,
    hookimpl,
    product_files,
    total,
)

from .commands import declare_commands
from .ems_json import EMS_JSON, ems_datapoints
from .logs import CONFIG_KEYS, configuration, declare_log_parsers
from .models import declare_components
from .registers import TABLE, answers
from .sources import declare_sources

__all__ = ["declare_commands", "declare_components", "declare_log_parsers", "declare_sources"]


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    yield from answers("grid_meter", 0x0000, 55)
    yield from answers("pv_meter", 0x0080, 55)
    yield from answers("battery", 0x0100, 73)
    yield from answers("inverter", 0x0400, 65, 85, doc="85 where 0x0453 holds the PV power")
    yield from answers("versions", 0x0640, 20, 25, doc="25 where 0x0654 holds the ARM version")
    yield from answers("ems", 0x0740, 14, 20, doc="20 where the EMS version has a suffix")
    yield from answers("settings", 0x0800, 17, 18, doc="18 where 0x0811 holds the unbalance mode")
    yield from answers("time_control", 0x084F, 11, 19, doc="19 where periods have minutes")
    yield from answers("dispatch", 0x0880, 9, 11, 18, doc="11 and 18 where newer firmware has more")
    yield from answers("io", 0x08C0, 2, doc="The outputs at 0x08B0 can only be written")
    yield from answers("system", 0x08D0, 6)
    yield from answers("safety", 0x1000, 28, 37, doc="37 where there are third stages")
    yield Decoder("ems_json", EMS_JSON, interval=10, doc="What the EMS sends to its server")


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield from map(completed, TABLE.datapoints())
    yield from ems_datapoints()
    yield Datapoint(
        "pv_power_total",
        "W",
        "pv.power",
        label="PV power of all strings",
        group="inverter",
        of=tuple(f"pv{n}_power" for n in range(1, 7)),
        computed=total,
        partial=True,
        doc="Without AC-coupled PV, which its own meter measures",
    )
    yield Datapoint(
        "system_time",
        label="System time",
        group="system_info",
        access="rw",
        of=("system_time_yymm", "system_time_ddhh", "system_time_mmss"),
        computed=clock_of,
        doc="The system's own clock in its local time",
    )
    yield Datapoint(
        "ems_sn",
        label="System SN",
        group="system_info",
        of=tuple(row["point"] for row in TABLE.rows if row["point"].startswith("ems_sn_byte")),
        computed=text_of,
    )
    yield Datapoint(
        "ems_version",
        label="EMS version",
        group="system_info",
        aliases="EMSVersion",
        of=("ems_version_high", "ems_version_middle", "ems_version_low"),
        computed=version_of,
        trait="module.firmware",
    )
    yield from configuration()


def completed(datapoint: Datapoint) -> Datapoint:
    """A row of the table with its name in the EMS's configuration.

    The telemetry has no total of the grid meter: there it follows from the phases.
    """
    if datapoint.key == "grid_power_total":
        of = ("grid_power_l1", "grid_power_l2", "grid_power_l3")
        return evolve(datapoint, of=of, computed=total)
    return evolve(datapoint, aliases=CONFIG_KEYS.get(datapoint.key, ()))


def clock_of(yymm: int, ddhh: int, mmss: int) -> str | None:
    """ISO 8601 from year (since 2000) and month, day and hour, minute and second, a byte each."""
    year, month, day, hour, minute, second = b"".join(n.to_bytes(2) for n in (yymm, ddhh, mmss))
    try:
        return datetime(2000 + year, month, day, hour, minute, second).isoformat()  # noqa: DTZ001  the device's own clock has no zone
    except ValueError:
        return None  # a clock that was never set


def text_of(*words: int) -> str | None:
    """ASCII of two characters per word, padded with NUL or spaces; None where it is no text."""
    raw = b"".join(word.to_bytes(2) for word in words).rstrip(b"\0 ")
    return raw.decode() if raw and raw.isascii() else None


def version_of(high: int, middle: int, low: int) -> str:
    return f"{high}.{middle}.{low}"


@hookimpl
def declare_faults() -> Iterable[Fault]:
    """Serial numbers of SMILE systems begin with AL; AE systems have other system faults.

    The maker publishes no severities. Here all that the battery calls a fault is critical, and of
    the system faults those that take the inverter, the battery or the backup supply away.
    """
    yield from fault_table(
        __file__,
        {"alphaess_battery_fault": "battery_fault", "alphaess_system_fault": "system_fault"},
    )


@hookimpl
def declare_products() -> Iterable[Path]:
    return product_files(__file__)


@hookimpl
def declare_portal_views() -> Iterable[View]:
    strings = (f"pv{n}_{quantity}" for n in (1, 2) for quantity in ("power", "voltage", "current"))
    yield View("PV strings", ("pv_power_total", *strings, "pv_meter_power_total", "pv_meter_power"))
    yield View(
        "Grid",
        (
            "grid_power_total",
            "grid_voltage_l1",
            "grid_frequency",
            "grid_energy_import_total",
            "grid_energy_export_total",
            "grid_regulation",
            "max_feed_in_percent",
        ),
    )
    yield View(
        "Battery",
        (
            "battery_power",
            "soc_battery",
            "battery_soc",
            "soh_battery",
            "battery_voltage",
            "battery_current",
            "battery_status",
            "battery_charge_flag",
            "battery_discharge_flag",
            "battery_module_count",
            "battery_capacity_kwh",
            "total_energy_charge_battery",
            "total_energy_discharge_battery",
        ),
    )
    yield View(
        "Cells",
        (
            "battery_min_cell_voltage",
            "pack_id_of_min_cell_voltage",
            "cell_id_of_min_cell_voltage",
            "battery_max_cell_voltage",
            "pack_id_of_max_cell_voltage",
            "cell_id_of_max_cell_voltage",
            "battery_min_cell_temp",
            "battery_max_cell_temp",
        ),
    )
    yield View(
        "Inverter",
        (
            "inverter_work_mode",
            "power_inverter",
            "backup_power_inverter",
            "inverter_temperature",
            "inverter_grid_frequency",
            "inverter_version",
            "ems_version",
        ),
    )
