"""Vectors of chargers/ocpp: messages of OCPP put together from the fact tables."""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any

from vector_toml import FACTS, ROOT, entry, write

PLUGIN = "chargers.ocpp"
VERSIONS = {"v16": "1.6-J", "v201": "2.0.1"}
TIME = "2026-11-25T14:30:00Z"
DECOYS = {"measurand": "Power.Factor", "phase": "L2-L3", "location": "Inlet", "unit": "K"}

Message = Mapping[str, Any]


def rows(name: str) -> list[dict[str, str]]:
    path = ROOT / "plugins/chargers/ocpp" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def enum(version: str, name: str) -> list[str]:
    with (FACTS / "ocpp/enums.csv").open(encoding="utf-8", newline="") as lines:
        return [
            row["value"]
            for row in csv.DictReader(lines)
            if (row["ocpp_version"], row["enum"]) == (version, name)
        ]


def frame(variant: str, channel: str, message: Message, values: Message, **more: Any) -> str:
    return entry(
        "frame", values, channel=channel, variant=variant, origin="derived",
        text=json.dumps(message), **more,
    )  # fmt: skip


def bad(variant: str, channel: str, text: str, datapoint: str, reason: str) -> str:
    return entry(
        "bad_frame", channel=channel, variant=variant, origin="derived", text=text,
        datapoint=datapoint, reason=reason,
    )  # fmt: skip


def command(variant: str, name: str, action: str, payload: Message, **more: Any) -> str:
    shows = {"shows": more.pop("shows")} if "shows" in more else {}
    parameters = {"parameters": more} if more else {}
    return entry(
        "command", command=name, variant=variant, origin="derived", **parameters,
        text=compact({"action": action, "payload": payload, **shows}),
    )  # fmt: skip


def log(variant: str, line: str, **record: Any) -> str:
    return entry("log", variant=variant, origin="derived", line=line, records=[record])


def compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


