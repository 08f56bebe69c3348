"""How many systems have each status and flag, at no cost: counted when they change.

Triggers of the database count, so that the numbers are right whoever changes a system, in the same
transaction. On PostgreSQL they append to `fleet_deltas`, for a shared row would make all writers
wait for each other; `fold` adds those up. `counts` reads both in one statement, so it is exact
whether anybody folds or not.
"""

from functools import cache
from typing import Final

from attrs import frozen
from sqlalchemy import Table, case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.scope import visible
from core.fleet.tables import FLAGS, STATUSES, fleet_counts, fleet_deltas, systems

WHOLE: Final = -1
"""Stands for all companies, and systems of none, in `fleet_counts`."""
NOBODYS: Final = 0
_COUNTED: Final = (*STATUSES, *FLAGS)
_LOCK: Final = 7_417_195_624


@frozen
class Counts:
    """How many systems have each status; `new` and `upgrading` are counted among these too."""

    normal: int
    protection: int
    fault: int
    offline: int
    new: int
    upgrading: int

    @property
    def total(self) -> int:
        return self.normal + self.protection + self.fault + self.offline


def summed_company(access: Access) -> int | None:
    """Whose sums are what somebody sees; None where that is of systems to be added up."""
    if access.user_type == "A":
        return WHOLE
    return access.company_id if access.user_type == "B" else None


async def counts(connection: AsyncConnection, company_id: int | None = None) -> Counts:
    """The systems of a company, or of the whole fleet."""
    kept = select(*(fleet_counts.c[name] for name in _COUNTED)).where(
        fleet_counts.c.company_id == (WHOLE if company_id is None else company_id)
    )
    added = select(*(fleet_deltas.c[name] for name in _COUNTED))
    if company_id is not None:
        added = added.where(fleet_deltas.c.company_id == company_id)
    both = union_all(kept, added).subquery()
    found = await connection.execute(select(*(func.sum(both.c[name]) for name in _COUNTED)))
    return Counts(*(int(number or 0) for number in found.one()))


async def counts_of(connection: AsyncConnection, access: Access) -> Counts:
    """The systems that somebody sees; those of an end user are few, and are counted."""
    if access.user_type == "A":
        return await counts(connection)
    if access.user_type == "B" and access.company_id is not None:
        return await counts(connection, access.company_id)
    held = [func.sum(case((systems.c.status == status, 1), else_=0)) for status in STATUSES]
    held += [func.sum(case((systems.c[flag], 1), else_=0)) for flag in FLAGS]
    found = await connection.execute(select(*held).where(visible(access)))
    return Counts(*(int(number or 0) for number in found.one()))


async def fold(connection: AsyncConnection) -> None:
    """Add up what was appended; one process at a time, others go on."""
    await fold_into(connection, (fleet_deltas, fleet_counts), ("company_id",), _COUNTED)


async def fold_into(
    connection: AsyncConnection,
    tables: tuple[Table, Table],
    keys: tuple[str, ...],
    names: tuple[str, ...],
) -> None:
    """Add up what was appended to the first table into the second, also for the whole fleet.

    The first of the keys is the company.
    """
    if connection.dialect.name != "postgresql":
        return
    locked = select(func.pg_try_advisory_xact_lock(literal(_LOCK)))
    if (await connection.execute(locked)).scalar_one():
        deltas, kept = tables
        await connection.exec_driver_sql(_fold(deltas.name, kept.name, keys, names))


@cache
def _fold(deltas: str, kept: str, keys: tuple[str, ...], names: tuple[str, ...]) -> str:
    rest = keys[1:]
    key, listed, sums = (", ".join(each) for each in (keys, names, [f"sum({n})" for n in names]))
    others = "".join(f", {name}" for name in rest)
    grouped = f"GROUP BY {', '.join(rest)}" if rest else "HAVING count(*) > 0"
    return (
        f"WITH gone AS (DELETE FROM {deltas} RETURNING {key}, {listed}), added AS ("  # noqa: S608
        f"SELECT {key}, {sums} FROM gone GROUP BY {key} "
        f"UNION ALL SELECT {WHOLE}{others}, {sums} FROM gone {grouped}) "
        f"INSERT INTO {kept} ({key}, {listed}) SELECT * FROM added "
        f"ON CONFLICT ({key}) DO UPDATE SET "
        + ", ".join(f"{name} = {kept}.{name} + excluded.{name}" for name in names)
    )
