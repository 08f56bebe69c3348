"""Warnings of severe weather in a region, entered by an operator; no weather service is asked.

A warning tells people and sends nothing to a device. That of somebody of a company is for the
systems of the company, one of the platform for all.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, get_args

import attrs
from attrs import frozen
from sqlalchemy import ColumnElement, insert, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.fleet import regions
from core.fleet.regions import Place, Region, Standing
from core.fleet.systems import is_zone
from core.fleet.tables import storm_warnings
from core.records import ConflictError, RequestError, change_row, printable
from core.thing_model.problems import Problem

AREA: Final = "storm_warnings"
Kind = Literal["wind", "thunderstorm", "cyclone", "flood", "snow", "heat", "fire", "other"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
Severity = Literal["extreme", "severe", "moderate", "minor", "unknown"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""Those of the Common Alerting Protocol 1.2 (OASIS), which weather services publish in."""
State = Literal["coming", "in_force", "over", "withdrawn"]
STATES: Final[tuple[State, ...]] = get_args(State)
LONGEST: Final = {"text": 2_000, "source": 255}
MOST_SHOWN: Final = 20


@frozen
class Said:
    """What a warning says. `starts_at` and `ends_at` are UTC milliseconds, the end is outside.

    timezone: the clock that the times were written by.
    source: who warns, such as a weather service, and where it can be read.
    """

    region: Region
    kind: Kind
    severity: Severity
    starts_at: int
    ends_at: int
    timezone: str
    source: str
    text: str = ""


@frozen
class StormWarning:
    """A warning as kept; `version` grows with each change."""

    id: int
    company_id: int | None
    said: Said
    withdrawn_at: int | None
    version: int

    def state(self, now: int) -> State:
        """How it stands at a moment."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        if now >= self.said.ends_at:
            return "over"
        return "in_force" if now >= self.said.starts_at else "coming"


@frozen
class Concern:
    """A warning and whether a system stands in its region; "unknown" where nothing says so."""

    warning: StormWarning
    standing: Standing


@frozen
class Concerns:
    """The warnings in force or to come for where a system stands, the earliest first."""

    place: Place
    found: tuple[Concern, ...]


async def create(
    connection: AsyncConnection,
    access: Access,
    said: Said,
    *,
    reason: str = "",
    now: int,
    address: str = "",
) -> StormWarning:
    """Enter a warning; needs `storm_warnings:create`. Raises RequestError."""
    access.require(f"{AREA}:create")
    _check(said, now)
    row = {
        **_row(said), "company_id": _company(access), "entered_by": access.name,
        "created_at": now, "changed_at": now, "version": 1,
    }  # fmt: skip
    query = insert(storm_warnings).values(**row).returning(*storm_warnings.c)
    made = _warning((await connection.execute(query)).one())
    await entries.record(
        connection, access, AREA, "create", made.id, new=_values(made),
        reason=reason, now=now, address=address,
    )  # fmt: skip
    return made


async def edit(
    connection: AsyncConnection,
    access: Access,
    warning_id: int,
    said: Said,
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> StormWarning:
    """Change a warning that is not over; needs `storm_warnings:edit`. ConflictError, RequestError.

    When it starts stays once it has started.
    """
    access.require(f"{AREA}:edit")
    before = await _open(connection, access, warning_id, now)
    _check(said, now)
    if before.state(now) == "in_force" and said.starts_at != before.said.starts_at:
        raise RequestError(Problem("starts", "has passed", "leave it as it is, or withdraw it"))
    about = ("edit", reason, now, address)
    return await _change(connection, access, before, version, _row(said), about)


async def end(
    connection: AsyncConnection,
    access: Access,
    warning_id: int,
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> StormWarning:
    """End a warning that is in force before its time; needs `storm_warnings:edit`."""
    access.require(f"{AREA}:edit")
    before = await _open(connection, access, warning_id, now)
    if before.state(now) != "in_force":
        raise RequestError(Problem("state", "has not started", "withdraw it"))
    about = ("end", reason, now, address)
    return await _change(connection, access, before, version, {"ends_at": now}, about)


async def withdraw(
    connection: AsyncConnection,
    access: Access,
    warning_id: int,
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> StormWarning:
    """Take a warning back that should not stand; needs `storm_warnings:edit`."""
    access.require(f"{AREA}:edit")
    before = await _open(connection, access, warning_id, now)
    about = ("withdraw", reason, now, address)
    return await _change(connection, access, before, version, {"withdrawn_at": now}, about)


async def of_system(connection: AsyncConnection, system_id: int, now: int) -> Concerns:
    """What is in force or to come where a system stands."""
    place, company_id = await regions.place_of(connection, system_id)
    columns = storm_warnings.c
    query = select(*columns).where(
        columns.country == place.country,
        columns.ends_at > now,
        columns.withdrawn_at.is_(None),
        or_(columns.company_id.is_(None), columns.company_id == company_id),
    )
    found: list[Concern] = []
    for row in await connection.execute(query.order_by(columns.starts_at, columns.id)):
        warning = _warning(row)
        standing = warning.said.region.holds(place)
        if standing != "outside":
            found.append(Concern(warning, standing))
    return Concerns(place, tuple(found[:MOST_SHOWN]))


def seen_by(access: Access) -> ColumnElement[bool]:
    """The condition for the warnings that concern somebody: the platform's and one's own.

    Of end users there are none to be listed; their systems' pages tell them.
    """
    if access.user_type == "A":
        return true()
    own = storm_warnings.c.company_id
    return or_(own.is_(None), own == access.company_id)


def changed_by(access: Access) -> ColumnElement[bool]:
    """The condition for the warnings that are the platform's or company's for whom one works."""
    if access.user_type == "A":
        return true()
    return storm_warnings.c.company_id == access.company_id


def region_of(row: Mapping[str, Any]) -> Region:
    """The region of a row of the list."""
    return Region(row["country"], row["region"], regions.split_post_codes(row["post_codes"]))


def _company(access: Access) -> int | None:
    """Whose a new warning is; RequestError for somebody who works for nobody."""
    if access.user_type == "A":
        return None
    if access.company_id is None:
        raise RequestError(Problem("", "you belong to no company", "ask its administrator"))
    return access.company_id


async def _open(
    connection: AsyncConnection, access: Access, warning_id: int, now: int
) -> StormWarning:
    """The warning of one's own that can still be changed; raises RequestError."""
    query = select(*storm_warnings.c).where(storm_warnings.c.id == warning_id, seen_by(access))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise RequestError(Problem("id", f"there is no warning {warning_id}", "look in the list"))
    if access.user_type != "A" and row.company_id != access.company_id:
        raise RequestError(Problem("id", "is a warning of the platform", "ask who runs it"))
    warning = _warning(row)
    if (state := warning.state(now)) in ("over", "withdrawn"):
        raise RequestError(Problem("state", f"is {state}", "enter another warning"))
    return warning


