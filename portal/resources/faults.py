"""System Fault Query: what was wrong with which system; Code Analysis: what that means."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from core.journal.listed import LISTING
from core.listing.filters import Choice, Text
from core.listing.memory import MemoryListing, distinct_keys
from core.listing.query import Occasion, Sort
from core.listing.tables import Row
from core.plugin import Plugin
from core.registry import Registry
from core.thing_model.fault import SEVERITIES, Fault
from portal.presentation import status
from portal.presentation.device import told_by
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.resources.systems import models
from portal.services import Services
from portal.texts import LANGUAGES, N_, language

MENU: Final = "system-maintenance"
STATE: Final = {"active": N_("Active"), "resolved": N_("Resolved")}
LEVELS: Final[Mapping[str, str]] = {level: status.SEVERITY[level].word for level in SEVERITIES}


async def _in_words(services: Services, _: Occasion, rows: list[Row]) -> None:
    """What the declarations say of the codes of a page; a code of none keeps its name."""
    for row in rows:
        found = _declared(services.registry, row)
        row["label"] = found.name if found else row["code"]
        row["number"] = found.number if found else ""
        row["doc"] = found.doc if found else ""
        row["advice"] = found.advice if found else ""


def _declared(registry: Registry, row: Row) -> Fault | None:
    model = (row["product_id"], row["product_version"], row["firmware"])
    system = registry.system_of(*model)
    part = system.parts.get(row["slot"]) if system else None
    return next((f for f in part.faults if f.code == row["code"]), None) if part else None


FAULTS: Final = Resource(
    id="faults",
    title=N_("System fault query"),
    one=N_("fault"),
    many=N_("faults"),
    area="faults",
    listing=LISTING,
    menu=Menu(MENU, 20, icon="alert-triangle", key="g f"),
    intro=N_("Faults of all systems. Those of one system are on its page, under Faults."),
    columns=(
        Column("opened_at", N_("Since"), "time"),
        Column("sn", N_("Serial number"), "code", link="/systems/{sn}"),
        Column("label", N_("Fault")),
        Column("number", N_("Maker's number"), "code"),
        Column("severity", N_("Severity"), "mark", marks=status.SEVERITY),
        Column("state", N_("State"), choices=STATE),
        Column("closed_at", N_("Until"), "time"),
        Column("slot", N_("Component")),
        Column("advice", N_("Advice")),
        Column("doc", N_("Meaning"), shown=False),
        Column("code", N_("Code"), "code", link="/fault-codes?code.exact={code}", shown=False),
        Column("name", N_("Name"), shown=False),
        Column("product_id", N_("Product model"), choices=models, shown=False),
        Column("country", N_("Country"), shown=False),
        Column("firmware", N_("Firmware"), shown=False),
    ),
    filters=(
        FilterField(
            "q", N_("Serial number"), hint=N_("A part of it, or several with | between"), first=True
        ),
        FilterField("opened_at", N_("Since"), first=True),
        FilterField("severity", choices=LEVELS, first=True),
        FilterField("state", choices=STATE, first=True),
        FilterField("slot"),
        FilterField("code", hint=N_("Its beginning")),
        FilterField("product", N_("Product model"), choices=models),
        FilterField("country"),
        FilterField("company", N_("Company"), hint=N_("Part of its name")),
    ),
    complete=_in_words,
    needs=("product_id", "product_version", "firmware", "slot", "code", "sn"),
    zone="timezone",
    empty=Empty(
        N_("No fault was heard of"),
        N_("A fault opens when a device says it by a bit, a number or a word that is declared."),
        "circle-check",
    ),
)


def _codes(occasion: Occasion) -> tuple[Row, ...]:
    return _of(occasion.registry, language())


@lru_cache(maxsize=len(LANGUAGES))
def _of(registry: Registry, _: str) -> tuple[Row, ...]:
    """Every fault that a plugin declares; a registry never changes, words are in a language."""
    return tuple(row for plugin in registry.plugins.values() for row in _rows(plugin))


def _rows(plugin: Plugin) -> Iterator[Row]:
    vendor = next((c.vendor for c in plugin.components if c.vendor), "")
    keys = distinct_keys(f"{plugin.name}:{fault.code}" for fault in plugin.faults)
    for key, fault in zip(keys, plugin.faults, strict=True):
        yield {
            "id": key,
            "plugin": plugin.name,
            "kind": plugin.kind,
            "vendor": vendor,
            "code": fault.code,
            "number": fault.number,
            "label": fault.name,
            "severity": fault.severity,
            "doc": fault.doc,
            "advice": fault.advice,
            "told_by": told_by(fault),
        }


CODES: Final = Resource(
    id="fault-codes",
    title=N_("Code analysis"),
    one=N_("code"),
    many=N_("codes"),
    area="faults",
    listing=MemoryListing(
        "fault_codes",
        _codes,
        (
            "id",
            "plugin",
            "kind",
            "vendor",
            "code",
            "number",
            "label",
            "severity",
            "doc",
            "advice",
            "told_by",
        ),
        key="id",
        sorts=(Sort("id", unique=True), Sort("label"), Sort("number"), Sort("vendor")),
        filters=(
            Text("q", "label"),
            Text("code", match="beginning"),
            Text("number", match="beginning"),
            Choice("vendor"),
            Choice("kind"),
            Choice("severity", choices=SEVERITIES),
            Choice("plugin"),
        ),
    ),
    menu=Menu(MENU, 50, icon="report"),
    intro=N_("What the codes of each maker mean and what helps, as their documents say."),
    columns=(
        Column("label", N_("Fault")),
        Column("number", N_("Maker's number"), "code"),
        Column("vendor", N_("Vendor")),
        Column("severity", N_("Severity"), "mark", marks=status.SEVERITY),
        Column("doc", N_("Meaning")),
        Column("advice", N_("Advice")),
        Column("plugin", N_("Plugin"), link="/plugins/{plugin}"),
        Column("code", N_("Code"), "code", link="/faults?code.exact={code}"),
        Column("told_by", N_("Told by"), "code", shown=False),
        Column("kind", N_("Kind"), shown=False),
    ),
    filters=(
        FilterField("q", N_("Fault"), hint=N_("Its beginning, or 3 characters"), first=True),
        FilterField("number", N_("Maker's number"), hint=N_("Its beginning"), first=True),
        FilterField("vendor", first=True),
        FilterField("severity", choices=LEVELS, first=True),
        FilterField("code", hint=N_("Its beginning")),
        FilterField("kind"),
        FilterField("plugin"),
    ),
    empty=Empty(N_("No plugin declares a fault"), icon="report"),
)

RESOURCES: Final = (FAULTS, CODES)
