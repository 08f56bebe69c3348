"""What the EMS reports to its server: JSON with every value as text, names as on the wire.

The operations guide writes PPV1, PBAT, EINPUT, the wire Ppv1, Pbat, Einput; names are read whatever
their case. A short object comes every ten seconds, the full one every five minutes. Names whose
meaning equals a register's share its datapoint; what differs has a key of its own.
"""

from collections.abc import Iterator
from functools import partial

from thingwright import Datapoint
from thingwright.layout import json_object, number, string, whole

from .registers import TABLE

PLACE, CELL, READING = 0xFF00_0000, 0x00FF_0000, 0x0000_FFFF
"""One number packs module, cell or sensor, and reading: 0x01040D10 is module 1, cell 4, 3344 mV."""

EMS_JSON = json_object(
    # PV strings
    number("pv1_power", "Ppv1"),
    number("pv2_power", "Ppv2"),
    number("pv3_power", "Ppv3"),
    number("pv4_power", "Ppv4"),
    number("pv1_voltage", "Vpv1", "Upv1"),
    number("pv2_voltage", "Vpv2", "Upv2"),
    number("pv_energy_total", "EpvTotal"),
    # Grid and its meter
    number("grid_voltage_l1", "Ua"),
    number("grid_voltage_l2", "Ub"),
    number("grid_voltage_l3", "Uc"),
    number("grid_frequency", "Fac"),
    number("grid_power_l1", "PmeterL1"),
    number("grid_power_l2", "PmeterL2"),
    number("grid_power_l3", "PmeterL3"),
    number("grid_energy_import_total", "Einput"),
    number("grid_energy_export_total", "Eoutput"),
    number("reactive_power_ac", "VarAC"),
    # Meter of AC-coupled PV
    number("pv_meter_power", "PmeterDC"),
    number("pv_meter_power_l1", "PMeterDCL1"),
    number("pv_meter_power_l2", "PMeterDCL2"),
    number("pv_meter_power_l3", "PMeterDCL3"),
    number("pv_meter_voltage_l1", "MeterDCUa"),
    number("pv_meter_voltage_l2", "MeterDCUb"),
    number("pv_meter_voltage_l3", "MeterDCUc"),
    number("reactive_power_dc", "VarDC"),
    # Inverter
    number("bus_voltage", "Ubus"),
    number("inverter_power_l1", "PrealL1"),
    number("inverter_power_l2", "PrealL2"),
    number("inverter_power_l3", "PrealL3"),
    number("inverter_apparent_power", "Sva"),
    number("inverter_temperature", "Tinv"),
    number("inverter_battery_voltage", "InvBatV"),
    number("inverter_rated_power", "PacL1"),
    number("pac_l2", "PacL2"),
    number("pac_l3", "PacL3"),
    whole("ems_inverter_work_mode", "InvWorkMode"),
    # Battery
    number("battery_power", "Pbat"),
    number("battery_soc", "SOC"),
    number("battery_voltage", "BatV"),
    number("battery_current", "BatC"),
    number("battery_max_charge_power", "Pcharge"),
    number("battery_max_discharge_power", "Pdischarge"),
    number("battery_energy_charged_total", "Echarge"),
    number("battery_energy_discharged_total", "EDischarge"),
    number("battery_energy_charged_from_grid_total", "EGridCharge"),
    whole("battery_module_count", "BmsNum"),
    whole("battery_relay_status", "BmsRelay"),
    whole("bmu_relay", "BmuRelay"),
    whole("bms_work_state", "BmsWork"),
    whole("bms_shutdown", "BmsShutdown"),
    whole("battery_charge_discharge_flags", "FlagBms"),
    whole("battery_charge_flag", "FlagBms", mask=0xFF00),
    whole("battery_discharge_flag", "FlagBms", mask=0x00FF),
    whole("bms_hardware_version_1", "BmsHardVer1"),
    whole("bms_hardware_version_2", "BmsHardVer2"),
    whole("bms_hardware_version_3", "BmsHardVer3"),
    # Cells
    whole("pack_id_of_min_cell_voltage", "VcellLow", mask=PLACE),
    whole("cell_id_of_min_cell_voltage", "VcellLow", mask=CELL),
    whole("battery_min_cell_voltage", "VcellLow", mask=READING, scale=0.001),
    whole("pack_id_of_max_cell_voltage", "VcellHigh", mask=PLACE),
    whole("cell_id_of_max_cell_voltage", "VcellHigh", mask=CELL),
    whole("battery_max_cell_voltage", "VcellHigh", mask=READING, scale=0.001),
    whole("pack_id_of_min_cell_temperature", "TcellLow", mask=PLACE),
    whole("cell_id_of_min_cell_temperature", "TcellLow", mask=CELL),
    whole("battery_min_cell_temperature", "TcellLow", mask=READING),
    whole("pack_id_of_max_cell_temperature", "TcellHigh", mask=PLACE),
    whole("cell_id_of_max_cell_temperature", "TcellHigh", mask=CELL),
    whole("battery_max_cell_temperature", "TcellHigh", mask=READING),
    # Batteries one by one
    *(number(f"battery_{n}_current", f"BatC{n}") for n in range(1, 7)),
    *(number(f"battery_{n}_soc", f"SOC{n}") for n in range(1, 7)),
    # Alarms: the number of the battery that raised it
    whole("id_tempelover", "IdTempelover"),
    whole("id_temp_eover", "IdTempEover"),
    whole("id_tempediffe", "IdTempediffe"),
    whole("id_chargcurre", "IdChargcurre"),
    whole("id_dischcurre", "IdDischcurre"),
    whole("id_cellvolover", "IdCellvolover"),
    whole("id_cellvollower", "IdCellvollower"),
    whole("id_soclower", "IdSoclower"),
    whole("id_cellvoldiffe", "IdCellvoldiffe"),
    # Errors and warnings
    whole("inverter_error", "ErrInv"),
    whole("inverter_warning", "WarInv"),
    whole("ems_error", "ErrEms"),
    whole("bms_error", "ErrBms"),
    whole("meter_error", "ErrMeter"),
    whole("backup_box_error", "ErrBackupBox"),
    # System
    string("ems_status", "EmsStatus"),
    whole("ems_system_mode", "SYSMode"),
    whole("ups_mode", "UPSModel"),
    whole("dispatch_start", "DispatchSwitch"),
    number("dispatch_active_power", "Pdispatch"),
    number("dispatch_soc", "DispatchSoc"),
    whole("dispatch_mode", "DispatchMode"),
    number("generator_power", "GCPower"),
    whole("ev_charger_gun_lock", "EVCGunLockFlag"),
    # Link
    number("wifi_signal_strength", "Eirp"),
    string("cellular_signal", "CSQ", absent=("99,99",)),
    numeric_text=True,
)

