"""Pages and their twins, of a plugin that nobody has seen."""

import csv
import io
import re
from html import unescape

import pytest

from core.runtime import topics
from core.runtime.envelope import Envelope
from core.runtime.ingest import Ingest
from core.runtime.sweeper import Sweeper
from core.runtime.transport import Message
from core.spreadsheet import safe_cell
from core.upkeep import heartbeats
from core.upkeep.heartbeats import Process
from tests.ingest.bench import Desk
from tests.portal import unseen
from tests.portal.conftest import NOW, Site

DEVICE = f"/systems/{unseen.SN}"
TABS = ("", "/readings", "/faults", "/commands", "/logs")


async def html(site: Site, path: str) -> str:
    answer = await site.client.get(path)
    assert answer.status_code == 200, answer.text[-800:]
    return answer.text


async def document(site: Site, path: str):
    answer = await site.client.get(f"{path}.json")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def rows(site: Site, path: str, **asked: list[str]) -> list[dict[str, str]]:
    answer = await site.client.get(f"{path}.csv", params=asked)
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_list_shows_the_system_with_the_house_in_words(site: Site):
    page = await html(site, "/systems")
    assert unseen.SN in page
    (system,) = (await document(site, "/systems"))["rows"]
    assert system["status"] == "fault"
    assert system["battery_power"] == {
        "value": -2100.0, "unit": "W", "words": "Discharging 2.1 kW",
    }  # fmt: skip
    assert system["grid_power"]["words"] == "Importing 900 W"
    (row,) = await rows(site, "/systems")
    assert (row["sn"], float(row["grid_power"])) == (unseen.SN, 900)
    assert row["last_frame_at"] == "2026-09-21T14:13:20.000Z"
    assert row["last_frame_at_site"] == "2026-09-21 16:13:20"


async def test_device_page_and_its_twin_say_the_same(site: Site):
    readings = (await document(site, f"{DEVICE}/readings"))["readings"]
    page = await html(site, f"{DEVICE}/readings")
    shown = re.findall(r'<data class="value[^"]*" value="([^"]*)" data-key="([^"]+)"', page)
    assert {key: value for value, key in shown} == {
        f"{slot}/{key}": "" if reading["value"] is None else str(reading["value"])
        for slot, keyed in readings.items()
        for key, reading in keyed.items()
    }
    overview = await document(site, DEVICE)
    assert overview["readings"] == readings
    tiles = re.findall(r'data-role="([^"]+)".*?<data value="([^"]+)">', await html(site, DEVICE))
    assert {role: float(value) for role, value in tiles} == {
        role: reading["value"] for role, reading in overview["house"].items()
    }
    by_key = {(row["slot"], row["key"]): row["value"] for row in await rows(site, DEVICE)}
    assert by_key["inverter", "charge"] == "71.5"


async def test_reading_has_all_that_is_known_of_it(site: Site):
    readings = (await document(site, f"{DEVICE}/readings"))["readings"]["inverter"]
    assert readings["mode"] == {
        "value": 1, "unit": "", "label": "mode", "role": None, "meaning": "Feeding",
        "device_time": NOW - 50, "receive_time": NOW,
    }  # fmt: skip
    page = await html(site, f"{DEVICE}/readings")
    assert "+ discharging" in page
    assert "Battery at a glance" in page
    assert "1 datapoints not heard yet" in page


async def test_unknown_meaning_is_marked_and_not_guessed(site: Site):
    await site.hear(unseen.frame(mode=9))
    assert 'data-mark="meaning not published">9<' in await html(site, f"{DEVICE}/readings")
    assert (await document(site, f"{DEVICE}/readings"))["readings"]["inverter"]["mode"][
        "meaning"
    ] is None


async def test_flow_says_where_power_goes(site: Site):
    page = await html(site, DEVICE)
    assert "Solar: 3.2 kW to the home." in page
    assert "Battery: 2.1 kW to the home." in page
    assert "Grid: 900 W to the home." in page


async def test_faults_come_with_advice_and_go(site: Site):
    page = await html(site, f"{DEVICE}/faults")
    assert "melting" in page
    assert "Cool it" in page
    found = await document(site, f"{DEVICE}/faults")
    assert [fault["code"] for fault in found["open"]] == ["melting"]
    assert {fault["told_by"] for fault in found["declared"]} == {
        "bit 2 of trouble", "bit 0 of trouble",
    }  # fmt: skip
    site.clock.now += 10_000
    await site.hear(unseen.frame(trouble=0))
    assert (await document(site, f"{DEVICE}/faults"))["open"] == []


