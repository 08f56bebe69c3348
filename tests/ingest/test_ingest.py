"""What becomes of frames, on both databases."""

import struct

import msgspec
import pytest

from core.fleet import systems
from core.journal import faults
from core.runtime import topics
from core.runtime.transport import BATCH_SIZE
from core.telemetry import readings
from core.telemetry.fold import UNSET_CLOCK
from core.thing_model.messages import Live
from tests.devices import SN, START, frame, running, settings
from tests.ingest.bench import HOUR, Bench

U64 = 2**64 - 1


async def test_a_frame_becomes_readings(bench: Bench) -> None:
    await bench.take(frame(1, running(pv=1234, battery=-500, soc=0xFFFF)))
    found = await bench.readings()
    assert {key: each.value for (_, key), each in found.items()} == {
        "pv_power": 1234,
        "battery_power": -500,
        "soc": None,
        "fault_word": 0,
    }
    assert found["inverter", "pv_power"] == readings.Reading(
        1234, START + 1000, bench.now, "running"
    )


async def test_house_readings_follow_from_all_channels(bench: Bench, registry) -> None:
    await bench.take(frame(1), frame(2, b'{"pgrid": -300}', channel="ems"))
    model = registry.system(registry.product("bench"))
    assert readings.house(model, await bench.readings()) == {
        "pv.power": 1000,
        "battery.power": 500,
        "battery.soc": 80.5,
        "grid.power": -300,
        "load.power": 200,
    }


async def test_a_frame_is_kept_as_it_came(bench: Bench) -> None:
    await bench.take(frame(U64, device_time=START, boot_id=2**32 - 1))
    async with bench.database.read() as connection:
        kept = await readings.frame_of(connection, bench.system_id, "inverter", "running")
        nothing = await readings.frame_of(connection, bench.system_id, "inverter", "settings")
    assert kept == readings.Frame(
        "inverter",
        "running",
        2**32 - 1,
        U64,
        START,
        bench.now,
        "1.0.0",
        "inverters.bench",
        running(),
    )
    assert nothing is None


async def test_a_frame_that_comes_again_is_kept_once(bench: Bench) -> None:
    batch = [frame(n) for n in range(10)]
    await bench.take(*batch, batch[3])
    await bench.take(*batch[5:], frame(10))
    assert await bench.count("frames") == 11
    assert await bench.codes() == []


async def test_another_frame_of_the_same_identity_is_a_dead_letter(bench: Bench) -> None:
    await bench.take(frame(1, running(pv=1)))
    await bench.take(frame(1, running(pv=2)), frame(2, running(pv=3)), frame(2, running(pv=4)))
    assert await bench.codes() == ["conflicting_frame"] * 2
    assert await bench.value("pv_power") == 3


async def test_readings_are_those_of_the_newest_frame(bench: Bench) -> None:
    await bench.take(frame(5, running(pv=5)), frame(3, running(pv=3)))
    await bench.take(frame(4, running(pv=4)))
    assert await bench.value("pv_power") == 5
    await bench.take(frame(6, running(pv=6), late=True), frame(2, running(pv=2), late=True))
    assert await bench.value("pv_power") == 6
    assert await bench.count("frames") == 5


async def test_a_clock_that_ran_ahead_does_not_hide_what_follows(bench: Bench) -> None:
    ahead = bench.now + 10 * 365 * 24 * HOUR
    await bench.take(
        frame(1, running(pv=1), device_time=ahead), frame(2, running(pv=2), device_time=ahead + 1)
    )
    assert await bench.value("pv_power") == 2
    bench.now += 5000
    await bench.take(frame(3, running(pv=3), device_time=bench.now - 100))
    assert await bench.value("pv_power") == 3
    await bench.take(frame(2, running(pv=2), device_time=ahead + 1))
    assert await bench.value("pv_power") == 3


async def test_overtaken_frames_of_a_clock_ahead_stay_behind(bench: Bench) -> None:
    ahead = bench.now + HOUR
    for n in (2, 1):
        await bench.take(frame(n, running(pv=n), device_time=ahead + n))
        bench.now += 1000
    assert await bench.value("pv_power") == 2


async def test_a_clock_that_was_never_set_hides_nothing(bench: Bench) -> None:
    await bench.take(frame(9, running(pv=9)))
    await bench.take(frame(1, running(pv=1), boot_id=2, device_time=UNSET_CLOCK - 1))
    assert await bench.value("pv_power") == 1
    bench.now += 1000
    await bench.take(frame(2, running(pv=2), boot_id=2, device_time=bench.now))
    assert await bench.value("pv_power") == 2


@pytest.mark.parametrize("device_time", [0, UNSET_CLOCK - 1, START + 100 * HOUR, 2**63 - 1])
async def test_backfill_of_a_wrong_clock_is_kept_but_never_the_newest(
    bench: Bench, device_time: int
) -> None:
    await bench.take(frame(1, running(pv=1)))
    await bench.take(frame(2, running(pv=2), device_time=device_time, late=True))
    assert await bench.value("pv_power") == 1
    assert await bench.count("frames") == 2


async def test_an_implausible_value_is_kept_apart(bench: Bench) -> None:
    await bench.take(frame(1, running(pv=60_000, soc=1001)))
    assert await bench.value("pv_power") is None
    assert await bench.value("battery_power") == -500
    async with bench.database.read() as connection:
        found = await connection.exec_driver_sql(
            "SELECT key, value, position, reason, sequence FROM quarantine ORDER BY key"
        )
        assert [tuple(row) for row in found] == [
            ("pv_power", "60000", 0, "60000 is outside its range 0 to 20000", 1),
            ("soc", "100.1", 4, "100.1 is outside its range 0 to 100", 1),
        ]
    await bench.take(frame(1, running(pv=60_000, soc=1001)))
    assert await bench.count("quarantine") == 2


