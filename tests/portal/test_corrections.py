"""Operation Data Correction as two people see it."""

import re

from core.access import PLATFORM
from core.accounts import users
from core.accounts.users import NewUser
from tests.portal import unseen
from tests.portal.conftest import PASSWORD, Site

SAID = {
    "sn": unseen.SN.lower(),
    "figure": "generation",
    "first": "2026-09-18",
    "last": "2026-09-19",
    "kwh": "3",
    "reason": "The counter <b>was reset</b>",
}


async def ask(site: Site, **said: str):
    return await site.post("/corrections", "/corrections/new", **{**SAID, **said})


async def approve(site: Site):
    """Open the form of the approval, and send what it shows."""
    form = await site.post("/corrections/act/approve", "/corrections/1", key="1")
    digest = re.search(r'name="digest" value="(\w+)"', form.text)
    assert digest, form.text
    return await site.post(
        "/corrections/act/approve", "/corrections/1", key="1", digest=digest[1], _step="go"
    )


async def as_ben(site: Site) -> None:
    ben = NewUser("ben", PASSWORD, "A", ("operations",))
    await users.create(site.database.begin, PLATFORM, ben, site.clock.now)
    site.client.cookies.clear()
    assert (await site.sign_in("ben")).status_code == 303


async def energy(site: Site, range_: str = "month") -> dict[str, object]:
    said = {"range": range_, "at": "2026-09-18"}
    return (await site.client.get(f"/systems/{unseen.SN}/energy.json", params=said)).json()


async def test_two_people_correct_and_one_undoes(site: Site) -> None:
    assert (await ask(site)).status_code == 303
    page = (await site.client.get("/corrections/1")).text
    assert "It waits for a second person" in page
    assert "The counter &lt;b&gt;was reset" in page
    assert re.search(r'scope="row">2026-09</th><td[^>]*>–</td><td[^>]*>3 kWh', page)
    before = await energy(site)
    assert "cannot approve" in (await approve(site)).text
    assert await energy(site) == before
    await as_ben(site)
    await approve(site)
    (row,) = (await site.client.get("/corrections.json")).json()["rows"]
    assert (row["state"], row["decided_by"], row["kwh"]) == ("active", "ben", 3)
    after = await energy(site)
    days = {each["time"]: each["generation"] for each in after["rows"]}  # type: ignore[attr-defined]
    assert (days["2026-09-18"], days["2026-09-19"], days["2026-09-20"]) == (1.5, 1.5, None)
    assert after["corrections"] == [
        {"id": 1, "figure": "generation", "first": "2026-09-18", "last": "2026-09-19", "kwh": 3}
    ]
    for path in (f"/systems/{unseen.SN}/energy", f"/systems/{unseen.SN}"):
        said = {"range": "month", "at": "2026-09-18"}
        page = (await site.client.get(path, params=said)).text
        assert 'href="/corrections/1"' in page, path
    await site.post(
        "/corrections/act/undo", "/corrections/1", key="1", _step="go", _reason="was right"
    )
    assert await energy(site) == before


async def test_an_overlap_stays_in_the_form(site: Site) -> None:
    await ask(site)
    wrong = await ask(site, first="2026-09-19")
    assert wrong.status_code == 422
    assert "overlaps correction 1, 2026-09-18 to 2026-09-19" in wrong.text
    assert "was reset" in wrong.text
