"""The history of installations: whose a system was, where it stood, and who saw to it."""

from typing import Any, Final, Literal, get_args

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.installation_terms import Terms
from core.fleet.systems import SystemRecord
from core.fleet.tables import end_users, installation_records, installations, sites, systems
from core.records import printable

Event = Literal["known", "install", "move", "hand_over", "replace"]
State = Literal["installed", "moved", "handed_over", "removed", "replaced"]
EVENTS: Final[tuple[Event, ...]] = get_args(Event)
"""What began it; "known" is an installation older than the history."""
STATES: Final[tuple[State, ...]] = get_args(State)
"""Whether it holds, and otherwise what ended it."""
OF_TERMS: Final = ("installed_on", "installer", "install_user", "licence", "install_mode")


async def begin(
    connection: AsyncConnection, access: Access, system: SystemRecord, event: Event, now: int
) -> int:
    """Note how a system is installed from now on; the number of the record."""
    joined = (
        installations.join(systems, systems.c.id == installations.c.system_id)
        .outerjoin(sites, sites.c.id == installations.c.site_id)
        .outerjoin(end_users, end_users.c.id == installations.c.end_user_id)
    )
    names = ("address", "post_code", "city", "country")
    query = select(
        *(installations.c[name] for name in ("system_id", "end_user_id", "site_id", *OF_TERMS)),
        func.coalesce(end_users.c.account, "").label("end_user"),
        *(func.coalesce(sites.c[name], "").label(name) for name in names),
        func.coalesce(sites.c["name"], "").label("site"),
        func.coalesce(sites.c.folded_name, "").label("folded_site"),
    ).select_from(joined)
    found = await connection.execute(query.where(installations.c.system_id == system.id))
    row: dict[str, Any] = dict(found.mappings().one())
    row["address"] = line_of(row.pop("address"), row.pop("post_code"), row.pop("city"))
    row["country"] = row["country"] or system.country
    said = {"event": event, "state": "installed", "began_at": now, "began_by": access.name}
    blank = {"ended_by": "", "reason": ""}
    made = await connection.execute(
        insert(installation_records)
        .values(**row, **said, **blank)
        .returning(installation_records.c.id)
    )
    return int(made.scalar_one())


async def end(
    connection: AsyncConnection,
    access: Access,
    system: SystemRecord,
    state: State,
    *,
    reason: str,
    now: int,
) -> None:
    """Note that how a system was installed holds no longer, and why."""
    said = {"state": state, "ended_at": now, "ended_by": access.name, "reason": printable(reason)}
    await connection.execute(
        update(installation_records)
        .where(_holds(installation_records.c.system_id == system.id))
        .values(**said, company_id=system.company_id)
    )


async def restate(connection: AsyncConnection, system: SystemRecord, terms: Terms) -> None:
    """Follow a change of the terms of an installation."""
    row = {name: getattr(terms, name) for name in OF_TERMS}
    texts = {name: printable(said.strip()) for name, said in row.items() if isinstance(said, str)}
    await connection.execute(
        update(installation_records)
        .where(_holds(installation_records.c.system_id == system.id))
        .values(**row | texts)
    )


async def follow_site(connection: AsyncConnection, site: Any) -> None:
    """Follow a change of what is said of a site, which is given as a row of its table."""
    await connection.execute(
        update(installation_records)
        .where(_holds(installation_records.c.site_id == site.id))
        .values(
            site=site.name,
            folded_site=site.folded_name,
            address=line_of(site.address, site.post_code, site.city),
            **({"country": site.country} if site.country else {}),
        )
    )


async def follow_end_user(connection: AsyncConnection, end_user_id: int, account: str) -> None:
    """Follow another name of an end user."""
    await connection.execute(
        update(installation_records)
        .where(_holds(installation_records.c.end_user_id == end_user_id))
        .values(end_user=account)
    )


def line_of(address: str, post_code: str, city: str) -> str:
    """An address on one line."""
    return ", ".join(filter(None, (address, f"{post_code} {city}".strip())))


def _holds(which: Any) -> Any:
    return which & (installation_records.c.state == "installed")
