"""Operation Data Correction: energy of days put right, by two people, and taken back."""

from collections.abc import Mapping
from typing import Any, Final

from core.listing.query import Occasion
from core.listing.tables import Row
from core.telemetry import corrections
from core.telemetry.correcting import Added
from core.telemetry.correction_checks import LONGEST_REASON, MOST_KWH, Wanted
from core.telemetry.correction_effects import effects
from core.telemetry.corrections_list import LISTING
from portal.presentation.energy import FIGURES, time_text
from portal.presentation.quantities import quantity
from portal.presentation.status import CORRECTION
from portal.resource.declared import (
    Action,
    Column,
    Empty,
    Field,
    FilterField,
    Form,
    Menu,
    Resource,
)
from portal.resource.work import Work
from portal.services import Services
from portal.texts import N_


async def _complete(services: Services, _: Occasion, rows: list[Row]) -> None:
    """kWh, and of those that wait what an approver is shown."""
    waiting = [row for row in rows if row["state"] == "waiting"]
    async with services.database.read() as connection:
        digests = await corrections.digests(connection, waiting)
    for row in rows:
        row["kwh"] = row["wh"] / 1000
        row["digest"] = digests.get(row["id"], "")


async def _effects(services: Services, _: Occasion, row: Row) -> Mapping[str, Any]:
    if row["state"] not in ("waiting", "active"):
        return {"effects": ()}
    added = Added(*(row[name] for name in ("id", "figure", "first", "last", "wh")))
    async with services.database.read() as connection:
        found = await effects(
            connection, row["system_id"], added, is_active=row["state"] == "active"
        )
    return {
        "effects": [
            (_when(each.step, each.first), _kwh(each.before), _kwh(each.after)) for each in found
        ]
    }


def _when(step: str, first: Any) -> str:
    return str(first.year) if step == "year" else time_text(first, step)


def _kwh(value: float | None) -> str:
    return str(quantity(None if value is None else round(value, 3), "kWh"))


async def _ask(work: Work, values: Mapping[str, Any]) -> str:
    wanted = Wanted(
        values["sn"].strip().upper(), values["figure"], values["first"], values["last"],
        values["kwh"],
    )  # fmt: skip
    made = await corrections.ask(
        work.connection, work.access, wanted,
        reason=values["reason"], now=work.now, address=work.address,
    )  # fmt: skip
    return str(made)


async def _approve(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    await corrections.approve(
        work.connection, work.services.registry, work.access, row["id"], values["digest"] or "",
        now=work.now, address=work.address,
    )  # fmt: skip


async def _refuse(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await corrections.refuse(
        work.connection, work.access, row["id"],
        reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _undo(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await corrections.undo(
        work.connection, work.services.registry, work.access, row["id"],
        reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


def _waits(row: Row) -> bool:
    return bool(row["state"] == "waiting")


CORRECTIONS: Final = Resource(
    id="corrections",
    title=N_("Operation data correction"),
    one=N_("correction"),
    many=N_("corrections"),
    area="corrections",
    listing=LISTING,
    menu=Menu("system-maintenance", 110, icon="adjustments"),
    intro=N_("Energy of days that was counted wrong. What devices said stays as it came."),
    columns=(
        Column("id", N_("Number"), "code"),
        Column("sn", N_("Serial number"), "code", link="/systems/{sn}"),
        Column("figure", N_("Figure"), choices=FIGURES),
        Column("kwh", N_("Added"), "number", unit="kWh"),
        Column("first", N_("First day")),
        Column("last", N_("Last day")),
        Column("state", N_("State"), "mark", marks=CORRECTION),
        Column("reason", N_("Reason")),
        Column("asked_by", N_("Asked by")),
        Column("asked_at", N_("Asked"), "time"),
        Column("decided_by", N_("Decided by")),
        Column("decided_at", N_("Decided"), "time", shown=False),
        Column("undone_by", N_("Undone by"), shown=False),
        Column("undone_at", N_("Undone"), "time", shown=False),
        Column("timezone", N_("Time zone"), shown=False),
    ),
    filters=(
        FilterField(
            "q", N_("Serial number"), hint=N_("A part of it, or several with | between"), first=True
        ),
        FilterField("state", first=True),
        FilterField("figure", choices=FIGURES, first=True),
        FilterField("asked_at", first=True),
        FilterField("company", N_("Company"), hint=N_("Part of its name")),
    ),
    form=Form(
        fields=(
            Field("sn", N_("Serial number"), required=True, longest=24),
            Field("figure", N_("Figure"), "choice", required=True, choices=FIGURES),
            Field("first", N_("First day"), "date", required=True, help=N_("By the site's clock")),
            Field("last", N_("Last day"), "date", required=True, help=N_("It counts too.")),
            Field(
                "kwh",
                N_("Added"),
                "number",
                required=True,
                unit="kWh",
                low=-MOST_KWH,
                high=MOST_KWH,
                help=N_("Over all these days, evenly; less than 0 takes away."),
            ),
            Field("reason", N_("Reason"), "long", required=True, longest=LONGEST_REASON),
        ),
        create=_ask,
        audited=False,
    ),
    actions=(
        Action(
            "approve",
            N_("Approve"),
            _approve,
            icon="check",
            confirm=N_("You approve just what you were shown. Then its days are made again."),
            applies=_waits,
            bulk=False,
            needs_reason=False,
            fields=(Field("digest", N_("Digest"), "hidden"),),
            audited=False,
        ),
        Action(
            "refuse",
            N_("Refuse"),
            _refuse,
            permission="create",
            icon="x",
            confirm=N_("Nothing is corrected."),
            applies=_waits,
            bulk=False,
            needs_reason=True,
            audited=False,
        ),
        Action(
            "undo",
            N_("Undo"),
            _undo,
            risk="disruptive",
            icon="history",
            confirm=N_("Its days are again what the device told."),
            applies=lambda row: row["state"] == "active",
            bulk=False,
            audited=False,
        ),
    ),
    complete=_complete,
    needs=("id", "system_id", "figure", "first", "last", "wh", "state", "reason"),
    detail_context=_effects,
    detail_template="resource/correction.html.jinja",
    zone="timezone",
    empty=Empty(
        N_("Nothing was corrected yet"),
        N_("Who may, asks for a correction; another person sees what it does and approves it."),
        "adjustments",
    ),
)

RESOURCES: Final = (CORRECTIONS,)
