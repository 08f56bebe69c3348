"""A collector: lines to devices on one side, the broker on the other, the outbox between."""

import asyncio
import os
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import msgspec
from attrs import define, field

from core.runtime import topics
from core.runtime.clock import now
from core.runtime.collector.line import Line
from core.runtime.collector.obeying import Obeyer
from core.runtime.collector.outbox import Outbox
from core.runtime.collector.plan import LineAddress, PolledSlot, plan
from core.runtime.collector.polling import Poller
from core.runtime.collector.reading import SlotReader
from core.runtime.collector.sending import Keeper, Sender
from core.runtime.mqtt import PUBLISHER_KEEPALIVE
from core.runtime.mqtt_link import Link
from core.runtime.mqtt_login import BrokerAddress, Login
from core.runtime.settings import PORTS, PREFIX
from core.runtime.transport import Outgoing, TransportError
from core.site_files import KnownSite
from core.thing_model.messages import Presence
from core.thing_model.problems import ModelError, Problem

GOODBYE: Final = 2.0
MEBIBYTE: Final = 1 << 20
PASSWORD: Final = f"{PREFIX}DEVICE_PASSWORD"


@define(eq=False)
class Collector:
    """Everything that works for one site; see `run`."""

    known: KnownSite
    lines: dict[LineAddress, Line] = field(init=False, factory=dict[LineAddress, Line])
    readers: Mapping[str, SlotReader] = field(init=False)

    def __attrs_post_init__(self) -> None:
        polled = plan(self.known)
        for each in polled:
            self.lines.setdefault(each.line, Line(each.line))
        self.readers = {each.slot: self._reader(each) for each in polled}

    def _reader(self, polled: PolledSlot) -> SlotReader:
        return SlotReader(polled, self.lines[polled.line])

    async def run(self) -> None:
        """Read, send and obey until cancelled; then say goodbye to the broker.

        Raises OutboxError, or RefusedError if the broker says no at first.
        """
        outbox = Outbox(self.known.outbox_file, *self._limits())
        await asyncio.to_thread(outbox.open, now())
        keeper = Keeper(outbox, next(iter(self.readers)))
        pollers = {slot: Poller(reader, keeper) for slot, reader in self.readers.items()}
        lines = {slot: reader.line for slot, reader in self.readers.items()}
        obeyer = Obeyer(pollers, lines, keeper, self.known.site.commands)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(keeper.run())
                group.create_task(obeyer.run())
                group.create_task(self._speak(keeper, obeyer))
                for poller in pollers.values():
                    group.create_task(poller.run())
        finally:
            self.close()
            outbox.close()

    def close(self) -> None:
        for line in self.lines.values():
            line.close()

    def _limits(self) -> tuple[int, int]:
        given = self.known.site.outbox
        return given.max_mb * MEBIBYTE, given.keep_mb * MEBIBYTE

    async def _speak(self, keeper: Keeper, obeyer: Obeyer) -> None:
        """Stay connected to the broker, send what is kept and hand commands over."""
        sn = self.known.site.sn
        login = Login(
            broker_address(self.known), sn, persistent=True, will=self._presence(online=False),
            keepalive=PUBLISHER_KEEPALIVE,
        )  # fmt: skip

        def receive(_topic: str, payload: bytes, mid: int, qos: int) -> bool:
            connection = link.connection

            def acknowledge() -> None:
                if connection is not None and connection is link.connection:
                    connection.acknowledge([(mid, qos)])

            obeyer.take(payload, acknowledge)
            return True

        link = Link(
            login, (topics.command(sn),), receive, birth=lambda: self._presence(online=True)
        )
        try:
            await link.start()
            await Sender(sn, keeper, link).run()
        finally:
            await self._leave(link)

    async def _leave(self, link: Link) -> None:
        if link.connection is not None:
            with suppress(TransportError, TimeoutError):
                async with asyncio.timeout(GOODBYE):
                    await link.connection.publish(self._presence(online=False))
        await link.stop()

    def _presence(self, *, online: bool) -> Outgoing:
        site, product = self.known.site, self.known.system.product
        said = Presence(online=False)
        if online:
            said = Presence(
                online=True,
                sn=site.sn,
                product_model=product.id,
                version=product.version,
                firmware=site.firmware,
                timezone=site.timezone,
                country=site.country,
                name=site.name,
            )
        return Outgoing(topics.presence(site.sn), msgspec.json.encode(said), retain=True)


def broker_address(known: KnownSite) -> BrokerAddress:
    """Where the site's broker is; raises ModelError for a password or certificate it cannot read.

    The password comes from the file that the site names, or from THINGWRIGHT_DEVICE_PASSWORD.
    """
    given, url = known.site.broker, urlsplit(known.site.broker.url)
    password = os.environ.get(PASSWORD)
    try:
        if given.password_file:
            password = known.beside(given.password_file).read_text(encoding="utf-8").strip()
        tls = None
        if url.scheme == "mqtts":
            trusted = str(known.beside(given.ca_file)) if given.ca_file else None
            tls = ssl.create_default_context(cafile=trusted)
        port = url.port or PORTS[url.scheme]
    except (OSError, ValueError) as error:
        raise ModelError([Problem(f"{known.path}: broker", f"cannot be used: {error}")]) from None
    username = given.username or (known.site.sn if password else None)
    return BrokerAddress(url.hostname or "", port, username, password, tls)
