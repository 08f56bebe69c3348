"""Writing to the audit, in the transaction of the change itself, and reading it.

Rows are written one after the other: whoever writes keeps others waiting until the transaction
ends. So record last, just before the end.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from attrs import frozen
from sqlalchemy import Select, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit.chain import BEGINNING, canonical, link
from core.audit.tables import audit_entries
from core.records import printable

LOCK: Final = 7_417_195_624
"""Keeps two transactions from writing the next row at once (PostgreSQL advisory lock)."""
SECRETS: Final = ("password", "secret", "token", "hash", "check_code", "recovery_code")
"""Words that no name of a recorded value has in it."""


class SecretError(ValueError):
    """A value was to be recorded whose name says that it is a secret: a mistake of the caller."""


@frozen
class Entry:
    """One event. `old` and `new` hold what differs; `at` is UTC milliseconds."""

    id: int
    at: int
    user_id: int | None
    user_name: str
    address: str
    area: str
    action: str
    object_id: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    reason: str


@frozen
class Wanted:
    """Which entries; what is None or empty does not matter. `since` is included, `until` is not."""

    user_id: int | None = None
    user_name: str = ""
    area: str = ""
    action: str = ""
    object_id: str = ""
    since: int | None = None
    until: int | None = None


async def record(
    connection: AsyncConnection,
    access: Access,
    area: str,
    action: str,
    object_id: str | int,
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    reason: str = "",
    now: int,
    address: str = "",
) -> None:
    """Record an event; of `old` and `new` only what differs is kept. Raises SecretError."""
    before, after = _differing(old or {}, new or {})
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    last_id, previous = await head(connection)
    row: dict[str, Any] = {
        "id": last_id + 1,
        "at": now,
        "user_id": access.user_id,
        "user_name": printable(access.name)[:128],
        "address": printable(address)[:64],
        "area": area,
        "action": action,
        "object_id": printable(str(object_id))[:128],
        "old": printable(canonical(before)),
        "new": printable(canonical(after)),
        "reason": printable(reason),
    }
    made = link(previous, list(row.values()))
    await connection.execute(insert(audit_entries).values(**row, previous=previous, hash=made))


async def head(connection: AsyncConnection) -> tuple[int, bytes]:
    """Number and hash of the newest row: whoever keeps it elsewhere sees if rows go missing."""
    columns = (audit_entries.c.id, audit_entries.c.hash)
    query = select(*columns).order_by(audit_entries.c.id.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return (0, BEGINNING) if row is None else (row[0], bytes(row[1]))


async def page(
    connection: AsyncConnection,
    access: Access,
    wanted: Wanted,
    *,
    before: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Entries newest first, from behind number `before` on; needs `audit:read`."""
    access.require("audit:read")
    return await _page(connection, wanted, before, limit)


async def of_user(
    connection: AsyncConnection, user_id: int, *, before: int | None = None, limit: int = 50
) -> list[Entry]:
    """What happened to a user's account, signing in and failing to among it, newest first."""
    wanted = Wanted(area="accounts", object_id=str(user_id))
    return await _page(connection, wanted, before, limit)


async def _page(
    connection: AsyncConnection, wanted: Wanted, before: int | None, limit: int
) -> list[Entry]:
    query = _filtered(select(*_COLUMNS), wanted).order_by(audit_entries.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit_entries.c.id < before)
    return [_entry(row) for row in await connection.execute(query)]


def _filtered(query: Select[Any], wanted: Wanted) -> Select[Any]:
    for name in ("user_id", "user_name", "area", "action", "object_id"):
        value = getattr(wanted, name)
        if value not in (None, ""):
            query = query.where(audit_entries.c[name] == value)
    if wanted.since is not None:
        query = query.where(audit_entries.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(audit_entries.c.at < wanted.until)
    return query


def _differing(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is not the same in both."""
    if found := sorted({*_secret(old), *_secret(new)}):
        raise SecretError(f"{', '.join(found)} must not be recorded")
    names = [n for n in {**old, **new} if n not in old or n not in new or old[n] != new[n]]
    return {n: old[n] for n in names if n in old}, {n: new[n] for n in names if n in new}


def _secret(values: Mapping[str, Any]) -> Iterator[str]:
    for name in values:
        if any(word in name for word in SECRETS):
            yield name


def _entry(row: Any) -> Entry:
    *plain, old, new, reason = row
    return Entry(*plain, msgspec.json.decode(old), msgspec.json.decode(new), reason)


_COLUMNS: Final = [column for column in audit_entries.c if column.name not in ("previous", "hash")]
