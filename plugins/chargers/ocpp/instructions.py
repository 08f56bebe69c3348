"""What a charger can be told. The bytes are a JSON object: the OCPP action and its payload.

The gateway puts the connector (EVSE) and the transaction into the payload, which it knows; `shows`
is what a reading says when the command was carried out, and is not sent.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from thingwright import Command
from thingwright.layout import JsonField, JsonObject, json_object, number, string

PROFILE = {"stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile"}
RELATIVE = {**PROFILE, "chargingProfileKind": "Relative"}
LIMIT = {
    "v16": "payload.csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].limit",
    "v201": "payload.chargingProfile.chargingSchedule[0].chargingSchedulePeriod[0].limit",
}


def call(action: str, *fields: JsonField, **payload: Any) -> JsonObject:
    """An OCPP call: its action, what its payload always says, and the values that it asks for."""
    return json_object(*fields, fixed={"action": action, "payload": payload})


def commands_v16() -> Iterator[Command]:
    yield Command(
        "start_charging",
        call("RemoteStartTransaction", string("start_id_tag", "payload.idTag")),
        doc="The charger may ask whether the token is welcome before it starts",
        delivery="at_most_once",
        variants="v16",
    )
    yield Command(
        "stop_charging",
        call("RemoteStopTransaction"),
        doc="The transaction that is open on this connector",
        risk="disruptive",
        variants="v16",
    )
    yield from _limits("v16", profile_v16)
    yield Command(
        "clear_limit",
        call("ClearChargingProfile", chargingProfilePurpose="TxDefaultProfile"),
        variants="v16",
    )
    for kind in ("Soft", "Hard"):
        yield _reset(kind, "v16")
    yield from _availability("v16", "type")
    yield from _others("v16", ("BootNotification", "StatusNotification", "MeterValues"))
    yield Command(
        "set_configuration",
        call(
            "ChangeConfiguration",
            string("configuration_key", "payload.key"),
            string("configuration_value", "payload.value"),
        ),
        doc="MeterValueSampleInterval for one: seconds between meter values",
        variants="v16",
    )


def commands_v201() -> Iterator[Command]:
    yield Command(
        "start_charging",
        call(
            "RequestStartTransaction",
            string("start_id_token", "payload.idToken.idToken"),
            idToken={"type": "Central"},
        ),
        doc="The charger may ask whether the token is welcome before it starts",
        delivery="at_most_once",
        variants="v201",
    )
    yield Command(
        "stop_charging",
        call("RequestStopTransaction"),
        doc="The transaction that is open on this EVSE",
        risk="disruptive",
        variants="v201",
    )
    yield from _limits("v201", profile_v201)
    purpose = {"chargingProfilePurpose": "TxDefaultProfile"}
    yield Command(
        "clear_limit",
        call("ClearChargingProfile", chargingProfileCriteria=purpose),
        variants="v201",
    )
    for kind in ("OnIdle", "Immediate"):
        yield _reset(kind, "v201")
    yield from _availability("v201", "operationalStatus")
    reports = ("BootNotification", "StatusNotification", "MeterValues", "TransactionEvent")
    yield from _others("v201", reports)
    yield Command(
        "set_variable",
        call(
            "SetVariables",
            string("variable_component", "payload.setVariableData[0].component.name"),
            string("variable_name", "payload.setVariableData[0].variable.name"),
            string("variable_value", "payload.setVariableData[0].attributeValue"),
        ),
        doc="TxUpdatedInterval of SampledDataCtrlr for one: seconds between meter values",
        variants="v201",
    )


def profile_v16(unit: str) -> Mapping[str, Any]:
    """A limit from the start of each transaction on, without an end."""
    schedule = {"chargingRateUnit": unit, "chargingSchedulePeriod": [{"startPeriod": 0}]}
    return {
        "csChargingProfiles": {"chargingProfileId": 1, **RELATIVE, "chargingSchedule": schedule}
    }


def profile_v201(unit: str) -> Mapping[str, Any]:
    """A limit from the start of each transaction on, without an end."""
    period = {"id": 1, "chargingRateUnit": unit, "chargingSchedulePeriod": [{"startPeriod": 0}]}
    return {"chargingProfile": {"id": 1, **RELATIVE, "chargingSchedule": [period]}}


def _limits(variant: str, profile: Any) -> Iterator[Command]:
    for name, unit in (("current_limit", "A"), ("power_limit", "W")):
        yield Command(
            f"set_{name}",
            call("SetChargingProfile", number(name, LIMIT[variant]), **profile(unit)),
            doc="For this and later transactions, until it is cleared. Not every charger knows W",
            variants=variant,
        )


def _reset(kind: str, variant: str) -> Command:
    return Command(
        {"Soft": "reset_soft", "Hard": "reset_hard"}.get(kind, f"reset_{kind}".lower()),
        call("Reset", type=kind),
        doc="The whole charger, with all of its connectors",
        risk="disruptive",
        delivery="at_most_once",
        variants=variant,
    )


def _availability(variant: str, name: str) -> Iterator[Command]:
    yield Command(
        "set_inoperative",
        json_object(
            string("status", "shows.status"),
            fixed={"action": "ChangeAvailability", "payload": {name: "Inoperative"}},
        ),
        constants={"status": "Unavailable"},
        reads_back="status",
        risk="disruptive",
        doc="After the transaction, if there is one",
        variants=variant,
    )
    yield Command(
        "set_operative", call("ChangeAvailability", **{name: "Operative"}), variants=variant
    )


def _others(variant: str, reports: tuple[str, ...]) -> Iterator[Command]:
    yield Command(
        "unlock",
        call("UnlockConnector"),
        doc="Lets the cable go, and ends a transaction first",
        risk="disruptive",
        delivery="at_most_once",
        variants=variant,
    )
    yield Command("clear_cache", call("ClearCache"), variants=variant)
    for report in reports:
        yield Command(
            f"report_{report.removesuffix('Notification')}".lower(),
            call("TriggerMessage", requestedMessage=report),
            doc=f"Asks for a {report} now",
            risk="read",
            variants=variant,
        )
