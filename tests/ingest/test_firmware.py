"""Firmware versions: kept when they change, and counted within what somebody sees."""

from attrs import evolve

from core.access import PLATFORM
from core.fleet import firmware
from core.fleet.firmware import Told
from core.fleet.firmware_search import alike
from tests.devices import OTHER
from tests.ingest.bench import HOUR, Bench, presence


async def test_versions_are_kept_on_change_only(bench: Bench) -> None:
    first = bench.now
    await bench.take(presence(firmware="1.0"), presence(OTHER, product_model="bench", firmware="2"))
    await bench.take(presence(firmware="1.0"))
    bench.now += HOUR
    await bench.take(presence(firmware="2"))
    board = Told(bench.system_id, " 617 ", first, "inverter", "board", "inverters.bench")
    async with bench.database.begin() as connection:
        await firmware.note(connection, [board, Told(bench.system_id, "", first)])
        await firmware.note(connection, [board])
    async with bench.database.read() as connection:
        past = await firmware.history(connection, bench.system_id)
        assert [(r.key, r.version, r.before, r.since, r.until) for r in past] == [
            ("board", "617", "", first, None),
            ("", "2", "1.0", bench.now, None),
            ("", "1.0", "", first, bench.now),
        ]
        assert await firmware.history(connection, bench.system_id, before=past[1].id) == past[2:]
        current = await firmware.current(connection, bench.system_id)
        assert current == past[:2]
        assert await alike(connection, PLATFORM, "bench", current) == [1, 2]
        assert await alike(
            connection, evolve(PLATFORM, user_type="B", company_id=7), "bench", current
        ) == [0, 0]
        assert await alike(connection, PLATFORM, "bench", []) == []
