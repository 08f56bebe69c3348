"""What the EMS writes into its log, and the names of its configuration that occur there."""

from collections.abc import Iterable, Iterator

from thingwright import Datapoint, LogRule, hookimpl

from .registers import TABLE

CONFIG_KEYS = {
    "battery_ready": "BatReady",
    "charge_cutoff_soc": "BatHighCap",
    "charging_period_1_start_hour": "TimeChaF1",
    "charging_period_1_stop_hour": "TimeChaE1",
    "discharge_cutoff_soc": "BatUseCap",
    "discharging_period_1_start_hour": "TimeDisF1",
    "discharging_period_1_stop_hour": "TimeDisE1",
    "grid_meter_ct_ratio": "CTRate",
    "grid_regulation": "Safe",
    "max_feed_in_percent": "SetFeed",
    "pv_capacity_grid_inverter": "OnGridCap",
    "pv_capacity_storage": "StorageCap",
    "system_mode": "ACDC",
}
"""What the EMS calls a register in its configuration, where the meaning of the name is known."""


def configuration() -> Iterator[Datapoint]:
    """Parameters that only the log tells of."""
    yield Datapoint(
        "exist_charging_pile",
        label="EV charger installed",
        group="configuration",
        enum=TABLE.enums["no_yes"],
        aliases="ExistChargingPile",
        source="guide",
    )
    yield Datapoint(
        "charging_mode",
        label="Charging mode",
        group="configuration",
        aliases="ChargingMode",
        source="guide",
        confidence="name_only",
        doc="The meaning of its numbers is not published",
    )


@hookimpl
def declare_log_parsers() -> Iterable[LogRule]:
    yield LogRule(
        "config",
        "EMS ExtConfig Update: {items}",
        items="{name}: {old} -> {new}",
        doc="Parameters that changed",
        source="guide",
    )
    yield LogRule(
        "status",
        "{items}",
        items="{time} {code}",
        time_format="%y/%m/%d %H:%M:%S",
        doc="The event list, newest first; the meaning of its codes is not published",
        source="tidalvirus_capture",
    )
    yield LogRule(
        "fault",
        "{number},{clock},{date},{clear_date},{clear_clock},{message}",
        doc="The error list of the local display; -- where an error is not cleared",
        source="tidalvirus_capture",
    )
