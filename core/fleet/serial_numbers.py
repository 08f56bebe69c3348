"""Serial numbers that were given out: found, allocated to companies, changed in bulk, revealed.

What is asked for many at once is done for all of them or, with everything that is wrong, for none.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from attrs import frozen
from sqlalchemy import ColumnElement, delete, false, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.fleet import provisioning
from core.fleet.reports import refuse
from core.fleet.serial_number_life import check_company, chunks, follow, registered
from core.fleet.tables import serial_numbers
from core.records import RequestError
from core.sealing import Seal
from core.thing_model.problems import Problem

State = Literal["unactivated", "activated", "bound"]
Category = Literal["residential", "micro"]
Change = Literal["activate", "deactivate"]
CATEGORIES: Final[tuple[Category, ...]] = ("residential", "micro")
MOST_AT_ONCE: Final = 10_000
LEADS: Final[Mapping[Change, tuple[State, State]]] = {
    "activate": ("unactivated", "activated"),
    "deactivate": ("activated", "unactivated"),
}
"""A change, the state it may be made in and the state it leads to. What is bound is protected:
installations alone bind and unbind.
"""


@frozen
class SerialNumber:
    """A serial number as kept; `version` grows with each change. Times are UTC milliseconds."""

    id: int
    sn: str
    category: Category
    company_id: int | None
    state: State
    created_at: int
    activated_at: int | None
    bound_at: int | None
    version: int


async def by_sn(connection: AsyncConnection, access: Access, sn: str) -> SerialNumber | None:
    """The serial number, if somebody may see it."""
    access.require("serial_numbers:read")
    return (await _found(connection, access, [sn])).get(sn)


async def allocate(
    connection: AsyncConnection,
    access: Access,
    sns: Sequence[str],
    company_id: int | None,
    *,
    reason: str = "",
    now: int,
    address: str = "",
) -> int:
    """Give serial numbers to a company, or take them back with None; needs `serial_numbers:edit`.

    A system that has such a number goes with it; one that is bound stays where it is. Returns how
    many changed hands. Raises RequestError.
    """
    access.require("serial_numbers:edit")
    await check_company(connection, company_id)
    found = await _all_of(connection, access, sns)
    bound = [each.sn for each in found.values() if each.state == "bound"]
    refuse(Problem("sn", f"{sn} is bound", "remove its installation first") for sn in bound)
    moved = [each for each in found.values() if each.company_id != company_id]
    await _write(connection, moved, {"company_id": company_id})
    for chunk in chunks([each.sn for each in moved]):
        await follow(connection, chunk, true())
    old = sorted({each.company_id for each in moved}, key=lambda value: value or 0)
    await _note(
        connection, access, "allocate", moved, old={"company_id": old},
        new={"company_id": company_id}, reason=reason, now=now, address=address,
    )  # fmt: skip
    return len(moved)


async def change_state(
    connection: AsyncConnection,
    access: Access,
    sns: Sequence[str],
    change: Change,
    *,
    reason: str,
    now: int,
    address: str = "",
) -> int:
    """Activate or deactivate; needs `serial_numbers:edit`. Raises RequestError, none is changed."""
    access.require("serial_numbers:edit")
    source, target = LEADS[change]
    found = await _all_of(connection, access, sns)
    wrong = [each for each in found.values() if each.state != source]
    refuse(
        Problem("sn", f"{each.sn} is {each.state}, so it cannot be changed by {change}")
        for each in wrong
    )
    activated_at = now if target == "activated" else None
    await _write(connection, list(found.values()), {"state": target, "activated_at": activated_at})
    await _note(
        connection, access, change, list(found.values()), old={"state": source},
        new={"state": target}, reason=reason, now=now, address=address,
    )  # fmt: skip
    return len(found)


async def remove(
    connection: AsyncConnection,
    access: Access,
    sns: Sequence[str],
    *,
    reason: str,
    now: int,
    address: str = "",
) -> int:
    """Forget serial numbers that no system has; needs `serial_numbers:delete`."""
    access.require("serial_numbers:delete")
    found = await _all_of(connection, access, sns)
    used = [sn for chunk in chunks(list(found)) for sn in await registered(connection, chunk)]
    refuse(
        Problem("sn", f"{sn} is that of a system", "remove the system first") for sn in sorted(used)
    )
    for chunk in chunks(list(found)):
        await connection.execute(delete(serial_numbers).where(serial_numbers.c.sn.in_(chunk)))
    await _note(
        connection, access, "delete", list(found.values()),
        old={}, new={"removed": len(found)}, reason=reason, now=now, address=address,
    )  # fmt: skip
    return len(found)


async def reveal(
    connection: AsyncConnection,
    access: Access,
    sn: str,
    seal: Seal,
    *,
    now: int,
    address: str = "",
) -> str | None:
    """The check code, None if it has none; needs `serial_numbers:reveal`.

    The audit is told of it in the same transaction: commit before it is shown.
    """
    access.require("serial_numbers:reveal")
    await _all_of(connection, access, [sn])
    code = await provisioning.reveal(connection, seal, access, sn)
    await entries.record(
        connection, access, "serial_numbers", "reveal", sn, now=now, address=address
    )
    return code


def visible(access: Access) -> ColumnElement[bool]:
    """Which serial numbers somebody sees: all, those of their company, or none."""
    if access.user_type == "A":
        return true()
    if access.user_type == "C" or access.company_id is None:
        return false()
    return serial_numbers.c.company_id == access.company_id


async def _found(
    connection: AsyncConnection, access: Access, sns: Sequence[str], *, held: bool = False
) -> dict[str, SerialNumber]:
    """Those that there are; `held` keeps others from changing them meanwhile."""
    found: dict[str, SerialNumber] = {}
    for chunk in chunks(sns):
        query = select(serial_numbers).where(serial_numbers.c.sn.in_(chunk), visible(access))
        query = query.order_by(serial_numbers.c.sn)
        query = query.with_for_update() if held else query
        found |= {row.sn: SerialNumber(*row) for row in await connection.execute(query)}
    return found


async def _all_of(
    connection: AsyncConnection, access: Access, sns: Sequence[str]
) -> dict[str, SerialNumber]:
    """All of them; raises RequestError with those that somebody may not see or are not there."""
    wanted = list(dict.fromkeys(sns))
    if not 0 < len(wanted) <= MOST_AT_ONCE:
        what = f"are {len(wanted)}"
        raise RequestError(Problem("sn", what, f"1 to {MOST_AT_ONCE} at once"))
    found = await _found(connection, access, wanted, held=True)
    refuse(
        Problem("sn", f"there is no {sn!r} here", "look in the list")
        for sn in wanted
        if sn not in found
    )
    return found


async def _write(
    connection: AsyncConnection, given: Sequence[SerialNumber], values: Mapping[str, Any]
) -> None:
    for chunk in chunks([each.sn for each in given]):
        await connection.execute(
            update(serial_numbers)
            .where(serial_numbers.c.sn.in_(chunk))
            .values(**values, version=serial_numbers.c.version + 1)
        )


async def _note(
    connection: AsyncConnection, access: Access, action: str, given: Sequence[SerialNumber],
    *, old: Mapping[str, Any], new: Mapping[str, Any], reason: str, now: int, address: str,
) -> None:  # fmt: skip
    """One entry for all of them, which names each."""
    sns = " ".join(each.sn for each in given)
    object_id = given[0].sn if len(given) == 1 else f"{len(given)} serial numbers"
    await entries.record(
        connection, access, "serial_numbers", action, object_id,
        old=old, new={"serial_numbers": sns, **new}, reason=reason, now=now, address=address,
    )  # fmt: skip
