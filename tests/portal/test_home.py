"""Home: the energy of all systems by period, and what it says where there is none."""

import re
from datetime import timedelta

import attrs
from sqlalchemy import insert

from core.telemetry.periods import EPOCH
from core.telemetry.tables import ENERGIES, fleet_days, fleet_hours
from portal.services import Services
from tests.portal.conftest import NOW, Site

DAY = NOW // 86_400_000


async def put(site: Site, day: int, *, company: int = -1, **wh: int) -> None:
    sums = {**dict.fromkeys(ENERGIES, 0), **wh}
    async with site.database.begin() as connection:
        row = {"company_id": company, "day": day, "systems": 1}
        await connection.execute(insert(fleet_days).values(**row, **sums))


async def energy(site: Site, period: str):
    answer = await site.client.get(f"/home.json?period={period}")
    assert answer.status_code == 200, answer.text
    return answer.json()["energy"]


async def test_energy_by_period_with_co2_only_by_a_factor(site: Site) -> None:
    assert await energy(site, "total") is None
    assert "No system has told of energy" in (await site.client.get("/")).text
    await put(site, DAY, generation=10_000, consumption=8_000, purchase=2_000)
    await put(site, DAY - 2, generation=5_000)
    await put(site, DAY - 400, generation=1_000)
    await put(site, DAY, company=7, generation=99_000)
    today = await energy(site, "day")
    assert (today["generation"], today["self_sufficiency"], today["co2_spared"]) == (10, 75, None)
    sums = [(await energy(site, each))["generation"] for each in ("month", "year", "total")]
    assert sums == [15, 15, 16]
    assert (await energy(site, "total"))["first"] == str(EPOCH + timedelta(DAY - 400))
    assert "CO₂" not in (await site.client.get("/")).text
    services: Services = site.app.state.services
    services.settings = attrs.evolve(services.settings, co2_factor=0.4)
    assert (await energy(site, "day"))["co2_spared"] == 4
    page = (await site.client.get("/?period=total")).text
    assert re.search(r'href="\?period=total" aria-current="true"', page)
    assert "CO₂" in page
    assert (await site.client.get("/?period=week")).status_code == 400


async def test_what_is_installed_and_where(site: Site) -> None:
    found = (await site.client.get("/home.json")).json()
    assert found["installed"]["inverter"] == {"amount": 9000, "known": 1, "unknown": 0}
    assert found["installed"]["pv"] == {"amount": 0, "known": 0, "unknown": 1}
    (place,) = found["places"]
    assert (place["country"], place["systems"], place["sites"]) == ("DE", 1, 0)
    assert (round(place["north"], 1), round(place["east"], 1)) == (50.1, 11.0)
    hour = NOW - NOW % 3_600_000
    async with site.database.begin() as connection:
        sums = {**dict.fromkeys(ENERGIES, 0), "generation": 2_500_000}
        row = {"company_id": -1, "hour": hour, "systems": 1}
        await connection.execute(insert(fleet_hours).values(**row, **sums))
    (told,) = (await site.client.get("/home.json")).json()["hours"]
    assert (told["time"], told["generation"]) == ("2026-09-21T14:00:00.000Z", 2500)
    page = (await site.client.get("/")).text
    assert "Energy by hour in MWh" in page
    assert 'href="/systems?country=DE" aria-label="Germany: 1 system, Fault 1"' in page
    assert "1 has no figure" in page
    nothing = (await site.client.get("/home.json?country=AT")).json()["installed"]
    assert nothing["inverter"] == {"amount": 0, "known": 0, "unknown": 0}


async def test_today_is_that_of_the_clock(site: Site) -> None:
    assert (await site.client.get("/home.json")).json()["today"] == "2026-09-21"
    site.client.cookies.set("zone", "Pacific%2FKiritimati")
    mine = (await site.client.get("/home.json?tz=me")).json()
    assert (mine["today"], mine["zone"]) == ("2026-09-22", "Pacific/Kiritimati")
    page = (await site.client.get("/?tz=me")).text
    assert "Today is 2026-09-22 by the clock of this page: My time, Pacific/Kiritimati." in page
