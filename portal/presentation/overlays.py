"""Version lines: what a component has at which firmware, and where one system stands on them."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from core.effective import Standing
from core.overlays import Fact, Overlay, What, overlays
from core.plugin import Plugin
from core.thing_model.component import Component
from core.thing_model.declaration import Declaration
from core.thing_model.scope import FirmwareRange
from core.thing_model.version_line import Stretch
from portal.presentation.readings import slot_title
from portal.texts import N_, _, translated

WHAT: Final[dict[What, str]] = {
    "datapoint": N_("Datapoint"),
    "channel": N_("Channel"),
    "command": N_("Command"),
    "fault": N_("Fault"),
}
ASPECTS: Final = {
    "scale": N_("scale"),
    "offset": N_("offset"),
    "at": N_("address"),
    "type": N_("type"),
    "paths": N_("path"),
    "unit": N_("unit"),
    "range": N_("plausible"),
    "positive": N_("plus means"),
    "role": N_("role"),
    "label": N_("label"),
    "doc": N_("notes"),
    "limits": N_("limits"),
    "risk": N_("risk"),
    "interval": N_("seconds between frames"),
}
SIGNS: Final = {">=": "≥", "<=": "≤", "!=": "≠", "==": "="}


class StretchDocument(Struct, frozen=True):
    """Versions from one to another. firmware: as a range is declared, "" where it is every version.

    there: whether there is anything of the name. here: whether the system runs one of them. facts:
    what is said here and not everywhere.
    """

    firmware: str
    shown: str
    there: bool
    here: bool
    facts: list[str]


class OverlayDocument(Struct, frozen=True):
    """Something that depends on firmware, version by version.

    of: the slot that it stands in, or the variants that have it. there, why: whether the system
    that is asked about has it, and because of what; null and empty where none is.
    """

    of: str
    what: What
    name: str
    label: str
    line: list[StretchDocument]
    there: bool | None
    why: str

    @property
    def kind(self) -> str:
        return translated(WHAT[self.what])


def system_overlays(standings: Iterable[Standing]) -> list[OverlayDocument]:
    """What firmware decides for one system, and why so."""
    return [
        _document(each.overlay, slot_title(each.slot), each.firmware, _why(each), each.row)
        for each in standings
    ]


def slot_overlays(standings: Iterable[Standing]) -> list[OverlayDocument]:
    """What firmware decides for systems of a product model."""
    return [_document(each.overlay, slot_title(each.slot)) for each in standings]


def component_overlays(plugin: Plugin, component: Component) -> list[OverlayDocument]:
    """What firmware decides for a component."""
    return [_document(each, "") for each in overlays(plugin, component.variant)]


def plugin_overlays(plugin: Plugin) -> list[OverlayDocument]:
    """What firmware decides for any variant of a plugin; what variants share is told once."""
    variants: dict[tuple[int, ...], list[str]] = {}
    found: dict[tuple[int, ...], Overlay] = {}
    for variant in plugin.variants or ("",):
        for overlay in overlays(plugin, variant):
            rows = tuple(id(stretch.row) for stretch in overlay.line)
            found[rows] = overlay
            variants.setdefault(rows, []).append(variant)
    return [_document(each, " ".join(variants[rows]).strip()) for rows, each in found.items()]


def reasons(standings: Iterable[Standing], slot: str, key: str) -> Iterator[str]:
    """Why a datapoint is read as it is, or not at all: sentences, none where firmware is no matter.

    Its own declaration may depend on firmware, and how channels hold it.
    """
    for each in standings:
        if each.slot != slot:
            continue
        if each.overlay.what == "datapoint" and each.overlay.name == key:
            yield _why(each)
        elif each.overlay.what == "channel":
            said = [fact for fact in each.overlay.facts(each.row) if fact.key == key]
            if said:
                told = ", ".join(_fact(fact, keyed=False) for fact in said)
                channel = _("Channel %(name)s: %(facts)s.", name=each.overlay.name, facts=told)
                yield f"{channel} {_why(each)}"


def shown(firmware: FirmwareRange) -> str:
    """A range as people read it: "≥ 3.6, < 4"."""
    clauses = (f"{SIGNS.get(sign, sign)} {limit}" for sign, limit in firmware.clauses)
    return ", ".join(clauses) or _("every version")


def _document(
    overlay: Overlay,
    of: str,
    firmware: str | None = None,
    why: str = "",
    row: Declaration | None = None,
) -> OverlayDocument:
    here = overlay.stretch(firmware) if firmware else None
    return OverlayDocument(
        of,
        overlay.what,
        overlay.name,
        overlay.label,
        [_stretch(overlay, each, here=each is here) for each in overlay.line],
        None if firmware is None else row is not None,
        why,
    )


def _stretch(overlay: Overlay, stretch: Stretch[Declaration], *, here: bool) -> StretchDocument:
    return StretchDocument(
        str(stretch.firmware),
        shown(stretch.firmware),
        stretch.row is not None,
        here,
        [_fact(fact) for fact in overlay.facts(stretch.row)],
    )


def _fact(fact: Fact, *, keyed: bool = True) -> str:
    if fact.aspect == "there":
        said = _("there")
    elif fact.aspect == "missing":
        said = _("not there")
    else:
        word = translated(ASPECTS[fact.aspect]) if fact.aspect in ASPECTS else fact.aspect
        said = f"{word} {fact.value or '–'}"
    return f"{fact.key}: {said}" if keyed and fact.key else said


def _why(standing: Standing) -> str:
    runs, stretch = standing.firmware, standing.overlay.stretch(standing.firmware)
    if stretch and stretch.row:
        holds = shown(stretch.firmware)
        return _("It holds because the firmware is %(range)s: the system runs %(runs)s.",
                 range=holds, runs=runs)  # fmt: skip
    if standing.row:
        return _("It holds where the firmware is not known: the system has not said which it runs.")
    needed = _(" or ").join(shown(each) for each in standing.needs)
    if runs:
        return _("Not there: it needs firmware %(range)s, the system runs %(runs)s.",
                 range=needed, runs=runs)  # fmt: skip
    return _("Not there: it needs firmware %(range)s, and the system has not said which it runs.",
             range=needed)  # fmt: skip
