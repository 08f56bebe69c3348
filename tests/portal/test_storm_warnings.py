"""Storm warnings as people enter them, and as the page of a system shows them."""

import re
from typing import Any

import pytest

from core.access import PLATFORM
from core.audit import entries
from core.fleet import sites
from core.fleet.sites import Place
from tests.homes import START
from tests.portal import unseen
from tests.portal.conftest import Site
from tests.portal.test_site_settings import PAGE, home

__all__ = ["home"]
STORM: dict[str, str] = {
    "country": "DE", "region": "Thüringen", "post_codes": "", "kind": "wind",
    "severity": "severe", "starts": "2027-01-15 18:00", "ends": "2027-01-16 06:00",
    "timezone": "Europe/Berlin", "source": "Weather service", "text": "Gusts of 110 km/h",
    "reason": "They called",
}  # fmt: skip


async def enter(site: Site, **changes: str) -> Any:
    return await site.post("/storm-warnings", "/storm-warnings/new", **{**STORM, **changes})


async def stands(site: Site, **said: str) -> None:
    """Let the site of the system say where it is."""
    place = Place("Home", country="DE", timezone="Europe/Berlin", **said)
    async with site.database.begin() as connection:
        version = (await sites.seen(connection, PLATFORM, 1)).version
        await sites.edit(connection, PLATFORM, 1, place, version=version, now=START)


async def storm(site: Site) -> dict[str, Any]:
    return (await site.client.get(f"{PAGE}.json")).json()["storm"]


async def test_a_warning_is_entered_by_a_clock_and_told_by_the_sites(home: Site):
    await stands(home, region="THÜRINGEN", post_code="07743")
    made = await enter(home, starts="2027-01-15T11:00", ends="2027-01-15 23:00", timezone="UTC")
    assert (made.status_code, made.headers["location"]) == (303, "/storm-warnings/1?done=made")
    page = (await home.client.get("/storm-warnings/1")).text
    assert '<a href="/systems?stands_in=DE%2FTh%C3%BCringen%2F">' in page
    (told,) = (await storm(home))["warnings"]
    assert (told["state"], told["standing"], told["starts_at"]) == (
        "coming", "inside", 1_800_010_800_000,
    )  # fmt: skip
    page = (await home.client.get(PAGE)).text
    for said in ("2027-01-15 12:00:00", "2027-01-16 00:00:00", "Gusts of 110 km/h", "Thüringen"):
        assert said in page
    home.clock.now = 1_800_010_800_000 + 12 * 3_600_000
    await home.sign_in()
    assert (await storm(home))["warnings"] == []
    assert "None was entered for Germany, THÜRINGEN, 07743" in (await home.client.get(PAGE)).text


async def test_the_card_tells_what_would_be_sent_and_sends_nothing(home: Site):
    await stands(home, region="Thüringen", post_code="07743")
    assert (await enter(home)).status_code == 303
    (order,) = (await storm(home))["orders"]
    assert order["title"] == "Set guarded"
    assert order["parameter"] == "guarded = 1"
    assert order["frame"] == "01 10 00 CA 00 01 02 00 01 76 3A"
    assert order["reported"] is None
    page = (await home.client.get(PAGE)).text
    assert "A warning sends nothing" in page
    assert "did not say yet whether it is on" in page
    assert (await home.client.get(f"{PAGE}.json")).json()["sent"] == []


async def test_a_site_without_a_region_is_told_so(home: Site):
    assert (await enter(home)).status_code == 303
    (told,) = (await storm(home))["warnings"]
    assert told["standing"] == "unknown"
    page = (await home.client.get(PAGE)).text
    assert "whether it stands there is not known" in page
    assert "Its site says no region and no post code" in page


async def test_a_model_without_storm_guard_says_that_nothing_is_offered(site: Site):
    times = {"starts": "2026-09-21 10:00", "ends": "2026-09-30 10:00"}
    assert (await enter(site, region="", **times)).status_code == 303
    page = (await site.client.get(f"/systems/{unseen.SN}/site-settings")).text
    assert "No command of Storm Guard is offered" in page