async def test_log_shows_changes_with_meanings_and_lines_nobody_reads(site: Site):
    records = (await document(site, f"{DEVICE}/logs"))["records"]
    kinds = [record["kind"] for record in records]
    assert kinds[:3] == ["unparsed", "config", "config"]
    assert (records[2]["old_meaning"], records[2]["new_meaning"]) == ("Standby", "Feeding")
    assert records[1]["new_meaning"] is None
    page = await html(site, f"{DEVICE}/logs")
    assert 'data-mark="meaning not published">9<' in page
    assert "nobody knows this &lt;b&gt;line&lt;/b&gt;" in page
    only = (await site.client.get(f"{DEVICE}/logs.json?kind=unparsed")).json()
    assert len(only["records"]) == 1


async def test_explanation_marks_the_bytes(site: Site):
    page = await html(site, f"{DEVICE}/explain/inverter/charge")
    assert "<mark>02 cb</mark>" in page
    assert "u16, × 0.1" in page
    said = await document(site, f"{DEVICE}/explain/inverter/charge")
    assert (said["raw"], said["spans"]) == (715, [[6, 8]])
    assert bytes.fromhex(said["frame"]) == unseen.frame()
    assert said["source"].startswith("Zephyr manual")


@pytest.mark.parametrize("tab", TABS)
async def test_hostile_words_are_only_words(site: Site, tab: str):
    page = await html(site, DEVICE + tab)
    assert "<script>alert" not in page
    assert "<b>bold</b>" not in page


@pytest.mark.parametrize(
    "path", [f"/plugins/{unseen.NAME}", "/plugins", "/products", "/products/zephyr-q9", "/"]
)
async def test_declarations_are_escaped_too(site: Site, path: str):
    page = await html(site, path)
    assert "<script>alert" not in page
    assert "<i>page</i>" not in page


async def test_plugins_tell_their_tier_and_what_they_could_not_read(site: Site):
    assert "No frame yet" in await html(site, "/plugins")
    ingest = Ingest(site.registry, site.database, Desk(), None, site.clock)
    topic = topics.frame(unseen.SN, "inverter", "running")
    for sequence, body in enumerate((unseen.frame(), b"x"), 90):
        payload = Envelope(1, sequence, site.clock.now - 50, body).pack()
        await ingest.take([Message(topic, payload, None)])
    figures = {**ingest.figures.said(), "backfill": {"plugins": {unseen.NAME: [2, 0]}}}
    async with site.database.begin() as connection:
        await heartbeats.beat(connection, Process("i", "ingest", 1, site.clock.now, figures))
    page = await html(site, "/plugins")
    assert "250.0 of 4" in page
    assert any(word in page for word in ("Bronze", "None: a rule is broken", "Being tried"))


async def test_plugin_page_lists_what_it_declares(site: Site):
    page = unescape(await html(site, f"/plugins/{unseen.NAME}"))
    for word in ("Feed limit", "melting", "bit 2 of trouble", "CFG {items}", "Wipe", "unverified"):
        assert word in page
    assert (await document(site, f"/plugins/{unseen.NAME}"))["counts"]["commands"] == 3


async def test_broken_plugin_is_named_on_every_page_with_its_reason(site: Site):
    assert "meters.torn" in await html(site, "/systems")
    (problem,) = (await document(site, "/plugin-problems"))["rows"]
    assert problem["plugin"] == "meters.torn"
    assert "torn" in problem["what"]
    assert "meters/torn/__init__.py" in problem["where"]


async def test_dead_letter_can_be_taken_in_again(site: Site):
    await site.hear(unseen.frame(), "wrong")
    (letter,) = (await document(site, "/dead-letters"))["rows"]
    assert letter["code"] == "unknown_channel"
    page = await html(site, "/dead-letters?code=unknown_channel")
    assert "Take in again" in page
    asked = await site.post("/dead-letters/act/replay", key=str(letter["id"]))
    assert "1 message" in asked.text
    answer = await site.post("/dead-letters/act/replay", key=str(letter["id"]), _step="go")
    assert "was refused again" in answer.text
    assert (await site.client.get("/dead-letters.json?code=bad_topic")).json()["rows"] == []


