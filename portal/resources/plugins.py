"""Plugins: what is loaded, and how much each declares."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from msgspec.structs import asdict

from core.listing.filters import Choice, Text
from core.listing.memory import MemoryListing, Row
from core.listing.query import Occasion, Sort
from core.plugin import Plugin
from core.registry import Registry
from core.upkeep import decoding
from core.upkeep.decoding import Decoding
from portal.presentation.catalogue import PluginCounts, counts_of, problem_document
from portal.presentation.status import Mark
from portal.presentation.tiers import tiers
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.services import Services
from portal.texts import N_, _

COUNTS: Final = PluginCounts.__struct_fields__
NAMES: Final = (
    "name", "kind", "origin", "title", "version", "load_time", "state", "reason", "path", *COUNTS,
)  # fmt: skip
STATES: Final = {
    "loaded": Mark(N_("Loaded"), "circle-check", "success"),
    "troubled": Mark(N_("Loaded in part"), "alert-triangle", "warning"),
    "left_out": Mark(N_("Left out"), "x", "failed"),
}
TIERS: Final = {
    "none": Mark(N_("None: a rule is broken"), "x", "failed"),
    "bronze": Mark(N_("Bronze"), "circle-check", "unknown"),
    "silver": Mark(N_("Silver"), "circle-check", "success"),
    "gold": Mark(N_("Gold"), "circle-check", "success"),
    "platinum": Mark(N_("Platinum"), "circle-check", "success"),
    "trying": Mark(N_("Being tried"), "clock", "unknown"),
}


def _rows(occasion: Occasion) -> tuple[Row, ...]:
    return _of(occasion.registry)


@lru_cache(maxsize=1)
def _of(registry: Registry) -> tuple[Row, ...]:
    """Every plugin, and those that were left out; a registry never changes."""
    reasons: dict[str, list[str]] = {}
    for problem in registry.problems:
        if problem.plugin:
            reasons.setdefault(problem.plugin, []).append(problem.what)
    loaded = [_row(plugin, reasons.pop(name, [])) for name, plugin in registry.plugins.items()]
    return (*loaded, *(_left_out(name, said) for name, said in reasons.items()))


def _left_out(name: str, reasons: list[str]) -> Row:
    return {
        **dict.fromkeys(NAMES),
        "name": name,
        "kind": name.partition(".")[0],
        "state": "left_out",
        "reason": "; ".join(reasons),
    }


def _row(plugin: Plugin, reasons: list[str]) -> Row:
    named = [c.label for c in plugin.components] or [g.name for g in plugin.grid_specs]
    counts = counts_of(plugin)
    return {
        "name": plugin.name,
        "kind": plugin.kind,
        "origin": plugin.origin,
        "title": ", ".join(dict.fromkeys(named)),
        "version": plugin.version,
        "load_time": round(plugin.load_seconds * 1000, 1),
        "state": "troubled" if reasons else "loaded",
        "reason": "; ".join(reasons),
        "path": f"/plugins/{plugin.name}",
        **{name: getattr(counts, name) for name in COUNTS},
    }


async def _complete(services: Services, _occasion: Occasion, found: list[Row]) -> None:
    """The tier, and how many frames could not be read."""
    loaded = [row for row in found if row["state"] != "left_out"]
    known = await tiers(services.registry, [row["name"] for row in loaded])
    async with services.database.read() as connection:
        decoded = await decoding.by_plugin(connection)
    for row in found:
        row["tier"] = row["decode_errors"] = None
    for row in loaded:
        row["tier"] = known.get(row["name"], "trying")
        row["decode_errors"] = _errors(row, decoded.get(row["name"], Decoding()))


def _errors(row: Row, decoded: Decoding) -> str:
    if not row["channels"]:
        return _("Reads no frames")
    if decoded.per_thousand is None:
        return _("No frame yet")
    return _("%(errors)s of %(frames)s", errors=decoded.per_thousand, frames=decoded.frames)


LISTING: Final = MemoryListing(
    "plugins",
    _rows,
    NAMES,
    key="name",
    sorts=(
        Sort("name", unique=True),
        Sort("kind"),
        Sort("load_time", descending=True),
        *(Sort(n, descending=True) for n in COUNTS),
    ),
    filters=(
        Text("q", "title"),
        Choice("kind"),
        Choice("origin"),
        Choice("state", choices=tuple(STATES)),
    ),
)
PLUGINS: Final = Resource(
    id="plugins",
    title=N_("Plugins"),
    one=N_("plugin"),
    many=N_("plugins"),
    area="plugins",
    listing=LISTING,
    menu=Menu("product-configurations", 110, icon="plug-connected", key="g l"),
    columns=(
        Column("name", N_("Name"), link="{path}"),
        Column("state", N_("State"), "mark", marks=STATES),
        Column(
            "tier",
            N_("Tier"),
            "mark",
            marks=TIERS,
            help=N_("How well it is proven, from bronze to platinum"),
        ),
        Column("title", N_("Speaks for")),
        Column("kind", N_("Kind"), shown=False),
        Column("origin", N_("Origin")),
        Column("version", N_("Version"), help=N_("Of the package that it came in")),
        Column(
            "load_time", N_("Load time"), "number", "ms", help=N_("In the process that answers")
        ),
        Column(
            "decode_errors",
            N_("Decode errors per 1,000"),
            help=N_("Of so many frames since ingest began; none is counted before"),
        ),
        Column("reason", N_("Why it was left out")),
        *(Column(name, name.replace("_", " ").capitalize(), "number") for name in COUNTS),
    ),
    filters=(
        FilterField("q", N_("Speaks for"), first=True),
        FilterField("kind", first=True),
        FilterField("origin"),
        FilterField("state", N_("State"), first=True),
    ),
    needs=("channels",),
    complete=_complete,
    detail=False,
    empty=Empty(
        N_("No plugin is loaded"),
        N_("`thingwright new inverters vendor_model` makes one to start from."),
        "plug-connected",
    ),
)


def _problems(occasion: Occasion) -> Iterator[Row]:
    for number, problem in enumerate(occasion.registry.problems, 1):
        yield {"number": number, **asdict(problem_document(problem))}


PROBLEMS: Final = Resource(
    id="plugin-problems",
    title=N_("What was left out"),
    one=N_("problem"),
    many=N_("problems"),
    area="plugins",
    listing=MemoryListing(
        "plugin_problems",
        _problems,
        ("number", "plugin", "where", "what", "hint"),
        key="number",
        sorts=(Sort("number", unique=True), Sort("plugin")),
        filters=(Text("plugin"),),
    ),
    columns=(
        Column("plugin", N_("Plugin")),
        Column("what", N_("What is wrong")),
        Column("hint", N_("What helps")),
        Column("where", N_("Where"), "code"),
    ),
    detail=False,
    empty=Empty(N_("Every plugin was loaded"), icon="circle-check"),
)

RESOURCES: Final = (PLUGINS, PROBLEMS)
