"""NMI Registration: metering points of the Australian grid, and which of them are registered."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from core.fleet import nmi_registrations, nmi_rows
from core.fleet.nmi import checksum
from core.fleet.nmi_list import LISTING
from core.fleet.nmi_registrations import LEADS, OPERATORS, Change, Meter
from core.fleet.reports import Report
from core.listing.query import Occasion
from core.listing.tables import Row
from portal.presentation.status import NMI
from portal.resource.declared import (
    Action,
    Column,
    Empty,
    Field,
    FilterField,
    Form,
    Intake,
    Menu,
    Resource,
    Risk,
    Tool,
)
from portal.resource.work import Work
from portal.services import Services
from portal.texts import N_

GRIDS: Final = {name: name for name in OPERATORS}
MODES: Final = {
    "ac": N_("AC: the old PV inverter stays"),
    "dc": N_("DC: a hybrid inverter, or batteries alone"),
    "hybrid": N_("Hybrid: both"),
}


async def _digits(_: Services, __: Occasion, rows: list[Row]) -> None:
    for row in rows:
        row["checksum"] = checksum(row["nmi"])


async def _create(work: Work, values: Mapping[str, Any]) -> str:
    sn: str = values["sn"].strip().upper()
    await nmi_registrations.create(
        work.connection, work.access, sn, _meter(values), now=work.now, address=work.address
    )
    return sn


async def _edit(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    await nmi_registrations.edit(
        work.connection, work.access, row["sn"], _meter(values),
        version=row["version"], now=work.now, address=work.address,
    )  # fmt: skip


def _meter(values: Mapping[str, Any]) -> Meter:
    return Meter(values["nmi"], values["operator"], values["lfdi"])


async def _remove(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await nmi_registrations.remove(
        work.connection, work.access, row["sn"],
        reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _take(
    work: Work,
    rows: Iterable[Mapping[str, str]],
    report: Report,
    dry: bool,  # noqa: FBT001  said by the form
) -> None:
    await nmi_rows.take_in(
        work.connection, work.access, rows, report,
        dry=dry, now=work.now, address=work.address,
    )  # fmt: skip


def _moving(change: Change) -> Tool:
    async def moved(work: Work, row: Row, _: Mapping[str, Any]) -> None:
        await nmi_registrations.move(
            work.connection, work.access, row["sn"], change,
            reason=work.reason, now=work.now, address=work.address,
        )  # fmt: skip

    return moved


def _action(change: Change, label: str, icon: str, confirm: str, risk: Risk = "safe") -> Action:
    """A change of state, offered in the states that it may be made in."""
    sources, _ = LEADS[change]
    return Action(
        change,
        label,
        _moving(change),
        risk=risk,
        permission="register",
        icon=icon,
        confirm=confirm,
        applies=lambda row: row["state"] in sources,
        needs_reason=change in ("fail", "withdraw"),
        audited=False,
    )


REGISTRATIONS: Final = Resource(
    id="nmi",
    title=N_("NMI registration"),
    one=N_("NMI"),
    many=N_("NMIs"),
    area="nmi",
    listing=LISTING,
    menu=Menu("system-maintenance", 130, icon="gauge"),
    intro=N_("Metering points of the Australian grid, and whether its operators registered them."),
    columns=(
        Column("sn", N_("Serial number"), "code"),
        Column("nmi", N_("NMI"), "code"),
        Column("checksum", N_("Checksum"), help=N_("The digit that may stand behind the NMI")),
        Column("state", N_("State"), "mark", marks=NMI),
        Column("operator", N_("Grid operator")),
        Column("failure", N_("Failure reason")),
        Column("state_at", N_("State since"), "time"),
        Column("name", N_("Name"), link="/systems/{sn}", shown=False),
        Column("lfdi", N_("LFDI"), "code", shown=False),
        Column("installer", N_("Installer"), shown=False),
        Column("licence", N_("Licence"), shown=False),
        Column("install_mode", N_("Mode of installation"), choices=MODES, shown=False),
        Column("pv_at_storage", N_("PV at the storage"), "number", unit="kWp", shown=False),
        Column("pv_at_inverter", N_("PV at an inverter"), "number", unit="kWp", shown=False),
        Column("timezone", N_("Time zone"), shown=False),
        Column("created_at", N_("Entered"), "time", shown=False),
        Column("changed_at", N_("Changed"), "time"),
    ),
    filters=(
        FilterField(
            "q", N_("Serial number"), hint=N_("A part of it, or several with | between"), first=True
        ),
        FilterField("nmi", hint=N_("Its beginning"), first=True),
        FilterField("state", first=True),
        FilterField("operator", choices=GRIDS, first=True),
        FilterField("licence"),
        FilterField("changed_at"),
        FilterField("created_at"),
        FilterField("company", N_("Company"), hint=N_("Part of its name")),
    ),
    form=Form(
        fields=(
            Field("sn", N_("Serial number"), required=True, longest=24, editable=False),
            Field(
                "nmi",
                N_("NMI"),
                required=True,
                longest=32,
                help=N_("10 characters; with the checksum digit behind them it is proved."),
            ),
            Field("operator", N_("Grid operator"), "choice", choices=GRIDS),
            Field(
                "lfdi",
                N_("LFDI"),
                longest=64,
                help=N_("Of the device's certificate, if it has one"),
            ),
        ),
        create=_create,
        edit=_edit,
        audited=False,
    ),
    intake=Intake(
        nmi_rows.HEAD,
        _take,
        N_("An NMI has 10 characters, with or without its checksum digit; the operator may lack."),
    ),
    actions=(
        _action("submit", N_("Submit"), "send", N_("It waits for the grid operator then.")),
        _action("confirm", N_("Registered"), "circle-check", N_("The grid operator confirmed it.")),
        _action("fail", N_("Failed"), "x", N_("Everybody who sees the system reads the reason.")),
        _action(
            "withdraw",
            N_("Withdraw"),
            "history",
            N_("It is unregistered then; tell the grid operator."),
            "disruptive",
        ),
        Action(
            "delete",
            N_("Delete"),
            _remove,
            risk="irreversible",
            icon="trash",
            confirm=N_("The NMI is forgotten."),
            applies=lambda row: row["state"] not in LEADS["withdraw"][0],
            audited=False,
        ),
    ),
    complete=_digits,
    needs=("nmi", "state", "sn"),
    zone="timezone",
    empty=Empty(
        N_("No system has an NMI yet"),
        N_("Only systems in Australia have one. Enter it here, or take in a file of many."),
        "gauge",
    ),
)

RESOURCES: Final = (REGISTRATIONS,)
