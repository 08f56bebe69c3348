"""A system's settings in words: what is kept of it, what it reports, what it may feed in."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import frozen
from msgspec import Struct

from core.effective import EffectiveModel
from core.fleet.settings import Kept
from core.registry import Part
from core.telemetry.readings import Readings
from core.thing_model.command import Command
from core.thing_model.component import Component, Rating
from core.thing_model.datapoint import Datapoint
from core.thing_model.grid_rules import GridConnection, GridRule, bounds_of
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import layout_keys
from core.thing_model.traits import TRAITS
from portal.presentation.device import rating
from portal.presentation.grid_rules import BoundDocument, bound_documents
from portal.presentation.quantities import quantity
from portal.presentation.readings import meaning, slot_title
from portal.texts import N_, _, translated


class SettingDocument(Struct, frozen=True):
    """One thing that is known of a system, or null; `slot` and `key` name the reading that told it.

    `origin` is "kept" here, "reported" by the device, or "declared" by its maker.
    """

    name: str
    label: str
    value: str | float | bool | None
    unit: str
    shown: str
    origin: str
    slot: str
    key: str


class PartDocument(Struct, frozen=True):
    """A component: what is mounted, and what it says of itself; null where it never did."""

    slot: str
    title: str
    kind: str
    label: str
    vendor: str
    plugin: str
    serial_number: SettingDocument | None
    firmware: SettingDocument | None


class TellingDocument(Struct, frozen=True):
    """A command that sets something, or why it is not offered."""

    slot: str
    name: str
    title: str
    withheld: str


class LimitDocument(Struct, frozen=True):
    """A setting that limits feed-in or bought power, as reported, with its commands and rules."""

    setting: SettingDocument
    commands: list[TellingDocument]
    bounds: list[BoundDocument]


class LimitsDocument(Struct, frozen=True):
    """One of the guide's three limits; empty where the model has no such setting."""

    name: str
    label: str
    doc: str
    settings: list[LimitDocument]


@frozen
class Ask:
    """A trait that the settings show, and the ratings that say it where no reading does."""

    trait: str
    ratings: tuple[str, ...] = ()


PARAMETERS: Final = (
    Ask("battery.capacity", ("nominal_capacity", "usable_capacity")),
    Ask("inverter.rated_power", ("rated_power",)),
    Ask("pv.storage_capacity"),
    Ask("pv.inverter_capacity"),
    Ask("grid.mode"),
    Ask("grid.regulation"),
)
MODES: Final = ("work.mode", "running.mode")
LIMITS: Final = (
    ("feed_in_power", N_("Feed-in power"), N_("The most that is fed into the grid, as a power")),
    ("feed_in_factor", N_("Feed-in factor"), N_("The most that is fed into the grid, as a share")),
    ("buy_power", N_("Buy power"), N_("The most that is bought from the grid")),
)


def basics(kept: Kept, texts: Mapping[str, str]) -> Iterator[SettingDocument]:
    """What is kept of a system; `texts` are those that the page knows by itself."""
    for name, label, value in _rows(kept, texts):
        unit = "kWp" if name == "installed_pv" else ""
        known = None if value == "" else value
        shown = "" if known is None else str(quantity(known, unit))
        yield SettingDocument(name, translated(label), known, unit, shown, "kept", "", "")


def _rows(kept: Kept, texts: Mapping[str, str]) -> tuple[tuple[str, str, Value], ...]:
    said, site, user = kept.listed, kept.site, kept.end_user
    contact = user.contact if user else None
    pv = [kwp for kwp in (said.pv_at_storage, said.pv_at_inverter) if kwp is not None]
    names = f"{contact.given_name} {contact.family_name}".strip() if contact else ""
    return (
        ("sn", N_("Serial number"), said.sn),
        ("product_model", N_("Product model"), texts["product_model"]),
        ("installation_date", N_("Installation date"), str(said.installed_on or "")),
        ("site_name", N_("Site name"), said.site_name),
        ("end_user", N_("End user"), said.end_user),
        ("end_user_name", N_("Name of the end user"), names),
        ("end_user_mail", N_("Mail of the end user"), contact.mail if contact else ""),
        ("end_user_phone", N_("Phone of the end user"), contact.phone if contact else ""),
        ("check_code", N_("Check code"), "••••••" if kept.has_code else ""),
        ("country", N_("Country"), said.country),
        ("region", N_("Region"), said.region),
        ("city", N_("City"), said.city),
        ("address", N_("Address"), said.address),
        ("post_code", N_("Post code"), said.post_code),
        (
            "address_confirmed",
            N_("Address confirmed"),
            site.place.address_confirmed if site else None,
        ),
        ("network_operator", N_("Network operator"), site.place.network_operator if site else ""),
        ("currency", N_("Currency"), site.place.currency if site else ""),
        ("time_zone", N_("Time zone"), said.timezone),
        ("time_sync", N_("How its clock is set"), ""),
        ("factory_mode", N_("Factory or normal mode"), ""),
        ("role", N_("Role in a group of systems"), ""),
        ("company", N_("Company"), said.company),
        ("licence", N_("Licence"), said.licence),
        ("installer", N_("Installer"), said.installer),
        ("install_user", N_("Fitter"), said.install_user),
        ("install_mode", N_("Install mode"), texts["install_mode"]),
        ("installed_pv", N_("Installed PV"), sum(pv) if pv else None),
        ("grid_regulation", N_("Grid regulation"), said.grid_regulation),
        ("allow_auto_update", N_("Updates itself"), kept.auto_update),
        ("last_modified_at", N_("Last changed"), texts["changed_at"]),
        ("installer_remark", N_("Installer's remark"), said.installer_remark),
        ("reseller_remark", N_("Reseller's remark"), said.reseller_remark),
        ("end_user_remark", N_("End user's remark"), said.end_user_remark),
    )


