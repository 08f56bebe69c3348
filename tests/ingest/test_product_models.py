"""Product models that are published while ingest runs."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest

from core.access import PLATFORM
from core.fleet import systems
from core.fleet.systems import Registration
from core.products import publishing
from core.registry import Registry
from core.runtime import topics
from core.runtime.database import Database
from core.runtime.mqtt import MqttPublisher
from core.runtime.product_watch import ProductWatch
from core.runtime.transport import Outgoing
from core.telemetry.readings import latest_of
from tests.devices import frame, running
from tests.faults.harness import environment, service, until, value
from tests.faults.harness import running as started
from tests.ingest.bench import Bench, presence
from tests.product_models import acme, published
from tests.servers import Mosquitto

NEW = "ACME00000001"
KNOWN = "ACME00000002"
PROMISED = 2.0
"""Seconds after which what is published is served."""


async def test_a_device_that_came_before_its_model_is_served_once_it_is_published(
    bench: Bench, registry: Registry
) -> None:
    watch = ProductWatch(registry, bench.database)
    await bench.take(presence(NEW, product_model="acme-x1"), frame(1, running(pv=7), sn=NEW))
    assert await bench.codes() == ["unknown_device", "unknown_product"]
    await watch.look(bench.ingest.adopt)
    assert await bench.count("systems") == 1
    await published(bench.database, registry)
    await watch.look(bench.ingest.adopt)
    assert await bench.codes() == []
    await bench.take(frame(2, running(pv=8), sn=NEW))
    async with bench.database.read() as connection:
        record = await systems.by_sn(connection, NEW)
        assert record is not None
        readings = await latest_of(connection, record.id)
    assert (record.product_id, record.product_version) == ("acme-x1", "1.0.0")
    assert readings["inverter", "pv_power"].value == 8
    assert await bench.count("frames") == 2


async def test_who_was_read_by_another_version_is_read_by_its_own(
    bench: Bench, registry: Registry
) -> None:
    watch = ProductWatch(registry, bench.database)
    await published(bench.database, registry)
    await watch.look(bench.ingest.adopt)
    fast = acme(version="1.1.0") + "offline_after = 60\n"
    await published(bench.database, registry, fast)
    other = ProductWatch(registry, bench.database)
    await other.look()
    async with bench.database.begin() as connection:
        given = Registration(NEW, "acme-x1")
        record = await systems.register(connection, other.registry, given, bench.now)
    assert record.product_version == "1.1.0"
    await bench.take(frame(1, sn=NEW))
    assert await _silent_after(bench) > 900_000  # by 1.0.0, which stands in for it
    await watch.look(bench.ingest.adopt)
    bench.now += 3_600_000
    await bench.take(frame(2, sn=NEW))
    assert await _silent_after(bench) < 120_000
    assert [letter.code for letter in await bench.letters()] == []


async def test_a_look_that_fails_is_made_again(bench: Bench, registry: Registry) -> None:
    watch = ProductWatch(registry, bench.database)
    await published(bench.database, registry)

    async def refuse(_registry: Registry) -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await watch.look(bench.ingest.adopt, refuse)
    assert watch.registry is registry
    await watch.look(bench.ingest.adopt)
    assert bench.ingest.registry is watch.registry is not registry


@pytest.mark.integration
@pytest.mark.slow
async def test_a_running_process_serves_what_is_published_within_two_seconds(
    mosquitto: Mosquitto, database: Database, database_url: str, tmp_path: Path, registry: Registry
) -> None:
    """Also a device that came before; a retired model is no longer taken for new ones."""
    told = environment(tmp_path, database_url, f"mqtt://127.0.0.1:{mosquitto.port}")

    async def count(query: str, wanted: int) -> bool:
        return await value(database, query) == wanted

    async with (
        started([service("ingest", told)]),
        MqttPublisher(mosquitto.address(), "fleet") as fleet,
    ):
        await until(lambda: count("SELECT count(*) FROM processes", 1), "ingest runs")
        await fleet.publish_many([_birth(NEW), _sent(NEW, 1)])
        await until(lambda: count("SELECT count(*) FROM dead_letters", 2), "both are kept")
        before = time.monotonic()
        await published(database, registry)
        await until(lambda: count("SELECT count(*) FROM frames", 1), "the frame is taken in")
        took = time.monotonic() - before
        await fleet.publish_many([_birth(KNOWN), _sent(KNOWN, 1)])
        await until(lambda: count("SELECT count(*) FROM frames", 2), "the next one is, too")
        await published(database, registry, acme(version="1.1.0"))
        async with database.begin() as connection:
            await publishing.retire(connection, PLATFORM, "acme-x1", "1.1.0", now=1)
        await asyncio.sleep(PROMISED)
        await fleet.publish_many([_birth("ACME00000003", version="1.1.0")])
        refused = "SELECT count(*) FROM dead_letters WHERE code = 'unknown_product'"
        await until(lambda: count(f"{refused} AND resolved_at IS NULL", 1), "1.1.0 is refused")
    assert took < PROMISED
    assert await value(database, "SELECT count(DISTINCT product_id) FROM systems") == 1


async def _silent_after(bench: Bench) -> int:
    """Milliseconds from now on after which the device would be offline."""
    async with bench.database.read() as connection:
        record = await systems.by_sn(connection, NEW)
    assert record is not None
    assert record.silent_at is not None
    return record.silent_at - bench.now


def _birth(sn: str, **more: str) -> Outgoing:
    said = {"online": True, "product_model": "acme-x1", **more}
    return Outgoing(topics.presence(sn), msgspec.json.encode(said), retain=True)


def _sent(sn: str, sequence: int) -> Outgoing:
    message = frame(sequence, running(), sn=sn, device_time=1_767_225_600_000 + sequence)
    return Outgoing(message.topic, message.payload)
