"""Breakpoint continues and EV-Charger: what is missing and came back, what was charged."""

from sqlalchemy import insert

from core.charging.tables import charging_records
from core.telemetry.tables import gaps
from tests.portal import unseen
from tests.portal.conftest import NOW, Site

HOUR = 3_600_000


async def _lose(site: Site, missing: int, number: int) -> None:
    row = {
        "system_id": 1, "boot_id": number, "first": 11, "last": 20, "missing": missing,
        "ranges": "[[11, 20]]" if missing else "[]", "after_time": NOW - 2 * HOUR,
        "before_time": NOW - HOUR, "noticed_at": NOW - HOUR + number,
        "closed_at": None if missing else NOW, "asked": 0,
    }  # fmt: skip
    async with site.database.begin() as connection:
        await connection.execute(insert(gaps).values(**row))


async def test_gaps_tell_what_came_back(site: Site):
    for number, missing in enumerate((10, 4, 0)):
        await _lose(site, missing, number)
    rows = (await site.client.get("/gaps.json")).json()["rows"]
    shown = ("count", "returned", "missing", "percent", "completion", "minutes")
    assert [tuple(row[name] for name in shown) for row in rows] == [
        (10, 10, 0, 100, "complete", 60),
        (10, 6, 4, 60, "partial", 60),
        (10, 0, 10, 0, "none", 60),
    ]
    for name in ("complete", "partial", "none"):
        given = {"completion": name, "q": unseen.SN}
        rows = (await site.client.get("/gaps.json", params=given)).json()["rows"]
        assert [row["completion"] for row in rows] == [name]


async def test_a_gap_is_asked_for_again(site: Site):
    await _lose(site, 10, 0)
    answer = await site.post("/gaps/act/request", "/gaps", key="1", _step="go")
    assert answer.status_code < 400, answer.text[:500]
    async with site.database.read() as connection:
        asked = await connection.exec_driver_sql("SELECT system_id, asked FROM backfill_requests")
    assert [tuple(row) for row in asked] == [(1, 10)]


async def test_charging_records_tell_energy_and_state(site: Site):
    async with site.database.begin() as connection:
        for number, end in enumerate((None, NOW)):
            row = {
                "sn": unseen.SN, "identity": f"T:{number}", "connector": 1,
                "started_at": NOW - HOUR + number, "ended_at": end, "meter_start": 1000,
                "meter_stop": 8_400 if end else None, "started_by": "", "stopped_by": "",
                "reason": "Local" if end else "", "noted_at": NOW,
            }  # fmt: skip
            await connection.execute(insert(charging_records).values(**row))
    rows = (await site.client.get("/charging.json")).json()["rows"]
    assert [(row["energy"], row["state"]) for row in rows] == [(7400, "ended"), (None, "charging")]
    given = {"state": "charging", "sort": "-started_at"}
    rows = (await site.client.get("/charging.json", params=given)).json()["rows"]
    assert [(row["energy"], row["state"]) for row in rows] == [(None, "charging")]
    assert (await site.client.get("/charging")).status_code == 200
