"""What AlphaESS home systems can do: the functions of the operations guide, and their codes.

A device reports a function by its codes; they are identifiers of the maker's own portal, and their
first word is the component that reports them. Functions that people set have their form here; those
of which only the codes are public are in `codes.csv`. From which firmware on a function works is
not published, so none states a limit.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from thingwright import Enumeration, Function, Parameter, Source, hookimpl

PERCENT = (0, 100)
WORK_MODES = Enumeration("alphaess_work_mode", {0: "Self Use", 1: "Feed-in Priority"})
TARIFFS = Enumeration("alphaess_tariff", {0: "Fixed", 1: "TOU"})
DRY_CONTACT_MODES = Enumeration("alphaess_dry_contact_mode", {0: "Auto", 1: "On", 2: "Off"})


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source("guide", "AlphaESS operations portal guide", "C")
    yield Source(
        "antelope_i18n",
        "AlphaESS translation files",
        "A",
        "github.com/alphaess-developer/antelope-i18n at 594ce44c",
        "no licence file, identifiers only",
    )


@hookimpl
def declare_functions() -> Iterable[Function]:
    yield from hardware()
    yield from modes()
    yield from schedules()
    yield from markets()
    yield from known_by_code()


def hardware() -> Iterable[Function]:
    """Physical abilities: something is wired to the system, or built into it."""
    yield Function(
        "backup_box",
        "hardware",
        "Backup box",
        doc="Feeds chosen loads while the grid is down",
        codes="system.enable_backup_box",
        source="guide",
    )
    yield Function(
        "load_management",
        "hardware",
        "Load management",
        doc="The backup box drops loads by priority as the battery empties",
        codes=("meter.bb_load_management", "system.bb_load_management"),
        source="antelope_i18n",
    )
    yield Function(
        "dry_contact",
        "hardware",
        "Dry contact",
        doc="Switches a load by time, feed-in power or state of charge",
        parameters=(
            Parameter("mode", "whole", enum=DRY_CONTACT_MODES),
            Parameter("start", "time"),
            Parameter("end", "time"),
            Parameter("delay", "whole", unit="min"),
        ),
        commands=("set_ems_do0", "set_ems_do1"),
        codes=(
            "ems.aux_channel_one_way",
            "ems.aux_channel_two_way",
            "system.aux_channel_one_way",
            "system.aux_channel_two_way",
        ),
        source="guide",
    )
    yield Function(
        "sg_ready",
        "hardware",
        "SG Ready",
        doc="Contact that tells a heat pump to use a surplus",
        codes=("ems_extend1.sg_ready_one_way", "ems_extend1.sg_ready_two_way"),
        source="antelope_i18n",
    )
    yield Function(
        "generator",
        "hardware",
        "Generator",
        doc="Starts and stops a generator by time or state of charge",
        codes=(
            "inv.generator_support",
            "inv.generator_control_and_dual_power",
            "system.generator_support",
            "system.generator_control_and_dual_power",
        ),
        source="antelope_i18n",
    )
    yield Function(
        "arc_fault_detection",
        "hardware",
        "Arc-fault detection",
        codes="inv.afci",
        source="antelope_i18n",
    )


def modes() -> Iterable[Function]:
    """The four cards of the guide's work-mode page, and what belongs to them."""
    yield Function(
        "battery_soc",
        "software",
        "Battery SOC",
        doc="How far the battery may be discharged and charged",
        parameters=(
            Parameter("discharge_cutoff_soc", "whole", unit="%", range=PERCENT),
            Parameter("charge_cutoff_soc", "whole", unit="%", range=PERCENT),
        ),
        commands=("set_discharge_cutoff_soc", "set_charge_cutoff_soc"),
        codes="system.bat_use_cap",
        source="guide",
    )
    yield Function(
        "work_mode",
        "software",
        "Work Mode",
        doc="Use one's own solar power first, or feed in first",
        parameters=(Parameter("work_mode", "whole", enum=WORK_MODES, default=0),),
        codes="system.self_consumption",
        source="guide",
    )
    yield Function(
        "storm_guard",
        "software",
        "Storm Guard",
        doc="Charges the battery full before a warning of severe weather; needs the home's address",
        parameters=(Parameter("enabled", "flag", default=False),),
        source="guide",
    )
    yield Function(
        "away_mode",
        "software",
        "Away Mode",
        doc="Fewer battery cycles while nobody is at home",
        parameters=(Parameter("start", "time"), Parameter("end", "time")),
        source="guide",
    )
    yield Function(
        "off_grid_soc",
        "software",
        "Off-grid SOC control",
        doc="Where the battery stops while the grid is down, and from where it serves again",
        parameters=(
            Parameter("cutoff_soc", "whole", unit="%", range=(5, 95), default=20),
            Parameter("wake_soc", "whole", unit="%", range=(10, 100), default=25),
        ),
        codes="ems_extend1.off_grid_soc_control",
        source="antelope_i18n",
    )
    yield Function(
        "soc_calibration",
        "software",
        "SOC calibration",
        doc="Charges until the battery refuses, so that its state of charge is known again",
        codes="ems_extend1.soc_calibration_function",
        source="antelope_i18n",
    )