WRONG = (
    ({"country": ""}, "country"),
    ({"starts": "soon"}, "starts"),
    ({"ends": "2027-01-15 12:00"}, "ends"),
    ({"starts": "2027-03-28 02:30", "ends": "2027-03-28 08:00"}, "starts"),
    ({"post_codes": "80,-"}, "post_codes"),
    ({"reason": ""}, "reason"),
    ({"timezone": "Berlin"}, "timezone"),
)


async def test_what_is_wrong_stands_at_its_field_and_the_form_keeps_the_rest(home: Site):
    for changes, field in WRONG:
        answer = await enter(home, **changes)
        assert answer.status_code == 422, changes
        assert f'id="field-{field}-wrong"' in answer.text, changes
        assert 'value="Weather service"' in answer.text
    assert (await home.client.get("/storm-warnings.json")).json()["rows"] == []


async def test_an_hour_that_is_there_twice_keeps_its_offset(home: Site):
    times = {"starts": "2027-10-31 02:30+01:00", "ends": "2027-10-31 05:00"}
    assert (await enter(home, **times)).status_code == 303
    form = (await home.client.get("/storm-warnings/1/edit")).text
    assert 'value="2027-10-31 02:30+0100"' in form
    typed = {**STORM, **times, "starts": "2027-10-31 02:30+0100", "_version": "1"}
    done = await home.post("/storm-warnings/1", "/storm-warnings/1/edit", **typed)
    assert done.status_code == 303, done.text
    (row,) = (await home.client.get("/storm-warnings.json")).json()["rows"]
    assert row["starts_at"] == 1_824_946_200_000


async def test_a_warning_is_ended_and_withdrawn_with_a_reason(home: Site):
    for starts in ("2027-01-15 08:00", "2027-01-15 18:00"):
        assert (await enter(home, starts=starts)).status_code == 303
    for action, key in (("end", "1"), ("withdraw", "2")):
        asked = {"key": key, "_step": "go"}
        path, page = f"/storm-warnings/act/{action}", f"/storm-warnings/{key}"
        assert f'href="{page}/edit"' in (await home.client.get(page)).text
        assert (await home.post(path, page, **asked)).status_code == 422
        done = await home.post(path, page, **asked, _reason="It turned")
        assert done.status_code in (200, 303), done.text
        assert f'href="{page}/edit"' not in (await home.client.get(page)).text
    rows = (await home.client.get("/storm-warnings.json")).json()["rows"]
    assert {row["id"]: row["state"] for row in rows} == {1: "over", 2: "withdrawn"}
    assert (await storm(home))["warnings"] == []
    async with home.database.read() as connection:
        found = await entries.page(connection, PLATFORM, entries.Wanted(area="storm_warnings"))
    assert [(each.action, each.reason) for each in found] == [
        ("withdraw", "It turned"), ("end", "It turned"),
        ("create", "They called"), ("create", "They called"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "Choose a country first"),
        ({"country": "XX"}, "is not a country"),
        ({"country": "DE"}, "Systems that stand in it: <b>1</b>"),
        ({"country": "DE", "region": "Bayern"}, "Of 1 more in the country it is not known"),
        ({"country": "AU"}, "Systems that stand in it: <b>0</b>"),
    ],
)
async def test_a_form_is_told_whom_it_would_reach(home: Site, asked: dict[str, str], said: str):
    answer = await home.client.get("/storm-warnings/reach", params=asked)
    assert answer.status_code == 200
    assert said in re.sub(r"\s+", " ", answer.text)


async def test_reach_names_the_regions_that_sites_write(home: Site):
    await stands(home, region="Thüringen")
    answer = await home.client.get("/storm-warnings/reach", params={"country": "DE"})
    assert "Thüringen (1)" in answer.text
    form = (await home.client.get("/storm-warnings/new")).text
    assert 'hx-get="/storm-warnings/reach"' in form
