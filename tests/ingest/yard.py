"""What sends commands and what hears of them, without a broker."""

import attrs
import msgspec

from core.commanding import commands, leases
from core.commanding.leases import Lease
from core.commanding.records import CommandRecord, CommandRequest
from core.registry import System
from core.runtime import topics
from core.runtime.outbox import Outbox
from core.thing_model.messages import CommandMessage
from tests.devices import SN
from tests.ingest.bench import Bench

LIMIT = CommandRequest("inverter", "set_export_limit", {"export_limit": 3000})
MODE = CommandRequest("inverter", "set_mode", {"mode": "backup", "charge_current": 12.5})
RESTART = CommandRequest("inverter", "restart", {})


@attrs.define
class Yard:
    """An ingest and an outbox on one database; the device SN is their only one."""

    bench: Bench
    outbox: Outbox
    model: System
    number: int = 0
    """Of the newest message of the device, where a test counts them."""

    async def submit(self, request: CommandRequest = LIMIT, **options: object) -> CommandRecord:
        async with self.bench.database.begin() as connection:
            return await commands.submit(
                connection,
                self.model,
                self.bench.system_id,
                request,
                by="ann",
                now=self.bench.now,
                **options,
            )

    async def state(self, record: CommandRecord) -> CommandRecord:
        async with self.bench.database.read() as connection:
            found = await commands.by_id(connection, record.id)
        assert found is not None
        return found

    async def history(self, record: CommandRecord) -> list[tuple[str, str, str]]:
        async with self.bench.database.read() as connection:
            steps = await commands.transitions_of(connection, record.id)
        return [(step.state, step.actor, step.reason) for step in steps]

    async def work(self, seconds: float = 1) -> None:
        self.bench.now += round(1000 * seconds)
        await self.outbox.work()

    def sent(self) -> list[CommandMessage]:
        return [
            msgspec.json.decode(each.payload, type=CommandMessage)
            for each in self.bench.desk.published
            if each.topic == topics.command(SN)
        ]

    async def lease(self) -> Lease | None:
        async with self.bench.database.read() as connection:
            return await leases.holder(connection, self.bench.system_id, self.bench.now)
