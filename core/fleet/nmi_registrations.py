"""The NMI of a system in Australia, and its registration with the grid operator.

Systems of one site share a metering point. People note what the operator says: submitted,
registered, failed and why.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, get_args

from attrs import frozen
from sqlalchemy import Select, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.fleet.nmi import COUNTRY, read
from core.fleet.scope import visible
from core.fleet.tables import installations, nmi_registrations, sites, systems
from core.records import ConflictError, RequestError, change_row, printable
from core.thing_model.problems import Problem

AREA: Final = "nmi"
OPERATORS: Final = ("SAPN", "AusNet", "CitiPower", "Powercor", "United Energy", "Jemena")
State = Literal["unregistered", "registering", "registered", "failed"]
STATES: Final[tuple[State, ...]] = get_args(State)
Change = Literal["submit", "confirm", "fail", "withdraw"]
LEADS: Final[Mapping[Change, tuple[tuple[State, ...], State]]] = {
    "submit": (("unregistered", "failed"), "registering"),
    "confirm": (("registering",), "registered"),
    "fail": (("registering",), "failed"),
    "withdraw": (("registering", "registered"), "unregistered"),
}
"""From which states a change leads to which."""
_LFDI: Final = re.compile(r"[0-9A-F]{40}")


@frozen
class Meter:
    """A metering point: its NMI and grid operator, and the device's LFDI (IEEE 2030.5)."""

    nmi: str
    operator: str = ""
    lfdi: str = ""


@frozen
class Place:
    """A system and where it stands; no country where none is known."""

    system_id: int
    sn: str
    site_id: int | None
    country: str


async def create(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    meter: Meter,
    *,
    now: int,
    address: str = "",
) -> None:
    """Note the metering point of a system; needs `nmi:create`. Raises RequestError."""
    access.require(f"{AREA}:create")
    given, place = checked(meter), (await places(connection, access, [sn])).get(sn)
    problems = list(problems_at(place, sn))
    if problems or place is None:
        raise RequestError(*problems)
    await _refuse_elsewhere(connection, place, given.nmi)
    try:
        async with connection.begin_nested():
            await connection.execute(insert(nmi_registrations).values(new_row(place, given, now)))
    except IntegrityError:
        raise RequestError(Problem("sn", f"{sn} has an NMI already", "change it")) from None
    new = {"nmi": given.nmi, "operator": given.operator, "lfdi": given.lfdi}
    await entries.record(connection, access, AREA, "create", sn, new=new, now=now, address=address)


async def edit(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    meter: Meter,
    *,
    version: int,
    now: int,
    address: str = "",
) -> None:
    """Change the metering point; needs `nmi:edit`. RequestError, ConflictError.

    With another NMI or operator it is unregistered again.
    """
    access.require(f"{AREA}:edit")
    given, before = checked(meter), await _seen(connection, access, sn)
    place = (await places(connection, access, [sn]))[sn]
    await _refuse_elsewhere(connection, place, given.nmi)
    values = {"nmi": given.nmi, "operator": given.operator, "lfdi": given.lfdi, "changed_at": now}
    if (given.nmi, given.operator) != (before["nmi"], before["operator"]):
        values |= {"state": "unregistered", "state_at": now, "failure": ""}
    await _change(connection, before, version, values)
    old = {name: before[name] for name in values}
    await entries.record(
        connection, access, AREA, "edit", sn, old=old, new=values, now=now, address=address
    )


async def move(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    change: Change,
    *,
    reason: str,
    now: int,
    address: str = "",
) -> None:
    """Note what became of the registration; needs `nmi:register`. RequestError, ConflictError."""
    access.require(f"{AREA}:register")
    before = await _seen(connection, access, sn)
    sources, target = LEADS[change]
    if before["state"] not in sources:
        what = f"is {before['state']}"
        raise RequestError(Problem("state", what, f"it has to be {' or '.join(sources)}"))
    if change == "submit" and not before["operator"]:
        raise RequestError(Problem("operator", "is not known", "say whose grid it is"))
    failure = printable(reason)[:500] if change == "fail" else ""
    values = {"state": target, "state_at": now, "changed_at": now, "failure": failure}
    await _change(connection, before, before["version"], values)
    await entries.record(
        connection, access, AREA, change, sn, old={"state": before["state"]},
        new={"state": target}, reason=reason, now=now, address=address,
    )  # fmt: skip


