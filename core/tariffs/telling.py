"""Telling a system the windows that follow from a tariff: all of its commands, or none."""

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.commanding import giving, orders
from core.commanding.instructions import Instruction
from core.commanding.orders import Order
from core.commanding.records import CommandRequest
from core.records import ConflictError
from core.registry import Registry


def digest(requests: Sequence[CommandRequest], sn: str) -> str:
    """SHA-256, in hex, of everything that a system would be told, in its order."""
    each = "".join(orders.digest(request, (sn,), None) for request in requests)
    return sha256(each.encode()).hexdigest()


async def tell(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    sn: str,
    requests: Sequence[CommandRequest],
    *,
    seen: str,
    reason: str,
    key: str,
    now: int,
) -> list[Instruction]:
    """Give every request as an instruction of its own; needs `systems:command`.

    `seen` is the digest of what was shown: ConflictError where it would be something else by now.
    Whoever gives the same again with the same `key` gets the first instructions. RequestError
    speaks of the first that is refused; the transaction is to be undone then.
    """
    if not requests or digest(requests, sn) != seen:
        raise ConflictError(tuple(requests))
    return [
        await giving.give(
            connection, registry, access, Order(request, (sn,), reason, key=f"{key}-{n}"), now
        )
        for n, request in enumerate(requests)
    ]
