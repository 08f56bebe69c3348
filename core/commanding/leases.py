"""Who may actuate a system now: one at a time, whoever that is.

Commands take the lease when they are sent; upgrades, self-correction and dispatch do the same
before they tell a device anything. A lease ends when it is given back, or by itself.
"""

from typing import Final

from attrs import frozen
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.commanding.tables import actuation_leases as leases
from core.records import write


@frozen
class Lease:
    """`owner` is kind and id of what has it, `purpose` says what for; times are UTC milliseconds.

    From `until` on it counts for nothing.
    """

    system_id: int
    owner: str
    purpose: str
    taken_at: int
    until: int


async def take(connection: AsyncConnection, lease: Lease) -> bool:
    """Take a system's lease, or renew one's own; False while another has it at `taken_at`."""
    row = tuple(getattr(lease, name) for name in _COLUMNS)
    return await write(connection, leases, _COLUMNS, [row], _IF_FREE) == 1


async def release(connection: AsyncConnection, system_id: int, owner: str) -> None:
    """Give a lease back; one that another has by now stays theirs."""
    mine = leases.c.system_id == system_id, leases.c.owner == owner
    await connection.execute(delete(leases).where(*mine))


async def holder(connection: AsyncConnection, system_id: int, now: int) -> Lease | None:
    """Who has the lease of a system now."""
    query = select(leases).where(leases.c.system_id == system_id, leases.c.until > now)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Lease(*row)


_COLUMNS: Final = ("system_id", "owner", "purpose", "taken_at", "until")
_IF_FREE: Final = (
    "ON CONFLICT (system_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
    + " WHERE actuation_leases.until <= excluded.taken_at"
    " OR actuation_leases.owner = excluded.owner"
)
