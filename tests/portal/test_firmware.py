"""The tab of firmware versions."""

from tests.portal import unseen
from tests.portal.conftest import Site

PAGE = f"/systems/{unseen.SN}/firmware"


async def test_versions_are_shown_with_their_history_and_who_runs_the_same(site: Site):
    said = (await site.client.get(f"{PAGE}.json")).json()
    ems, inverter = said["versions"]
    assert (ems["version"], ems["why"]) == (None, "Its birth message names no firmware.")
    assert (inverter["version"], inverter["key"], inverter["alike"]) == ("0.7", "board", 1)
    site.clock.now += 60_000
    await site.hear(unseen.frame(rest=7))
    await site.hear(unseen.frame(rest=8))
    await site.register("ZQ9000000002")
    await site.hear(unseen.frame(rest=8), sn="ZQ9000000002")
    said = (await site.client.get(f"{PAGE}.json")).json()
    assert [(each["version"], each["before"]) for each in said["history"]] == [
        ("0.8", "0.7"),
        ("0.7", ""),
    ]
    page = (await site.client.get(PAGE)).text
    link = f"/systems?runs={unseen.NAME}%3Aboard%3A0.8"
    assert f'href="{link}">2 systems' in page
    assert "heard first" in page
    listed = (await site.client.get(link.replace("?", ".json?"))).json()
    assert len(listed["rows"]) == 2
    assert (await site.client.get("/systems.json?runs=other:board:0.8")).json()["rows"] == []
    sheet = (await site.client.get(f"{PAGE}.csv")).text
    assert "inverter,Inverter,Board,board,0.8," in sheet
