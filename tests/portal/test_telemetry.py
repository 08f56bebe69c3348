"""Telemetry of a system: its newest values, and any of them over time."""

import csv
import io
import re
from html import unescape

from core.runtime.sweeper import Sweeper
from core.telemetry.samples import Columns
from tests.portal import unseen
from tests.portal.conftest import NOW, Site

PAGE = f"/systems/{unseen.SN}"
CHOSEN = "points=inverter.roof_power&points=inverter.charge"
SPAN = "from=2026-09-21T16:00:00%2B02:00&to=2026-09-21T17:00:00%2B02:00"


def test_no_extreme_is_lost_and_silence_breaks_the_line():
    minute = Columns(0, 60_000)
    for n in range(360):
        minute.take(10_000 * n, 9000 if n == 100 else n % 3)
    minute.take(5_000_000, -7)
    assert max(value for _, value in minute.drawn(25_000) if value is not None) == 9000
    *_, gap, last = minute.drawn(25_000)
    assert (gap[1], last) == (None, (5_000_000, -7))
    times = [time for time, _ in minute.drawn(25_000)]
    assert times == sorted(set(times))
    assert len(times) <= 2 * 60 + 2
    hour = minute.wider(3_600_000)
    assert [(each.least, each.most) for each in hour.held.values()] == [(0, 9000), (-7, -7)]


async def test_newest_values_are_searched_and_drawn(site: Site):
    page = (await site.client.get(f"{PAGE}/telemetry")).text
    assert "never_heard" in page
    assert "not heard yet" in page
    assert f'href="{PAGE}/explain/inverter/mode"' in page
    assert "Feeding" in page
    assert "<script>alert" not in page
    found = (await site.client.get(f"{PAGE}/telemetry?{CHOSEN}&q=ROOF")).text
    assert "inverter.mode</code>" not in found
    assert 'type="checkbox" name="points" value="inverter.roof_power" checked' in found
    assert '<input type="hidden" name="points" value="inverter.charge">' in found
    values = (await site.client.get(f"{PAGE}/telemetry.json?q=roof_power")).json()["values"]
    assert [(v["key"], v["value"], v["unit"]) for v in values] == [("roof_power", 3200, "W")]
    sheet = await site.client.get(f"{PAGE}/telemetry.csv?q=inverter.charge")
    assert next(csv.DictReader(io.StringIO(sheet.text)))["value"] == "71.5"


async def test_chosen_datapoints_over_time_are_curves_a_table_and_a_sheet(site: Site):
    for n in range(1, 21):
        site.clock.now = NOW + 5_000 * n
        if n not in (8, 9, 10, 11):
            await site.hear(unseen.frame(roof=9000 if n == 3 else 3000 + n))
    said = (await site.client.get(f"{PAGE}/history.json?{CHOSEN}&{SPAN}")).json()
    roof, charge = said["series"]
    assert (said["to"] - said["from"], said["column"]) == (3600, 5)
    assert (roof["unit"], charge["unit"], roof["stepped"]) == ("W", "%", False)
    assert max(v for v in roof["values"] if v is not None) == 9000
    assert roof["values"].count(None) == 1
    assert roof["time"][0] == (NOW - 50) / 1000
    assert [fault["label"] for fault in said["faults"]] == ["melting"]
    page = (await site.client.get(f"{PAGE}/history?{CHOSEN}&{SPAN}")).text
    assert "3\u202f012 to 3\u202f014" in page
    sheet = await site.client.get(f"{PAGE}/history.csv?{CHOSEN}&{SPAN}")
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert len(rows) == 17
    assert (rows[3]["inverter.roof_power (W)"], rows[3]["inverter.charge (%)"]) == ("9000", "71.5")
    assert rows[0]["time_shown"] == "2026-09-21 16:13:19"
    week = (await site.client.get(f"{PAGE}/history.json?{CHOSEN}&range=week&at=2026-09-23")).json()
    assert (week["to"] - week["from"], week["column"]) == (7 * 86_400, 600)
    assert sorted(v for v in week["series"][0]["values"]) == [3001, 9000]


async def test_what_cannot_be_drawn_is_said(site: Site):
    for query, status, words in (
        ("points=inverter.nothing", 404, "inverter.nothing"),
        ("&".join(f"points=x.{n}" for n in range(21)), 400, "more than 20"),
        ("from=yesterday&to=2026-09-21", 400, "is not a moment"),
        ("from=2026-09-21&to=2026-09-20", 400, "not after the beginning"),
        ("from=2026-01-01&to=2026-03-01", 400, "more than 31 days"),
    ):
        answer = await site.client.get(f"{PAGE}/telemetry?{query}")
        assert answer.status_code == status, query
        assert words in answer.text
    empty = (await site.client.get(f"{PAGE}/history?{CHOSEN}&range=day&at=2026-01-01")).text
    assert "Nothing was heard of these datapoints" in empty


async def test_facts_of_a_silence_and_the_recording_of_a_fault(site: Site):
    page = (await site.client.get(f"{PAGE}/faults")).text
    found = re.search(r'href="([^"]+/telemetry\?from=[^"]+)"', page)
    assert found, page
    around = unescape(found[1]).replace("/telemetry", "/history.json")
    said = (await site.client.get(around)).json()
    assert said["from"] == (NOW - 50 - 600_000) // 1000
    assert [fault["label"] for fault in said["faults"]] == ["melting"]
    assert 'id="silence" aria-labelledby="why-offline" hidden' in (await site.client.get(PAGE)).text
    await site.register(sn="ZQ9000000002")
    await site.hear(unseen.frame(), sn="ZQ9000000002")
    site.clock.now += 5_000
    limit = f"{PAGE}/commands/inverter/set_feed_limit"
    assert (await site.post(limit, "/account", feed_limit="3000")).status_code == 303
    await site.hear(unseen.frame(), "wrong")
    site.clock.now += 931_000
    await Sweeper(site.database, site.clock).work()
    page = (await site.client.get(PAGE)).text
    for fact in (
        "one is expected every 5 s",
        "it says that it is online",
        "Its last fault, not gone when it fell silent: melting",
        "Its last line of log: nobody knows this &lt;b&gt;line&lt;/b&gt;",
        "Messages that could not be read since the last one that could: 1",
        "Command set_feed_limit: Queued",
        "It stands at no site",
        "inverters.zephyr_q9 1 of 1 other systems are offline, 1 of them since the same",
        f'href="/dead-letters?sn={unseen.SN}"',
    ):
        assert fact in page, fact
    assert f'href="{PAGE}#silence">Why?</a>' in page