async def test_empty_list_says_why_and_what_to_do(site: Site):
    page = await html(site, "/systems?q=NOBODY")
    assert "Nothing fits these filters" in page
    assert 'href="/systems"' in page


async def test_paging_and_filters(site: Site):
    for number in range(60):
        await site.register(f"ZQ9{number:08d}")
    first = (await site.client.get("/systems.json")).json()
    assert (len(first["rows"]), first["total"]) == (50, 61)
    rest = (await site.client.get(f"/systems.json?at={first['next']}")).json()
    assert len(rest["rows"]) == 11
    assert rest["next"] is None
    for query, count in (
        ("status=fault", 1), ("status=offline", 60), ("status=normal", 0), ("status=new", 1),
        ("status=protection", 0), ("status=upgrading", 0),
        ("q=ZQ90000004", 10), ("q=0042", 1), ("product=zephyr-q9", 61), ("product=other", 0),
    ):  # fmt: skip
        assert (await site.client.get(f"/systems.json?{query}")).json()["total"] == count, query


async def test_the_list_asks_as_often_for_many_as_for_one(site: Site):
    before = await _statements(site)
    for number in range(20):
        sn = f"ZQ9{number:08d}"
        await site.register(sn)
        await site.hear(unseen.frame(), sn=sn)
    assert await _statements(site) == before


async def _statements(site: Site) -> int:
    """How many statements the list page takes, beside what is looked at each second."""
    from sqlalchemy import event

    engine = site.database._open_engine().sync_engine
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    await html(site, "/systems")
    event.remove(engine, "before_cursor_execute", note)
    return len([s for s in seen if s.startswith("SELECT") and "product_revision" not in s])


async def test_offline_after_its_products_time(site: Site):
    site.clock.now += 931_000
    await Sweeper(site.database, site.clock).work()
    assert (await document(site, DEVICE))["status"] == "offline"
    assert "Offline" in await html(site, DEVICE)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_never_begins_a_formula(start: str):
    assert safe_cell(f"{start}cmd") == f"'{start}cmd"
    assert safe_cell(-5) == -5


async def test_csv_of_a_hostile_name_is_harmless(site: Site):
    await site.register("ZQ9000000077", name="=HYPERLINK(1)")
    found = await rows(site, "/systems", columns=["sn", "name"])
    named = {row["sn"]: row["name"] for row in found}
    assert named["ZQ9000000077"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/systems/NOBODY000001", f"{DEVICE}/explain/inverter/no", "/plugins/no.plugin"],
)
async def test_missing_things_are_said_kindly(site: Site, path: str):
    answer = await site.client.get(path)
    assert answer.status_code == 404
    assert "There is no such page." in answer.text
    problem = await site.client.get(path, headers={"accept": "application/json"})
    assert problem.headers["content-type"].startswith("application/problem+json")
    assert problem.json()["status"] == 404


async def test_wrong_query_is_said(site: Site):
    answer = await site.client.get("/systems.json?status=broken")
    assert answer.status_code == 400
    assert "status" in answer.json()["detail"]


async def test_an_inner_error_tells_nothing_of_the_inside(site: Site):
    await site.database.close()
    answer = await site.client.get("/systems")
    assert answer.status_code == 500
    assert "database" not in answer.text
    assert "Traceback" not in answer.text
    health = await site.client.get("/healthz")
    assert (health.status_code, health.json()["status"]) == (503, "down")


async def test_times_are_the_sites_or_utc(site: Site):
    page = await html(site, f"{DEVICE}/logs")
    assert "Site time, Europe/Berlin" in page
    assert "2026-09-21 16:13:20" in page
    assert "2026-09-21 14:13:20" in await html(site, f"{DEVICE}/logs?tz=utc")
    assert "2026-09-21 14:13:20" in await html(site, f"{DEVICE}/logs")


async def test_what_people_and_plugins_say_stays_text_in_lists(site: Site):
    page = await html(site, "/systems")
    assert "Zephyr Q9 &lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>bold</b>" not in page
    page = await html(site, "/systems?q=<b>x</b>50%25")
    assert "<b>x" not in page.lower()
    assert "&lt;B&gt;X&lt;/B&gt;50%" in page or "&lt;b&gt;x&lt;/b&gt;50%" in page
