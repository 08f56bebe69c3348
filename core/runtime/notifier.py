"""Sends the messages that wait: mail by a server, the others by their services.

A message is claimed in a transaction, sent, and noted in another. Killed in between, it is sent
again once its claim is over; a mail then has the id that it had.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from attrs import define

from core.notifications import outbox, targets
from core.notifications.outbox import Claimed
from core.runtime import clock, mailing, rounds, services
from core.runtime.clock import Clock
from core.runtime.database import Database
from core.runtime.mail_settings import MailServer
from core.runtime.mailing import Mail, SendingError
from core.sealing import Seal, SealError

LOGGER = logging.getLogger(__name__)
INTERVAL: Final = 2.0
AT_ONCE: Final = 10
PATIENCE: Final = 120.0
"""Seconds for one attempt; the claim lasts longer."""
NO_SERVER: Final = "no mail server is set: THINGWRIGHT_SMTP and THINGWRIGHT_MAIL_FROM"


@define(eq=False)
class Notifier:
    """Part of the worker. Any number may send beside each other; each takes other messages."""

    database: Database
    server: MailServer | None = None
    seal: Seal | None = None
    private: bool = False
    clock: Clock = clock.now

    async def run(self) -> None:
        """Work until cancelled; while the database does not answer, messages wait."""
        await rounds.repeat(self.work, INTERVAL)

    async def work(self) -> int:
        """Send all that is due; returns how many messages were tried."""
        tried = 0
        while found := await self._claim():
            await asyncio.gather(*(self._try(each) for each in found))
            tried += len(found)
        return tried

    async def _claim(self) -> Sequence[Claimed]:
        now = self.clock()
        async with self.database.read() as connection:
            if not await outbox.is_due(connection, now):
                return ()
        async with self.database.begin() as connection:
            return await outbox.claim(connection, now, AT_ONCE)

    async def _try(self, message: Claimed) -> None:
        """Send one; a failure is kept with it, and stops no other."""
        error = await self._failure(message)
        async with self.database.begin() as connection:
            now = self.clock()
            if error is None:
                await outbox.note_sent(connection, message.id, now)
            else:
                await outbox.note_failed(connection, message, str(error), now, final=error.final)

    async def _failure(self, message: Claimed) -> SendingError | None:
        """Send one; why that failed, whatever a server says or a library makes of it."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._send(message)
        except TimeoutError:
            error = SendingError("no answer in time")
        except SendingError as known:
            error = known
        except Exception as broken:
            LOGGER.exception("message %d broke", message.id)
            error = SendingError(f"{type(broken).__name__}: {broken}")
        else:
            return None
        LOGGER.warning("message %d, attempt %d: %s", message.id, message.attempts, error)
        return error

    async def _send(self, message: Claimed) -> None:
        if message.channel == "mail":
            if self.server is None:
                raise SendingError(NO_SERVER)
            key = f"{message.dedupe_key}.{message.created_at}"
            mail = Mail(key, message.recipient, message.subject, message.body)
            await mailing.send(self.server, mail)
            return
        if self.seal is None:
            raise SendingError("the address cannot be opened: no secret key is set")
        try:
            url = targets.opened(message.target, self.seal)
        except SealError as error:
            raise SendingError(str(error), final=True) from None
        await services.send(
            url, message.subject, message.body, message.severity, private=self.private
        )
