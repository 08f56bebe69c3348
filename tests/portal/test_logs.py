"""The timeline of all logs, and repairs that people note in it."""

import csv
import io
import re

import pytest

from core.access import PLATFORM
from core.audit import entries
from portal.presentation.log_columns import columns_of
from portal.presentation.status import LOG
from tests.portal import unseen
from tests.portal.conftest import NOW, Site

PAGE = f"/systems/{unseen.SN}/logs"


async def said(site: Site, query: str = "") -> list[dict]:
    answer = await site.client.get(f"{PAGE}.json{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["records"]


async def test_all_kinds_stand_on_one_timeline_and_are_found(site: Site):
    site.clock.now += 60_000
    limit = f"/systems/{unseen.SN}/commands/inverter/set_feed_limit"
    assert (await site.post(limit, "/account", feed_limit="3000")).status_code == 303
    site.clock.now += 60_000
    await site.hear(unseen.frame(trouble=0, rest=8))
    found = await said(site)
    assert [each["start"] for each in found] == sorted((e["start"] for e in found), reverse=True)
    assert {each["source"] for each in found} == {
        "records", "faults", "commands", "status", "firmware",
    }  # fmt: skip
    (upgrade,) = await said(site, "?kind=upgrade")
    assert (upgrade["label"], upgrade["old"], upgrade["new"]) == ("Board", "0.7", "0.8")
    faults = await said(site, "?kind=fault&status=resolved")
    assert {each["code"] for each in faults} == {"melting"}
    assert [each["status"] for each in await said(site, "?kind=command")] == ["in_progress"]
    assert [each["status"] for each in await said(site, "?kind=status&status=active")] == ["active"]
    (line,) = await said(site, "?q=nobody+knows")
    assert line["kind"] == "unparsed"
    page = (await site.client.get(f"{PAGE}?q=nobody+knows")).text
    assert "/playground?form=line&amp;variant=" in page
    assert "Text is looked for in 31 days" in page
    assert await said(site, "?from=2026-09-21T16:13&to=2026-09-21T16:13") == [
        each for each in found if each["start"] <= NOW
    ]
    assert await said(site, "?to=2026-09-20") == []
    frame = await site.client.get(faults[0]["link"], follow_redirects=False)
    assert frame.headers["location"].startswith(f"/plugins/{unseen.NAME}/playground?channel=")
    assert (await site.client.get(frame.headers["location"])).status_code == 200
    sheet = (await site.client.get(f"{PAGE}.csv?kind=upgrade")).text.splitlines()
    assert len(sheet) == 2
    for wrong in ("?kind=gossip", "?status=odd", "?from=soon", "?before=1.2", "?before=1.x.2"):
        assert (await site.client.get(f"{PAGE}.json{wrong}")).status_code == 400, wrong


async def sheet(site: Site, kind: str) -> list[dict[str, str]]:
    """The CSV of a kind."""
    text = (await site.client.get(f"{PAGE}.csv?kind={kind}")).text
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


async def test_each_kind_has_columns_of_its_own(site: Site):
    limit = f"/systems/{unseen.SN}/commands/inverter/set_feed_limit"
    assert (await site.post(limit, "/account", feed_limit="3000")).status_code == 303
    site.clock.now += 60_000
    await site.hear(unseen.frame(trouble=0, rest=8))
    site.clock.now += 60_000
    await site.hear(unseen.frame())
    last, first = await sheet(site, "fault")
    assert (first["code"], first["status"], first["duration_s"]) == ("melting", "resolved", "60")
    assert (last["status"], last["end"], last["duration_s"]) == ("active", "", "")
    assert (first["count"], first["slot"]) == ("2", "inverter")
    (told,) = await sheet(site, "command")
    assert (told["command"], told["state"], told["by"]) == ("Set feed limit", "Queued", "ada")
    assert told["values"] == "feed_limit=3000"
    upgrade, *_ = await sheet(site, "upgrade")
    assert {"0.7", "0.8"} == {upgrade["old"], upgrade["new"]}
    config, *_ = await sheet(site, "config")
    assert list(config) == [
        "start", "slot", "parameter", "old", "new", "values", "device_time", "line",
    ]  # fmt: skip
    assert config["line"].startswith("CFG mode")
    for kind, marks in LOG.items():
        page = await site.client.get(f"{PAGE}?kind={kind}")
        heads = [column.label for column in columns_of(kind)]
        assert page.status_code == 200, kind
        assert bool(heads) == (kind != "unparsed")
        records = await said(site, f"?kind={kind}")
        if records and heads:
            assert re.findall(r'<th role="columnheader" scope="col">([^<]+)<', page.text) == heads
            assert f'aria-label="{marks.word}"' in page.text


async def test_a_repair_is_noted_and_ended(site: Site):
    refused = await site.post(f"{PAGE}/repairs", PAGE, remark=" ", slot="inverter")
    assert (refused.status_code, "say what was done" in refused.text) == (422, True)
    early = {"remark": "Fan <old>", "started": "2026-09-21T16:00", "ended": "2026-09-21T15:00"}
    kept = await site.post(f"{PAGE}/repairs", PAGE, slot="inverter", **early)
    assert kept.status_code == 422
    for typed in (
        ">Fan &lt;old&gt;</textarea>",
        'value="2026-09-21T16:00"',
        'value="2026-09-21T15:00"',
        '<option value="inverter" selected>',
    ):
        assert typed in kept.text
    noted = await site.post(
        f"{PAGE}/repairs", PAGE, remark="Fan <new>", slot="inverter", started="2026-09-21T16:00"
    )
    assert noted.status_code == 303, noted.text
    (repair,) = await said(site, "?kind=repair")
    assert (repair["by"], repair["status"]) == ("ada", "in_progress")
    assert repair["start"] == NOW - 13 * 60_000 - 20_000
    assert "Fan &lt;new&gt;" in (await site.client.get(PAGE)).text
    end = f"{PAGE}/repairs/{repair['id']}/end"
    assert (await site.post(end, PAGE)).status_code == 303
    assert (await site.post(end, PAGE)).status_code == 404
    (repair,) = await said(site, "?kind=repair&status=resolved")
    assert repair["end"] == NOW
    async with site.database.read() as connection:
        (last, *_) = await entries.page(connection, PLATFORM, entries.Wanted(area="logs"))
    assert (last.action, last.object_id) == ("edit", unseen.SN)


@pytest.mark.parametrize("size", [2, 3])
async def test_pages_follow_each_other(site: Site, size: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("portal.pages.logs.LIMIT", size)
    whole: list[dict] = []
    before: str | None = ""
    while before is not None:
        page = (await site.client.get(f"{PAGE}.json?before={before}")).json()
        whole, before = whole + page["records"], page["next"]
    monkeypatch.setattr("portal.pages.logs.LIMIT", 50)
    assert whole == await said(site)
