"""Real-time data: chosen datapoints of chosen systems, each value with its own age."""

import csv
import io
from typing import Any

import pytest
from attrs import evolve

from core.listing.filters import Clock
from portal.resource.jobs import Jobs
from portal.resource.state import read_state
from portal.resources.latest_columns import LATEST
from portal.resources.real_time import REAL_TIME
from tests.portal import unseen
from tests.portal.conftest import Site

COLUMNS = "sn,inverter.roof_power,inverter.mode,inverter.never_heard"
ASKED = {"product": "zephyr-q9", "columns": COLUMNS}


async def rows(site: Site, **said: str) -> list[dict[str, Any]]:
    answer = await site.client.get("/real-time.json", params={**ASKED, **said})
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


async def page(site: Site, **said: str) -> str:
    answer = await site.client.get("/real-time", params=said)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_nothing_is_listed_before_systems_are_chosen(site: Site):
    text = await page(site)
    assert "Give at least one of these filters: Serial number, Product model, Country." in text
    assert unseen.SN not in text
    assert "every 5s" not in text
    assert "Nothing is listed yet" in await page(site, status="fault")
    for suffix in (".json", ".csv"):
        answer = await site.client.get(f"/real-time{suffix}", params={"status": "fault"})
        assert answer.status_code == 400
        assert "give at least one of q, product, country" in answer.text
    assert (await site.post("/real-time/export")).status_code == 400


async def test_each_value_has_its_own_moment_and_what_it_means(site: Site):
    (row,) = await rows(site)
    roof, mode = (row["values"][f"inverter.{key}"] for key in ("roof_power", "mode"))
    heard = site.clock.now - 50
    assert roof == {
        "value": 3200, "unit": "W", "meaning": None, "time": heard, "stale": False,
    }  # fmt: skip
    assert (mode["value"], mode["meaning"]) == (1, "Feeding")
    assert row["values"]["inverter.never_heard"] is None
    site.clock.now += 13_000
    (row,) = await rows(site)
    assert row["values"]["inverter.roof_power"]["stale"], "it comes every 5 s"
    text = await page(site, **ASKED)
    assert "stale" in text
    assert 'Roof, Inverter <span class="unit">W</span>' in text
    assert 'data-label="Roof, Inverter (W)"' in text


async def test_datapoints_are_offered_for_what_is_listed(site: Site):
    text = await page(site, q=unseen.SN)
    assert 'value="inverter.charge"' in text
    chosen = await page(site, q="nobody", columns=COLUMNS)
    assert 'value="inverter.roof_power" checked' in chosen, "what is chosen stays"
    assert 'value="inverter.charge"' not in chosen


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("sn,inverter.moon", "no column 'inverter.moon'"),
        ("battery.roof_power", "no column 'battery.roof_power'"),
        ("inverter.", "no column 'inverter.'"),
    ],
)
async def test_what_no_model_declares_is_no_column(site: Site, columns: str, said: str):
    answer = await site.client.get("/real-time", params={**ASKED, "columns": columns})
    assert answer.status_code == 400
    assert said.replace("'", "&#39;") in answer.text


async def test_there_is_a_most_of_datapoints(site: Site):
    few = evolve(REAL_TIME, more_columns=evolve(LATEST, most=2))
    state = read_state(few, list(ASKED.items()), Clock(0), site.registry)
    assert [problem.what for problem in state.problems] == ["more than 2 are chosen"]


async def test_several_serial_numbers_and_a_pause_stay_in_the_address(site: Site):
    await site.register("ZQ9000000002")
    both = f"{unseen.SN}|ZQ9000000002"
    assert len(await rows(site, q=both)) == 2
    assert len(await rows(site, q="ZQ9000000002")) == 1
    text = await page(site, q=both, columns=COLUMNS)
    assert 'hx-trigger="every 5s"' in text
    assert "&amp;paused=yes" in text
    text = await page(site, q=both, columns=COLUMNS, paused="yes")
    assert "every 5s" not in text
    assert '<input type="hidden" name="paused" value="yes">' in text
    assert "Go on" in text


async def test_sheets_have_units_in_heads_and_the_moment_beside(site: Site):
    answer = await site.client.get("/real-time.csv", params=ASKED)
    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert list(line) == [
        "sn", "inverter.roof_power (W)", "inverter.roof_power_time", "inverter.mode",
        "inverter.mode_time", "inverter.never_heard (V)", "inverter.never_heard_time",
    ]  # fmt: skip
    assert line["inverter.roof_power (W)"] == "3200"
    assert line["inverter.roof_power_time"].startswith("2026-09-21T")
    assert line["inverter.never_heard_time"] == ""
    query = f"product=zephyr-q9&columns={COLUMNS}"
    asked = await site.post("/real-time/export", _query=query)
    assert asked.status_code == 303, asked.text
    services = site.app.state.services
    assert await Jobs(services, {REAL_TIME.id: REAL_TIME}.get).work()
    file = await site.client.get(f"{asked.headers['location']}/file")
    assert file.text == answer.text
