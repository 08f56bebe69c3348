"""Code Analysis with what the operator knows, on all the pages where a fault is told."""

import re

from tests.portal import unseen
from tests.portal.conftest import Site

CODE = f"/fault-codes/{unseen.NAME}:melting"
DUSTY = f"/fault-codes/{unseen.NAME}:dusty"


async def write(site: Site, path: str = CODE, **said: str):
    page = (await site.client.get(f"{path}/edit")).text
    version = re.search(r'name="_version" value="(\d+)"', page)
    assert version
    return await site.post(path, f"{path}/edit", **{"_version": version[1], **said})


async def test_what_is_written_is_shown_where_the_fault_is_told(site: Site):
    said = {
        "cause": "The fan <b>stands</b>",
        "steps": "Switch off\nClean the fan",
        "links": "https://example.org/fan",
        "commands": "set_mode",
    }
    assert (await write(site, **said)).status_code == 303
    (fault,) = (await site.client.get("/faults.json")).json()["rows"]
    button = f'href="/systems/{unseen.SN}/commands?command=inverter/set_mode#form-inverter-set_mode'
    for path in (CODE, f"/faults/{fault['id']}", f"/systems/{unseen.SN}/faults"):
        page = (await site.client.get(path)).text
        assert "The fan &lt;b&gt;stands" in page, path
        assert "<li>Clean the fan</li>" in page, path
        assert "Cool it" in page, path
        assert (button in page) is (path != CODE), path
    commands = (
        await site.client.get(f"/systems/{unseen.SN}/commands?command=inverter/set_mode")
    ).text
    assert re.search(r'id="form-inverter-set_mode" open', commands)
    whole = (await site.client.get(f"/systems/{unseen.SN}/faults.json")).json()
    assert whole["open"][0]["articles"][0]["written_by"] == "ada"


async def test_meanings_causes_and_advice_are_searched(site: Site):
    await write(site, DUSTY, cause="Pollen", steps="Vacuum the grille")
    for words in ("pollen", "the grille", "dusty"):
        found = (await site.client.get("/fault-codes.json", params={"q": words})).json()["rows"]
        assert [row["code"] for row in found] == ["dusty"], words
    cool = (await site.client.get("/fault-codes.json", params={"q": "cool it"})).json()["rows"]
    assert [row["code"] for row in cool] == ["melting"]


async def test_each_language_has_its_own_text(site: Site):
    await write(site, cause="Too hot")
    site.client.cookies["lang"] = "zh_Hans"
    page = (await site.client.get(CODE)).text
    assert "English" in page
    assert "Too hot" in page
    await write(site, cause="过热")
    page = (await site.client.get(f"/systems/{unseen.SN}/faults")).text
    assert "过热" in page
    assert "Too hot" not in page
    site.client.cookies["lang"] = "en"
    page = (await site.client.get(f"/systems/{unseen.SN}/faults")).text
    assert "Too hot" in page
    assert "过热" not in page


async def test_of_two_edits_the_second_sees_both(site: Site):
    await write(site, cause="First")
    late = await write(site, cause="Second", _version="0")
    assert late.status_code == 409
    assert "First" in late.text
    assert "Second" in late.text
    (row,) = (await site.client.get("/fault-codes.json", params={"code": "melting"})).json()["rows"]
    assert row["code"] == "melting"
    page = (await site.client.get(CODE)).text
    assert "First" in page
    assert "Second" not in page


async def test_what_is_wrong_stays_in_the_form(site: Site):
    wrong = await write(site, cause="Kept", links="somewhere")
    assert wrong.status_code == 422
    assert "Kept" in wrong.text
    assert "is no address" in wrong.text
