"""Fault Recording: what was measured around a fault, as curves, table and CSV."""

import csv
import io
from urllib.parse import parse_qs, urlsplit

from tests.portal import unseen
from tests.portal.conftest import Site

MINUTE = 60_000


async def recording(site: Site):
    shown = "sn,opened_at,closed_at,recording,path"
    answer = await site.client.get("/fault-recordings.json", params={"columns": shown})
    (row,) = answer.json()["rows"]
    return row


async def test_a_recording_is_of_what_said_it_and_what_was_measured(site: Site):
    row = await recording(site)
    asked = parse_qs(urlsplit(row["path"]).query)
    assert asked["points"] == [
        f"inverter.{key}"
        for key in ("trouble", "cell_power", "roof_power", "street_power", "charge")
    ]
    page = (await site.client.get("/fault-recordings")).text
    assert "Values around it" in page
    assert row["path"].replace("&", "&amp;") in page


async def test_its_window_ends_with_the_fault_which_is_drawn_in(site: Site):
    site.clock.now += 5 * MINUTE
    await site.hear(unseen.frame(trouble=0))
    row = await recording(site)
    assert row["closed_at"] - row["opened_at"] == 5 * MINUTE
    path, _, query = row["path"].partition("?")
    curves = (await site.client.get(f"{path}.json?{query}")).json()
    assert curves["from"] * 1000 == row["opened_at"] // 1000 * 1000 - 10 * MINUTE
    (drawn,) = curves["faults"]
    assert drawn["to"] - drawn["from"] == 300
    sheet = await site.client.get(f"{path}.csv?{query}")
    lines = list(csv.DictReader(io.StringIO(sheet.text)))
    assert [line["inverter.trouble"] for line in lines] == ["4", "0"]
    assert "Table" in (await site.client.get(row["path"])).text


async def test_of_a_model_that_is_not_loaded_nothing_can_be_drawn(site: Site):
    await site.app.state.services.adopt(site.registry.of({}, {}, ()))
    row = await recording(site)
    assert (row["recording"], row["path"]) == ("none", None)
    page = await site.client.get("/fault-recordings")
    assert "Nothing can be drawn" in page.text


async def test_a_fault_without_an_end_is_recorded_until_now(site: Site):
    site.clock.now += 30 * MINUTE
    row = await recording(site)
    assert row["closed_at"] is None
    path, _, query = row["path"].partition("?")
    curves = (await site.client.get(f"{path}.json?{query}")).json()
    assert curves["to"] * 1000 == site.clock.now + 10 * MINUTE
