"""The gateway as a process of its own, killed in the middle of a transaction."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from core.runtime.credentials import Credentials
from core.runtime.ocpp_identity import charger_password
from tests.ocpp.charge_point import plugged
from tests.ocpp.conftest import Plant, until
from tests.servers import free_port

pytestmark = pytest.mark.integration
SN = "WALLBOX0001"


class Process:
    """`thingwright gateway ocpp`, which can be killed and started again."""

    def __init__(self, plant: Plant, data: Path) -> None:
        self.port = free_port()
        self.environment = {
            **os.environ,
            "THINGWRIGHT_DATA": str(data),
            "THINGWRIGHT_BROKER": f"mqtt://127.0.0.1:{plant.broker.port}",
            "THINGWRIGHT_DATABASE": f"sqlite:///{plant.database.url.database}",
        }

    async def start(self) -> None:
        arguments = ("-m", "portal.cli", "gateway", "ocpp", "--port", str(self.port))
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=self.environment
        )
        await until(self._answers, "the gateway's port")

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


@pytest.fixture
async def gateway(plant: Plant, tmp_path: Path) -> AsyncIterator[Process]:
    plant.credentials.save(tmp_path / "credentials.json")
    made = Process(plant, tmp_path)
    # the broker lets everybody in, so the account that the gateway has there does no harm
    await made.start()
    yield made
    await made.kill()


async def test_a_transaction_outlives_the_gateway(plant: Plant, gateway: Process) -> None:
    url = f"ws://127.0.0.1:{gateway.port}/ocpp/{SN}"
    password = charger_password(Credentials.load(_file(gateway)), SN)
    async with plugged(url, password=password) as charger:
        await charger.boot()
        started = await charger.begin(1000)
        await charger.meter(started.transaction_id, 1.5, 7000)
        await plant.reading(SN, "power_import", 7000)
        await gateway.kill()
        with pytest.raises((ConnectionClosed, TimeoutError)):
            await charger.meter(started.transaction_id, 2, 7100)

    async def offline() -> bool:
        return (await plant.system(SN)).online is False

    await until(offline, "the last will")
    await gateway.start()
    async with plugged(url, password=password) as charger:
        await charger.meter(started.transaction_id, 2.5, 7200)
        await charger.end(started.transaction_id, 3000)
        other = await charger.begin(3000)
        await plant.reading(SN, "power_import", 7200)
        await plant.reading(SN, "meter_stop", 3000)
    newest, ended = await plant.records(SN)
    assert (ended.id, ended.energy, ended.connector) == (started.transaction_id, 2000, 1)
    assert newest.id == other.transaction_id > started.transaction_id
    assert await plant.count("dead_letters") == 0


def _file(gateway: Process) -> Path:
    return Path(gateway.environment["THINGWRIGHT_DATA"]) / "credentials.json"