def schedules() -> Iterable[Function]:
    """What follows the clock or a price."""
    yield Function(
        "tou_tariff",
        "software",
        "Electricity tariff",
        doc="One price all day, or windows with prices on weekdays and weekends",
        parameters=(Parameter("tariff", "whole", enum=TARIFFS, default=0),),
        source="guide",
    )
    yield Function(
        "time_period_control",
        "software",
        "Time period control",
        doc="Charging and discharging periods by the clock",
        commands=(
            "set_time_period_control",
            "set_charge_period",
            "set_discharge_period",
            "set_charge_period_minutes",
            "set_discharge_period_minutes",
        ),
        codes=(
            "ems.time_period_charge_discharge",
            "ems.time_period_charge_discharge_minute",
            "system.hourly_charge_discharge",
            "system.fifteen_minute_charge_discharge",
        ),
        source="antelope_i18n",
    )
    yield Function(
        "parallel_operation",
        "software",
        "Parallel operation",
        doc="A host and its followers work as one system",
        codes=("ems.parallel_operation", "system.parallel_operation"),
        source="antelope_i18n",
    )
    yield Function(
        "peak_shaving",
        "software",
        "Peak shaving",
        doc="Keeps the power from the grid below a peak and fills the valleys",
        codes=(
            "ems_extend1.peak_shaving_and_valley_filling",
            "ems_extend2.peak_shaving_and_valley_filling_v2",
        ),
        source="antelope_i18n",
    )


def markets() -> Iterable[Function]:
    """What grid operators and traders ask of a system."""
    yield Function(
        "export_limit",
        "software",
        "Feed-in limit",
        doc="The most that is fed into the grid, in percent of the installed PV power",
        parameters=(Parameter("max_feed_in_percent", "whole", unit="%", range=PERCENT),),
        commands="set_max_feed_in",
        source="guide",
    )
    yield Function(
        "remote_dispatch",
        "software",
        "Remote dispatch",
        doc="A virtual power plant sets the battery's power for a time",
        commands=("dispatch", "dispatch_stop"),
        codes=("ems.dispatch_api_normal", "system.dispatch_api_normal"),
        source="antelope_i18n",
    )
    yield Function(
        "controllable_load_limit",
        "software",
        "Section 14a limit",
        doc="The German grid operator may limit the power drawn",
        codes="ems_extend1.germany_section_14a_controllable_load_power_limit",
        countries="DE",
        source="antelope_i18n",
    )


def known_by_code() -> Iterable[Function]:
    """What a device can report, and nothing more is published of than its name."""
    with Path(__file__).with_name("codes.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            yield Function(
                row["function"],
                "hardware" if row["kind"] == "hardware" else "software",
                row["label"],
                codes=row["codes"].split(";"),
                countries=row["countries"].split(";") if row["countries"] else (),
                source="antelope_i18n",
            )
