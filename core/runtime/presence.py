"""Birth messages and last wills: devices register themselves, and say what they run."""

import logging
from collections.abc import Collection, Iterable
from typing import Final

from attrs import define
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet import systems
from core.fleet.systems import Registration, SystemRecord
from core.runtime.directory import Directory
from core.runtime.sorting import Announced, RejectionError
from core.telemetry.dead_letters import Rejected
from core.thing_model.messages import Presence

LOGGER = logging.getLogger(__name__)
_OFF: Final = "is not registered, and devices may not register themselves here"
_NAMELESS: Final = "is not registered, and its presence names no product model"


@define(eq=False)
class Registrar:
    """Takes in presence. With `plug_and_play` a device of a known product model is registered."""

    directory: Directory
    plug_and_play: bool

    async def register(
        self, announced: Iterable[Announced], now: int
    ) -> tuple[set[str], list[Rejected]]:
        """Register the devices that are not known yet, and know them.

        Returns their serial numbers, and the messages of those that cannot be.
        """
        fitting: dict[str, Registration] = {}
        refused: list[Rejected] = []
        for each in announced:
            sn = each.read.uplink.sn
            if sn not in self.directory.known:
                try:
                    fitting[sn] = self._registration(sn, each.said)
                except RejectionError as error:
                    refused.append(each.read.rejected(error))
        if fitting:
            registry = self.directory.registry
            async with self.directory.database.begin() as connection:
                await systems.register_new(connection, registry, fitting.values(), now)
            await self.directory.load(fitting)
            LOGGER.info("registered %s", ", ".join(fitting))
        return set(fitting), refused

    async def note(
        self, connection: AsyncConnection, announced: Iterable[Announced], now: int
    ) -> tuple[Collection[str], list[Rejected]]:
        """Keep what known devices say of themselves.

        Returns the serial numbers of those that it changes, and the messages that contradict.
        """
        firmware: dict[int, str] = {}
        online: dict[int, bool] = {}
        changed: list[str] = []
        refused: list[Rejected] = []
        for each in announced:
            sn = each.read.uplink.sn
            known = self.directory.known.get(sn)
            if known is None:
                continue
            record, said = known.record, each.said
            if error := _contradiction(record, said):
                refused.append(each.read.rejected(error))
            if said.firmware and said.firmware != record.firmware:
                firmware[record.id] = said.firmware
            if said.online != record.online or record.id in online:
                online[record.id] = said.online
            if record.id in firmware or record.id in online:
                changed.append(sn)
        await systems.change_firmware(connection, firmware, now)
        await systems.note_presence(connection, online, now)
        return changed, refused

    def _registration(self, sn: str, said: Presence) -> Registration:
        """What is registered; raises RejectionError where that cannot be."""
        if not self.plug_and_play:
            raise RejectionError("unknown_device", f"{sn} {_OFF}")
        if not said.online or not said.product_model:
            raise RejectionError("unknown_device", f"{sn} {_NAMELESS}")
        given = Registration(
            sn,
            said.product_model,
            said.version,
            said.name,
            said.country,
            said.timezone,
            said.firmware,
        )
        problems = list(systems.problems_of(self.directory.registry, given))
        if problems:
            products = any(p.where.startswith("product") for p in problems)
            code = "unknown_product" if products else "bad_message"
            raise RejectionError(code, "; ".join(map(str, problems)))
        return given


def _contradiction(record: SystemRecord, said: Presence) -> RejectionError | None:
    if said.product_model in ("", record.product_id):
        return None
    reason = f"{record.sn} says it is a {said.product_model}, registered is {record.product_id}"
    return RejectionError("product_differs", reason)