PERCENT = (0, 100)
CELSIUS = (-50, 150)

captured = partial(Datapoint, group="ems", source="tidalvirus_capture", confidence="B")
battery = partial(captured, about="battery1")
pv_meter = partial(captured, about="pv_meter")
recent = partial(Datapoint, group="ems", source="heistergand_test", confidence="C")
unknown = partial(Datapoint, group="ems", source="tidalvirus_capture", confidence="unverified")


def ems_datapoints() -> Iterator[Datapoint]:
    """What the EMS reports and no register holds."""
    yield captured("pv_energy_total", "kWh", "pv.energy", label="PV energy", counter="total")
    yield pv_meter(
        "pv_meter_power",
        "W",
        "pv.power",
        label="PV meter power (EMS)",
        doc="Generation counts as plus in every captured row",
    )
    yield captured("bus_voltage", "V", label="DC bus voltage")
    for phase in (1, 2, 3):
        yield captured(
            f"inverter_power_l{phase}",
            "W",
            label=f"Inverter AC power L{phase}",
            doc="Plus is power that the inverter gives out on its AC side",
        )
    yield captured("inverter_apparent_power", "VA", label="Inverter apparent power")
    yield captured("inverter_battery_voltage", "V", label="Battery voltage at the inverter")
    yield captured(
        "ems_inverter_work_mode",
        label="Inverter work mode (EMS)",
        doc="3 while on the grid, where register 0x0440 counts 1 as online; no list is published",
    )
    yield from _battery_datapoints()
    yield from _alarm_datapoints()
    yield captured("ems_status", label="EMS status")
    yield captured("wifi_signal_strength", "dBm", label="Wi-Fi signal", range=(-120, 0))
    yield captured("cellular_signal", label="Cellular signal", doc="Two numbers; 99,99 is unknown")
    yield from _undocumented_datapoints()


