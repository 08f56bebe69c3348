"""What is to be sent: written in the transaction of its cause, sent later, never forgotten.

Who sends claims a message first, for a while, and notes afterwards how it went. Killed in between,
the message is due again once the claim is over: it is then sent a second time where the first had
gone out already, which nobody can know. It is that one copy at most.
"""

from collections.abc import Iterable
from typing import Any, Final

from attrs import asdict, frozen
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.notifications.listed import scope
from core.notifications.tables import notifications
from core.records import RequestError, printable
from core.thing_model.problems import Problem

MINUTE: Final = 60_000
CLAIM: Final = 3 * MINUTE
"""For how long one sender has a message to itself; an attempt is shorter."""
WAITS: Final = (1, 5, 15, 60, 240, 720)
"""Minutes until the next attempt, after each that failed; after the last it is given up."""
LONGEST_ERROR: Final = 1_000


@frozen
class Message:
    """One message to one recipient; `user_id` is whose it is, `target` a sealed address."""

    dedupe_key: str
    rule_id: int | None
    rule_name: str
    owner_id: int | None
    channel: str
    recipient: str
    language: str
    severity: str
    subject: str
    body: str
    user_id: int | None = None
    target: str = ""


@frozen
class Claimed:
    """A message that one sender has to itself; `attempts` counts this one too."""

    id: int
    dedupe_key: str
    channel: str
    recipient: str
    target: str
    subject: str
    body: str
    severity: str
    attempts: int
    created_at: int


async def queue(connection: AsyncConnection, messages: Iterable[Message], now: int) -> int:
    """Write messages; those with a key that is there already are there already.

    What is read in the portal needs no sending, and is there with the transaction.
    """
    found = [_row(message, now) for message in messages]
    if not found:
        return 0
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    made = await connection.execute(
        dialect.insert(notifications).on_conflict_do_nothing().returning(notifications.c.id), found
    )
    return len(made.all())


async def is_due(connection: AsyncConnection, now: int) -> bool:
    """Whether anything waits to be sent."""
    query = select(notifications.c.id).where(_DUE, notifications.c.next_at <= now).limit(1)
    return (await connection.execute(query)).first() is not None


async def claim(connection: AsyncConnection, now: int, limit: int) -> list[Claimed]:
    """Take the messages that are due longest; another sender does not see them meanwhile."""
    query = (
        select(notifications.c.id)
        .where(_DUE, notifications.c.next_at <= now)
        .order_by(notifications.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list((await connection.execute(query)).scalars())
    if not ids:
        return []
    taken = (
        update(notifications)
        .where(notifications.c.id.in_(ids), _DUE)
        .values(attempts=notifications.c.attempts + 1, next_at=now + CLAIM)
        .returning(*(notifications.c[name] for name in _CLAIMED))
    )
    found = (Claimed(*row) for row in await connection.execute(taken))
    return sorted(found, key=lambda each: each.id)


async def note_sent(connection: AsyncConnection, id: int, now: int) -> None:
    """It was taken by whoever carries it on."""
    values = {"state": "sent", "sent_at": now, "next_at": None, "error": ""}
    await connection.execute(_one(id).values(values))


async def note_failed(
    connection: AsyncConnection, message: Claimed, error: str, now: int, *, final: bool = False
) -> None:
    """An attempt failed: try again later, or give up, with the reason."""
    values: dict[str, Any] = {"error": printable(error)[:LONGEST_ERROR]}
    if final or message.attempts > len(WAITS):
        values |= {"state": "failed", "next_at": None}
    else:
        values |= {"next_at": now + WAITS[message.attempts - 1] * MINUTE}
    await connection.execute(_one(message.id).values(values))


async def retry(
    connection: AsyncConnection, access: Access, id: int, *, now: int, address: str = ""
) -> None:
    """Send once more what was given up; needs `reminders:retry`."""
    values = {"state": "queued", "attempts": 0, "next_at": now}
    await _moved(connection, access, (id, "retry", "failed"), values, now, address)


async def cancel(
    connection: AsyncConnection, access: Access, id: int, *, now: int, address: str = ""
) -> None:
    """Send no more what waits; needs `reminders:retry`."""
    values = {"state": "cancelled", "next_at": None}
    await _moved(connection, access, (id, "cancel", "queued"), values, now, address)


async def _moved(  # noqa: PLR0917  who moves what, when and from where
    connection: AsyncConnection,
    access: Access,
    asked: tuple[int, str, str],
    values: dict[str, Any],
    now: int,
    address: str,
) -> None:
    number, action, before = asked
    access.require("reminders:retry")
    seen = scope(access)
    terms = [notifications.c.id == number, notifications.c.state == before]
    moved = update(notifications).where(*terms, *([] if seen is None else [seen])).values(values)
    if not (await connection.execute(moved)).rowcount:
        raise RequestError(Problem("state", "is no longer that", "look at the list again"))
    await entries.record(
        connection, access, "notifications", action, number,
        old={"state": before}, new={"state": values["state"]}, now=now, address=address,
    )  # fmt: skip


def _row(message: Message, now: int) -> dict[str, Any]:
    read_in_place = message.channel == "portal"
    said = {name: _storable(value) for name, value in asdict(message).items()}
    return said | {
        "recipient": message.recipient[:254],
        "state": "sent" if read_in_place else "queued",
        "sent_at": now if read_in_place else None,
        "next_at": None if read_in_place else now,
        "attempts": 0,
        "error": "",
        "created_at": now,
    }


def _storable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


def _one(id: int) -> Any:
    """The message, unless somebody cancelled it meanwhile."""
    return update(notifications).where(notifications.c.id == id, _DUE)


_DUE: Final = notifications.c.state == "queued"
_CLAIMED: Final = (
    "id", "dedupe_key", "channel", "recipient", "target", "subject", "body", "severity", "attempts",
    "created_at",
)  # fmt: skip
