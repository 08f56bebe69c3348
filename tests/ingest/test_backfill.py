"""Asking for what is missing: requests and their states, and a simulated device that answers."""

import asyncio
from collections.abc import AsyncIterator

import attrs
import msgspec
import pytest

from core.access import PLATFORM, Access, AccessError
from core.fleet import systems
from core.records import RequestError
from core.runtime import topics
from core.runtime.asking import Asker
from core.runtime.ingest import UPLINK_FILTERS, Ingest
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.simulator import Playback, SimulatedDevice
from core.runtime.sweeper import Sweeper
from core.simulation.system import SimulatedSystem
from core.telemetry import backfill, gaps
from core.telemetry.backfill import PATIENCE, PAUSE, SETTLING, SOONEST, TRIES, RequestRecord
from core.thing_model.messages import BackfillRequest
from tests.devices import OTHER, SN, frame
from tests.ingest.bench import HOUR, Bench, ack
from tests.servers import HOST, Mosquitto


@attrs.define
class Desk:
    """A bench with a gap, and somebody who asks."""

    bench: Bench
    asker: Asker

    async def request(self, access: Access = PLATFORM, sn: str = SN) -> list[RequestRecord]:
        async with self.bench.database.begin() as connection:
            return await backfill.request(connection, access, sn, self.bench.now)

    async def newest(self) -> RequestRecord:
        async with self.bench.database.read() as connection:
            return (await backfill.page(connection, self.bench.system_id))[0]

    def said(self) -> list[BackfillRequest]:
        """The requests that were published."""
        wanted = [m for m in self.bench.desk.published if m.topic == topics.backfill_request(SN)]
        return [msgspec.json.decode(m.payload, type=BackfillRequest) for m in wanted]


@pytest.fixture
async def desk(bench: Bench) -> Desk:
    await bench.take(frame(1), frame(5), frame(8))
    return Desk(bench, Asker(bench.database, bench.desk, lambda: bench.now))


async def test_a_request_is_sent_answered_and_complete(desk: Desk) -> None:
    (made,) = await desk.request()
    assert (made.state, made.asked, made.created_by) == ("requested", 5, "platform")
    assert sorted(made.ranges) == [(2, 4), (6, 7)]
    await desk.asker.work()
    assert (await desk.newest()).state == "sent"
    (said,) = desk.said()
    assert (said.id, said.boot_id, sorted(said.ranges)) == (made.id, 1, [(2, 4), (6, 7)])
    await desk.bench.take(frame(2, late=True), frame(6, late=True), frame(7, late=True))
    assert (await desk.newest()).returned == 3
    await desk.bench.take(ack(9, id=made.id, status="succeeded", detail="done"))
    assert (await desk.newest()).state == "answered"
    await desk.asker.work()
    assert (await desk.newest()).state == "answered"  # frames may be behind the answer
    await desk.bench.take(frame(3, late=True), frame(4, late=True))
    await desk.asker.work()
    end = await desk.newest()
    assert (end.state, end.returned, end.reason) == ("complete", 5, "done")
    assert await desk.bench.codes() == []


async def test_what_a_device_no_longer_has_ends_partial(desk: Desk) -> None:
    (made,) = await desk.request()
    await desk.asker.work()
    await desk.bench.take(frame(2, late=True), ack(9, id=made.id, status="succeeded"))
    desk.bench.now += SETTLING
    await desk.asker.work()
    end = await desk.newest()
    assert (end.state, end.returned, end.finished_at) == ("partial", 1, desk.bench.now)


async def test_a_device_that_does_not_answer_is_given_up(desk: Desk) -> None:
    await desk.request()
    await desk.asker.work()
    desk.bench.now += PATIENCE
    await desk.asker.work()
    end = await desk.newest()
    assert (end.state, end.returned, end.reason) == ("given_up", 0, "no answer came")


async def test_a_device_may_refuse(desk: Desk) -> None:
    (made,) = await desk.request()
    await desk.asker.work()
    await desk.bench.take(ack(9, id=made.id, status="rejected", detail="no memory"))
    assert ((await desk.newest()).state, (await desk.newest()).reason) == (
        "given_up",
        "rejected: no memory",
    )


