"""What a charger says is wrong: error codes of 1.6, problems and the state "Faulted" of both."""

from collections.abc import Iterator

from thingwright import Fault

ERROR_CODES = {
    "ConnectorLockFailure": "Lock of the connector failed",
    "EVCommunicationError": "Communication with the vehicle failed",
    "GroundFailure": "Ground fault",
    "HighTemperature": "Temperature too high",
    "InternalError": "Internal error",
    "LocalListConflict": "Local authorization list in conflict",
    "OtherError": "Other error",
    "OverCurrentFailure": "Overcurrent",
    "OverVoltage": "Overvoltage",
    "PowerMeterFailure": "Power meter failed",
    "PowerSwitchFailure": "Power switch failed",
    "ReaderFailure": "Card reader failed",
    "ResetFailure": "Reset failed",
    "UnderVoltage": "Undervoltage",
    "WeakSignal": "Weak signal of the radio modem",
}
"""ChargePointErrorCode without NoError."""
FAULTED = "Out of order: the state is Faulted"
ADVICE = "The vendor's error code and its text stand beside it"


def faults_v16() -> Iterator[Fault]:
    """Errors are warnings of their own; what stops charging is the state."""
    for place, name in (("", ""), ("station_", " (station)")):
        yield Fault(
            f"{place}status",
            f"{place}faulted",
            names="Faulted",
            label=f"{FAULTED}{name}",
            severity="critical",
            variants="v16",
        )
        for number, label in ERROR_CODES.items():
            yield Fault(
                f"{place}error_code",
                f"{place}{_snake(number)}",
                names=number,
                number=number,
                label=f"{label}{name}",
                advice=ADVICE,
                variants="v16",
            )


def faults_v201() -> Iterator[Fault]:
    yield Fault(
        "status",
        "faulted",
        names="Faulted",
        label=FAULTED,
        severity="critical",
        variants="v201",
    )
    for place in ("station", "evse", "connector"):
        yield Fault(
            f"{place}_problem",
            f"{place}_problem",
            names="true",
            label=f"Problem of the {place}",
            advice="The event's code and its text stand beside it",
            variants="v201",
        )


def _snake(name: str) -> str:
    split = name.replace("EV", "Ev")
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in split).removeprefix("_")
