"""What is read from each family of hybrid inverters, written to it and raised by it."""

from collections.abc import Sequence

from hybrid_family import Command, Family, holding, inputs
from hybrid_rows import (
    bit_field,
    deye,
    sofar_bits,
    sofar_words,
    solaredge_rows,
    solis_bits,
    storion_rows,
)

FORCED = "battery_forced_charge_discharge_cmd_raw"
LIMIT_MODE = "=export_power_limit_mode_raw"

SUNGROW = Family(
    "sungrow_sh",
    {
        **inputs(
            versions=(2581, 58),
            device_info=(4951, 57),
            running=(5007, 109),
            battery=(5213, 29),
            meter=(5600, 39),
            backup=(5722, 24),
            energy=(12999, 80),
            firmware=(13249, 45),
        ),
        **holding(
            settings=(13001, 99),
            shutdown_setting=(31212, 1),
            battery_power_settings=(33046, 2),
            battery_start_settings=(33148, 2),
        ),
    },
    (
        ("set_ems_mode", 6, "ems_mode_selection_raw", [2]),
        (
            "force_battery_power",
            16,
            f"{FORCED} battery_forced_charge_discharge_power",
            [0xAA, 2500],
            [0xBB, 40_000],
        ),
        ("stop_forced_battery_power", 6, f"={FORCED}", [0xCC]),
        ("set_battery_soc_limits", 16, "uid_sg_battery_max_soc uid_sg_battery_min_soc", [950, 80]),
        ("set_export_power_limit", 6, "export_power_limit", [4600], [40_000]),
        ("enable_export_power_limit", 6, LIMIT_MODE, [0xAA]),
        ("lift_export_power_limit", 6, LIMIT_MODE, [0x55]),
        ("set_backup_reserve", 6, "battery_reserved_soc_for_backup", [30]),
        (
            "set_battery_max_power",
            16,
            "battery_max_charge_power battery_max_discharge_power",
            [500, 660],
            [40_000, 40_001],
        ),
    ),
)

DEYE_COMMANDS: Sequence[Command] = (
    (
        "set_battery_max_current",
        16,
        "battery_max_charging_current battery_max_discharging_current",
        [60, 80],
        [40_000, 40_001],
    ),
    ("set_battery_grid_charging_current", 16, "battery_grid_charging_current", [40], [40_000]),
    ("set_energy_pattern", 16, "energy_pattern", [1]),
    ("set_work_mode", 16, "work_mode", [2]),
    ("set_time_of_use", 16, "time_of_use", [255]),
    (
        "set_program_soc",
        16,
        " ".join(f"program_{n}_soc" for n in range(1, 7)),
        [15, 30, 45, 60, 75, 90],
    ),
)

DEYE_3P = Family(
    "deye_hybrid_3p",
    holding(
        device_info=(0, 65),
        settings=(98, 94),
        bms=(210, 28),
        pv_settings=(340, 2),
        status=(500, 59),
        power=(586, 123),
        pv=(672, 12, 59),
        **{f"battery_pack_{n}": (9994 + 38 * n, 32) for n in range(1, 21)},
    ),
    (
        *DEYE_COMMANDS,
        ("set_grid_max_export_power", 16, "grid_max_export_power", [500], [40_000]),
    ),
    {"device_alarm": 32, "device_fault": 64},
    bit_field("deye_hybrid_3p_"),
    "hv",
    computed=deye(8),
    left_out={"power": range(672, 687)},
)

DEYE_1P = Family(
    "deye_hybrid_1p",
    holding(
        device_info=(0, 25),
        status=(53, 64),
        power=(150, 47),
        settings=(200, 94),
        bms=(312, 15),
    ),
    (*DEYE_COMMANDS, ("set_export_surplus_power", 16, "export_surplus_power", [500], [40_000])),
    {"device_alarm": 32, "device_fault": 64},
    bit_field("deye_hybrid_1p_"),
    computed=deye(4),
)

SOFAR = Family(
    "sofar_g3_hybrid",
    holding(
        status=(1028, 98),
        grid=(1156, 44),
        backup=(1284, 28),
        pv=(1412, 12),
        pv_total=(1476, 1),
        battery=(1540, 7),
        energy=(1668, 24),
        export_settings=(4131, 2),
        battery_settings=(4173, 6),
        storage_settings=(4368, 16),
        passive_settings=(4487, 6),
    ),
    (
        (
            "set_export_limit",
            16,
            "export_surplus_limitation export_surplus_power",
            [1, 46],
            [0, 40_000],
        ),
        ("set_storage_control_mode", 16, "storage_control_mode", [3]),
        (
            "set_passive_power",
            16,
            "passive_grid_power passive_minimum_battery_power passive_maximum_battery_power",
            [-1200, -3000, 2500],
            [800, 90_000, -70_000],
        ),
    ),
    {f"device_fault_{n}": 16 for n in range(1, 13)},
    sofar_bits,
    departures=sofar_words,
)

