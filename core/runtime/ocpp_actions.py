"""What a charger may say in OCPP: on which channel it goes, when it was, and what is answered."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen

from core.runtime.ocpp_messages import Payload, Version


@frozen
class Route:
    """Where an action goes: a channel of the plugin, and the log if `logged`."""

    channel: str = ""
    logged: bool = False


_BOTH: Final[Mapping[str, Route]] = {
    "BootNotification": Route("boot_notification", logged=True),
    "Heartbeat": Route("heartbeat"),
    "StatusNotification": Route("status_notification"),
    "MeterValues": Route("meter_values"),
    "Authorize": Route("authorize"),
    "DataTransfer": Route("data_transfer"),
    "FirmwareStatusNotification": Route("firmware_status", logged=True),
    "LogStatusNotification": Route("log_status", logged=True),
    "SecurityEventNotification": Route("security_event", logged=True),
}
ROUTES: Final[Mapping[Version, Mapping[str, Route]]] = {
    "1.6": {
        **_BOTH,
        "StartTransaction": Route("start_transaction"),
        "StopTransaction": Route("stop_transaction"),
        "DiagnosticsStatusNotification": Route("diagnostics_status", logged=True),
        "SignedFirmwareStatusNotification": Route("firmware_status", logged=True),
    },
    "2.0.1": {
        **_BOTH,
        "TransactionEvent": Route("transaction_event"),
        "NotifyEvent": Route("notify_event"),
        "NotifyChargingLimit": Route(logged=True),
        "ClearedChargingLimit": Route(logged=True),
        "NotifyReport": Route(logged=True),
        "ReservationStatusUpdate": Route(logged=True),
    },
}
"""The actions that are taken in; others of the standard are answered NotSupported."""
STATION_STATUS: Final = "station_status"
METER: Final = "meter_values"
ENERGY: Final = "Energy.Active.Import.Register"
PERIODIC: Final = "Sample.Periodic"
"""The context where a sampled value gives none."""
KILO: Final = {"Wh": 1, "kWh": 1000}


def channels_of(version: Version, action: str, payload: Payload) -> Sequence[str]:
    """The channels of a message; none where it only goes into the log."""
    if version == "1.6" and action == "StatusNotification" and not payload["connectorId"]:
        return [STATION_STATUS]
    own = ROUTES[version][action].channel
    metered = action == "TransactionEvent" and payload.get("meterValue")
    return [own, METER] if metered else [own] if own else []


def connector_of(payload: Payload) -> int | None:
    """The connector (1.6) or EVSE (2.0.1) that a message is about; None where it does not say."""
    listed = [payload.get("evse"), *(event["component"].get("evse") for event in _events(payload))]
    about = [int(evse["id"]) for evse in listed if evse]
    said = payload.get("evseId", payload.get("connectorId"))
    return about[0] if about else said


def time_of(payload: Payload) -> int | None:
    """When it was by the charger's clock, in UTC milliseconds; None where it does not say."""
    entries: list[Payload] = payload.get("meterValue") or []
    times = [payload, *entries[-1:], *_events(payload)[-1:]]
    said = (str(entry["timestamp"]) for entry in times if entry.get("timestamp"))
    return milliseconds(next(said, ""))


def _events(payload: Payload) -> list[Payload]:
    return payload.get("eventData") or []


def milliseconds(text: str) -> int | None:
    """An ISO 8601 time as UTC milliseconds, without a zone taken for UTC; None if it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
        return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def written(now: int) -> str:
    """UTC milliseconds as OCPP writes a time."""
    return datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def energy_in(payload: Payload, *contexts: str) -> int | None:
    """The meter in Wh as a message of 2.0.1 says it for the first of the contexts that is there."""
    found = {
        sample.get("context", PERIODIC): value
        for entry in payload.get("meterValue") or ()
        for sample in entry["sampledValue"]
        if (value := _energy(sample)) is not None
    }
    return next((found[context] for context in contexts if context in found), None)


def _energy(sample: Payload) -> int | None:
    unit = sample.get("unitOfMeasure", {})
    usual = (
        sample.get("measurand", ENERGY) == ENERGY
        and not sample.get("phase")
        and sample.get("location", "Outlet") == "Outlet"
    )
    factor = KILO.get(unit.get("unit", "Wh"))
    value, power = sample.get("value"), unit.get("multiplier", 0)
    if not usual or factor is None or not isinstance(value, int | float) or abs(power) > 10:
        return None
    return round(value * factor * 10**power) if math.isfinite(value) else None


def tokens_in(payload: Payload) -> Sequence[str]:
    """The token that a message asks about, if it does."""
    token = payload.get("idToken")
    said: Iterable[Any] = (payload.get("idTag"), token.get("idToken") if token else None)
    return [text for text in said if isinstance(text, str)]