MESSAGES: dict[str, list[tuple[str, Message, Message]]] = {
    "v16": [
        (
            "boot_notification",
            {
                "chargePointVendor": "Solora", "chargePointModel": "W11", "firmwareVersion": "1.4",
                "chargePointSerialNumber": "S1", "chargeBoxSerialNumber": "B2", "iccid": "8949",
                "imsi": "26201", "meterType": "M3", "meterSerialNumber": "77",
            },
            {
                "vendor": "Solora", "model": "W11", "firmware_version": "1.4",
                "serial_number": "S1", "box_serial_number": "B2", "iccid": "8949",
                "imsi": "26201", "meter_type": "M3", "meter_serial_number": "77",
            },
        ),
        (
            "status_notification",
            {
                "connectorId": 1, "status": "Charging", "errorCode": "NoError", "info": "ok",
                "timestamp": TIME, "vendorId": "Solora", "vendorErrorCode": "0",
            },
            {
                "status": "Charging", "error_code": "NoError", "status_info": "ok",
                "status_since": TIME, "status_vendor": "Solora", "vendor_error_code": "0",
            },
        ),
        (
            "station_status",
            {
                "connectorId": 0, "status": "Available", "errorCode": "NoError", "info": "ready",
                "vendorErrorCode": "1",
            },
            {
                "station_status": "Available", "station_error_code": "NoError",
                "station_status_info": "ready", "station_vendor_error_code": "1",
            },
        ),
        (
            "start_transaction",
            {
                "connectorId": 1, "idTag": "04A2", "meterStart": 120500, "timestamp": TIME,
                "reservationId": 7,
            },
            {"started_by": "04A2", "meter_start": 120500, "started_at": TIME, "reservation": 7},
        ),
        (
            "stop_transaction",
            {
                "transactionId": 9, "idTag": "04A3", "meterStop": 131000, "timestamp": TIME,
                "reason": "EVDisconnected",
            },
            {
                "ended_transaction": 9, "stopped_by": "04A3", "meter_stop": 131000,
                "ended_at": TIME, "stop_reason": "EVDisconnected",
            },
        ),
        ("authorize", {"idTag": "04A4"}, {"id_tag": "04A4"}),
        (
            "data_transfer",
            {"vendorId": "Solora", "messageId": "door", "data": "open"},
            {"transfer_vendor": "Solora", "transfer_message": "door", "transfer_data": "open"},
        ),
        ("diagnostics_status", {"status": "Uploading"}, {"diagnostics_status": "Uploading"}),
        ("firmware_status", {"status": "Installed"}, {"firmware_status": "Installed"}),
    ],
    "v201": [
        (
            "boot_notification",
            {
                "reason": "PowerUp",
                "chargingStation": {
                    "vendorName": "Solora", "model": "W22", "serialNumber": "S2",
                    "firmwareVersion": "2.0", "modem": {"iccid": "8950", "imsi": "26202"},
                },
            },
            {
                "vendor": "Solora", "model": "W22", "serial_number": "S2",
                "firmware_version": "2.0", "iccid": "8950", "imsi": "26202",
                "boot_reason": "PowerUp",
            },
        ),
        (
            "status_notification",
            {"timestamp": TIME, "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1},
            {"status": "Occupied", "status_since": TIME},
        ),
        (
            "transaction_event",
            {
                "eventType": "Ended", "timestamp": TIME, "triggerReason": "EVDeparted", "seqNo": 3,
                "offline": True, "numberOfPhasesUsed": 3, "cableMaxCurrent": 32,
                "reservationId": 5, "evse": {"id": 1, "connectorId": 1},
                "transactionInfo": {
                    "transactionId": "T-1", "chargingState": "Idle", "timeSpentCharging": 3600,
                    "stoppedReason": "EVDisconnected",
                },
                "idToken": {"idToken": "04A2", "type": "ISO14443"},
            },
            {
                "transaction_event": "Ended", "transaction_event_at": TIME,
                "trigger_reason": "EVDeparted", "offline": True, "phases_used": 3,
                "cable_max_current": 32, "reservation": 5, "transaction_id": "T-1",
                "charging_state": "Idle", "time_spent_charging": 3600,
                "stop_reason": "EVDisconnected", "id_token": "04A2", "id_token_type": "ISO14443",
            },
        ),
        (
            "authorize",
            {"idToken": {"idToken": "04A4", "type": "ISO14443"}},
            {"shown_token": "04A4"},
        ),
        (
            "data_transfer",
            {"vendorId": "Solora", "messageId": "door"},
            {"transfer_vendor": "Solora", "transfer_message": "door"},
        ),
        (
            "firmware_status",
            {"status": "Installed", "requestId": 4},
            {"firmware_status": "Installed", "firmware_request": 4},
        ),
    ],
}  # fmt: skip
BOTH: list[tuple[str, Message, Message]] = [
    ("heartbeat", {"currentTime": TIME}, {"last_heartbeat": TIME}),
    (
        "log_status",
        {"status": "Uploaded", "requestId": 3},
        {"log_status": "Uploaded", "log_request": 3},
    ),
    (
        "security_event",
        {"type": "TamperDetectionActivated", "timestamp": TIME, "techInfo": "lid"},
        {
            "security_event": "TamperDetectionActivated",
            "security_event_at": TIME,
            "security_event_info": "lid",
        },
    ),
]
EVENT = {
    "eventId": 1,
    "timestamp": TIME,
    "trigger": "Delta",
    "eventNotificationType": "HardWiredNotification",
}


def messages(variant: str) -> Iterator[str]:
    """Each message as it is usual, and with other numbers."""
    for channel, message, said in (*MESSAGES[variant], *BOTH):
        yield frame(variant, channel, message, said)
        numbers = {k: v for k, v in said.items() if type(v) is int}
        changed = json.loads(json.dumps(message), parse_int=lambda digits: int(digits) + 9)
        if numbers:
            values = {key: value + 9 for key, value in numbers.items()}
            yield frame(variant, channel, changed, values, partial=True)
        yield bad(variant, channel, "[2, 1]", "frame", "is JSON, but not an object")
    if variant == "v201":
        yield from transaction_flags()
        yield from events()
    else:
        yield frame(variant, "meter_values", {"transactionId": 12, "meterValue": []},
                    {"transaction_id": 12}, partial=True)  # fmt: skip
        yield bad(variant, "meter_values", '{"transactionId": 1.5}', "transaction_id", "whole")
    yield bad(variant, "status_notification", '{"status', "frame", "is not JSON")


def transaction_flags() -> Iterator[str]:
    yield frame("v201", "transaction_event", {"offline": False}, {"offline": False})
    yield bad("v201", "transaction_event", '{"offline": "yes"}', "offline", "true or false")


def events() -> Iterator[str]:
    """A problem of each component, among events of others."""
    usual = {
        **EVENT, "component": {"name": "Controller"}, "variable": {"name": "State"},
        "actualValue": "idle", "techCode": "E7", "techInfo": "seven",
    }  # fmt: skip
    said = {
        "event_component": "Controller", "event_variable": "State", "event_value": "idle",
        "event_code": "E7", "event_info": "seven", "event_type": "HardWiredNotification",
    }  # fmt: skip
    yield frame("v201", "notify_event", notified(usual), said)
    places = {"ChargingStation": "station", "EVSE": "evse", "Connector": "connector"}
    for component, place in places.items():
        problem = about(component, "Problem", "true")
        decoys = [about(component, "Enabled", "no"), about("Fan", "Problem", "perhaps")]
        message = notified(problem, *decoys)
        yield frame("v201", "notify_event", message, {f"{place}_problem": "true"}, partial=True)
    yield bad("v201", "notify_event", '{"eventData": "none"}', "frame", "holds none of")


def about(component: str, variable: str, value: str) -> Message:
    return {
        **EVENT, "component": {"name": component}, "variable": {"name": variable},
        "actualValue": value,
    }  # fmt: skip


def notified(*events: Message) -> Message:
    return {"generatedAt": TIME, "seqNo": 0, "eventData": events}


def samples(variant: str) -> Iterator[str]:
    """Each sampled value alone, in each unit and with each name of a phase, before its decoys."""
    measured = [row for row in rows("measurands") if variant in row["versions"].split()]
    channel = "meter_values"
    yield frame(variant, channel, *everything(variant, measured))
    for number, row in enumerate(measured):
        for message, value in variations(variant, row, 10.5 + number):
            yield frame(variant, channel, message, {row["point"]: value}, partial=True)
    yield bad(variant, channel, compact(metered(element(variant, measured[0], "kWh", "much"))),
              "energy_import", "is not a number")  # fmt: skip


def everything(variant: str, measured: list[dict[str, str]]) -> tuple[Message, Message]:
    """What a charger with everything says while it charges."""
    typical = {
        "soc": 61, "power_factor": 0.98, "frequency": 50.02, "voltage": 231.5, "temperature": 31,
        "energy_import": 120500, "power_import": 11040, "current_import": 16.1,
    }  # fmt: skip
    elements, said = list[Message](), dict[str, Any]()
    for number, row in enumerate(measured):
        value = typical.get(row["point"], 20 + number)
        elements.append(element(variant, row, units(row)[0][0], value))
        said[row["point"]] = value
    message = metered(*elements)
    if variant == "v16":
        return {"connectorId": 1, "transactionId": 5, **message}, {**said, "transaction_id": 5}
    return message, said


def variations(variant: str, row: dict[str, str], value: float) -> Iterator[tuple[Message, float]]:
    for unit, factor in units(row):
        right = element(variant, row, unit, value)
        wrong = decoys(variant, row, unit)
        yield metered(right, *wrong), value * factor
    first = units(row)[0][0]
    for phase in row["phase"].split("|")[1:]:
        yield metered(element(variant, {**row, "phase": phase}, first, value)), value
    bare = {k: v for k, v in element(variant, row, first, value).items() if k != "measurand"}
    if "|" in row["measurand"]:
        yield metered(bare), value
    if row["said"]:
        yield metered(element(variant, row, "", value)), value
    if row["point"] not in ("soc", "temperature", "rpm"):
        yield metered({**element(variant, row, first, value), "location": "Outlet"}), value
    if variant == "v16":
        yield metered({**element(variant, row, first, value), "format": "Raw"}), value
    else:
        scaled = element(variant, row, first, value)
        of_unit = {**scaled.get("unitOfMeasure", {}), "multiplier": 2}
        yield metered({**scaled, "unitOfMeasure": of_unit}), value * 100


def decoys(variant: str, row: dict[str, str], unit: str) -> Iterator[Message]:
    """Elements that differ in one respect each."""
    other = "Frequency" if row["point"] == "power_factor" else DECOYS["measurand"]
    yield element(variant, {**row, "measurand": other}, unit, 0.3)
    phase = "L3-L1" if row["phase"] == DECOYS["phase"] else DECOYS["phase"]
    yield element(variant, {**row, "phase": phase}, unit, 1.25)
    if row["point"] not in ("soc", "temperature", "rpm"):
        yield {**element(variant, row, unit, 2.25), "location": DECOYS["location"]}
    if row["said"]:
        yield element(variant, row, DECOYS["unit"], 3.25)
    if variant == "v16":
        yield {**element(variant, row, unit, "c2ln"), "format": "SignedData"}


def units(row: Mapping[str, str]) -> list[tuple[str, int]]:
    listed = [unit.split(":") for unit in row["said"].split()] or [["", "1"]]
    return [(names.split("|")[0], int(factor)) for names, factor in listed]


def element(variant: str, row: Mapping[str, str], unit: str, value: Any) -> dict[str, Any]:
    """A sampled value; what is usual is left out, and numbers of 1.6 are text."""
    said: dict[str, Any] = {"value": str(value) if variant == "v16" else value}
    said["measurand"] = row["measurand"].split("|")[0]
    if phase := row["phase"].split("|")[0]:
        said["phase"] = phase
    if unit:
        said |= {"unit": unit} if variant == "v16" else {"unitOfMeasure": {"unit": unit}}
    return said


def metered(*elements: Message) -> Message:
    return {"meterValue": [{"timestamp": TIME, "sampledValue": elements}]}


def fault_vectors() -> Iterator[str]:
    def raised(variant: str, datapoint: str, value: str, *codes: str) -> str:
        return entry("fault", origin="derived", variant=variant, values={datapoint: value},
                     raises=codes)  # fmt: skip

    for place in ("", "station_"):
        for code in enum("1.6-J", "ChargePointErrorCode"):
            codes = () if code == "NoError" else (place + CODES[code],)
            yield raised("v16", f"{place}error_code", code, *codes)
        for status in enum("1.6-J", "ChargePointStatus"):
            codes = (f"{place}faulted",) if status == "Faulted" else ()
            yield raised("v16", f"{place}status", status, *codes)
    for status in enum("2.0.1", "ConnectorStatusEnumType"):
        yield raised("v201", "status", status, *(["faulted"] if status == "Faulted" else []))
    for place in ("station", "evse", "connector"):
        yield raised("v201", f"{place}_problem", "true", f"{place}_problem")
        yield raised("v201", f"{place}_problem", "false")


CODES = {
    "ConnectorLockFailure": "connector_lock_failure",
    "EVCommunicationError": "ev_communication_error",
    "GroundFailure": "ground_failure",
    "HighTemperature": "high_temperature",
    "InternalError": "internal_error",
    "LocalListConflict": "local_list_conflict",
    "OtherError": "other_error",
    "OverCurrentFailure": "over_current_failure",
    "OverVoltage": "over_voltage",
    "PowerMeterFailure": "power_meter_failure",
    "PowerSwitchFailure": "power_switch_failure",
    "ReaderFailure": "reader_failure",
    "ResetFailure": "reset_failure",
    "UnderVoltage": "under_voltage",
    "WeakSignal": "weak_signal",
}
DEFAULT = {"stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile"}
RELATIVE = {**DEFAULT, "chargingProfileKind": "Relative"}


def limit_v16(unit: str, limit: float) -> Message:
    period = {"startPeriod": 0, "limit": limit}
    schedule = {"chargingRateUnit": unit, "chargingSchedulePeriod": [period]}
    return {
        "csChargingProfiles": {"chargingProfileId": 1, **RELATIVE, "chargingSchedule": schedule}
    }


def limit_v201(unit: str, limit: float) -> Message:
    period = {"startPeriod": 0, "limit": limit}
    schedule = {"id": 1, "chargingRateUnit": unit, "chargingSchedulePeriod": [period]}
    return {"chargingProfile": {"id": 1, **RELATIVE, "chargingSchedule": [schedule]}}


def commands() -> Iterator[str]:
    old, new, gone = "v16", "v201", {"shows": {"status": "Unavailable"}}
    yield command(old, "start_charging", "RemoteStartTransaction", {"idTag": "04A2"},
                  start_id_tag="04A2")  # fmt: skip
    yield command(old, "stop_charging", "RemoteStopTransaction", {})
    yield command(new, "start_charging", "RequestStartTransaction",
                  {"idToken": {"type": "Central", "idToken": "04A2"}},
                  start_id_token="04A2")  # noqa: S106  # fmt: skip
    yield command(new, "stop_charging", "RequestStopTransaction", {})
    for variant, limited in ((old, limit_v16), (new, limit_v201)):
        for unit, name in (("A", "current_limit"), ("W", "power_limit")):
            for limit in (16, 6.5):
                yield command(variant, f"set_{name}", "SetChargingProfile", limited(unit, limit),
                              **{name: limit})  # fmt: skip
        yield command(variant, "unlock", "UnlockConnector", {})
        yield command(variant, "clear_cache", "ClearCache", {})
    purpose = {"chargingProfilePurpose": "TxDefaultProfile"}
    yield command(old, "clear_limit", "ClearChargingProfile", purpose)
    yield command(new, "clear_limit", "ClearChargingProfile", {"chargingProfileCriteria": purpose})
    for variant, kinds in ((old, ("Soft", "Hard")), (new, ("OnIdle", "Immediate"))):
        for kind in kinds:
            yield command(variant, f"reset_{kind.lower()}", "Reset", {"type": kind})
    for variant, name in ((old, "type"), (new, "operationalStatus")):
        yield command(variant, "set_inoperative", "ChangeAvailability", {name: "Inoperative"},
                      **gone)  # fmt: skip
        yield command(variant, "set_operative", "ChangeAvailability", {name: "Operative"})
        for report in ("BootNotification", "StatusNotification", "MeterValues"):
            short = report.removesuffix("Notification").lower()
            yield command(variant, f"report_{short}", "TriggerMessage",
                          {"requestedMessage": report})  # fmt: skip
    yield command(new, "report_transactionevent", "TriggerMessage",
                  {"requestedMessage": "TransactionEvent"})  # fmt: skip
    yield command(old, "set_configuration", "ChangeConfiguration",
                  {"key": "MeterValueSampleInterval", "value": "30"},
                  configuration_key="MeterValueSampleInterval",
                  configuration_value="30")  # fmt: skip
    variable = {
        "component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"},
        "attributeValue": "30",
    }  # fmt: skip
    yield command(new, "set_variable", "SetVariables", {"setVariableData": [variable]},
                  variable_component="SampledDataCtrlr", variable_name="TxUpdatedInterval",
                  variable_value="30")  # fmt: skip


