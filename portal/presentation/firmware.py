"""Firmware versions of one system: what each component runs, since when, and why not known."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from attrs import frozen
from msgspec import Struct

from core.fleet.firmware import VersionRecord
from core.fleet.firmware_search import COUNTED, RUNS, address_of
from core.registry import Part
from core.telemetry.readings import Readings
from core.thing_model.datapoint import Datapoint
from core.thing_model.traits import FIRMWARE
from portal.presentation.readings import slot_title
from portal.texts import _

COLUMNS: Final = (
    "slot", "component", "label", "key", "version", "since", "before", "heard_at", "alike", "why",
)  # fmt: skip


class VersionDocument(Struct, frozen=True):
    """What a component runs.

    slot: the component's; empty is the system as it announces itself. told_by: that of the
    datapoint `key`, if one tells the version. version: null where none was heard, and `why`.
    since: when it was heard first; where nothing was known `before`, it may be older.
    alike: how many systems run it, one more than 1,000 at most.
    """

    slot: str
    component: str
    label: str
    told_by: str
    key: str
    version: str | None
    since: int | None
    before: str
    heard_at: int | None
    alike: int | None
    why: str


class ChangeDocument(Struct, frozen=True):
    """A version that came at `since`; `before` is empty where it was the first that was heard."""

    slot: str
    component: str
    label: str
    key: str
    version: str
    before: str
    since: int
    until: int | None


@frozen
class Place:
    """A datapoint that tells a version, and the slot it speaks of."""

    part: Part
    datapoint: Datapoint

    @property
    def slot(self) -> str:
        return self.datapoint.about or self.part.slot

    @property
    def address(self) -> tuple[str, str]:
        return self.part.slot, self.datapoint.key


def version_documents(
    parts: Mapping[str, Part],
    readings: Readings,
    current: Sequence[VersionRecord],
    alike: Sequence[int],
) -> Iterator[VersionDocument]:
    """The system itself, then its slots in order, with all that tells a version of each."""
    known = {(r.slot, r.key): (r, n) for r, n in zip(current, alike, strict=True)}
    yield _version("", "", _("EMS"), _("as it announces itself"), known, None, _silent_system())
    places = list(_places(parts))
    for slot, part in parts.items():
        mine = [place for place in places if place.slot == slot]
        for place in mine:
            reading = readings.get(place.address)
            yield _version(
                place.slot,
                place.part.slot,
                slot_title(slot),
                place.datapoint.name,
                known,
                reading.device_time if reading else None,
                _unheard(place, heard=reading is not None),
                place.datapoint.key,
            )
        if not mine:
            yield VersionDocument(
                slot, slot_title(slot), "", "", "", None, None, "", None, None,
                _("The plugin %(name)s reads no version of it.", name=part.plugin.name),
            )  # fmt: skip


def change_documents(
    parts: Mapping[str, Part], records: Sequence[VersionRecord]
) -> list[ChangeDocument]:
    """What changed, in words; a datapoint that is no longer declared keeps its key."""
    places = {place.address: place for place in _places(parts)}
    made: list[ChangeDocument] = []
    for r in records:
        place = places.get((r.slot, r.key))
        slot = place.slot if place else r.slot
        made.append(
            ChangeDocument(
                slot,
                slot_title(slot) if slot else _("EMS"),
                place.datapoint.name if place else r.key or _("as it announces itself"),
                r.key,
                r.version,
                r.before,
                r.since,
                r.until,
            )
        )
    return made


def links(product_id: str, current: Sequence[VersionRecord]) -> dict[tuple[str, str], str]:
    """The lists of the systems that run the same, by slot and key."""
    return {
        (r.slot, r.key): "/systems?"
        + urlencode(
            {f"{RUNS.key}": address_of(r)}
            if r.plugin
            else {"product": product_id, "firmware": r.version}
        )
        for r in current
    }


def counted(number: int) -> str:
    """A number of systems that was counted up to a bound."""
    return _("more than %(number)s", number=COUNTED) if number > COUNTED else str(number)


def _places(parts: Mapping[str, Part]) -> Iterator[Place]:
    for trait in FIRMWARE:
        for part in parts.values():
            for datapoint in part.datapoints.values():
                if datapoint.trait == trait:
                    yield Place(part, datapoint)


def _version(  # noqa: PLR0917  the columns in order
    slot: str,
    told_by: str,
    component: str,
    label: str,
    known: Mapping[tuple[str, str], tuple[VersionRecord, int]],
    heard_at: int | None,
    why: str,
    key: str = "",
) -> VersionDocument:
    record, alike = known.get((told_by, key), (None, None))
    if record is None:
        return VersionDocument(
            slot, component, label, told_by, key, None, None, "", heard_at, None, why
        )
    return VersionDocument(
        slot,
        component,
        label,
        told_by,
        key,
        record.version,
        record.since,
        record.before,
        heard_at,
        alike,
        "",
    )


def _silent_system() -> str:
    return _("Its birth message names no firmware.")


def _unheard(place: Place, *, heard: bool) -> str:
    if heard:
        return _("Its frames leave it empty, or came before versions were kept.")
    channels = [c.name for c in place.part.channels.values() if place.datapoint.key in c.keys]
    if not channels:
        return _("No frame of its model holds it.")
    return _("No frame of %(channels)s was heard.", channels=", ".join(channels))
