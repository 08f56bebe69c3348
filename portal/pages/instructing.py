"""A new instruction: its systems, its command, its values, a dry run of it, and then giving it.

An instruction of which nothing was sent yet is edited by giving another one in its place.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from core.access import Access
from core.commanding import giving, instructions, offers, orders
from core.commanding.offers import Offer, Offers
from core.commanding.orders import Order, Trial
from core.commanding.policy import MOST
from core.commanding.records import CommandRequest
from core.listing.moments import instant
from core.records import RequestError, ulid
from core.telemetry.readings import latest_of
from core.thing_model.problems import Problem
from portal.presentation.commands import command_form, values_of
from portal.presentation.orders import Draft, asked_to_confirm, in_words, unsure
from portal.presentation.times import Zone, zone_of
from portal.rendering import clock_of, render_page
from portal.resource.choosing import chosen_sns
from portal.resource.editing import typed_in
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, needs
from portal.texts import _

PATH: Final = "/instructions/new"
GUARDS: Final = [needs("systems:command")]
TO_EDIT: Final = [*GUARDS, needs("commands:cancel")]
Problems = Sequence[Problem]


@frozen(eq=False)
class Desk:
    """Who writes the instruction, with what, and by which clock."""

    request: Request[Any, Any, Any]
    services: Services
    access: Access
    zone: Zone
    draft: Draft

    @property
    def now(self) -> int:
        return self.services.clock()

    def page(
        self, step: str, context: Mapping[str, Any], problems: Problems = (), status: int = 200
    ) -> Response[str]:
        """A step's page; problems are said above it."""
        crumbs = ((_("Instruction management"), "/instructions"),)
        shown = {"draft": self.draft, "step": step, "problems": problems, "crumbs": crumbs}
        shown |= {"zone": self.zone, "most": MOST, **context}
        title = _("Change the instruction") if self.draft.replaces else _("New instruction")
        return render_page(self.request, f"instructing/{step}.html.jinja", title, shown, status)


