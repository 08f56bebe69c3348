"""What each step of an installation says, read and looked at: only then the next begins."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from attrs import evolve, frozen
from litestar import Request

from core.access import Access
from core.fleet import end_users, installing, places, provisioning, sites
from core.fleet.end_users import Contact, EndUser
from core.fleet.installation_terms import Terms
from core.fleet.installations import CLOSED, InstalledError
from core.fleet.installing import Account, Owner
from core.fleet.provisioning import Claim, LockedError, ProvisioningError
from core.fleet.sites import Place, Site
from core.fleet.systems import SystemRecord
from core.records import Connection, RequestError
from portal.presentation.installing import FIELDS, NEW, Draft
from portal.presentation.times import Zone
from portal.resource.forms import Entered, at_fields, read_form
from portal.services import Services
from portal.signing_in import address_of
from portal.texts import _

MOST_SITES: Final = 200


@frozen(eq=False)
class Desk:
    """Who installs, with what, by which clock, and what they typed so far."""

    request: Request[Any, Any, Any]
    services: Services
    access: Access
    zone: Zone
    draft: Draft
    now: int

    @property
    def address(self) -> str:
        return address_of(self.request)

    def entered(self, step: str) -> Entered:
        """What the fields of a step say."""
        return read_form(FIELDS[step], self.draft.typed, self.services)


@frozen
class Found:
    """What the steps so far came to."""

    system: SystemRecord | None = None
    owner: Owner | None = None
    site: Site | Place | None = None
    terms: Terms | None = None

    @property
    def place(self) -> Place:
        assert self.site is not None  # noqa: S101  asked for behind that step
        return self.site.place if isinstance(self.site, Site) else self.site


class WrongStepError(Exception):
    """A step does not hold: what was typed, what is wrong with it, and the status that says so."""

    def __init__(self, entered: Entered, status: int = 422) -> None:
        super().__init__(str(dict(entered.wrong)))
        self.entered, self.status = entered, status


async def device(desk: Desk, found: Found) -> Found:
    """The system whose label says this serial number and check code."""
    entered = _right(desk.entered("device"))
    if (seal := desk.services.seal) is None:
        said = _("Check codes cannot be compared: this installation has no secret key.")
        raise _wrong(entered, "check_code", said)
    sn, code = entered.values["sn"], entered.values["check_code"]
    claim = Claim(sn, code, desk.address, desk.access.user_id)
    try:
        await provisioning.prove(desk.services.database.begin, seal, claim, desk.now)
        async with desk.services.database.read() as connection:
            system = await installing.installable(connection, desk.access, sn)
    except LockedError as error:
        until = f"{desk.zone.shown(error.until)} ({desk.zone.label})"
        said = _("Too many wrong check codes. Nothing is compared before %(time)s.", time=until)
        raise _wrong(entered, "check_code", said, 429) from None
    except ProvisioningError:
        said = _("Serial number and check code do not belong together: compare both with the label")
        raise _wrong(entered, "check_code", said) from None
    except InstalledError as error:
        raise _refused(entered, "device", error, 409) from None
    except RequestError as error:
        raise _refused(entered, "device", error) from None
    return evolve(found, system=system)


async def owner(desk: Desk, found: Found) -> Found:
    """Whom it is installed for."""
    kind, _dash, number = desk.draft.said("owner").partition("-")
    entered = desk.entered("owner")
    async with desk.services.database.read() as connection:
        try:
            if kind == NEW:
                contact = Contact(**_right(entered).values)
                await installing.check_new(connection, desk.access, contact)
                return evolve(found, owner=contact)
            chosen = await _known(connection, desk.access, kind, number)
        except RequestError as error:
            raise _refused(entered, "owner", error) from None
    if chosen is None:
        raise _wrong(entered, "owner", _("Choose one who was found, or say who is new."))
    if chosen.state in CLOSED:
        said = _("This account is locked, disabled or deleted: nothing is installed for it.")
        raise _wrong(entered, "owner", said)
    return evolve(found, owner=chosen)


async def site(desk: Desk, found: Found) -> Found:
    """Where it is installed: at a site that there is, or a new one."""
    said, entered = desk.draft.said("site"), desk.entered("site")
    known = await sites_of(desk, found.owner)
    if said != NEW and (known or said):
        chosen = next((each for each in known if str(each.id) == said), None)
        if chosen is None:
            raise _wrong(entered, "site", _("Choose a site, or say where the new one is."))
        return evolve(found, site=chosen)
    place = Place(**_right(entered).values)
    if not place.timezone:
        place = evolve(place, timezone=_zone(found, entered))
    if any(each.place.name.casefold() == place.name.casefold() for each in known):
        raise _wrong(entered, "name", _("is a site of this end user already"))
    try:
        sites.check(place)
    except RequestError as error:
        raise _refused(entered, "site", error) from None
    return evolve(found, site=place)


async def terms(desk: Desk, found: Found) -> Found:
    """How it was installed, and by whom."""
    entered = _right(desk.entered("terms"))
    given = Terms(**{name: said for name, said in entered.values.items() if said is not None})
    try:
        async with desk.services.database.read() as connection:
            given = await installing.licensed(connection, desk.access, given)
        installing.check_terms(given, found.place, desk.now)
    except RequestError as error:
        raise _refused(entered, "terms", error) from None
    return evolve(found, terms=given)


READERS: Final[Mapping[str, Callable[[Desk, Found], Awaitable[Found]]]] = {
    "device": device,
    "owner": owner,
    "site": site,
    "terms": terms,
}


async def sites_of(desk: Desk, owner: Owner | None) -> list[Site]:
    """The sites of an end user who is known."""
    if not isinstance(owner, EndUser):
        return []
    async with desk.services.database.read() as connection:
        return await sites.page(connection, desk.access, end_user_id=owner.id, limit=MOST_SITES)


async def _known(
    connection: Connection, access: Access, kind: str, number: str
) -> EndUser | Account | None:
    if not number.isdecimal() or len(number) > 18:
        return None
    if kind == "account":
        return await installing.account(connection, access, int(number))
    return await end_users.by_id(connection, access, int(number))


def _zone(found: Found, entered: Entered) -> str:
    """The zone of a country that has one; of one with several the device's own is suggested."""
    known = places.of_country(entered.values["country"])
    if len(known) == 1:
        return known[0]
    own = found.system.timezone if found.system else ""
    suggested = evolve(entered, typed={**entered.typed, "timezone": [own] if own in known else []})
    said = _("The country has several: choose one, they come first in the list.")
    raise _wrong(suggested, "timezone", said)


def _right(entered: Entered) -> Entered:
    if entered.wrong:
        raise WrongStepError(entered)
    return entered


def _wrong(entered: Entered, where: str, said: str, status: int = 422) -> WrongStepError:
    return WrongStepError(evolve(entered, wrong={where: said}), status)


def _refused(entered: Entered, step: str, error: RequestError, status: int = 422) -> WrongStepError:
    wrong = at_fields(FIELDS[step], error.problems)
    return WrongStepError(evolve(entered, wrong=wrong), status)
