"""Declarations of a plugin as documents: what a reader of its page or its twin learns."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from core.plugin import Plugin, scope_text
from core.thing_model.datapoint import Datapoint
from core.thing_model.grid_spec import GridLimit, GridSpec
from core.thing_model.problems import Problem
from core.thing_model.provenance import CONFIDENCE, Source
from portal.presentation.device import is_doubtful
from portal.presentation.quantities import limits, quantity
from portal.presentation.times import duration
from portal.texts import _, translated


class PluginCounts(Struct, frozen=True):
    """How much a plugin declares."""

    components: int
    datapoints: int
    channels: int
    faults: int
    commands: int
    log_rules: int
    functions: int
    grid_specs: int
    products: int


class ProblemDocument(Struct, frozen=True):
    """Why something was refused, where, and what helps."""

    plugin: str
    where: str
    what: str
    hint: str


class SourceDocument(Struct, frozen=True):
    """Where facts come from."""

    id: str
    title: str
    confidence: str
    reference: str
    licence: str


class DatapointDocument(Struct, frozen=True):
    """A declared datapoint. `confidence` is how far the row can be trusted."""

    key: str
    label: str
    unit: str
    role: str | None
    positive: str | None
    range: str
    access: str
    counter: str | None
    enum: str | None
    scope: str
    doc: str
    grade: str
    confidence: str
    doubtful: bool


class GridLimitDocument(Struct, frozen=True):
    """A protection stage in words."""

    protection: str
    quantity: str
    beyond: str
    time: str
    basis: str
    grade: str
    confidence: str
    doubtful: bool


class GridRowDocument(Struct, frozen=True):
    """A setting, curve or export rule in words."""

    what: str
    value: str
    basis: str
    grade: str
    confidence: str
    doubtful: bool


class GridSpecDocument(Struct, frozen=True):
    """A grid specification; rows that nobody read in the standard are doubtful."""

    id: str
    name: str
    edition: str
    region: str
    countries: list[str]
    nominal: str
    doc: str
    limits: list[GridLimitDocument]
    rows: list[GridRowDocument]
    vendor_codes: list[str]


def file_of(plugin: Plugin) -> str:
    """Where the plugin says so, from its kind's folder on."""
    return "/".join(plugin.file.parts[-3:])


def counts_of(plugin: Plugin) -> PluginCounts:
    return PluginCounts(
        len(plugin.components),
        len(plugin.datapoints),
        len({decoder.channel for decoder in plugin.decoders}),
        len(plugin.faults),
        len(plugin.commands),
        len(plugin.log_rules),
        len(plugin.functions),
        len(plugin.grid_specs),
        len(plugin.products),
    )


def problem_document(problem: Problem) -> ProblemDocument:
    return ProblemDocument(problem.plugin, problem.where, problem.what, problem.hint)


def source_document(source: Source) -> SourceDocument:
    confidence = translated(CONFIDENCE.get(source.confidence, source.confidence))
    return SourceDocument(source.id, source.title, confidence, source.reference, source.licence)


def datapoint_document(plugin: Plugin, datapoint: Datapoint) -> DatapointDocument:
    confidence = plugin.confidence_of(datapoint)
    return DatapointDocument(
        datapoint.key,
        datapoint.name,
        datapoint.unit,
        datapoint.role,
        datapoint.positive,
        limits(*(datapoint.range or (None, None)), datapoint.unit),
        datapoint.access,
        datapoint.counter,
        datapoint.enum.name if datapoint.enum else None,
        scope_text(datapoint.variants, datapoint.firmware),
        datapoint.doc,
        confidence,
        translated(CONFIDENCE.get(confidence, confidence)),
        is_doubtful(confidence),
    )


def grouped(datapoints: Iterable[Datapoint]) -> Iterable[tuple[str, list[Datapoint]]]:
    """Datapoints by group, in the order of the declarations."""
    groups: dict[str, list[Datapoint]] = {}
    for datapoint in datapoints:
        groups.setdefault(datapoint.group, []).append(datapoint)
    return groups.items()


def grid_spec_document(plugin: Plugin, spec: GridSpec) -> GridSpecDocument:
    rows = [
        _row(plugin, p, f"{p.function}: {p.name}".replace("_", " "), str(quantity(p.value, p.unit)))
        for p in spec.parameters
    ]
    for curve in spec.curves:
        points = ", ".join(f"{x:g} {curve.x_unit} → {y:g} {curve.y_unit}" for x, y in curve.points)
        rows.append(
            _row(plugin, curve, _("curve %(name)s", name=curve.name.replace("_", " ")), points)
        )
    for rule in spec.export_rules:
        who = _("export limit %(operator)s", operator=rule.operator).strip()
        whole = rule.relative_to.replace("_", " ")
        value = _("%(value)s of %(whole)s", value=quantity(rule.value, rule.unit), whole=whole)
        rows.append(_row(plugin, rule, who, f"{value} {rule.note}".strip()))
    return GridSpecDocument(
        spec.id,
        spec.name,
        spec.edition,
        spec.region,
        list(spec.countries),
        f"{quantity(spec.nominal_voltage, 'V')}, {quantity(spec.nominal_frequency, 'Hz')}",
        spec.doc,
        [_limit(plugin, limit) for limit in spec.limits],
        rows,
        [f"{vendor} {code}" for vendor, code in spec.vendor_codes],
    )


def beyond(limit: GridLimit) -> str:
    """On which side of which value a stage acts."""
    value = quantity(limit.value, limit.unit)
    return _("above %(value)s", value=value) if limit.above else _("below %(value)s", value=value)


def _limit(plugin: Plugin, limit: GridLimit) -> GridLimitDocument:
    confidence = plugin.confidence_of(limit)
    return GridLimitDocument(
        limit.protection,
        limit.quantity,
        beyond(limit),
        f"{limit.timing} {duration(limit.time)}" if limit.time is not None else "",
        limit.basis,
        confidence,
        translated(CONFIDENCE.get(confidence, confidence)),
        is_doubtful(confidence) or limit.basis == "recalled",
    )


def _row(plugin: Plugin, row: Any, what: str, value: str) -> GridRowDocument:
    confidence = plugin.confidence_of(row)
    basis = getattr(row, "basis", "")
    doubtful = is_doubtful(confidence) or basis == "recalled"
    words = translated(CONFIDENCE.get(confidence, confidence))
    return GridRowDocument(what, value, basis, confidence, words, doubtful)
