"""Storm warnings in words: whom one reaches, and what it means for one system."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.commanding.parameters import CommandParameter, check, parameters_of
from core.effective import EffectiveModel
from core.fleet.regions import COUNTED, STANDS_IN, Place, Reach, Region
from core.fleet.storm_warnings import Concern, Concerns
from core.listing.moments import instant
from core.registry import Part
from core.telemetry.readings import Readings
from core.thing_model.command import Command
from core.thing_model.layout.fields import Value
from core.thing_model.plausibility import Range
from portal.presentation.installing import country_name
from portal.presentation.modes import MODES, commands_of_mode
from portal.presentation.quantities import quantity
from portal.presentation.status import Mark
from portal.texts import N_, _, translated

KINDS: Final = {
    "wind": N_("Wind"),
    "thunderstorm": N_("Thunderstorm"),
    "cyclone": N_("Tropical cyclone"),
    "flood": N_("Rain or flood"),
    "snow": N_("Snow or ice"),
    "heat": N_("Heat"),
    "fire": N_("Bush or forest fire"),
    "other": N_("Other"),
}
SEVERITIES: Final = {
    "extreme": Mark(N_("Extreme"), "alert-octagon", "critical"),
    "severe": Mark(N_("Severe"), "alert-triangle", "critical"),
    "moderate": Mark(N_("Moderate"), "alert-triangle", "warning"),
    "minor": Mark(N_("Minor"), "info-circle", "info"),
    "unknown": Mark(N_("Severity not known"), "help-circle", "unknown"),
}
STATES: Final = {
    "coming": Mark(N_("To come"), "clock", "info"),
    "in_force": Mark(N_("In force"), "alert-triangle", "warning"),
    "over": Mark(N_("Over"), "history", "unknown"),
    "withdrawn": Mark(N_("Withdrawn"), "x", "unknown"),
}
GUARD: Final = next(mode for mode in MODES if mode.name == "storm_guard")
_SWITCH: Final[Range] = (0, 1)
"""The range of a value that is off or on."""


class ReachDocument(Struct, frozen=True):
    """How many systems stand in a region, and of how many nothing says so; None is unbounded.

    path: the list of those that stand in it.
    """

    inside: str
    unknown: str
    path: str


class WarningDocument(Struct, frozen=True):
    """A warning for where a system stands; times are UTC milliseconds.

    standing: "inside", or "unknown" where the site does not say enough.
    """

    id: int
    state: str
    kind: str
    severity: str
    region: str
    starts_at: int
    ends_at: int
    text: str
    source: str
    standing: str


class OrderDocument(Struct, frozen=True):
    """What a command of Storm Guard would send to turn it on, which nobody did yet.

    frame: in hex, or empty where the declaration does not tell on from off.
    reported: whether the device says by itself that it is so; None where it did not say.
    """

    title: str
    parameter: str
    frame: str
    reported: bool | None


class StormDocument(Struct, frozen=True):
    """The warnings of a system, what its site does not say, and what Storm Guard has of them."""

    warnings: list[WarningDocument]
    place: str
    missing: str
    orders: list[OrderDocument]


def region_text(region: Region) -> str:
    """A region as people read it."""
    country = country_name(region.country)
    post_codes = ", ".join(f"{each}…" for each in region.post_codes)
    return ", ".join(filter(None, (country, region.name, post_codes)))


def reach_document(region: Region, reach: Reach, company: str = "") -> ReachDocument:
    """A reach; `company` is the one whose systems alone it counts."""
    query = {STANDS_IN.key: region.address} | ({"company.exact": company} if company else {})
    return ReachDocument(_many(reach.inside), _many(reach.unknown), f"/systems?{urlencode(query)}")


def storm_document(
    concerns: Concerns, model: EffectiveModel | None, readings: Readings, now: int
) -> StormDocument:
    """What warnings mean for a system; `model` is None where its product model is not loaded."""
    told = commands_of_mode(model, GUARD) if model else []
    offered = [each for each in told if model and model.offers(each[1].name)]
    return StormDocument(
        [_warning(each, now) for each in concerns.found],
        _place(concerns.place),
        _missing(concerns.place),
        [_order(part, command, readings) for part, command in offered],
    )


def clock_text(at: int, zone: str) -> str:
    """A moment by a clock as a form takes it, with its offset in the hour that is there twice."""
    minutes = at // 60_000
    moment = datetime.fromtimestamp(minutes * 60, ZoneInfo(zone))
    text = moment.strftime("%Y-%m-%d %H:%M")
    if instant(text, at, zone) != minutes * 60_000:
        text += moment.strftime("%z")
    return text


def _warning(concern: Concern, now: int) -> WarningDocument:
    warning, said = concern.warning, concern.warning.said
    return WarningDocument(
        warning.id,
        warning.state(now),
        translated(KINDS[said.kind]),
        said.severity,
        region_text(said.region),
        said.starts_at,
        said.ends_at,
        said.text,
        said.source,
        concern.standing,
    )


def _place(place: Place) -> str:
    said = filter(None, (country_name(place.country), place.name, place.post_code))
    return ", ".join(said) if place.country else ""


def _missing(place: Place) -> str:
    if not place.country:
        return _("It is not known in which country it stands, so no warning can reach it.")
    lacks = {_("region"): place.name, _("post code"): place.post_code}
    if missing := [word for word, said in lacks.items() if not said]:
        return _(
            "Its site says no %(missing)s: whether a warning by that is meant for it is not known.",
            missing=_(" and no ").join(missing),
        )
    return ""


def _order(part: Part, command: Command, readings: Readings) -> OrderDocument:
    asked = parameters_of(part, command)
    on = _turned_on(asked)
    if on is None:
        return OrderDocument(command.title, "", "", None)
    checked = check(part, command, {asked[0].key: on})
    return OrderDocument(
        command.title,
        f"{asked[0].label} = {on}",
        checked.frame.hex(" ").upper(),
        _reported(part, checked.expected, readings),
    )


def _turned_on(asked: Sequence[CommandParameter]) -> Value:
    """What turns on the one thing that is asked for; None where that is no switch."""
    if len(asked) != 1:
        return None
    if asked[0].kind == "flag":
        return True
    return 1 if asked[0].kind == "whole" and asked[0].range == _SWITCH else None


def _reported(part: Part, expected: Mapping[str, object], readings: Readings) -> bool | None:
    said = list(_compared(part, expected, readings))
    return all(said) if said else None


def _compared(part: Part, expected: Mapping[str, object], readings: Readings) -> Iterator[bool]:
    for key, value in expected.items():
        if (reading := readings.get((part.slot, key))) is not None and reading.value is not None:
            yield reading.value == value


def _many(number: int) -> str:
    return str(quantity(min(number, COUNTED), "")) + ("+" if number > COUNTED else "")
