"""A charger of either version from its start to the charging record, through real processes."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.ocpp.charge_point import plugged
from tests.ocpp.conftest import Plant, until

pytestmark = pytest.mark.integration
SN = "WALLBOX0001"


async def test_a_charger_of_1_6_boots_charges_and_fails(plant: Plant) -> None:
    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        booted = await charger.boot()
        assert booted.status == "Accepted"
        assert booted.interval == 300
        await charger.status("Preparing")
        started = await charger.begin(120_500)
        assert started.id_tag_info["status"] == "Accepted"
        await charger.status("Charging")
        await charger.meter(started.transaction_id, 121.25, 11_040)
        await plant.reading(SN, "power_import", 11_040)
        await plant.reading(SN, "energy_import", 121_250)
        await plant.reading(SN, "voltage_l1", 231.5)
        await plant.reading(SN, "status", "Charging")
        await charger.status("Faulted", "GroundFailure")
        await plant.faults(SN, "faulted", "ground_failure")
        await charger.end(started.transaction_id, 131_000)
        await charger.status("Available")
        await plant.faults(SN)
        await plant.reading(SN, "meter_stop", 131_000)
    (record,) = await plant.records(SN)
    assert record.id == started.transaction_id
    assert (record.energy, record.reason, record.started_by) == (10_500, "Local", "04A2")
    assert record.ended_at
    system = await plant.system(SN)
    assert (system.product_id, system.firmware) == ("ocpp-1-6-charger", "1.4.2")
    assert await plant.count("dead_letters") == 0


async def test_a_charger_of_2_0_1_boots_charges_and_fails(plant: Plant) -> None:
    async with plugged(plant.url(SN), "ocpp2.0.1", plant.password(SN)) as charger:
        assert (await charger.boot()).status == "Accepted"
        await charger.status("Occupied")
        evse, token = {"id": 1, "connector_id": 1}, {"id_token": "04A2", "type": "ISO14443"}
        answer = await charger.event("Started", "T-77", 120.5, evse=evse, id_token=token)
        assert answer.id_token_info["status"] == "Accepted"
        await charger.event("Updated", "T-77", 122.5, info={"charging_state": "Charging"})
        await plant.reading(SN, "power_import", 7360)
        await plant.reading(SN, "energy_import", 122_500)
        await plant.reading(SN, "charging_state", "Charging")
        await charger.problem("Connector", "true")
        await plant.faults(SN, "connector_problem")
        await charger.problem("Connector", "false")
        await plant.faults(SN)
        await charger.event("Ended", "T-77", 131, info={"stopped_reason": "EVDisconnected"})
        await plant.reading(SN, "stop_reason", "EVDisconnected")
    (record,) = await plant.records(SN)
    assert record.transaction == "T-77"
    assert (record.energy, record.reason, record.started_by) == (10_500, "EVDisconnected", "04A2")
    assert (await plant.system(SN)).product_id == "ocpp-2-0-1-charger"
    assert await plant.count("dead_letters") == 0


async def test_presence_follows_the_connection(plant: Plant) -> None:
    async def is_online() -> bool | None:
        return (await plant.system(SN)).online

    async def is_gone() -> bool:
        return await is_online() is False

    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        await charger.boot()
        await until(is_online, "the birth message")
    await until(is_gone, "the goodbye")


async def test_transactions_of_offline_hours_come_late_and_once(plant: Plant) -> None:
    then = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    end = then + timedelta(hours=2)
    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        await charger.boot()
        first = await charger.begin(1000, then)
        again = await charger.begin(1000, then)
        assert first.transaction_id == again.transaction_id
        await charger.meter(first.transaction_id, 5, 7000, then + timedelta(hours=1))
        await charger.end(first.transaction_id, 9000, end)
        await charger.end(first.transaction_id, 9000, end)
        await plant.reading(SN, "meter_stop", 9000)
    (record,) = await plant.records(SN)
    assert record.energy == 8000
    assert record.started_at == round(then.timestamp() * 1000)
    async with plant.database.read() as connection:
        found = await connection.exec_driver_sql(
            "SELECT device_time, receive_time FROM frames JOIN channel_names ON channel_id = id"
            " WHERE channel = 'meter_values'"
        )
        ((device_time, receive_time),) = found.all()
    assert receive_time - device_time > 3_600_000


async def test_the_end_of_a_transaction_that_nobody_knows_is_kept(plant: Plant) -> None:
    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        await charger.end(4711, 9000)
    (record,) = await plant.records(SN)
    assert (record.started_at, record.meter_stop, record.energy) == (None, 9000, None)