async def test_gaps_are_asked_for_by_themselves_a_few_times(desk: Desk) -> None:
    await desk.asker.work()
    assert desk.said() == []
    for _ in range(TRIES + 2):
        desk.bench.now += SOONEST + PAUSE
        await desk.bench.take(frame(5))  # it is there
        await desk.asker.work()
        await desk.asker.work()
    assert len(desk.said()) == TRIES


async def test_a_system_that_is_offline_is_not_asked(desk: Desk) -> None:
    desk.bench.now += HOUR
    await Sweeper(desk.bench.database, lambda: desk.bench.now).work()
    await desk.asker.work()
    assert desk.said() == []


async def test_who_may_not_ask_is_refused(desk: Desk) -> None:
    with pytest.raises(AccessError, match="gaps:request"):
        await desk.request(attrs.evolve(PLATFORM, grants=frozenset({"systems:read"})))
    with pytest.raises(RequestError, match="not registered"):
        await desk.request(attrs.evolve(PLATFORM, company_id=4))
    with pytest.raises(RequestError, match="not registered"):
        await desk.request(sn=OTHER)
    await desk.request()
    with pytest.raises(RequestError, match="has not answered yet"):
        await desk.request()


async def test_nothing_missing_is_nothing_to_ask(desk: Desk) -> None:
    await desk.bench.take(*(frame(n, late=True) for n in range(8)))
    with pytest.raises(RequestError, match="nothing is missing"):
        await desk.request()


async def test_an_answer_to_what_was_never_asked_is_a_dead_letter(desk: Desk) -> None:
    await desk.bench.take(ack(9, id="0" * 26, status="succeeded"))
    assert await desk.bench.codes() == ["unknown_command"]


@pytest.fixture
async def taking(bench: Bench, registry, mosquitto: Mosquitto) -> AsyncIterator[Ingest]:
    """An ingest on a real broker, with the real clock."""
    filters = (*UPLINK_FILTERS, *topics.BACKFILL_FILTERS)
    async with MqttConsumer(mosquitto.address(), "ingest-1", filters) as consumer:
        ingest = Ingest(registry, bench.database, consumer)
        working = asyncio.create_task(ingest.run())
        yield ingest
        working.cancel()
        await asyncio.wait({working})


@pytest.mark.integration
@pytest.mark.slow
async def test_a_simulated_device_bridges_an_outage_and_answers(
    bench: Bench, taking: Ingest, registry, mosquitto: Mosquitto
) -> None:
    model = registry.system(registry.product("bench"))
    device = SimulatedDevice(
        SimulatedSystem(SN, model, "UTC", None), Playback(HOST, mosquitto.port, interval=0.1)
    )
    playing = asyncio.create_task(device.run())
    await _until(bench, device, 20)
    mosquitto.stop()
    before = device.sequence
    await asyncio.sleep(1)
    assert device.sequence > before  # it goes on without a broker
    mosquitto.start()
    await _until(bench, device, device.sequence)
    asker = MqttPublisher(mosquitto.address(), "worker-1")
    async with bench.database.begin() as connection, asker:
        wanted = BackfillRequest("0" * 26, device.boot_id, [(1, 5)], 2**53)
        await asker.publish(topics.backfill_request(SN), msgspec.json.encode(wanted))
        await connection.exec_driver_sql("DELETE FROM frames WHERE sequence <= 5")
    await _until(bench, device, device.sequence)
    playing.cancel()
    await asyncio.wait({playing})
    async with bench.database.read() as connection:
        assert await gaps.missing_of(connection, bench.system_id) == 0
        record = await systems.by_sn(connection, SN)
    assert record
    assert record.status == "normal"


async def _until(bench: Bench, device: SimulatedDevice, number: int) -> None:
    """Wait until everything up to this number of the device is stored."""
    query = (
        "SELECT count(DISTINCT sequence) FROM (SELECT sequence, boot_id FROM frames "
        "UNION ALL SELECT sequence, boot_id FROM log_lines) AS kept "
        f"WHERE boot_id = {device.boot_id} AND sequence <= {number}"
    )
    async with asyncio.timeout(60):
        while True:
            async with bench.database.read() as connection:
                if (await connection.exec_driver_sql(query)).scalar_one() >= number:
                    return
            await asyncio.sleep(0.1)
