"""Tariff plans as JSON files: taken out, looked at, and taken in whole or not at all."""

import json
import re
from datetime import date
from typing import Any

import attrs

from core.tariffs.documents import read, write
from tests.homes import time_of_use
from tests.portal.conftest import Site
from tests.portal.test_site_settings import PAGE, PLANS, audited, home, keep, kept, time_form

__all__ = ["home"]
IMPORT = f"{PLANS}/import"


def lines_of(page: str) -> list[tuple[str, str, str]]:
    """What the preview says would change."""
    row = r'<th scope="row">([^<]*)</th><td[^>]*>([^<]*)</td><td[^>]*><b>([^<]*)</b>'
    return re.findall(row, page)


async def preview(home: Site, text: str, plan: str = "") -> Any:
    return await home.post(IMPORT, IMPORT, text=text, plan=plan)


async def test_what_is_exported_can_be_imported(home: Site):
    await keep(home, time_of_use())
    file = await home.client.get(f"{PLANS}/1/file")
    assert 'filename="tariff-2027-01-01.json"' in file.headers["content-disposition"]
    assert read(file.text) == time_of_use()
    same = await preview(home, file.text, "1")
    assert "there is nothing to save" in same.text
    assert (await home.client.get(f"{PLANS}/2/file")).status_code == 404


async def test_a_preview_shows_what_would_change_and_changes_nothing(home: Site):
    await keep(home, time_of_use())
    dearer = json.loads(write(time_of_use()))
    dearer["bands"]["peak"]["buy"] = 0.5
    dearer["name"] = "Dearer"
    seen = await preview(home, json.dumps(dearer), "1")
    assert seen.status_code == 200
    assert lines_of(seen.text) == [
        ("Name", "Time of use", "Dearer"),
        (
            "Weekday, Monday to Friday 16:30–21:00",
            "Peak, 0.4321 / 0.12 EUR",
            "Peak, 0.5 / 0.12 EUR",
        ),
    ]
    assert (await kept(home))[0].tariff == time_of_use()
    said = {"text": json.dumps(dearer), "plan": "1", "version": "1", "step": "save"}
    assert (await home.post(IMPORT, IMPORT, **said)).status_code == 303
    assert (await kept(home))[0].tariff.name == "Dearer"
    assert [action for action, _who in await audited(home)] == ["edit", "create"]


async def test_a_file_makes_a_new_plan(home: Site):
    token = await home.csrf(IMPORT)
    files = {"file": ("t.json", write(time_of_use()).encode(), "application/json")}
    data = {"_csrf_token": token, "plan": "", "text": ""}
    seen = await home.client.post(IMPORT, data=data, files=files)
    assert seen.status_code == 200
    assert ("Name", "–", "Time of use") in lines_of(seen.text)
    text = re.search(r'name="text" value="([^"]*)"', seen.text)
    assert text
    files = {"file": ("t.json", b"\xff\xfe", "application/json")}
    wrong = await home.client.post(IMPORT, data=data, files=files)
    assert wrong.status_code == 422
    assert "is no text in UTF-8" in wrong.text
    said = {"text": write(time_of_use()), "plan": "", "step": "save"}
    assert (await home.post(IMPORT, IMPORT, **said)).status_code == 303
    assert (await kept(home))[0].tariff == time_of_use()


async def test_a_file_of_another_shape_is_refused_with_all_that_is_wrong(home: Site):
    wrong = json.loads(write(time_of_use()))
    wrong["bands"]["peak"]["buy"] = -1
    wrong["colour"] = "red"
    del wrong["currency"]
    torn = json.loads(write(time_of_use()))
    torn["weekday"][1]["start"] = "07:00"
    for text, said in (
        ("{", ["is not JSON"]),
        ("[]", ["tariff"]),
        ("", ["is not JSON"]),
        (json.dumps(wrong), ["colour", "currency", "bands.peak.buy"]),
        (json.dumps(torn), ["06:00–07:00", "has no price"]),
    ):
        answer = await preview(home, text)
        assert answer.status_code == 422, text
        told = re.search(r'id="wrong">.*?</ul>', answer.text, re.DOTALL)
        assert told
        assert all(word in told[0] for word in said), (said, told[0])
        if text:
            assert "step" not in re.findall(r'<input type="hidden" name="(\w+)"', answer.text)
    assert await kept(home) == []


async def test_a_plan_that_shares_a_day_is_refused_before_saving(home: Site):
    await keep(home, time_of_use(date(2027, 6, 1)))
    answer = await preview(home, write(time_of_use()))
    assert answer.status_code == 422
    assert "holds from 2027-06-01 until further notice" in answer.text
    gone = await preview(home, write(time_of_use()), "9")
    assert gone.status_code == 422
    assert "no such tariff plan" in gone.text
    assert "off_peak" in gone.text


async def test_an_import_over_somebody_elses_change_shows_both(home: Site):
    await keep(home, time_of_use())
    theirs = time_form(name="Theirs", version="1")
    assert (await home.post(f"{PLANS}/1", f"{PLANS}/1", **theirs)).status_code == 303
    mine = write(attrs.evolve(time_of_use(), name="Mine"))
    said = {"text": mine, "plan": "1", "version": "1", "step": "save"}
    stale = await home.post(IMPORT, IMPORT, **said)
    assert stale.status_code == 409
    assert ("Name", "Theirs", "Mine") in lines_of(stale.text)
    assert (await home.post(IMPORT, IMPORT, **{**said, "version": "2"})).status_code == 303
    assert (await kept(home))[0].tariff.name == "Mine"
    assert f'href="{IMPORT}"' in (await home.client.get(PAGE)).text
