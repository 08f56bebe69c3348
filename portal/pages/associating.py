"""Associate device: brought to another site or owner, replaced, or removed, after a look at both.

One that is not installed yet is brought to a site here and then installed as any other.
"""

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve, frozen
from litestar import Request, Response, get, post
from litestar.response import Redirect

from core.access import Access
from core.fleet import associating, installations, installing, provisioning
from core.fleet.associating import Spot, Standing
from core.fleet.installations import InstalledError
from core.fleet.provisioning import Claim, LockedError, ProvisioningError
from core.records import ConflictError, Connection, RequestError
from portal.presentation.installing import countries
from portal.presentation.times import zone_of
from portal.rendering import clock_of, render_page
from portal.resource.declared import Field
from portal.resource.editing import typed_in
from portal.resource.forms import at_fields
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, address_of, needs
from portal.texts import N_, _

PATH: Final = "/associate"
GUARDS: Final = [needs("installations:edit")]
FIELDS: Final = (
    Field("sn", N_("Serial number"), required=True, longest=24),
    Field("find", N_("Search by site, account or mail address")),
    Field("to", N_("What becomes of it")),
    Field("new_sn", N_("Serial number of the new device"), longest=24),
    Field("check_code", N_("Check code"), longest=32),
    Field("reason", N_("Reason"), longest=500),
)
OF_SITE: Final = "site-"


@frozen(eq=False)
class Desk:
    """Who asks, and what they typed so far; `wrong` is what is wrong with it, by field."""

    request: Request[Any, Any, Any]
    services: Services
    access: Access
    typed: Mapping[str, str]
    now: int

    def said(self, name: str) -> str:
        return self.typed.get(name, "").strip()

    @property
    def new_sn(self) -> str:
        return self.said("new_sn").upper()

    @property
    def by_whom(self) -> dict[str, Any]:
        """What every change is recorded by."""
        return {
            "reason": self.said("reason"),
            "version": int(said) if (said := self.said("version")[:18]).isdecimal() else 0,
            "now": self.now,
            "address": address_of(self.request),
        }

    def page(
        self, step: str, context: Mapping[str, Any], wrong: Mapping[str, str], status: int
    ) -> Response[str]:
        zone = zone_of("", *clock_of(self.request))
        shown = {
            "desk": self,
            "fields": FIELDS,
            "wrong": wrong,
            "zone": zone,
            "countries": countries(),
            **context,
        }
        title = _("Associate device")
        return render_page(self.request, f"associating/{step}.html.jinja", title, shown, status)


class RefusedError(Exception):
    """What is wrong with what was asked for, by field, and the status that says so."""

    def __init__(self, wrong: Mapping[str, str], status: int = 422) -> None:
        super().__init__(str(dict(wrong)))
        self.wrong, self.status = wrong, status


