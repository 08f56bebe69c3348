"""Sending what waits: by a real mail server and to a real service, through failures and kills."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Iterator
from typing import Any

import apprise
import attrs
import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from sqlalchemy import select

from core.notifications import outbox, targets
from core.notifications.outbox import Message
from core.notifications.tables import notifications
from core.records import RequestError
from core.runtime import services
from core.runtime.database import Database
from core.runtime.mail_settings import MailServer
from core.runtime.mailing import SendingError
from core.runtime.notifier import Notifier
from tests.databases import common_url, database, database_url, postgresql
from tests.notices import ADA, MINUTE, NOW, SEAL, furnish
from tests.servers import HOST, free_port

__all__ = ["common_url", "database", "database_url", "postgresql"]


@attrs.define
class Post:
    """A mail server: what it took, and what it says to the next recipients."""

    taken: list[Any] = attrs.field(factory=list)
    answers: list[str] = attrs.field(factory=list)
    let_in: list[str] = attrs.field(factory=list)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        said = self.answers.pop(0) if self.answers else "250 OK"
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken.append(envelope)
        return "250 taken"

    def authenticator(self, server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and data.password == b"right"
        self.let_in += ["yes" if right else "no"]
        return AuthResult(success=right, handled=False)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def server(post: Post) -> Iterator[MailServer]:
    port = free_port()
    running = Controller(post, HOST, port, authenticator=post.authenticator, auth_require_tls=False)
    running.start()
    yield MailServer(HOST, port, "portal@example.org")
    running.stop()


@attrs.define
class Hook:
    """A service: what it heard, and what it answers; `where` it may send askers on to."""

    url: str
    heard: list[dict[str, Any]] = attrs.field(factory=list)
    status: str = "200 OK"
    where: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1])
            for line in head.split("\r\n")
            if line.lower().startswith("content-length")
        )
        self.heard.append(msgspec.json.decode(await reader.readexactly(length)))
        more = f"location: {self.where}\r\n" if self.where else ""
        writer.write(f"HTTP/1.1 {self.status}\r\ncontent-length: 0\r\n{more}\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    port = free_port()
    made = Hook(f"json://{HOST}:{port}/in/secret")
    listening = await asyncio.start_server(made.answer, HOST, port)
    yield made
    listening.close()
    await listening.wait_closed()


class Sender:
    """A notifier by a clock that the test sets."""

    def __init__(self, database: Database, server: MailServer | None, *, private: bool = True):
        self.database, self.now = database, NOW
        self.notifier = Notifier(database, server, SEAL, private, lambda: self.now)

    async def queue(self, *messages: Message) -> int:
        async with self.database.begin() as connection:
            return await outbox.queue(connection, messages, self.now)

    async def row(self) -> Any:
        async with self.database.read() as connection:
            return (await connection.execute(select(notifications))).one()


def message(key: str = "1:waiting:1:mail:x", **said: Any) -> Message:
    usual = Message(
        key, 1, "Grave", None, "mail", "duty@example.org", "en", "critical",
        "Störung 故障", "Line one\nline two",
    )  # fmt: skip
    return attrs.evolve(usual, **said)


def to(hook: Hook) -> Message:
    sealed = SEAL.seal(targets.PURPOSE, hook.url).decode()
    return message(channel="service", recipient=targets.mask(hook.url), target=sealed)


async def test_a_mail_arrives_whole_and_once(database: Database, server: MailServer, post: Post):
    sender = Sender(database, server)
    assert await sender.queue(message(), message()) == 1
    assert await sender.queue(message()) == 0
    assert await sender.notifier.work() == 1
    assert await sender.notifier.work() == 0
    (envelope,) = post.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("portal@example.org", ["duty@example.org"])
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert mail["subject"] == "Störung 故障"
    assert mail.get_content().split() == ["Line", "one", "line", "two"]
    assert mail["message-id"] == f"<1.waiting.1.mail.x.{NOW}@example.org>"
    row = await sender.row()
    assert (row.state, row.attempts, row.sent_at) == ("sent", 1, NOW)


async def test_what_is_refused_for_now_is_tried_later(
    database: Database, server: MailServer, post: Post
):
    post.answers = ["451 busy", "451 busy"]
    sender = Sender(database, server)
    await sender.queue(message())
    await sender.notifier.work()
    row = await sender.row()
    assert (row.state, row.attempts, row.next_at) == ("queued", 1, NOW + MINUTE)
    assert "451" in row.error
    sender.now += MINUTE - 1
    assert await sender.notifier.work() == 0
    sender.now += 1
    await sender.notifier.work()
    assert (await sender.row()).next_at == sender.now + 5 * MINUTE
    sender.now += 5 * MINUTE
    await sender.notifier.work()
    assert (await sender.row()).state == "sent"
    assert len(post.taken) == 1


async def test_what_is_refused_for_good_is_given_up_with_the_reason(
    database: Database, server: MailServer, post: Post
):
    post.answers = ["550 no such box"]
    sender = Sender(database, server)
    await sender.queue(message())
    await sender.notifier.work()
    row = await sender.row()
    assert (row.state, row.next_at) == ("failed", None)
    assert "no such box" in row.error
    async with database.begin() as connection:
        await furnish(connection)
        await outbox.retry(connection, ADA, row.id, now=NOW)
        with pytest.raises(RequestError):
            await outbox.retry(connection, ADA, row.id, now=NOW)
    await sender.notifier.work()
    assert (await sender.row()).state == "sent"


async def test_attempts_end(database: Database):
    port = free_port()
    sender = Sender(database, MailServer(HOST, port, "portal@example.org"))
    await sender.queue(message())
    tried = 0
    while (await sender.row()).state == "queued":
        sender.now = (await sender.row()).next_at
        tried += await sender.notifier.work()
    assert tried == 1 + len(outbox.WAITS)
    assert str(port) in (await sender.row()).error


async def test_without_a_server_mail_waits_and_says_why(database: Database):
    sender = Sender(database, None)
    await sender.queue(message())
    await sender.notifier.work()
    assert "THINGWRIGHT_SMTP" in (await sender.row()).error


async def test_a_password_is_said_and_a_wrong_one_is_no_end(
    database: Database, server: MailServer, post: Post
):
    wrong = attrs.evolve(server, user="portal", password="wrong")
    sender = Sender(database, wrong)
    await sender.queue(message())
    await sender.notifier.work()
    assert "does not let us in" in (await sender.row()).error
    sender.notifier.server = attrs.evolve(wrong, password="right")
    sender.now += MINUTE
    await sender.notifier.work()
    assert (post.let_in[0], post.let_in[-1]) == ("no", "yes")
    assert (await sender.row()).state == "sent"


async def test_killed_before_it_went_out_it_is_sent_later(
    database: Database, server: MailServer, post: Post
):
    sender = Sender(database, server)
    await sender.queue(message())
    async with database.begin() as connection:
        assert len(await outbox.claim(connection, NOW, 10)) == 1
    assert await sender.notifier.work() == 0
    sender.now += outbox.CLAIM
    assert await sender.notifier.work() == 1
    assert len(post.taken) == 1


async def test_killed_behind_it_it_is_sent_twice_with_one_id(
    database: Database, server: MailServer, post: Post
):
    sender = Sender(database, server)
    await sender.queue(message())
    (claimed,) = await sender.notifier._claim()
    await sender.notifier._send(claimed)
    sender.now += outbox.CLAIM
    await sender.notifier.work()
    first, second = (
        next(line for line in each.content.splitlines() if line.startswith(b"Message-ID"))
        for each in post.taken
    )
    assert first == second


async def test_two_senders_share_the_work(database: Database, server: MailServer, post: Post):
    one, other = Sender(database, server), Sender(database, server)
    await one.queue(*(message(f"key{n}") for n in range(30)))
    done = await asyncio.gather(one.notifier.work(), other.notifier.work())
    assert sum(done) == len(post.taken) == 30


async def test_a_cancelled_message_is_not_sent(database: Database, server: MailServer, post: Post):
    sender = Sender(database, server)
    await sender.queue(message())
    async with database.begin() as connection:
        await outbox.cancel(connection, ADA, 1, now=NOW)
    assert await sender.notifier.work() == 0
    assert post.taken == []


async def test_a_service_is_told(database: Database, hook: Hook):
    sender = Sender(database, None)
    await sender.queue(to(hook))
    await sender.notifier.work()
    (heard,) = hook.heard
    assert (heard["title"], heard["message"]) == ("Störung 故障", "Line one\nline two")
    assert heard["type"] == "failure"
    assert (await sender.row()).state == "sent"


async def test_a_service_that_fails_is_tried_again(database: Database, hook: Hook):
    hook.status = "503 Busy"
    sender = Sender(database, None)
    await sender.queue(to(hook))
    await sender.notifier.work()
    row = await sender.row()
    assert (row.state, row.attempts) == ("queued", 1)
    assert "503" in row.error
    assert "secret" not in row.error


async def test_a_service_in_a_private_network_is_not_connected_to(database: Database, hook: Hook):
    sender = Sender(database, None, private=False)
    await sender.queue(to(hook))
    await sender.notifier.work()
    row = await sender.row()
    assert (row.state, hook.heard) == ("failed", [])
    assert "is in a private network" in row.error


async def test_a_name_of_a_private_address_is_not_connected_to(hook: Hook):
    url = hook.url.replace(HOST, "localhost")
    with pytest.raises(SendingError, match="private network"):
        await services.send(url, "t", "b", "info", private=False)
    await services.send(url, "t", "b", "info", private=True)
    assert len(hook.heard) == 1


async def test_an_address_sealed_with_another_key_is_given_up(database: Database, hook: Hook):
    sender = Sender(database, None)
    sender.notifier.seal = type(SEAL)("cd" * 32)
    await sender.queue(to(hook))
    await sender.notifier.work()
    row = await sender.row()
    assert row.state == "failed"
    assert "another key" in row.error


@pytest.mark.parametrize(
    ("url", "wrong"), [("slack://x", True), ("json://host/x", False), ("ntfys://host/topic", False)]
)
def test_apprise_says_whether_an_address_is_complete(url: str, wrong: bool):
    assert bool(services.problem(url)) is wrong


def test_every_scheme_is_one_that_apprise_knows():
    known: set[str] = set()
    for each in apprise.Apprise().details()["schemas"]:
        known |= {*(each["protocols"] or ()), *(each["secure_protocols"] or ())}
    assert {*targets.ANY_HOST, *targets.OWN_HOST} <= known
