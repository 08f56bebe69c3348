"""How long messages are kept, and what is said of those that were given up."""

from attrs import evolve
from sqlalchemy import select

from core.notifications import given_up, outbox
from core.notifications.outbox import Message
from core.notifications.tables import notifications
from core.runtime.database import Database
from core.runtime.housekeeping import Housekeeper, Keeping
from core.upkeep import background
from core.upkeep.health import UNDELIVERED, health

NOW = 1_790_000_000_000
DAY = 86_400_000
WAITS = Message(
    "one", None, "Night", None, "mail", "ann@example.org", "en", "critical", "Fault", "It is hot."
)


async def queue(database: Database, key: str, at: int, owner: int | None = None) -> None:
    async with database.begin() as connection:
        made = evolve(WAITS, dedupe_key=key, owner_id=owner)
        assert await outbox.queue(connection, [made], at) == 1


async def give_up(database: Database, at: int) -> None:
    async with database.begin() as connection:
        for each in await outbox.claim(connection, at, 10):
            await outbox.note_failed(connection, each, "no such user", at, final=True)


async def kept(database: Database) -> list[str]:
    async with database.read() as connection:
        query = select(notifications.c.dedupe_key).order_by(notifications.c.id)
        return list((await connection.execute(query)).scalars())


async def test_old_messages_are_deleted_unless_they_wait(database: Database):
    await queue(database, "old", NOW - 366 * DAY)
    await give_up(database, NOW - 366 * DAY)
    await queue(database, "young", NOW - 364 * DAY)
    await give_up(database, NOW - 364 * DAY)
    await queue(database, "waits", NOW - 400 * DAY)
    keeper = Housekeeper(database, Keeping(notification_days=0), lambda: NOW, 0)
    assert await keeper.forget_messages() == 0
    keeper = Housekeeper(database, Keeping(notification_days=365), lambda: NOW, 0)
    assert await keeper.forget_messages() == 1
    assert await kept(database) == ["young", "waits"]
    assert await keeper.forget_messages() == 0
    async with database.read() as connection:
        assert (await background.known(connection))["notifications"].total == 1


async def test_what_was_given_up_is_a_condition_until_it_is_sent_again(database: Database):
    await queue(database, "old", NOW - 8 * DAY)
    await queue(database, "ours", NOW - DAY)
    await queue(database, "theirs", NOW - DAY, owner=7)
    async with database.read() as connection:
        assert await given_up.by_owner(connection, NOW) == {}
    await give_up(database, NOW)
    async with database.read() as connection:
        assert await given_up.by_owner(connection, NOW) == {None: 1, 7: 1}
        (found,) = [c for c in await health(connection, NOW) if c.code == UNDELIVERED]
    assert found.level == "warning"
    assert found.sentence.endswith("could not be delivered: 2")
