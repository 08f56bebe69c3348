"""Home: the energy of all systems by period, and what it says where there is none."""

import re
from datetime import timedelta

import attrs
from sqlalchemy import insert

from core.telemetry.periods import EPOCH
from core.telemetry.tables import ENERGIES, fleet_days
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
    assert re.search(r'href="/\?period=total" aria-current="true"', page)
    assert "CO₂" in page
    assert (await site.client.get("/?period=week")).status_code == 400
