"""Commands from the queue to the charger and back, for both versions."""

import msgspec
import pytest

from core.commanding.states import State
from core.records import ulid
from core.runtime import clock, topics
from core.runtime.mqtt import MqttPublisher
from core.thing_model.messages import CommandMessage
from tests.ocpp.charge_point import plugged
from tests.ocpp.conftest import Plant, until

pytestmark = pytest.mark.integration
SN = "WALLBOX0001"


async def test_a_charger_of_1_6_does_what_it_is_told(plant: Plant) -> None:
    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        await charger.boot()
        await charger.status("Available")
        begin = await plant.order(SN, "start_charging", start_id_tag="04A2")
        assert (await plant.outcome(begin)).state is State.SUCCEEDED
        started = await charger.begin(1000)
        for name, values in (
            ("set_current_limit", {"current_limit": 6.5}),
            ("stop_charging", {}),
            ("unlock", {}),
            ("reset_soft", {}),
        ):
            record = await plant.outcome(await plant.order(SN, name, **values))
            assert record.state is State.SUCCEEDED, record.reason
        told = dict(charger.told)
    assert told["RemoteStartTransaction"] == {"id_tag": "04A2", "connector_id": 1}
    assert told["RemoteStopTransaction"] == {"transaction_id": started.transaction_id}
    assert told["UnlockConnector"] == {"connector_id": 1}
    assert told["Reset"] == {"type": "Soft"}
    profile = told["SetChargingProfile"]["cs_charging_profiles"]
    assert profile["charging_profile_purpose"] == "TxDefaultProfile"
    period = profile["charging_schedule"]["charging_schedule_period"]
    assert period == [{"start_period": 0, "limit": 6.5}]


async def test_a_charger_of_2_0_1_does_what_it_is_told(plant: Plant) -> None:
    async with plugged(plant.url(SN), "ocpp2.0.1", plant.password(SN)) as charger:
        await charger.boot()
        await charger.event("Started", "T-9", 1, evse={"id": 1, "connector_id": 1})
        variable = {
            "variable_component": "SampledDataCtrlr",
            "variable_name": "TxUpdatedInterval",
            "variable_value": "30",
        }
        for name, values in (
            ("start_charging", {"start_id_token": "04A2"}),
            ("set_power_limit", {"power_limit": 4200}),
            ("stop_charging", {}),
            ("unlock", {}),
            ("reset_immediate", {}),
            ("set_variable", variable),
        ):
            record = await plant.outcome(await plant.order(SN, name, **values))
            assert record.state is State.SUCCEEDED, (name, record.reason)
        told = dict(charger.told)
    assert told["RequestStartTransaction"]["evse_id"] == 1
    assert told["RequestStopTransaction"] == {"transaction_id": "T-9"}
    assert told["UnlockConnector"] == {"evse_id": 1, "connector_id": 1}
    assert told["Reset"] == {"type": "Immediate"}
    (schedule,) = told["SetChargingProfile"]["charging_profile"]["charging_schedule"]
    assert schedule["charging_schedule_period"] == [{"start_period": 0, "limit": 4200}]


async def test_readings_prove_that_a_charger_is_out_of_service(plant: Plant) -> None:
    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        await charger.boot()
        record = await plant.outcome(await plant.order(SN, "set_inoperative"))
    assert record.state is State.SUCCEEDED
    assert record.reason == "the readings show it: status = Unavailable"
    assert "TriggerMessage" in dict(charger.told)


@pytest.mark.parametrize(
    ("name", "action", "word", "state"),
    [
        ("unlock", "UnlockConnector", "UnlockFailed", State.FAILED),
        ("unlock", "UnlockConnector", "NotSupported", State.REJECTED),
        ("reset_hard", "Reset", "Rejected", State.REJECTED),
    ],
)
async def test_a_charger_may_say_no(
    plant: Plant, name: str, action: str, word: str, state: State
) -> None:
    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        charger.answers[action] = word
        await charger.boot()
        record = await plant.outcome(await plant.order(SN, name))
    assert (record.state, record.reason) == (state, word)


async def test_what_cannot_be_told_is_rejected_with_the_reason(plant: Plant) -> None:
    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        await charger.boot()
        stop = await plant.outcome(await plant.order(SN, "stop_charging"))
        odd = await plant.outcome(await plant.order(SN, "set_current_limit", current_limit=6.55))
        cache = await plant.outcome(await plant.order(SN, "clear_cache"))
    assert stop.state is State.REJECTED
    assert "no transaction is open on charger1" in stop.reason
    assert odd.state is State.FAILED
    assert "6.55" in odd.reason
    assert cache.state is State.REJECTED
    assert "NotImplemented" in cache.reason


async def test_a_command_that_comes_twice_is_carried_out_once(plant: Plant) -> None:
    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        await charger.boot()
        command_id = await plant.order(SN, "reset_hard")
        await plant.outcome(command_id)
        text = b'{"action":"Reset","payload":{"type":"Hard"}}'.hex()
        again = CommandMessage(command_id, "charger1", "reset_hard", {}, clock.now() + 60_000, text)
        late = CommandMessage(ulid(clock.now()), "charger1", "reset_hard", {}, 1, text)
        async with MqttPublisher(plant.broker.address(), "test") as publisher:
            for message in (again, late):
                payload = msgspec.json.encode(message)
                await publisher.publish(topics.command(SN), payload)

        async def refused() -> bool:  # the system was never sent the second one
            return plant.ingest.counts["unknown_command"] == 1

        await until(refused, "the answer to the expired command")
    assert charger.told == [("Reset", {"type": "Hard"})]


async def test_a_command_waits_for_a_charger_that_is_away(plant: Plant) -> None:
    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        await charger.boot()
        await plant.system(SN)
    command_id = await plant.order(SN, "unlock")
    async with plugged(plant.url(SN), password=plant.password(SN)) as charger:
        assert (await plant.outcome(command_id)).state is State.SUCCEEDED
