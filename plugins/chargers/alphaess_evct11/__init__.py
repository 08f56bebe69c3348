"""AlphaESS SMILE-EVCT11 and SMILE-EVCS7 chargers, as the AlphaESS Open API speaks of them.

How they talk to the inverter beside them is not public. A channel is the answer to one call of the
API: getEvChargerConfigList, getEvChargerStatusBySn, getEvChargerCurrentsBySn. The power that goes
into the vehicle is in the answer about the whole system (`pev` of getLastPowerData), not here.
Commands are the bodies of the calls remoteControlEvCharger and setEvChargerCurrentsBySn.
"""

from collections.abc import Iterable

from thingwright import (
    Command,
    Component,
    Datapoint,
    Decoder,
    Fault,
    Rating,
    Source,
    enumerations,
    hookimpl,
)
from thingwright.layout import json_object, number, string, whole

ENUMS = enumerations(__file__)


@hookimpl
def declare_sources() -> Iterable[Source]:
    yield Source(
        "ha_alphaess_cloud",
        "AlphaESS Open API in Home Assistant",
        "B",
        "github.com/CharlesGillanders/homeassistant-alphaESS at c01a4dbd",
        "MIT",
    )


@hookimpl
def declare_components() -> Iterable[Component]:
    yield charger("SMILE-EVCT11", "", 11, "three")
    yield charger("SMILE-EVCS7", "evcs7", 7, "one")


def charger(name: str, variant: str, kilowatts: float, phases: str) -> Component:
    ratings = (
        Rating("rated_power", kilowatts, "kW", confidence="unverified"),
        Rating("phases", phases, confidence="unverified"),
    )
    doc = "Power and phases are guessed from the name"
    return Component("charger", name, variant, vendor="AlphaESS", ratings=ratings, doc=doc)


@hookimpl
def declare_decoders() -> Iterable[Decoder]:
    identity = (
        string("ev_charger_serial", "data[0].evchargerSn"),
        string("ev_charger_model", "data[0].evchargerModel"),
    )
    yield Decoder("config", json_object(*identity), doc="The first charger of the system")
    yield Decoder("status", json_object(whole("ev_charger_status", "data.evchargerStatus")))
    yield Decoder("currents", json_object(number("household_current_limit", "data.currentsetting")))


@hookimpl
def declare_datapoints() -> Iterable[Datapoint]:
    yield Datapoint("ev_charger_serial", label="Serial number of the charger", group="identity")
    yield Datapoint("ev_charger_model", label="Model", group="identity")
    yield Datapoint(
        "ev_charger_status",
        label="Status",
        enum=ENUMS["alphaess_ev_charger_status"],
        doc="States as in OCPP; 7 and 8 have no published meaning",
    )
    yield Datapoint(
        "household_current_limit",
        "A",
        label="Current limit of the household",
        range=(0, None),
        access="rw",
    )
    yield Datapoint("serial_number", label="Serial number of the system", access="wo")
    yield Datapoint(
        "control_mode",
        label="Start or stop",
        enum=ENUMS["alphaess_ev_charger_control_mode"],
        access="wo",
    )


@hookimpl
def declare_faults() -> Iterable[Fault]:
    yield Fault("ev_charger_status", "faulted", equals=9, label="Faulted", severity="critical")


@hookimpl
def declare_commands() -> Iterable[Command]:
    control = json_object(
        string("serial_number", "sysSn"),
        string("ev_charger_serial", "evchargerSn"),
        whole("control_mode", "controlMode"),
    )
    yield Command(
        "start_charging",
        control,
        constants={"control_mode": 1},
        delivery="at_most_once",
        doc="Late delivery would start a vehicle nobody expects to charge",
    )
    yield Command("stop_charging", control, constants={"control_mode": 0}, risk="disruptive")
    yield Command(
        "set_household_current",
        json_object(
            string("serial_number", "sysSn"), number("household_current_limit", "currentsetting")
        ),
        reads_back="household_current_limit",
        doc="What the household may draw at its connection, the charger included",
    )