def _battery_datapoints() -> Iterator[Datapoint]:
    yield battery("battery_soc", "%", "battery.soc", label="Battery SOC (EMS)", range=PERCENT)
    for key, role, label in (
        ("battery_energy_charged_total", "battery.energy_charged", "charged"),
        ("battery_energy_discharged_total", "battery.energy_discharged", "discharged"),
        ("battery_energy_charged_from_grid_total", None, "charged from grid"),
    ):
        yield battery(key, "kWh", role, label=f"Battery energy {label} (EMS)", counter="total")
    yield battery(
        "battery_charge_discharge_flags",
        label="Battery permissions (EMS)",
        enum=TABLE.enums["alphaess_battery_status"],
    )
    for way in ("charge", "discharge"):
        yield battery(
            f"battery_{way}_flag",
            label=f"Battery {way} permission",
            enum=TABLE.enums["alphaess_battery_permission"],
        )
    for end, label in (("min", "Lowest"), ("max", "Highest")):
        yield battery(
            f"battery_{end}_cell_temperature",
            "degC",
            label=f"{label} cell temperature (EMS)",
            range=CELSIUS,
        )
    yield battery(
        "bms_work_state", label="BMS work state", enum=TABLE.enums["alphaess_bms_work_state"]
    )
    yield battery("bms_shutdown", label="BMS shutdown")
    yield battery("bmu_relay", label="BMU relays")
    for part in (1, 2, 3):
        yield battery(f"bms_hardware_version_{part}", label=f"BMS hardware version, part {part}")
    for n in range(1, 7):
        yield captured(
            f"battery_{n}_current",
            "A",
            label=f"Battery {n} current",
            about=f"battery{n}",
            positive="discharging",
        )
        yield captured(
            f"battery_{n}_soc", "%", label=f"Battery {n} SOC", about=f"battery{n}", range=PERCENT
        )


def _alarm_datapoints() -> Iterator[Datapoint]:
    for key, alarm in (
        ("id_tempelover", "low temperature"),
        ("id_temp_eover", "high temperature"),
        ("id_tempediffe", "temperature difference"),
        ("id_chargcurre", "charge over-current"),
        ("id_dischcurre", "discharge over-current"),
        ("id_cellvolover", "cell over-voltage"),
        ("id_cellvollower", "cell under-voltage"),
        ("id_soclower", "low SOC"),
        ("id_cellvoldiffe", "cell voltage difference"),
    ):
        yield captured(key, label=f"Battery with {alarm} alarm", doc="0 is none")
    for key, label in (
        ("inverter_error", "Inverter error"),
        ("inverter_warning", "Inverter warning"),
        ("ems_error", "EMS error"),
        ("bms_error", "BMS error"),
        ("meter_error", "Meter error"),
        ("backup_box_error", "Backup box error"),
    ):
        yield captured(key, label=f"{label} (EMS)", doc="0 is none; its bits are not published")


def _undocumented_datapoints() -> Iterator[Datapoint]:
    """Names that were seen and not explained, or by one recent capture only."""
    yield unknown(
        "inverter_rated_power", "W", label="PacL1", doc="Always 5000 in the capture of a 5 kW unit"
    )
    yield unknown("pac_l2", "W", label="PacL2", doc="Follows the charging power in the capture")
    yield unknown("pac_l3", "W", label="PacL3", doc="Always 0 in the capture")
    yield unknown("reactive_power_ac", "var", label="Reactive power at the grid meter")
    yield unknown("reactive_power_dc", "var", label="Reactive power at the PV meter")
    yield recent("generator_power", "W", "generator.power", label="Generator power")
    yield recent("ups_mode", label="UPS mode")
    yield recent(
        "ems_system_mode",
        label="System mode (EMS)",
        doc="11 in the capture, which is none of the numbers of register 0x0805",
    )
    yield recent("ev_charger_gun_lock", label="EV charger gun lock")
