"""Messages that could not be taken in: kept whole, with the reason, until they can be."""

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.records import Row, printable, write
from core.telemetry.tables import dead_letters

HINTS: Final = MappingProxyType(
    {
        "bad_topic": "let the device publish on the topics of the contract",
        "unknown_kind": "let the device publish frame, backfill, log, ack or presence",
        "bad_envelope": "put the 21-byte header in front of the device's bytes",
        "bad_message": "send the JSON that the schema of this topic describes",
        "sn_differs": "let each device publish under its own serial number only",
        "unknown_device": "register the serial number, then replay",
        "unknown_product": "load the plugin that ships this model and replay, or publish it",
        "product_differs": "change the product model of the system, or of the device",
        "unknown_slot": "publish under a slot of the product model, or change the model",
        "unknown_channel": "publish on a channel that the slot's plugin decodes",
        "undecodable": "compare the frame with the decoder; the raw frame is stored too",
        "conflicting_frame": "count every message, and draw a new boot id at each start",
        "unknown_command": "answer commands of this system by the id they came with",
        "illegal_transition": "send accepted and running before one result, and one result only",
        "unstorable": "report it with the reason: it should have been refused earlier",
    }
)
"""Every code, and what to do about it."""


@frozen
class Rejected:
    """A message that cannot be taken in. `code` is one of HINTS, `reason` a sentence.

    `times` is 0 for one that did not come again, but was replayed.
    """

    topic: str
    payload: bytes
    code: str
    reason: str
    sn: str = ""
    plugin: str = ""
    times: int = 1

    @property
    def digest(self) -> bytes:
        return digest(self.topic, self.payload)


@frozen
class DeadLetter:
    """A row of the list. `times` counts how often this very message came."""

    id: int
    topic: str
    payload: bytes
    sn: str
    code: str
    reason: str
    hint: str
    plugin: str
    times: int
    first_at: int
    last_at: int
    resolved_at: int | None


def digest(topic: str, payload: bytes) -> bytes:
    """What tells messages apart."""
    return sha256(topic.encode(errors="backslashreplace") + b"\0" + payload).digest()


async def store(connection: AsyncConnection, rejected: Iterable[Rejected], now: int) -> None:
    """Keep these messages; one that is kept already is counted, and open again."""
    found: dict[bytes, tuple[Rejected, int]] = {}
    for each in rejected:
        key = each.digest
        found[key] = each, each.times + (found[key][1] if key in found else 0)
    rows = [_row(key, *found[key], now) for key in found]
    await write(connection, dead_letters, _COLUMNS, rows, _AGAIN)


async def page(
    connection: AsyncConnection,
    *,
    before: int | None = None,
    limit: int = 50,
    sn: str = "",
    code: str = "",
    resolved: bool = False,
) -> list[DeadLetter]:
    """Dead letters newest first, those with an id below `before`; unresolved ones, or all."""
    query = select(*(dead_letters.c[name] for name in DeadLetter.__annotations__))
    if not resolved:
        query = query.where(dead_letters.c.resolved_at.is_(None))
    if before is not None:
        query = query.where(dead_letters.c.id < before)
    if sn:
        query = query.where(dead_letters.c.sn == sn)
    if code:
        query = query.where(dead_letters.c.code == code)
    return await _found(connection, query.order_by(dead_letters.c.id.desc()).limit(limit))


async def count_since(connection: AsyncConnection, sn: str, time: int) -> int:
    """How many different messages of a system came after a moment and could not be taken in."""
    query = select(func.count()).where(
        dead_letters.c.sn == sn,
        dead_letters.c.last_at > time,
        dead_letters.c.resolved_at.is_(None),
    )
    return int(await connection.scalar(query) or 0)


async def by_ids(connection: AsyncConnection, ids: Sequence[int]) -> list[DeadLetter]:
    """These dead letters, in the order in which they first came."""
    query = select(*(dead_letters.c[name] for name in DeadLetter.__annotations__))
    query = query.where(dead_letters.c.id.in_(ids)).order_by(dead_letters.c.id)
    return await _found(connection, query)


async def of_unknown_products(connection: AsyncConnection, limit: int = 1000) -> set[str]:
    """Serial numbers of devices whose messages wait for their product model."""
    waiting = (dead_letters.c.code == "unknown_product", dead_letters.c.resolved_at.is_(None))
    query = select(dead_letters.c.sn).distinct().where(*waiting).limit(limit)
    return set(await connection.scalars(query))


async def of_unknown_devices(
    connection: AsyncConnection, sns: Collection[str], limit: int = 1000
) -> list[DeadLetter]:
    """The oldest messages that these devices sent before they or their models were known."""
    query = select(*(dead_letters.c[name] for name in DeadLetter.__annotations__)).where(
        dead_letters.c.sn.in_(sns),
        dead_letters.c.code.in_(("unknown_device", "unknown_product")),
        dead_letters.c.resolved_at.is_(None),
    )
    return await _found(connection, query.order_by(dead_letters.c.id).limit(limit))


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """How many unresolved dead letters there are of each code."""
    query = select(dead_letters.c.code, func.count().label("number")).where(
        dead_letters.c.resolved_at.is_(None)
    )
    found = await connection.execute(query.group_by(dead_letters.c.code))
    return {row.code: row.number for row in found}


async def resolve(connection: AsyncConnection, digests: Iterable[bytes], now: int) -> None:
    """Mark messages as taken in after all."""
    rows = [{"of": each} for each in sorted(digests)]
    if rows:
        await connection.execute(
            update(dead_letters)
            .where(dead_letters.c.digest == bindparam("of"))
            .values(resolved_at=now),
            rows,
        )


async def _found(connection: AsyncConnection, query: Select[Any]) -> list[DeadLetter]:
    return [DeadLetter(*row) for row in await connection.execute(query)]


def _row(key: bytes, rejected: Rejected, times: int, now: int) -> Row:
    return (
        key,
        printable(rejected.topic),
        rejected.payload,
        rejected.sn,
        rejected.code,
        printable(rejected.reason),
        HINTS[rejected.code],
        rejected.plugin,
        times,
        now,
        now,
    )


_COLUMNS: Final = (
    "digest",
    "topic",
    "payload",
    "sn",
    "code",
    "reason",
    "hint",
    "plugin",
    "times",
    "first_at",
    "last_at",
)
_AGAIN: Final = (
    "ON CONFLICT (digest) DO UPDATE SET "
    "code = excluded.code, reason = excluded.reason, hint = excluded.hint, sn = excluded.sn, "
    "plugin = excluded.plugin, times = dead_letters.times + excluded.times, "
    "last_at = CASE WHEN excluded.times > 0 THEN excluded.last_at ELSE dead_letters.last_at END, "
    "resolved_at = NULL"
)
