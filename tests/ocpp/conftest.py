"""A whole installation for one charger: mosquitto, database, ingest, outbox, and the gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from core.access import PLATFORM
from core.charging import records
from core.charging.records import ChargingRecord
from core.commanding import commands
from core.commanding.records import CommandRecord, CommandRequest
from core.commanding.states import FINAL
from core.fleet import systems
from core.host import Host
from core.journal import faults
from core.registry import Registry
from core.runtime import clock, topics
from core.runtime.credentials import Credentials
from core.runtime.database import Database
from core.runtime.ingest import UPLINK_FILTERS, Ingest
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.mqtt_link import Backoff
from core.runtime.ocpp_charger import Surroundings
from core.runtime.ocpp_gateway import Gateway
from core.runtime.ocpp_identity import Doorkeeper, charger_password
from core.runtime.ocpp_wire import listening
from core.runtime.outbox import Outbox
from core.telemetry.readings import latest_of
from core.thing_model.layout.fields import Value
from plugins.chargers import ocpp
from tests.databases import common_url, postgresql
from tests.servers import Mosquitto, mosquitto, start_mosquitto

__all__ = ["common_url", "mosquitto", "postgresql", "start_mosquitto"]

FAST = Backoff(0.05, 0.2)
PATIENCE = 40.0


@pytest.fixture(scope="session")
def registry() -> Registry:
    host = Host(strict=True)
    host.register("chargers.ocpp", ocpp, "built in")
    return host.registry()


@attrs.define
class Plant:
    """What runs, and what the tests ask it."""

    database: Database
    registry: Registry
    broker: Mosquitto
    gateway: Gateway
    port: int
    credentials: Credentials
    ingest: Ingest

    def url(self, identity: str) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp/{identity}"

    def password(self, sn: str) -> str:
        return charger_password(self.credentials, sn)

    async def system(self, sn: str) -> systems.SystemRecord:
        async def registered() -> systems.SystemRecord | None:
            async with self.database.read() as connection:
                return await systems.by_sn(connection, sn)

        return await until(registered)

    async def reading(self, sn: str, key: str, value: Value, slot: str = "charger1") -> None:
        """Wait until a reading shows a value."""
        system = await self.system(sn)

        async def shown() -> bool:
            async with self.database.read() as connection:
                found = await latest_of(connection, system.id)
            reading = found.get((slot, key))
            return reading is not None and reading.value == value

        await until(shown, f"{key} = {value!r}")

    async def faults(self, sn: str, *codes: str) -> None:
        """Wait until just these faults are open."""
        system = await self.system(sn)

        async def as_said() -> bool:
            async with self.database.read() as connection:
                return {f.code for f in await faults.open_of(connection, system.id)} == set(codes)

        await until(as_said, f"faults {codes}")

    async def records(self, sn: str) -> list[ChargingRecord]:
        async with self.database.read() as connection:
            return await records.page(connection, PLATFORM, sns=[sn])

    async def order(self, sn: str, name: str, slot: str = "charger1", **values: Value) -> str:
        """Queue a command; its id."""
        system = await self.system(sn)
        model = systems.model_of(self.registry, system)
        assert model
        async with self.database.begin() as connection:
            request = CommandRequest(slot, name, values)
            record = await commands.submit(
                connection, model, system.id, request, by="test", now=clock.now()
            )
        return record.id

    async def outcome(self, command_id: str) -> CommandRecord:
        """What became of a command in the end."""

        async def finished() -> CommandRecord | None:
            async with self.database.read() as connection:
                record = await commands.by_id(connection, command_id)
            return record if record and record.state in FINAL else None

        return await until(finished, f"command {command_id}")

    async def count(self, table: str) -> int:
        async with self.database.read() as connection:
            found = await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")
            return int(found.scalar_one())


async def until(ask: Callable[[], Awaitable[Any]], what: str = "it") -> Any:
    """Ask until the answer is true; what is asked for is named if it never is."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not (found := await ask()):  # noqa: ASYNC110  others change the database
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"{what} did not happen")
    return found


@pytest.fixture
async def plant(mosquitto: Mosquitto, registry: Registry, tmp_path: Path) -> AsyncIterator[Plant]:
    database = Database(f"sqlite:///{tmp_path / 'thingwright.db'}")
    await database.open()
    credentials = Credentials.generate()
    around = Surroundings(
        database, mosquitto.address(), Doorkeeper(tmp_path / "ocpp.toml", credentials)
    )
    gateway = Gateway(around)
    filters = (*UPLINK_FILTERS, *topics.BACKFILL_FILTERS)
    address = mosquitto.address()
    async with (
        MqttConsumer(address, "ingest-1", filters, backoff=FAST) as consumer,
        MqttPublisher(address, "worker-1", backoff=FAST) as publisher,
        listening("127.0.0.1", 0, None, around.doorkeeper.admit, gateway.attend) as port,
    ):
        ingest = Ingest(registry, database, consumer)
        works = [ingest.run(), Outbox(database, publisher).run(), gateway.watch()]
        tasks = [asyncio.create_task(work) for work in works]
        yield Plant(database, registry, mosquitto, gateway, port, credentials, ingest)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    await database.close()