def logs() -> Iterator[str]:
    for variant in VERSIONS:
        for action, kind in (
            ("FirmwareStatusNotification", "upgrade"),
            ("SignedFirmwareStatusNotification", "upgrade"),
            ("DiagnosticsStatusNotification", "status"),
            ("LogStatusNotification", "status"),
        ):
            line = f'{action} {{"status":"Idle","requestId":3}}'
            rest = {"rest": ',"requestId":3}'}
            yield log(variant, line, kind=kind, message="Idle", extra=rest)
        said = f',"timestamp":"{TIME}"}}'
        line = f'SecurityEventNotification {{"type":"FirmwareUpdated"{said}'
        yield log(variant, line, kind="fault", code="FirmwareUpdated", extra={"rest": said})
        booted = '{"reason":"PowerUp"}'
        yield log(variant, f"BootNotification {booted}", kind="status", message=booted)


def main() -> None:
    about = "Made by tools/derive_vectors/ocpp.py"
    for variant in VERSIONS:
        write(PLUGIN, f"{variant}_messages", f"{about}.", list(messages(variant)))
        write(PLUGIN, f"{variant}_samples", f"{about}.", list(samples(variant)))
    write(PLUGIN, "faults", f"{about}.", list(fault_vectors()))
    write(PLUGIN, "commands", f"{about}.", list(commands()))
    write(PLUGIN, "logs", f"{about}.", list(logs()))


if __name__ == "__main__":
    main()
