"""Families with large tables: how their plugins depart from the fact tables, and what they do."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from register_answers import Row, added_rows
from vector_toml import FACTS, entry, faults

Values = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """A fact table, and what the plugin makes of it.

    `departures` gives the rows of the plugin for a row of the facts, each with its `scope`, the
    table of the channel that reads it. `commands` are name, function, points ("=" for a constant)
    and cases of raw numbers. `silent` says whether a row has a number for no value. `variants` are
    by what keys and channels of theirs begin with.
    """

    facts: str
    departures: Callable[[Row], Iterator[Row]]
    added: Sequence[Row] = ()
    commands: Sequence[tuple[Any, ...]] = ()
    faults: Callable[[], Iterator[str]] = lambda: iter(())
    computed: Callable[[Values], Values] = lambda _: {}
    silent: Callable[[Row], bool] = lambda _: False
    unit: int = 1
    tcp: bool = False
    variants: Mapping[str, str] = field(default_factory=dict[str, str])


def table(name: str) -> list[dict[str, str]]:
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


HUAWEI_SCOPES = {"grid_voltage": "single_phase", "grid_current": "single_phase"} | {
    f"realtime_max_{what}": "capability"
    for what in ("active_capability", "inductive_reactive_capacity")
}
HUAWEI_LEFT_OUT = ("system_time_raw", "startup", "shutdown")
HUAWEI_CHARGED = "chager_total_energy_charged_sensor"
"""A row of the charger that the facts list without device class."""
HUAWEI_ALARMS = """
32008 uint16 1 1 - alarm_1
32009 uint16 1 1 - alarm_2
32010 uint16 1 1 - alarm_3
"""


def huawei(variant: str, *more: str) -> Callable[[Row], Iterator[Row]]:
    """The rows of one device class, and others that are its own by their names."""

    def departures(row: Row) -> Iterator[Row]:
        point = row["point"]
        mine = row["variant"] == variant and point not in (*HUAWEI_LEFT_OUT, HUAWEI_CHARGED)
        if point in more or mine:
            yield {**row, "scope": HUAWEI_SCOPES.get(point, "holding")}

    return departures


def huawei_faults() -> Iterator[str]:
    for n in (1, 2, 3):
        bits = [row for row in table("bitfields") if row["bitfield"] == f"huawei_alarm_codes_{n}"]
        yield from faults(f"alarm_{n}", {int(r["bit"]): r["symbol"] for r in bits}, bits=True)


def huawei_silent(row: Row) -> bool:
    """All rows but the alarm words have a number for no value."""
    return not row["point"].startswith("alarm_")


HUAWEI_FORCED = (
    "storage_forcible_charge_discharge_setting_mode",
    "storage_forcible_charge_power",
    "storage_forcible_discharge_power",
)
HUAWEI_COMMANDS: Sequence[tuple[Any, ...]] = (
    ("set_active_power_percentage", 6, "active_power_percentage_derating", (1000,), (-5,)),
    ("set_active_power", 16, "active_power_fixed_value_derating", (5000,), (0x80010203,)),
    ("set_battery_max_charging_power", 16, "storage_maximum_charging_power", (0x80010203,)),
    ("set_battery_max_discharging_power", 16, "storage_maximum_discharging_power", (0x80010203,)),
    (
        "set_battery_cutoff_soc",
        16,
        "storage_charging_cutoff_capacity storage_discharging_cutoff_capacity",
        (950, 120),
        (0x8001, 0x8002),
    ),
    ("set_battery_working_mode", 6, "storage_working_mode_settings", (2,), (0x8001,)),
    (
        "set_charge_from_grid",
        16,
        "storage_charge_from_grid_function storage_grid_charge_cutoff_state_of_charge",
        (1, 800),
        (0x8001, 801),
    ),
    ("set_backup_reserve", 6, "storage_backup_power_state_of_charge", (200,)),
    (
        "set_forced_battery_power",
        16,
        " ".join(HUAWEI_FORCED),
        (1, 2500, 2600),
        (0x8001, 0x80010203, 0x80020304),
    ),
    ("set_forced_battery_period", 6, "storage_forced_charging_and_discharging_period", (90,)),
    ("set_forced_battery_period", 6, "storage_forced_charging_and_discharging_period", (0x8001,)),
    ("force_battery", 6, "forcible_charge_discharge_write", (1,), (0x8001,)),
    (
        "set_feed_in_limit",
        16,
        "=active_power_control_mode maximum_feed_grid_power_watt",
        (6, 5000),
        (6, -70_000),
    ),
    ("lift_feed_in_limit", 6, "=active_power_control_mode", (0,)),
)


EMMA_COMMANDS: Sequence[tuple[Any, ...]] = (
    ("set_battery_control_mode", 6, "emma_ess_control_mode", (2,), (-5,)),
    (
        "set_max_charging_power_from_grid",
        16,
        "emma_tou_maximunm_power_for_charging_batteries_from_grid",
        (5000,),
        (0x80010203,),
    ),
    ("set_feed_in_limit", 16, "emma_maximum_feed_grid_power_watt", (5000,), (-70_000,)),
)


def victron(row: Row) -> Iterator[Row]:
    """The rows of a service behind its name, without those whose layout is not published."""
    if row["data_type"] != "internal":
        yield {**row, "scope": row["variant"], "point": f"{row['variant']}_{row['point']}"}


def victron_computed(said: Values) -> Values:
    """The sums of what the system says for each place and phase."""
    pv = re.compile(r"system_ac_pv_on_(output|grid|genset)_l\d_power")
    load = re.compile(r"system_ac_consumption_l\d_power")
    found = {"system_ac_pv_total": pv, "system_ac_consumption_total": load}
    parts = {
        key: [v for k, v in said.items() if names.fullmatch(k)] for key, names in found.items()
    }
    return {key: sum(values) for key, values in parts.items() if values}


def victron_faults() -> Iterator[str]:
    """Every number but 0 of an alarm or an error, where it is not one of the past."""
    enums = table("enums")
    for row in table("registers/victron_gx"):
        service, name = row["variant"], row["point"]
        past = "last_errors" in name or service == "system" or row["data_type"] == "internal"
        if row["enum"] and not past and re.search("alarm|error", name):
            key = f"{service}_{name}"
            numbers = [int(e["value"]) for e in enums if e["enum"] == row["enum"]]
            yield from faults(key, {n: f"{key}_{n}" for n in numbers if n}, bits=False)


VICTRON_COMMANDS: Sequence[tuple[Any, ...]] = (
    ("set_relay_1", 6, "system_relay_0_state", (1,), (0x8001,)),
    ("set_relay_2", 6, "system_relay_1_state", (1,), (0x8001,)),
    ("set_grid_setpoint", 6, "settings_settings_cgwacs_ac_power_set_point_2700", (50,), (-200,)),
    (
        "set_max_charge_current",
        6,
        "settings_settings_system_setup_max_charge_current",
        (50,),
        (-1,),
    ),
    (
        "set_max_discharge_power",
        16,
        "settings_settings_cgwacs_max_discharge_power",
        (4000,),
        (-70_000,),
    ),
    (
        "set_max_feed_in_power",
        16,
        "settings_settings_cgwacs_max_feed_in_power",
        (4000,),
        (-70_000,),
    ),
    (
        "set_minimum_soc",
        6,
        "settings_settings_cgwacs_battery_life_minimum_soc_limit",
        (200,),
        (0x8001,),
    ),
    ("set_ess_mode", 6, "settings_settings_cgwacs_hub4_mode", (2,), (0x8001,)),
)

GROWATT_GROUPS = {
    "": "",
    "tl_x_tl_xh_mod_xh": "xh_",
    "storage_mix_spa_sph": "storage_",
    "max_1500v": "max_",
}
"""Model group of the facts: what its keys begin with in the plugin."""
GROWATT_TWICE = ("storage_priority", "storage_battery_type", "storage_new_epower_calc_flag")
GROWATT_COMMANDS: Sequence[tuple[Any, ...]] = (
    ("set_active_power_rate", 6, "active_p_rate", (60,), (0x8001,)),
    ("set_export_limit", 16, "export_limit_en_dis export_limit_power_rate", (1, 500), (0x8001, -5)),
    ("set_discharge_stop_soc", 6, "xh_grid_first_stop_s_oc", (20,), (0x8001,)),
    ("set_charge_stop_soc", 6, "xh_w_bat_first_stop_soc", (90,), (0x8001,)),
    ("set_ac_charging", 6, "xh_ac_charge_enable", (1,), (0x8001,)),
    ("set_storage_discharge_stop_soc", 6, "storage_grid_first_stop_s_oc", (20,), (0x8001,)),
    ("set_storage_charge_stop_soc", 6, "storage_w_bat_first_stop_soc", (90,), (0x8001,)),
    ("set_storage_ac_charging", 6, "storage_ac_charge_switch", (1,), (0x8001,)),
)


def growatt(row: Row) -> Iterator[Row]:
    """The rows of a group behind its name; the times of US machines by themselves."""
    group, kind = GROWATT_GROUPS[row["variant"]], row["table"]
    key, scope = group + row["point"], group + kind
    if key in GROWATT_TWICE and kind == "holding":
        key += "_setting"
    if not group and kind == "holding" and re.fullmatch(r"time\d_2\d\d", key):
        scope = "us_holding"
    text = row["data_type"] == "ascii16"
    yield {**row, "point": key, "scope": scope, "data_type": "string" if text else row["data_type"]}


def growatt_computed(said: Values) -> Values:
    """Serial numbers of two characters a register, and the power into the battery."""
    found: Values = {}
    for group in ("", "xh_"):
        parts = [v for k, v in said.items() if re.fullmatch(group + r"new_serial_(no_)?\d+", k)]
        if parts:
            found[f"{group}new_serial_number"] = "".join(part or "" for part in parts)
    for group, into, out in (("xh", "pchr", "pdischr"), ("storage", "pcharge1", "pdischarge1")):
        if f"{group}_{into}" in said:
            power = said[f"{group}_{into}"] - said[f"{group}_{out}"]
            found[f"{group}_battery_power"] = power
    return found


def growatt_faults() -> Iterator[str]:
    yield from faults("inverter_status", {3: "inverter_fault"}, bits=False)
    yield entry("fault", {"inverter_status": 1}, origin="derived", raises=())


FAMILIES = {
    "inverters.huawei_sun2000": Family(
        "huawei_sun2000_luna2000",
        huawei(""),
        [{**row, "scope": "holding"} for row in added_rows(HUAWEI_ALARMS)],
        HUAWEI_COMMANDS,
        huawei_faults,
        silent=huawei_silent,
    ),
    "inverters.huawei_emma": Family(
        "huawei_sun2000_luna2000", huawei("emma"), commands=EMMA_COMMANDS, silent=huawei_silent
    ),
    "chargers.huawei_scharger": Family(
        "huawei_sun2000_luna2000",
        huawei("charger", HUAWEI_CHARGED),
        silent=huawei_silent,
    ),
    "inverters.victron_gx": Family(
        "victron_gx",
        victron,
        commands=VICTRON_COMMANDS,
        faults=victron_faults,
        computed=victron_computed,
        unit=100,
        tcp=True,
    ),
    "inverters.growatt": Family(
        "growatt_rtu_v124",
        growatt,
        commands=GROWATT_COMMANDS,
        faults=growatt_faults,
        computed=growatt_computed,
        variants={"xh_": "tl_xh", "storage_": "storage", "max_": "max_1500v"},
    ),
}
"""Plugin: its family."""
