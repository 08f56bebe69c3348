"""Which firmware a system and its components run, and what they ran before."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

from attrs import frozen
from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.firmware_tables import firmware_versions
from core.records import insert_new, printable

LONGEST: Final = 128


@frozen
class Told:
    """A version as a datapoint told it, or without slot, key and plugin the system itself."""

    system_id: int
    version: str
    at: int
    slot: str = ""
    key: str = ""
    plugin: str = ""

    @property
    def kept(self) -> str:
        return printable(self.version.strip())[:LONGEST]


@frozen
class VersionRecord:
    """A version that held from `since` (heard then) to `until`, None while it holds."""

    id: int
    system_id: int
    slot: str
    key: str
    plugin: str
    version: str
    before: str
    since: int
    until: int | None


async def note(connection: AsyncConnection, told: Iterable[Told]) -> None:
    """Keep what differs from what is kept; a version that is empty tells nothing."""
    heard = {_ADDRESS(each): each for each in told if each.kept}
    if not heard:
        return
    query = select(firmware_versions).where(
        firmware_versions.c.system_id.in_(sorted({each.system_id for each in heard.values()})),
        firmware_versions.c.until.is_(None),
    )
    known: dict[Any, Any] = {_ADDRESS(row): row for row in await connection.execute(query)}
    ended: list[dict[str, int]] = []
    rows: list[tuple[Any, ...]] = []
    for address, each in sorted(heard.items()):
        now = known.get(address)
        if now is not None and now.version == each.kept:
            continue
        at = each.at if now is None else max(each.at, now.since)
        before = "" if now is None else now.version
        rows.append((*address, each.plugin, each.kept, before, at))
        if now is not None:
            ended.append({"ended": now.id, "at": at})
    if ended:
        await connection.execute(_END, ended)
    await insert_new(connection, firmware_versions, _COLUMNS, rows)


async def current(connection: AsyncConnection, system_id: int) -> list[VersionRecord]:
    """What a system runs now."""
    return await _found(connection, system_id, firmware_versions.c.until.is_(None))


async def own_at(connection: AsyncConnection, system_id: int, at: int) -> VersionRecord | None:
    """The firmware that a system itself ran at an instant, as far as it was heard by then."""
    v = firmware_versions.c
    held = (v.slot == "", v.key == "", v.since <= at, or_(v.until.is_(None), v.until > at))
    found = await _found(connection, system_id, *held, limit=1)
    return found[0] if found else None


async def last_upgrade(connection: AsyncConnection, system_id: int) -> VersionRecord | None:
    """The newest version that followed another one, of the system or a component."""
    found = await _found(connection, system_id, firmware_versions.c.before != "", limit=1)
    return found[0] if found else None


async def history(
    connection: AsyncConnection, system_id: int, *, before: int | None = None, limit: int = 50
) -> list[VersionRecord]:
    """What it runs and ran, newest first, those with an id below `before`."""
    conditions = () if before is None else (firmware_versions.c.id < before,)
    return await _found(connection, system_id, *conditions, limit=limit)


async def _found(
    connection: AsyncConnection, system_id: int, *conditions: Any, limit: int | None = None
) -> list[VersionRecord]:
    query = select(firmware_versions).where(firmware_versions.c.system_id == system_id, *conditions)
    found = await connection.execute(query.order_by(firmware_versions.c.id.desc()).limit(limit))
    return [VersionRecord(*row) for row in found]


_ADDRESS: Final = attrgetter("system_id", "slot", "key")
_COLUMNS: Final[Sequence[str]] = (
    "system_id", "slot", "key", "plugin", "version", "before", "since",
)  # fmt: skip
_END: Final = (
    update(firmware_versions)
    .where(firmware_versions.c.id == bindparam("ended"))
    .values(until=bindparam("at"))
)