async def remove(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    *,
    reason: str,
    now: int,
    address: str = "",
) -> None:
    """Forget the NMI of a system that is not registered by it; needs `nmi:delete`."""
    access.require(f"{AREA}:delete")
    before = await _seen(connection, access, sn)
    if before["state"] in LEADS["withdraw"][0]:
        raise RequestError(Problem("state", f"is {before['state']}", "withdraw it first"))
    same = nmi_registrations.c.system_id == before["system_id"]
    await connection.execute(delete(nmi_registrations).where(same))
    await entries.record(
        connection, access, AREA, "delete", sn, old={"nmi": before["nmi"]},
        reason=reason, now=now, address=address,
    )  # fmt: skip


def checked(meter: Meter) -> Meter:
    """The meter as it is kept; raises RequestError with all that is wrong with it."""
    problems: list[Problem] = []
    nmi, lfdi = "", "".join(meter.lfdi.split()).upper()
    try:
        nmi = read(meter.nmi)
    except RequestError as error:
        problems += error.problems
    if meter.operator and meter.operator not in OPERATORS:
        what = f"{meter.operator[:32]!r} is no grid operator"
        problems.append(Problem("operator", what, f"one of {', '.join(OPERATORS)}"))
    if lfdi and not _LFDI.fullmatch(lfdi):
        problems.append(Problem("lfdi", "is no LFDI", "40 digits and letters A to F"))
    if problems:
        raise RequestError(*problems)
    return Meter(nmi, meter.operator, lfdi)


async def places(connection: AsyncConnection, access: Access, sns: list[str]) -> dict[str, Place]:
    """Where those of the systems stand that somebody sees; a site's country comes first."""
    site = systems.outerjoin(installations, installations.c.system_id == systems.c.id).outerjoin(
        sites, sites.c.id == installations.c.site_id
    )
    columns = (systems.c.id, systems.c.sn, systems.c.country, installations.c.site_id)
    query = select(*columns, sites.c.country.label("site_country")).select_from(site)
    found = await connection.execute(query.where(systems.c.sn.in_(sns), visible(access)))
    return {
        row.sn: Place(row.id, row.sn, row.site_id, row.site_country or row.country) for row in found
    }


def problems_at(place: Place | None, sn: str) -> Iterator[Problem]:
    """Why a system can have no NMI."""
    if place is None:
        yield Problem("sn", f"no system has the serial number {sn[:32]!r}", "look in the list")
    elif place.country != COUNTRY:
        where = place.country or "a country that is not known"
        yield Problem("sn", f"{sn} stands in {where}", "an NMI is for sites in Australia (AU)")


async def elsewhere(
    connection: AsyncConnection, nmis: list[str]
) -> dict[str, tuple[int, str, int | None]]:
    """Of each NMI that is known already a system: its id, serial number and site."""
    columns = (nmi_registrations.c.nmi, systems.c.id, systems.c.sn, installations.c.site_id)
    joined = nmi_registrations.join(systems).outerjoin(
        installations, installations.c.system_id == systems.c.id
    )
    query = select(*columns).select_from(joined).where(nmi_registrations.c.nmi.in_(nmis))
    return {nmi: (id_, sn, site_id) for nmi, id_, sn, site_id in await connection.execute(query)}


def new_row(place: Place, meter: Meter, now: int) -> dict[str, Any]:
    """A registration as it begins."""
    times = {"created_at": now, "changed_at": now, "state_at": now}
    said = {"nmi": meter.nmi, "operator": meter.operator, "lfdi": meter.lfdi}
    state = {"state": "unregistered", "failure": "", "version": 1}
    return {"system_id": place.system_id, **said, **state, **times}


async def _refuse_elsewhere(connection: AsyncConnection, place: Place, nmi: str) -> None:
    other = (await elsewhere(connection, [nmi])).get(nmi)
    if other is None or other[0] == place.system_id:
        return
    if place.site_id is None or other[2] != place.site_id:
        what = "is that of a system at another site"
        raise RequestError(Problem("nmi", what, "only systems of one site share an NMI"))


async def _seen(connection: AsyncConnection, access: Access, sn: str) -> Mapping[str, Any]:
    row = (await connection.execute(_select(access, sn))).mappings().one_or_none()
    if row is None:
        raise RequestError(Problem("sn", f"{sn[:32]!r} has no NMI", "look in the list"))
    return dict(row)


def _select(access: Access, sn: str) -> Select[Any]:
    query = select(*nmi_registrations.c).join(systems).where(systems.c.sn == sn, visible(access))
    return query.with_for_update(of=nmi_registrations)


async def _change(
    connection: AsyncConnection, before: Mapping[str, Any], version: int, values: Mapping[str, Any]
) -> None:
    key = nmi_registrations.c.system_id
    if await change_row(connection, key, before["system_id"], version, values) is None:
        raise ConflictError(before)
