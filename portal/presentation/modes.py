"""The mode cards of a site's settings: how a system works, by what its model declares."""

from collections.abc import Iterator
from typing import Final

from attrs import frozen
from msgspec import Struct

from core.effective import EffectiveModel
from core.registry import Part
from core.telemetry.readings import Readings
from core.thing_model.command import Command
from core.thing_model.datapoint import Datapoint
from portal.presentation.settings import (
    SettingDocument,
    TellingDocument,
    commands_of,
    setting_document,
    telling_document,
)
from portal.presentation.tariff_words import said
from portal.texts import N_, _, translated


class ModeDocument(Struct, frozen=True):
    """A card: what the device says now, the commands that change it, or why there are none."""

    name: str
    label: str
    doc: str
    settings: list[SettingDocument]
    commands: list[TellingDocument]
    missing: str


@frozen
class Mode:
    """What a card is about: values with its traits, or what a function of the model serves."""

    name: str
    label: str
    doc: str
    traits: tuple[str, ...] = ()
    function: str = ""


MODES: Final = (
    Mode(
        "battery_soc",
        N_("Battery SOC"),
        N_("How far the battery is discharged at least, and charged at most"),
        traits=("battery.lowest_soc", "battery.highest_soc"),
    ),
    Mode(
        "work_mode",
        N_("Work mode"),
        N_("The core mode, such as self use or feed-in priority: what solar power is for first"),
        traits=("work.mode",),
    ),
    Mode(
        "storm_guard",
        N_("Storm Guard"),
        N_("Ahead of severe weather the battery is charged full, as a backup for an outage"),
        function="storm_guard",
    ),
    Mode(
        "away_mode",
        N_("Away Mode"),
        N_("While nobody is at home and little is used, the battery is spared needless cycles"),
        function="away_mode",
    ),
)
Told = tuple[Part, Command]


def commands_of_mode(model: EffectiveModel, mode: Mode) -> list[Told]:
    """The commands that change a mode, with the components that know them."""
    found: dict[tuple[str, str], Told] = {}
    for part, datapoint in _datapoints(model, mode):
        for command in commands_of(part, datapoint):
            found[part.slot, command.name] = part, command
    state = model.functions.get(mode.function)
    for name in state.function.commands if state else ():
        for part in model.system.parts.values():
            if name in part.commands:
                found[part.slot, name] = part, part.commands[name]
    return list(found.values())


def mode_document(model: EffectiveModel, mode: Mode, readings: Readings) -> ModeDocument:
    """A card as it stands."""
    told = commands_of_mode(model, mode)
    shown = {(part.slot, d.key): (part, d) for part, d in _datapoints(model, mode)}
    for part, command in told:
        for key in command.reads_back:
            if mode.function and key in part.datapoints:
                shown[part.slot, key] = part, part.datapoints[key]
    return ModeDocument(
        mode.name,
        translated(mode.label),
        translated(mode.doc),
        [setting_document(part, datapoint, readings) for part, datapoint in shown.values()],
        [telling_document(model, part.slot, command) for part, command in told],
        "" if told else _missing(model, mode),
    )


def _datapoints(model: EffectiveModel, mode: Mode) -> Iterator[tuple[Part, Datapoint]]:
    for part in model.system.parts.values():
        for datapoint in part.datapoints.values():
            if datapoint.trait in mode.traits:
                yield part, datapoint


def _missing(model: EffectiveModel, mode: Mode) -> str:
    if not mode.function:
        return _("No command of its product model sets it.")
    state = model.functions.get(mode.function)
    if state is None:
        return _("Its product model has no such function.")
    if not state.available:
        return "; ".join(said(str(each)) for each in state.missing)
    return _("Its product model has the function, but no plugin declares a command for it.")