@get(PATH, guards=GUARDS, include_in_schema=False)
async def begin(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[str]:
    """Which systems: those that the address names, or that fit filters of their list."""
    desk = _desk(request, services, access, dict(request.query_params))
    return desk.page("systems", {})


@post(PATH, guards=GUARDS, include_in_schema=False, status_code=200)
async def proceed(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[Any]:
    """The next step, or the same one with what is wrong; the last one gives the instruction."""
    typed = {name: values[-1] for name, values in (await typed_in(request)).items()}
    return await _next(_desk(request, services, access, typed))


@get("/instructions/{row:str}/edit", guards=TO_EDIT, include_in_schema=False)
async def edit(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess, row: FromPath[str]
) -> Response[Any]:
    """The values of an instruction that was given, to give them anew."""
    async with services.database.read() as connection:
        given = await instructions.by_id(connection, access, row)
        if given is None:
            raise NotFoundException(_("There is no instruction %(id)s.", id=repr(row)))
        told = await instructions.commands_of(connection, access, given.id, limit=MOST)
    zone = zone_of("", *clock_of(request))
    draft = Draft.again(given, [sn for sn, _command in told], zone)
    return await _next(Desk(request, services, access, zone, draft))


async def _next(desk: Desk) -> Response[Any]:
    services, access = desk.services, desk.access
    try:
        sns = await chosen_sns(
            services,
            access,
            desk.draft.named,
            desk.draft.systems,
            (MOST, _("give several instructions")),
        )
        async with services.database.read() as connection:
            found = await offers.offered(connection, services.registry, access, sns)
        _refuse_unknown(found, sns)
    except RequestError as error:
        return desk.page("systems", {}, error.problems, 422)
    if desk.draft.step == "systems":
        return desk.page("command", {"offers": found, "number": len(sns)})
    if (offer := found.of(desk.draft.command)) is None:
        problem = Problem("command", _("none is chosen"), _("choose one of those below"))
        return desk.page("command", {"offers": found, "number": len(sns)}, [problem], 422)
    if desk.draft.step == "command":
        return await _values(desk, offer, sns, given=desk.draft.values or None)
    return await _tried(desk, offer, sns)


def _desk(
    request: Request[Any, Any, Any], services: Services, access: Access, typed: Mapping[str, str]
) -> Desk:
    zone = zone_of("", *clock_of(request))
    return Desk(request, services, access, zone, Draft.of(typed))


def _refuse_unknown(found: Offers, sns: Sequence[str]) -> None:
    if found.found:
        return
    what = _("%(sns)s: no such system is known", sns=", ".join(sns[:5]))
    raise RequestError(Problem("sns", what, _("look the serial numbers up")))


async def _values(
    desk: Desk,
    offer: Offer,
    sns: Sequence[str],
    problems: Problems = (),
    given: Mapping[str, str] | None = None,
) -> Response[str]:
    """The form of the command; of one system with what it says now."""
    readings = {}
    if len(sns) == 1:
        async with desk.services.database.read() as connection:
            readings = await latest_of(connection, offer.system_id)
    form = command_form(offer.part, offer.command, readings, given)
    context = {"form": form, "offer": offer, "number": len(sns)}
    return desk.page("values", context, problems, 422 if problems else 200)


async def _tried(desk: Desk, offer: Offer, sns: Sequence[str]) -> Response[Any]:
    """The dry run; after one that is as it was, what it showed is given."""
    draft, services = desk.draft, desk.services
    try:
        order = _order(desk, offer, sns)
    except ValueError:
        problem = Problem("at", _("cannot be read"), _("write it as 2026-11-22T10:42"))
        return await _values(desk, offer, sns, [problem], draft.values)
    if draft.step == "give":
        try:
            made = await _give(desk, order)
        except RequestError as error:
            return await _dry_run(desk, offer, order, error.problems)
        for sn in order.sns:
            services.hub.ring(sn)
        return Redirect(f"/instructions/{made}?given=yes", status_code=303)
    return await _dry_run(desk, offer, order)


def _order(desk: Desk, offer: Offer, sns: Sequence[str]) -> Order:
    draft, part = desk.draft, offer.part
    request = CommandRequest(part.slot, offer.command.name, values_of(
        part, offer.command, draft.values
    ))  # fmt: skip
    at = instant(draft.at, desk.now, desk.zone.name) if draft.at else None
    return Order(request, sns, draft.reason, at, key=draft.key, partial=draft.partial)


async def _give(desk: Desk, order: Order) -> str:
    """Give what the dry run showed, and nothing else; raises RequestError."""
    draft, registry = desk.draft, desk.services.registry
    async with desk.services.database.begin() as connection:
        trial = await orders.check(connection, registry, desk.access, order, desk.now)
        if trial.digest != draft.digest:
            what = _("would be another instruction than was shown: nothing was given")
            raise RequestError(Problem("systems", what, _("look at this dry run")))
        if said := unsure(trial.risk, trial.ready, draft.confirmed):
            raise RequestError(Problem("confirmed", said, ""))
        if draft.replaces:
            made = await giving.revise(
                connection, registry, desk.access, order, replaces=draft.replaces, now=desk.now
            )
        else:
            made = await giving.give(connection, registry, desk.access, order, desk.now)
    return made.id


async def _dry_run(
    desk: Desk, offer: Offer, order: Order, problems: Problems = ()
) -> Response[str]:
    """What would come of it; what is wrong with the values themselves leads back to their form."""
    registry = desk.services.registry
    async with desk.services.database.read() as connection:
        trial = await orders.dry_run(connection, registry, desk.access, order, desk.now)
    if wrong := [*trial.problems, *_of_all(trial, desk.draft.values, offer)]:
        return await _values(desk, offer, order.sns, wrong, desk.draft.values)
    context = {
        "offer": offer,
        "trial": trial,
        "words": in_words(trial, offer.part.slot),
        "at": order.not_before,
        "key": desk.draft.key or ulid(desk.now),
        "confirming": asked_to_confirm(trial.risk, trial.ready),
        "can_be_given": bool(trial.ready) and (order.partial or len(trial.ready) == len(order.sns)),
    }
    return desk.page("dry_run", context, problems, 422 if problems else 200)


def _of_all(trial: Trial, values: Mapping[str, str], offer: Offer) -> Problems:
    """Problems of the values, which hold for every system that knows the command."""
    keys = {field.parameter.key for field in command_form(offer.part, offer.command, {}).fields}
    first = next((each for each in trial.systems if each.sn == offer.sn), None)
    if trial.ready or first is None:
        return ()
    return [problem for problem in first.problems if problem.where in keys | values.keys()]


ROUTES: Final = [begin, proceed, edit]