SOLIS_FAULTS = (
    "grid_fault_status",
    "backup_load_fault_status",
    "battery_fault_status",
    "fault_status_04_device",
    "fault_status_05_device",
)

SOLIS_TIMES = ("start_hour", "start_minute", "end_hour", "end_minute")

SOLIS = Family(
    "solis_hybrid",
    {
        **inputs(
            running=(33029, 67), storage=(33116, 64), battery_limits=(33206, 2), meter=(33251, 32)
        ),
        **holding(settings=(43000, 25), storage_settings=(43110, 61)),
    },
    (
        ("set_backup_mode_soc", 6, "backup_mode_soc", [40]),
        ("set_storage_control_mode", 6, "storage_control_mode", [35]),
        (
            "set_timed_current",
            16,
            "timed_charge_current timed_discharge_current",
            [250, 500],
            [40_000, 40_001],
        ),
        *(
            (
                f"set_timed_{way}_period",
                16,
                " ".join(f"timed_{way}_{end}" for end in SOLIS_TIMES),
                [1, 15, 23, 59],
            )
            for way in ("charge", "discharge")
        ),
    ),
    dict.fromkeys(SOLIS_FAULTS, 16),
    solis_bits,
)

SOLAREDGE_POWERS = {
    "current": "current l1_current l2_current l3_current",
    "voltage": "l1_voltage l2_voltage l3_voltage l1n_voltage l2n_voltage l3n_voltage",
    **{
        name: name
        for name in (
            "power_ac",
            "frequency",
            "power_apparent",
            "power_reactive",
            "power_factor",
            "energy_total",
            "current_dc",
            "voltage_dc",
            "power_dc",
            "temperature",
        )
    },
}
"""Stem of the point that holds a power of ten: the points that it scales."""

SOLAREDGE = Family(
    "solaredge",
    holding(
        inverter=(40000, 109),
        storage_settings=(57348, 14),
        battery_info=(57600, 76),
        battery=(57708, 40),
        power_limit=(61440, 4),
        power_control=(61696, 7),
        advanced_power_control=(61762, 2),
        export_control=(63232, 4),
    ),
    departures=solaredge_rows,
    scaled_by={k: f"{stem}_scale" for stem, keys in SOLAREDGE_POWERS.items() for k in keys.split()},
)

LIVOLTEK = Family(
    "livoltek_gen2",
    holding(
        device_info=(42002, 13),
        running=(42504, 88),
        mppt=(42700, 24),
        control=(42752, 12),
        reactive_settings=(43602, 9),
        power_settings=(43714, 25),
        battery_settings=(44605, 2),
    ),
    (
        ("switch_on_or_off", 16, "on_off", [0xCF]),
        ("set_emergency_shutdown", 16, "emergency_shutdown_enable", [0xAA]),
        ("reboot", 16, "=reboot", [0xAA]),
        ("reboot_bms", 16, "=reboot_bms", [0xAA]),
        *(
            row
            for what in ("power", "export")
            for row in (
                (
                    f"set_{what}_limit",
                    16,
                    f"={what}_limit_enable {what}_limit_percent",
                    [0xAA, 700],
                    [0xAA, 40_000],
                ),
                (f"lift_{what}_limit", 16, f"={what}_limit_enable", [0x55]),
            )
        ),
        ("set_export_limit_power", 16, "export_limit_power", [500], [-70_000]),
    ),
)

STORION = Family(
    "alphaess_storion_industry",
    holding(battery=(0xA000, 30), errors=(0xA100, 113)),
    departures=storion_rows,
)

FAMILIES = {
    "sungrow_sh": SUNGROW,
    "deye_hybrid_3p": DEYE_3P,
    "deye_hybrid_1p": DEYE_1P,
    "sofar_g3_hybrid": SOFAR,
    "solis_hybrid": SOLIS,
    "solaredge": SOLAREDGE,
    "livoltek_gen2": LIVOLTEK,
    "alphaess_storion": STORION,
}