def reported(
    parts: Mapping[str, Part], readings: Readings, asked: Iterable[Ask]
) -> Iterator[SettingDocument]:
    """What the device says of itself; by its nameplate where no reading does; null if neither."""
    for ask in asked:
        found = list(_readings_of(parts, readings, ask.trait))
        if heard := [each for each in found if each.value is not None]:
            yield from heard
        elif plates := list(_ratings_of(parts, ask)):
            yield from plates
        else:
            yield from found or [_unknown(ask.trait)]


def part_documents(parts: Mapping[str, Part], readings: Readings) -> Iterator[PartDocument]:
    """Every slot, with the serial number and firmware that some component reports of it."""
    told = {
        trait: {_slot_of(parts, each): each for each in _readings_of(parts, readings, trait)}
        for trait in ("component.serial_number", "component.firmware")
    }
    for slot, part in parts.items():
        component = part.component
        yield PartDocument(
            slot,
            slot_title(slot),
            component.kind if component else part.plugin.kind,
            component.label if component else part.plugin.name,
            component.vendor if component else "",
            part.plugin.name,
            told["component.serial_number"].get(slot),
            told["component.firmware"].get(slot),
        )


def limit_documents(
    model: EffectiveModel | None,
    readings: Readings,
    rules: Iterable[GridRule],
    at: GridConnection,
) -> list[LimitsDocument]:
    """The limits of feed-in and bought power, by the guide's three names."""
    known = tuple(rules)
    found: dict[str, list[LimitDocument]] = {name: [] for name, _label, _doc in LIMITS}
    for part in model.system.parts.values() if model else ():
        for datapoint in part.datapoints.values():
            if (name := _limit_of(datapoint)) is None or model is None:
                continue
            found[name].append(
                LimitDocument(
                    setting_document(part, datapoint, readings),
                    [telling_document(model, part.slot, c) for c in commands_of(part, datapoint)],
                    bound_documents(bounds_of(known, at, datapoint)),
                )
            )
    return [
        LimitsDocument(n, translated(label), translated(doc), found[n]) for n, label, doc in LIMITS
    ]


def _limit_of(datapoint: Datapoint) -> str | None:
    if datapoint.trait == "export.limit":
        return "feed_in_factor" if datapoint.unit == "%" else "feed_in_power"
    return "buy_power" if datapoint.trait == "import.limit" else None


def telling_document(model: EffectiveModel, slot: str, command: Command) -> TellingDocument:
    """A command as the settings offer it."""
    states = model.withheld.get(command.name, ())
    why = "; ".join(
        f"{state.function.label}: {', '.join(map(str, state.missing))}" for state in states
    )
    return TellingDocument(slot, command.name, command.title, why)


def commands_of(part: Part, datapoint: Datapoint) -> Iterator[Command]:
    """The commands of a component that ask for a value of the datapoint."""
    for command in part.commands.values():
        if datapoint.key in layout_keys(command.writes) and datapoint.key not in command.constants:
            yield command


def _readings_of(
    parts: Mapping[str, Part], readings: Readings, trait: str
) -> Iterator[SettingDocument]:
    for part in parts.values():
        for datapoint in part.datapoints.values():
            if datapoint.trait == trait:
                yield setting_document(part, datapoint, readings)


def setting_document(part: Part, datapoint: Datapoint, readings: Readings) -> SettingDocument:
    """What a component says of itself by a datapoint."""
    reading = readings.get((part.slot, datapoint.key))
    value = reading.value if reading else None
    shown = "" if value is None else str(quantity(value, datapoint.unit))
    if value is not None and datapoint.enum is not None:
        shown = f"{meaning(datapoint, value) or _('meaning not published')} ({shown})"
    label = translated(TRAITS[datapoint.trait].label) if datapoint.trait else datapoint.name
    return SettingDocument(
        datapoint.trait or datapoint.key,
        label,
        value,
        datapoint.unit,
        shown,
        "reported",
        part.slot,
        datapoint.key,
    )


def _slot_of(parts: Mapping[str, Part], told: SettingDocument) -> str:
    """The slot that a reading speaks of: its own, unless it says another."""
    return parts[told.slot].datapoints[told.key].about or told.slot


def _ratings_of(parts: Mapping[str, Part], ask: Ask) -> Iterator[SettingDocument]:
    for part in parts.values():
        for given in _plate(part.component, ask.ratings):
            document = rating(part.plugin, given)
            label = f"{translated(TRAITS[ask.trait].label)}, {slot_title(part.slot)}"
            yield SettingDocument(
                ask.trait, label, given.value, given.unit, document.shown, "declared", part.slot, ""
            )


def _plate(component: Component | None, names: tuple[str, ...]) -> list[Rating]:
    """The first of the ratings that the component has."""
    given = {each.name: each for each in (component.ratings if component else ())}
    return [given[name] for name in names if name in given][:1]


def _unknown(trait: str) -> SettingDocument:
    label = translated(TRAITS[trait].label)
    return SettingDocument(trait, label, None, "", "", "reported", "", "")
