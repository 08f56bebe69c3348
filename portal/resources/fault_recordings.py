"""Fault Recording: the values around each fault, as they were heard before, during and after it."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from attrs import evolve

from core.journal.listed import LISTING
from core.listing.query import Occasion
from core.listing.tables import Row
from core.registry import System
from core.thing_model.fault import Fault
from portal.presentation import status, telemetry
from portal.presentation.curves import DRAWN
from portal.presentation.telemetry import Point
from portal.presentation.window import around_fault
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.resources.faults import LEVELS, NEEDS, STATE, declared, in_words
from portal.resources.systems import models
from portal.services import Services
from portal.texts import N_

MOST: Final = 8
"""So many curves tell of a fault at first; others can be chosen beside them."""
RECORDINGS: Final = {"values": N_("Values around it"), "none": N_("Nothing can be drawn")}


async def _with_recording(services: Services, occasion: Occasion, rows: list[Row]) -> None:
    await in_words(services, occasion, rows)
    for row in rows:
        model = (row["product_id"], row["product_version"], row["firmware"])
        system = services.registry.system_of(*model)
        fault = declared(services.registry, row)
        points = list(related(system, row["slot"], fault))[:MOST] if system else []
        ends = row["opened_at"], row["closed_at"]
        window = around_fault(row["timezone"], occasion.now, *ends)
        row["recording"] = "values" if points else "none"
        question = telemetry.query(points, window)
        row["path"] = f"/systems/{quote(row['sn'])}/history?{question}" if points else None


def related(system: System, slot: str, fault: Fault | None) -> Iterable[Point]:
    """What tells of a fault, the closest first: what said it, its component's powers, the house's.

    Only what can be drawn.
    """
    roles = {role.name for role in DRAWN}
    drawn = [point for point in telemetry.points_of(system.parts, {}) if point.numeric]
    said = [p for p in drawn if fault and p.address == (slot, fault.datapoint)]
    measured = [p for p in drawn if p.datapoint.role in roles]
    return [*said, *sorted((p for p in measured if p not in said), key=lambda p: p.slot != slot)]


FAULT_RECORDINGS: Final = Resource(
    id="fault-recordings",
    title=N_("Fault recording"),
    one=N_("fault"),
    many=N_("faults"),
    area="faults",
    listing=evolve(LISTING, name="fault_recordings"),
    menu=Menu("communication-data", 10, icon="chart-line"),
    intro=N_(
        "What systems measured from ten minutes before a fault until ten minutes after it, with "
        "the fault drawn in, as curves, table and CSV. These are the values of their frames: "
        "waveforms are not declared by any plugin, and none are shown."
    ),
    columns=(
        Column("opened_at", N_("Since"), "time"),
        Column("sn", N_("Serial number"), "code", link="/systems/{sn}"),
        Column("label", N_("Fault"), link="/faults/{id}"),
        Column("severity", N_("Severity"), "mark", marks=status.SEVERITY),
        Column("closed_at", N_("Until"), "time"),
        Column("slot", N_("Component")),
        Column(
            "recording",
            N_("Recording"),
            choices=RECORDINGS,
            link="{path}",
            link_needs="telemetry:read",
        ),
        Column("state", N_("State"), choices=STATE, shown=False),
        Column("code", N_("Code"), "code", shown=False),
        Column("product_id", N_("Product model"), choices=models, shown=False),
        Column("path", N_("Address"), "code", shown=False),
    ),
    filters=(
        FilterField(
            "q", N_("Serial number"), hint=N_("A part of it, or several with | between"), first=True
        ),
        FilterField("opened_at", N_("Since"), first=True),
        FilterField("severity", choices=LEVELS, first=True),
        FilterField("state", choices=STATE),
        FilterField("slot"),
        FilterField("code", hint=N_("Its beginning")),
        FilterField("product", N_("Product model"), choices=models),
        FilterField("country", N_("Country")),
        FilterField("company", N_("Company"), hint=N_("Part of its name")),
    ),
    complete=_with_recording,
    needs=(*NEEDS, "id", "opened_at", "closed_at", "timezone"),
    detail=False,
    zone="timezone",
    empty=Empty(
        N_("No fault was heard of"),
        N_("A fault opens when a device says it by a bit, a number or a word that is declared."),
        "circle-check",
    ),
)

RESOURCES: Final = (FAULT_RECORDINGS,)
