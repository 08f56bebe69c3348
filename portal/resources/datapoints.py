"""Data Point Management: every datapoint that a plugin declares, with its unit and its place."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from core.listing.filters import Choice, Flag, Text
from core.listing.memory import MemoryListing, Row, distinct_keys
from core.listing.query import Occasion, Sort
from core.plugin import Plugin
from core.registry import Registry
from core.thing_model.layout.layouts import layout_fields
from core.thing_model.provenance import CONFIDENCE
from core.thing_model.roles import OPPOSITE
from portal.presentation.catalogue import datapoint_document
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.texts import LANGUAGES, N_, language

NAMES: Final = (
    "id", "plugin", "kind", "key", "label", "unit", "role", "positive", "range", "access",
    "channels", "scope", "doc", "confidence", "doubtful",
)  # fmt: skip


def _rows(occasion: Occasion) -> tuple[Row, ...]:
    return _of(occasion.registry, language())


@lru_cache(maxsize=len(LANGUAGES))
def _of(registry: Registry, _: str) -> tuple[Row, ...]:
    """Every declared datapoint; a registry never changes, words are in a language."""
    return tuple(row for plugin in registry.plugins.values() for row in _of_plugin(plugin))


def _of_plugin(plugin: Plugin) -> Iterator[Row]:
    channels: dict[str, list[str]] = {}
    for decoder in plugin.decoders:
        for field in layout_fields(decoder.layout):
            heard = channels.setdefault(field.key, [])
            if decoder.channel not in heard:
                heard.append(decoder.channel)
    keys = distinct_keys(f"{plugin.name}:{datapoint.key}" for datapoint in plugin.datapoints)
    for key, datapoint in zip(keys, plugin.datapoints, strict=True):
        said = datapoint_document(plugin, datapoint)
        yield {
            "id": key,
            "plugin": plugin.name,
            "kind": plugin.kind,
            "key": said.key,
            "label": said.label,
            "unit": said.unit,
            "role": said.role,
            "positive": said.positive,
            "range": said.range,
            "access": said.access,
            "channels": channels.get(said.key, []),
            "scope": said.scope,
            "doc": said.doc,
            "confidence": plugin.confidence_of(datapoint),
            "doubtful": said.doubtful,
        }


DATAPOINTS: Final = Resource(
    id="data-points",
    title=N_("Data point management"),
    one=N_("data point"),
    many=N_("data points"),
    area="plugins",
    listing=MemoryListing(
        "data_points",
        _rows,
        NAMES,
        key="id",
        sorts=(Sort("id", unique=True), Sort("label"), Sort("key"), Sort("unit")),
        filters=(
            Text("q", "label"),
            Text("key"),
            Choice("plugin"),
            Choice("kind"),
            Choice("role"),
            Choice("unit"),
            Choice("access"),
            Flag("doubtful"),
        ),
    ),
    menu=Menu("system-maintenance", 120, icon="database"),
    intro=N_("Every value that devices report, as it is declared: unit, meaning, sign and place."),
    columns=(
        Column("label", N_("Datapoint")),
        Column("key", N_("Key"), "code"),
        Column("plugin", N_("Plugin"), link="/plugins/{plugin}"),
        Column("unit", N_("Unit")),
        Column("role", N_("Role")),
        Column("positive", N_("Plus means"), choices={word: word for word in OPPOSITE}),
        Column("range", N_("Plausible")),
        Column("channels", N_("Channels"), "list"),
        Column("confidence", N_("Confidence"), choices=CONFIDENCE),
        Column("access", N_("Access"), shown=False),
        Column("scope", N_("For"), shown=False),
        Column("kind", N_("Kind"), shown=False),
        Column("doubtful", N_("Unverified"), "flag", shown=False),
        Column("doc", N_("Meaning"), shown=False),
    ),
    filters=(
        FilterField("q", N_("Datapoint"), hint=N_("Its beginning, or 3 characters"), first=True),
        FilterField("key", hint=N_("Its beginning, or 3 characters"), first=True),
        FilterField("plugin", first=True),
        FilterField("role"),
        FilterField("unit"),
        FilterField("kind"),
        FilterField("access"),
        FilterField("doubtful", N_("Unverified")),
    ),
    needs=("plugin",),
    empty=Empty(N_("No plugin declares a datapoint"), icon="database"),
)

RESOURCES: Final = (DATAPOINTS,)