@get(PATH, guards=GUARDS, include_in_schema=False)
async def begin(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[str]:
    """Which device; the address may say it."""
    typed = {"sn": request.query_params.get("sn", "").upper()[:24]}
    return Desk(request, services, access, typed, services.clock()).page("device", {}, {}, 200)


@post(PATH, guards=GUARDS, include_in_schema=False, status_code=200)
async def proceed(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess
) -> Response[Any]:
    """How it stands and where it can go, then both beside each other, then it is done."""
    typed = {name: values[-1] for name, values in (await typed_in(request)).items()}
    desk = Desk(request, services, access, typed, services.clock())
    try:
        async with services.database.read() as connection:
            stands = await associating.standing(connection, access, desk.said("sn").upper())
    except RequestError as error:
        return desk.page("device", {}, at_fields(FIELDS, error.problems), 422)
    if desk.said("_step") not in ("confirm", "do"):
        return await _choices(desk, stands)
    try:
        target = await _target(desk, stands)
    except RefusedError as error:
        return await _choices(desk, stands, error)
    if desk.said("_step") == "confirm":
        return _both(desk, stands, target)
    return await _done(desk, stands, target)


async def _choices(
    desk: Desk, stands: Standing, error: RefusedError | None = None
) -> Response[str]:
    """How it stands, and what can become of it."""
    access, own, found = desk.access, [], list[Spot]()
    async with desk.services.database.read() as connection:
        if stands.spot is not None:
            owner = stands.spot.owner.id
            others = await associating.spots_of(connection, access, owner)
            own = [each for each in others if each.id != stands.spot.site.id]
        if search := desk.said("find"):
            found = await associating.spots(connection, access, search)
    taken = {site.id for site in own} | ({stands.spot.site.id} if stands.spot else set[int]())
    context = {
        "stands": stands,
        "own": own,
        "found": [each for each in found if each.site.id not in taken],
        "may_remove": access.may("installations:delete"),
        "may_link": access.may("installations:create"),
    }
    if error is None:
        return desk.page("choices", context, {}, 200)
    return desk.page("choices", context, error.wrong, error.status)


async def _target(desk: Desk, stands: Standing) -> Spot | str:
    """Where it is to go, or "remove" or "replace"; raises RefusedError."""
    to = desk.said("to")
    if to.startswith(OF_SITE) and to.removeprefix(OF_SITE).isdecimal():
        try:
            async with desk.services.database.read() as connection:
                number = int(to.removeprefix(OF_SITE)[:18])
                return await associating.spot_of(connection, desk.access, number)
        except RequestError:
            raise RefusedError({"to": _("Choose one of these.")}) from None
    if stands.installation is None or to not in ("remove", "replace"):
        raise RefusedError({"to": _("Choose one of these.")})
    if to == "replace":
        await _prove(desk)
    return to


async def _prove(desk: Desk) -> None:
    """Whether the label of the new device was read; raises RefusedError."""
    services, where = desk.services, address_of(desk.request)
    if services.seal is None:
        said = _("Check codes cannot be compared: this installation has no secret key.")
        raise RefusedError({"check_code": said})
    claim = Claim(desk.new_sn, desk.said("check_code"), where, desk.access.user_id)
    try:
        await provisioning.prove(services.database.begin, services.seal, claim, desk.now)
        async with services.database.read() as connection:
            await installing.installable(connection, desk.access, desk.new_sn)
    except LockedError as error:
        zone = zone_of("", *clock_of(desk.request))
        until = f"{zone.shown(error.until)} ({zone.label})"
        said = _("Too many wrong check codes. Nothing is compared before %(time)s.", time=until)
        raise RefusedError({"check_code": said}, 429) from None
    except ProvisioningError:
        said = _("Serial number and check code do not belong together: compare both with the label")
        raise RefusedError({"check_code": said}) from None
    except RequestError as error:
        problems = [evolve(each, where="new_sn") for each in error.problems]
        status = 409 if isinstance(error, InstalledError) else 422
        raise RefusedError(at_fields(FIELDS, problems), status) from None


def _both(
    desk: Desk,
    stands: Standing,
    target: Spot | str,
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    """What is and what will be, beside each other."""
    return desk.page("confirm", {"stands": stands, "target": target}, wrong or {}, status)


async def _done(desk: Desk, stands: Standing, target: Spot | str) -> Response[Any]:
    if not 0 < len(desk.said("reason")) <= 500:
        return _both(desk, stands, target, {"reason": _("say why, in 500 characters at most")}, 422)
    try:
        async with desk.services.database.begin() as connection:
            made = await _carry_out(connection, desk, stands, target)
    except ConflictError:
        said = _("Somebody else changed this meanwhile: this is how it stands now.")
        return await _choices(desk, await _again(desk, stands), RefusedError({"": said}, 409))
    except RequestError as error:
        status = 409 if isinstance(error, InstalledError) else 422
        return _both(desk, stands, target, at_fields(FIELDS, error.problems), status)
    return Redirect(f"/installation-records/{made}?done=changed", status_code=303)


async def _again(desk: Desk, stands: Standing) -> Standing:
    async with desk.services.database.read() as connection:
        return await associating.standing(connection, desk.access, stands.system.sn)


async def _carry_out(
    connection: Connection, desk: Desk, stands: Standing, target: Spot | str
) -> int:
    """Do it; the record that tells of it."""
    access, sn = desk.access, stands.system.sn
    if stands.installation is None:
        raise ConflictError(None)
    if isinstance(target, Spot):
        made = await associating.put(connection, access, sn, target, **desk.by_whom)
        return made.record_id
    if target == "replace":
        made = await associating.replace(connection, access, sn, desk.new_sn, **desk.by_whom)
        return made.record_id
    await installations.remove(connection, access, sn, **desk.by_whom)
    return stands.installation.record_id


ROUTES: Final = [begin, proceed]