async def test_faults_open_and_close(bench: Bench) -> None:
    await bench.take(frame(1, running(faults=1)), frame(2, running(faults=3)))
    assert await _faults(bench, "open") == [("grid_lost", "critical"), ("fan_stalled", "warning")]
    await bench.take(frame(3, running(faults=2)), frame(4, running(faults=0xFFFF)))
    assert await _faults(bench, "open") == [("grid_lost", "critical")]
    await bench.take(frame(2, running(faults=1), boot_id=9))
    assert await _faults(bench, "open") == [("grid_lost", "critical")]
    await bench.take(frame(5, running()), frame(6, running(faults=1)), frame(7, running()))
    assert await _faults(bench, "open") == []
    async with bench.database.read() as connection:
        history = await faults.history(connection, bench.system_id)
    assert [(each.code, each.opened_at - START, each.closed_at - START) for each in history] == [
        ("fan_stalled", 6000, 7000),
        ("grid_lost", 2000, 5000),
        ("fan_stalled", 1000, 3000),
    ]


async def test_an_undecodable_frame_is_kept_and_told_of(bench: Bench) -> None:
    await bench.take(frame(1), frame(2, b"\x01\x02"), frame(3, running(pv=3)))
    assert await bench.count("frames") == 3
    assert await bench.value("pv_power") == 3
    (letter,) = await bench.letters()
    assert (letter.code, letter.sn, letter.plugin) == ("undecodable", SN, "inverters.bench")
    assert "2 bytes" in letter.reason
    assert letter.payload == frame(2, b"\x01\x02").payload


async def test_a_function_of_a_plugin_that_fails_stops_nothing(bench: Bench) -> None:
    await bench.take(frame(1, b'{"p": 0}', channel="probe"), frame(2, running(pv=2)))
    assert await bench.value("pv_power") == 2
    (letter,) = await bench.letters()
    assert letter.code == "undecodable"
    assert letter.reason.startswith("inverters.bench failed with ZeroDivisionError")


async def test_a_message_that_cannot_be_stored_does_not_stop_the_others(bench: Bench) -> None:
    poison = frame(2, b'{"pgrid": %d}' % 10**30, channel="ems")
    await bench.take(frame(1, running(pv=1)), poison, frame(3, running(pv=3)))
    assert await bench.codes() == ["unstorable"]
    assert await bench.value("pv_power") == 3
    assert bench.ingest.counts == {"taken": 2, "unstorable": 1}


async def test_arrival_is_noted_and_status_follows(bench: Bench) -> None:
    await bench.take(frame(1))
    first = bench.now
    bench.now += 29_000
    await bench.take(frame(2))
    assert await _times(bench) == (first, first)
    bench.now += 1_000
    await bench.take(frame(3, b"undecodable", late=True))
    assert await _times(bench) == (first, bench.now)


async def test_the_feed_tells_what_came(bench: Bench) -> None:
    await bench.take(
        frame(1, settings(), channel="settings"), frame(2, b'{"pgrid": 7}', channel="ems")
    )
    await bench.take(frame(3, running(faults=1)))
    first, second = (msgspec.json.decode(each.payload, type=Live) for each in bench.desk.published)
    assert {(each.topic, each.qos) for each in bench.desk.published} == {(topics.live(SN), 0)}
    assert first.house == {"grid.power": 7, "load.power": 7}
    assert first.changed["inverter"] == {
        "export_limit": 5000,
        "mode": 0,
        "charge_current": 20.0,
        "grid_power": 7,
    }
    assert (first.time, first.faults) == (START + 2000, False)
    assert second.house["load.power"] == 507
    assert second.faults


async def test_the_feed_knows_readings_from_before_it_started(bench: Bench, registry) -> None:
    await bench.take(frame(1, b'{"pgrid": 7}', channel="ems"))
    again = type(bench.ingest)(
        registry, bench.database, bench.desk, bench.desk, clock=lambda: bench.now
    )
    await again.take([frame(2)])
    assert msgspec.json.decode(bench.desk.published[-1].payload)["house"]["grid.power"] == 7


async def test_the_feed_is_silent_while_there_is_a_backlog(bench: Bench) -> None:
    await bench.take(*(frame(n) for n in range(BATCH_SIZE)))
    assert bench.desk.published == []


async def test_a_product_whose_version_is_gone_is_read_by_the_newest(bench: Bench) -> None:
    async with bench.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE systems SET product_version = '0.9.0'")
    await bench.take(frame(1))
    assert await bench.value("pv_power") == 1000


async def test_numbers_at_their_limits_are_stored(bench: Bench) -> None:
    await bench.take(frame(0, struct.pack(">HhHH", 0, -(2**15), 0, 0), device_time=-(2**63)))
    assert await bench.value("battery_power") == -(2**15)


async def _faults(bench: Bench, which: str) -> list[tuple[str, str]]:
    async with bench.database.read() as connection:
        found = await getattr(faults, f"{which}_of")(connection, bench.system_id)
    return [(each.code, each.severity) for each in found]


async def _times(bench: Bench) -> tuple[int | None, int | None]:
    async with bench.database.read() as connection:
        record = await systems.by_sn(connection, SN)
    assert record is not None
    return record.first_frame_at, record.last_frame_at
