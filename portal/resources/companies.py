"""Company management: installers, dealers and others, their members and systems."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from core.accounts import users
from core.companies import companies, members
from core.companies.companies import Change
from core.companies.details import Details
from core.companies.listed import LISTING
from core.listing.query import Occasion
from core.listing.tables import Row
from core.records import RequestError
from core.thing_model.problems import Problem
from portal.presentation.accounts import COMPANY_STATES
from portal.resource.declared import (
    Action,
    Column,
    Empty,
    Field,
    FilterField,
    Form,
    Menu,
    Resource,
    Tool,
)
from portal.resource.work import Work
from portal.resources.people import about_company, company_figures
from portal.services import Services
from portal.texts import N_

CATEGORIES: Final = {
    "installer": N_("Installer"),
    "distributor": N_("Distributor"),
    "retailer": N_("Retailer"),
    "reseller": N_("Reseller"),
    "investor": N_("Investor"),
    "supplier": N_("Supplier"),
    "vpp_aggregator": N_("VPP aggregator"),
    "tenant": N_("Tenant"),
}


async def _create(work: Work, values: Mapping[str, Any]) -> str:
    made = await companies.create(
        work.connection, work.access, _details(values), now=work.now, address=work.address
    )
    return str(made.id)


async def _edit(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    await companies.edit(
        work.connection, work.access, row["id"], _details(values),
        version=row["version"], reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


def _details(values: Mapping[str, Any]) -> Details:
    said: dict[str, Any] = {**values, "licence": values["licence"] or None}
    return Details(**said)


def _changing(change: Change) -> Tool:
    """What makes a change of state."""

    async def changed(work: Work, row: Row, _: Mapping[str, Any]) -> None:
        await companies.change_state(
            work.connection, work.access, row["id"], change,
            version=row["version"], reason=work.reason, now=work.now, address=work.address,
        )  # fmt: skip

    return changed


def _action(change: Change, label: str, *, icon: str, confirm: str = "", **how: Any) -> Action:
    """A change of state, offered in the states that it may be made in."""
    sources, _, permission = companies.LEADS[change]
    return Action(
        change,
        label,
        _changing(change),
        permission=permission.partition(":")[2],
        icon=icon,
        confirm=confirm,
        applies=lambda row: row["state"] in sources,
        audited=False,
        **how,
    )


async def _set_primary(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    found = await users.by_name(work.connection, values["primary_user"])
    if found is None:
        what = "is no active administrator of the company"
        raise RequestError(Problem("primary_user", what, "name one of its members"))
    await members.set_primary(
        work.connection, work.access, row["id"], found[0].id,
        version=row["version"], reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _with_figures(services: Services, occasion: Occasion, found: list[Row]) -> None:
    """How many members and systems each has."""
    async with services.database.read() as connection:
        figures = await members.figures(connection, occasion.access, [row["id"] for row in found])
    for row in found:
        row.update(attrs.asdict(figures[row["id"]]))


COMPANIES: Final = Resource(
    id="companies",
    title=N_("Company management"),
    one=N_("company"),
    many=N_("companies"),
    area="companies",
    listing=LISTING,
    menu=Menu("basic-settings", 20, icon="building-factory-2"),
    intro=N_("Companies and organisations. Those that were deleted are listed by their state."),
    columns=(
        Column("name", N_("Company name")),
        Column("category", N_("Type"), choices=CATEGORIES),
        Column("country", N_("Country")),
        Column("licence", N_("Licence"), "code"),
        Column("contact_person", N_("Contact")),
        Column("mail", N_("Mail")),
        Column(
            "primary_user",
            N_("Primary account"),
            link="/users/{primary_user_id}",
            link_needs="users:read",
        ),
        Column("members", N_("Members"), "number"),
        Column("systems", N_("Systems"), "number"),
        Column("state", N_("State"), "mark", marks=COMPANY_STATES),
        Column("state_reason", N_("Reason of the state"), shown=False),
        Column("phone", N_("Phone"), shown=False),
        Column("address", N_("Address"), shown=False),
        Column("post_code", N_("Post code"), shown=False),
        Column("city", N_("City"), shown=False),
        Column("region", N_("Region"), shown=False),
        Column("tax_number", N_("Tax number"), "code", shown=False),
        Column("created_at", N_("Registered"), "time", shown=False),
        Column("changed_at", N_("Changed"), "time", shown=False),
    ),
    filters=(
        FilterField("q", N_("Company name"), hint=N_("A part of it"), first=True),
        FilterField("mail", hint=N_("Its beginning"), first=True),
        FilterField("country", first=True),
        FilterField("category", first=True),
        FilterField("state", first=True),
        FilterField("licence", hint=N_("The whole number")),
    ),
    form=Form(
        fields=(
            Field("name", N_("Company name"), required=True),
            Field("category", N_("Type"), "choice", required=True, choices=CATEGORIES),
            Field("country", N_("Country"), pattern="[A-Z]{2}", help=N_("Two letters, such as DE")),
            Field("mail", N_("Mail"), "mail", longest=254),
            Field("contact_person", N_("Contact")),
            Field("phone", N_("Phone"), longest=32),
            Field("address", N_("Address"), longest=255),
            Field("post_code", N_("Post code"), longest=16),
            Field("city", N_("City"), longest=64),
            Field("region", N_("Region"), longest=64),
            Field(
                "tax_number",
                N_("Tax number"),
                longest=32,
                help=N_("In Australia an ABN of 11 digits, elsewhere 8 to 20 letters and digits"),
            ),
            Field("licence", N_("Licence"), longest=64, help=N_("Of installers only")),
        ),
        create=_create,
        edit=_edit,
        audited=False,
    ),
    actions=(
        _action(
            "approve",
            N_("Approve"),
            icon="check",
            confirm=N_("Its members can sign in from now on."),
        ),
        _action(
            "reject",
            N_("Reject"),
            icon="x",
            risk="disruptive",
            confirm=N_("The company is told the reason."),
        ),
        _action("enable", N_("Enable"), icon="circle-check", needs_reason=True),
        _action(
            "disable",
            N_("Disable"),
            icon="player-stop",
            risk="disruptive",
            confirm=N_("Its members cannot sign in any more; its devices and records stay."),
        ),
        _action(
            "delete",
            N_("Delete"),
            icon="trash",
            risk="irreversible",
            confirm=N_("It is listed as deleted from now on; its devices and records stay."),
        ),
        Action(
            "set_primary",
            N_("Choose the primary account"),
            _set_primary,
            permission="edit",
            icon="user",
            confirm=N_("It is an active administrator of the company."),
            applies=lambda row: row["state"] != "deleted",
            bulk=False,
            fields=(Field("primary_user", N_("User name"), required=True),),
            audited=False,
        ),
    ),
    complete=_with_figures,
    needs=("state", "version"),
    list_context=company_figures,
    detail_context=about_company,
    template="resource/companies.html.jinja",
    detail_template="resource/company.html.jinja",
    empty=Empty(
        N_("No company is registered yet"),
        N_("A company is made here, and approved before its members can sign in."),
        "building-factory-2",
    ),
)

RESOURCES: Final = (COMPANIES,)
