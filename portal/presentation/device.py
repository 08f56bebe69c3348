"""The parts and troubles of one system: documents for machines that pages show as well."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType

from msgspec import Struct

from core.journal.articles import Article, Code
from core.journal.faults import FaultRecord
from core.plugin import Plugin
from core.registry import Part
from core.thing_model.component import Rating
from core.thing_model.fault import Fault
from core.thing_model.provenance import CONFIDENCE
from portal.presentation.knowledge import ArticleDocument, article_documents
from portal.presentation.quantities import quantity
from portal.presentation.readings import slot_title
from portal.texts import _, translated


class RatingDocument(Struct, frozen=True):
    """A figure of the nameplate; `confidence` is how far it can be trusted."""

    name: str
    value: float | str
    unit: str
    shown: str
    grade: str
    confidence: str
    source: str
    doubtful: bool


class ComponentDocument(Struct, frozen=True):
    """What is mounted in a slot."""

    slot: str
    title: str
    kind: str
    label: str
    vendor: str
    plugin: str
    variant: str
    doc: str
    channels: list[str]
    ratings: list[RatingDocument]


class FaultDocument(Struct, frozen=True):
    """A time that a fault was present; open while `closed_at` is null.

    `articles` is what the operator knows of it.
    """

    slot: str
    code: str
    label: str
    severity: str
    number: str
    doc: str
    advice: str
    opened_at: int
    closed_at: int | None
    articles: list[ArticleDocument]


class DeclaredFault(Struct, frozen=True):
    """A fault that a component can have, and what tells of it."""

    slot: str
    code: str
    label: str
    severity: str
    number: str
    doc: str
    advice: str
    told_by: str
    open: bool


def components(parts: Mapping[str, Part]) -> Iterator[ComponentDocument]:
    for slot, part in parts.items():
        component = part.component
        yield ComponentDocument(
            slot,
            slot_title(slot),
            component.kind if component else part.plugin.kind,
            component.label if component else part.plugin.name,
            component.vendor if component else "",
            part.plugin.name,
            part.mounted.variant,
            component.doc if component else "",
            list(part.channels),
            [rating(part.plugin, r) for r in (component.ratings if component else ())],
        )


def alike(listed: Iterable[ComponentDocument]) -> list[tuple[str, ComponentDocument]]:
    """Components in the order of their slots, those of one kind in a row under one title."""
    rows: list[tuple[str, ComponentDocument]] = []
    for _key, group in groupby(listed, lambda c: (c.kind, c.label, c.plugin, c.variant)):
        same = list(group)
        first, last = same[0], same[-1]
        number = last.title.removeprefix(first.title.rstrip("0123456789"))
        rows.append(
            (
                first.title
                if first is last
                else _("%(first)s to %(last)s", first=first.title, last=number),
                first,
            )
        )
    return rows


def rating(plugin: Plugin, given: Rating) -> RatingDocument:
    confidence = plugin.confidence_of(given)
    source = plugin.source_of(given)
    return RatingDocument(
        translated(given.name.replace("_", " ").capitalize()),
        given.value,
        given.unit,
        str(quantity(given.value, given.unit)),
        confidence,
        translated(CONFIDENCE.get(confidence, confidence)),
        source.title if source else "",
        is_doubtful(confidence),
    )


def is_doubtful(confidence: str) -> bool:
    """Whether a figure should be marked: second hand, recalled, or only its name known."""
    return confidence in ("C", "unverified", "name_only")


def fault_documents(
    parts: Mapping[str, Part],
    records: Iterable[FaultRecord],
    written: Mapping[Code, Iterable[Article]] = MappingProxyType({}),
) -> list[FaultDocument]:
    """Records with the words of their declarations; a fault no longer declared keeps its code."""
    return [_fault(record, parts.get(record.slot), written) for record in records]


def _fault(
    record: FaultRecord, part: Part | None, written: Mapping[Code, Iterable[Article]]
) -> FaultDocument:
    faults = part.faults if part else ()
    fault = next((f for f in faults if f.code == record.code), None)
    plugin = part.plugin if part else None
    known = written.get((plugin.name, record.code), ()) if plugin else ()
    return FaultDocument(
        record.slot,
        record.code,
        fault.name if fault else record.code,
        record.severity,
        fault.number if fault else "",
        fault.doc if fault else "",
        fault.advice if fault else "",
        record.opened_at,
        record.closed_at,
        article_documents(plugin, known),
    )


def declared_faults(
    parts: Mapping[str, Part], open_now: Iterable[FaultRecord]
) -> list[DeclaredFault]:
    present = {(record.slot, record.code) for record in open_now}
    return [
        DeclaredFault(
            slot,
            fault.code,
            fault.name,
            fault.severity,
            fault.number,
            fault.doc,
            fault.advice,
            told_by(fault),
            (slot, fault.code) in present,
        )
        for slot, part in parts.items()
        for fault in part.faults
    ]


def told_by(fault: Fault) -> str:
    """Which bit or number of which datapoint says that the fault is present."""
    if fault.bit is not None:
        return _("bit %(bit)s of %(datapoint)s", bit=fault.bit, datapoint=fault.datapoint)
    return f"{fault.datapoint} {fault.sign}"