async def _change(  # noqa: PLR0917  the parts of every change
    connection: AsyncConnection,
    access: Access,
    before: StormWarning,
    version: int,
    values: Mapping[str, Any],
    about: tuple[str, str, int, str],
) -> StormWarning:
    action, reason, now, address = about
    key = storm_warnings.c.id
    changed = await change_row(connection, key, before.id, version, {**values, "changed_at": now})
    if changed is None:
        raise ConflictError(before)
    after = _warning(changed)
    await entries.record(
        connection, access, AREA, action, before.id, old=_values(before), new=_values(after),
        reason=reason, now=now, address=address,
    )  # fmt: skip
    return after


def _check(said: Said, now: int) -> None:
    if problems := list(_problems(said, now)):
        raise RequestError(*problems)


def _problems(said: Said, now: int) -> Iterator[Problem]:
    yield from regions.problems_of(said.region)
    for name, known in (("kind", KINDS), ("severity", SEVERITIES)):
        if (value := getattr(said, name)) not in known:
            yield Problem(name, f"{value!r} is none of its values", ", ".join(known))
    if said.ends_at <= said.starts_at:
        yield Problem("ends", "is not behind the start", "turn the two round")
    elif said.ends_at <= now:
        yield Problem("ends", "has passed", "a warning is about what comes")
    if not is_zone(said.timezone):
        what = f"{said.timezone!r} is not a time zone"
        yield Problem("timezone", what, "an IANA name, such as Europe/Berlin")
    if not said.source.strip():
        yield Problem("source", "is missing", "say who warns")
    for name, longest in LONGEST.items():
        if len(getattr(said, name)) > longest:
            yield Problem(name, f"is longer than {longest} characters", "shorten it")


def _row(said: Said) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: printable(value.strip()) if isinstance(value, str) else value
        for name, value in attrs.asdict(said, recurse=False).items()
    }
    del given["region"]
    where = {"country": said.region.country, "region": printable(said.region.name)}
    return {**given, **where, "post_codes": ",".join(said.region.post_codes)}


def _warning(row: Any) -> StormWarning:
    values: dict[str, Any] = row._asdict()
    rest: dict[str, Any] = {each.name: values.get(each.name) for each in attrs.fields(Said)}
    rest["region"] = region_of(values)
    return StormWarning(row.id, row.company_id, Said(**rest), row.withdrawn_at, row.version)


def _values(warning: StormWarning) -> dict[str, Any]:
    return {**_row(warning.said), "withdrawn_at": warning.withdrawn_at}
