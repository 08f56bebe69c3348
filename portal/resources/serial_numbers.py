"""SN management: serial numbers that were given out, to whom, and what became of them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from core.companies import companies
from core.fleet import provisioning, serial_number_rows, serial_numbers
from core.fleet.generating import LONGEST, MOST, SHORTEST, USUAL_LENGTH, Order, generate
from core.fleet.reports import Report
from core.fleet.serial_number_list import LISTING
from core.fleet.serial_number_rows import HEAD
from core.fleet.serial_numbers import LEADS, Change
from core.listing.tables import Row
from core.records import RequestError
from core.sealing import Seal
from core.thing_model.problems import Problem
from portal.presentation.status import SERIAL_NUMBER
from portal.resource.declared import (
    Action,
    Column,
    Empty,
    Field,
    FilterField,
    Form,
    Handed,
    Intake,
    ManyMade,
    Menu,
    Resource,
    Tool,
)
from portal.resource.work import Work
from portal.services import Services
from portal.texts import N_

CATEGORIES: Final = {"residential": N_("Residential"), "micro": N_("Micro")}
ITS_NAME: Final = N_("Its whole name; without one they belong to nobody.")


def _with_rules(services: Services) -> dict[str, str]:
    """Product models that say how their serial numbers are made."""
    newest = services.registry.newest.values()
    return {product.id: product.name for product in newest if product.sn_rules}


async def _generate(work: Work, values: Mapping[str, Any]) -> ManyMade:
    order = Order(
        values["product_id"],
        values["count"],
        values["category"],
        await _company(work, values["company"]),
        values["rule"],
        values["length"] or USUAL_LENGTH,
    )
    made = await generate(
        work.connection, work.services.registry, work.access, order,
        seal=_seal(work), now=work.now, address=work.address,
    )  # fmt: skip
    query = f"created_at.from={work.now}&created_at.to={work.now}"
    return ManyMade(made[0], query)


async def _company(work: Work, name: str) -> int | None:
    if not name:
        return None
    found = await companies.by_name(work.connection, work.access, name)
    if found is None:
        raise RequestError(Problem("company", f"{name!r} is no company", "write its whole name"))
    return found.id


def _seal(work: Work) -> Seal:
    if (seal := work.services.seal) is None:
        what = "cannot be kept: this installation has no secret key"
        raise RequestError(Problem("check_code", what, "set THINGWRIGHT_SECRET_KEY"))
    return seal


async def _allocate(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    company_id = await _company(work, values["company"])
    await serial_numbers.allocate(
        work.connection, work.access, [row["sn"]], company_id,
        reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _reveal(work: Work, row: Row, _: Mapping[str, Any]) -> Handed:
    code = await serial_numbers.reveal(
        work.connection, work.access, row["sn"], _seal(work), now=work.now, address=work.address
    )
    return Handed(N_("Check code"), note=N_("The audit says who saw it and when."), code=code or "")


async def _issue(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await provisioning.issue(work.connection, _seal(work), work.access, [row["sn"]], work.now)


async def _renew(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await provisioning.renew(work.connection, _seal(work), work.access, row["sn"], work.now)


async def _remove(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await serial_numbers.remove(
        work.connection, work.access, [row["sn"]],
        reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


def _changing(change: Change) -> Tool:
    """What makes a change of state."""

    async def changed(work: Work, row: Row, _: Mapping[str, Any]) -> None:
        await serial_numbers.change_state(
            work.connection, work.access, [row["sn"]], change,
            reason=work.reason, now=work.now, address=work.address,
        )  # fmt: skip

    return changed


def _action(change: Change, label: str, icon: str) -> Action:
    """A change of state, offered in the state that it may be made in."""
    source, _ = LEADS[change]
    return Action(
        change,
        label,
        _changing(change),
        risk="reversible",
        permission="edit",
        icon=icon,
        applies=lambda row: row["state"] == source,
        needs_reason=True,
        audited=False,
    )


async def _take(
    work: Work,
    rows: Iterable[Mapping[str, str]],
    report: Report,
    dry: bool,  # noqa: FBT001  said by the form
) -> None:
    await serial_number_rows.take_in(
        work.connection, work.access, rows,
        dry=dry, now=work.now, address=work.address, report=report,
    )  # fmt: skip


def _has_code(row: Row) -> bool:
    return row["code_issued_at"] is not None


SERIAL_NUMBERS: Final = Resource(
    id="serial-numbers",
    title=N_("SN management"),
    one=N_("serial number"),
    many=N_("serial numbers"),
    area="serial_numbers",
    listing=LISTING,
    menu=Menu("basic-settings", 10, icon="list"),
    intro=N_("What was given out. A system activates its number, an installation binds it."),
    columns=(
        Column("sn", N_("Serial number"), "code"),
        Column("state", N_("State"), "mark", marks=SERIAL_NUMBER),
        Column("category", N_("Category"), choices=CATEGORIES),
        Column(
            "company", N_("Company"), link="/companies/{company_id}", link_needs="companies:read"
        ),
        Column("created_at", N_("Given out"), "time"),
        Column("activated_at", N_("Activated"), "time"),
        Column("bound_at", N_("Bound"), "time"),
        Column("code_issued_at", N_("Check code since"), "time", shown=False),
        Column("provisioned_at", N_("Check code last used"), "time", shown=False),
    ),
    filters=(
        FilterField("q", N_("Serial number"), hint=N_("Its beginning"), first=True),
        FilterField("state", first=True),
        FilterField("category", first=True),
        FilterField("company", hint=N_("Part of its name"), first=True),
        FilterField("check_code", N_("Has a check code")),
    ),
    form=Form(
        fields=(
            Field(
                "product_id",
                N_("Product model"),
                "choice",
                required=True,
                choices=_with_rules,
                help=N_("Only models with rules for serial numbers are here."),
            ),
            Field("count", N_("How many"), "number", required=True, low=1, high=MOST),
            Field(
                "category",
                N_("Category"),
                "choice",
                required=True,
                choices=CATEGORIES,
                initial="residential",
            ),
            Field("company", N_("Company"), help=ITS_NAME),
            Field(
                "rule",
                N_("Rule"),
                longest=LONGEST,
                help=N_("One of the model's rules; the first of them if it is left empty."),
            ),
            Field(
                "length",
                N_("Length"),
                "number",
                low=SHORTEST,
                high=LONGEST,
                initial=USUAL_LENGTH,
                help=N_("Of a rule that ends in a star"),
            ),
        ),
        create=_generate,
        new=N_("Generate"),
        audited=False,
    ),
    intake=Intake(
        HEAD,
        _take,
        N_("A category is residential or micro, residential if it is empty; a company is a name."),
    ),
    actions=(
        Action(
            "reveal",
            N_("View the check code"),
            _reveal,
            icon="lock",
            confirm=N_("The audit notes that you saw it."),
            applies=_has_code,
            bulk=False,
            audited=False,
        ),
        Action(
            "allocate",
            N_("Allocate"),
            _allocate,
            risk="reversible",
            permission="edit",
            icon="building-factory-2",
            confirm=N_("Systems with these numbers go to the company with them."),
            applies=lambda row: row["state"] != "bound",
            fields=(Field("company", N_("Company"), help=ITS_NAME),),
            audited=False,
        ),
        _action("activate", N_("Activate"), "circle-check"),
        _action("deactivate", N_("Deactivate"), "player-stop"),
        Action(
            "issue",
            N_("Issue check codes"),
            _issue,
            permission="create",
            icon="plus",
            applies=lambda row: not _has_code(row),
        ),
        Action(
            "renew",
            N_("Renew the check code"),
            _renew,
            risk="disruptive",
            permission="edit",
            icon="refresh",
            confirm=N_("The code on the label is good no more."),
            applies=_has_code,
            bulk=False,
        ),
        Action(
            "delete",
            N_("Delete"),
            _remove,
            risk="irreversible",
            icon="trash",
            confirm=N_("They are forgotten; what is the number of a system is refused."),
            applies=lambda row: row["state"] != "bound",
            audited=False,
        ),
    ),
    needs=("state",),
    empty=Empty(
        N_("No serial number was given out yet"),
        N_("They are generated by the rules of a product model."),
    ),
)

RESOURCES: Final = (SERIAL_NUMBERS,)
