"""Installing new equipment: by plain forms, from the label to the record of it."""

import asyncio
import re
from collections.abc import Mapping

import attrs
import pytest
from httpx import Response

from core.access import PLATFORM
from core.accounts import states, users
from core.accounts.users import NewUser
from core.audit import entries
from core.fleet import end_users, provisioning, sites
from core.fleet.end_users import Contact
from core.fleet.sites import Place
from portal.services import Services
from tests.portal.conftest import NOW, PASSWORD, Site
from tests.portal.peopled import DAY, People, populate
from tests.portal.unseen import SN

OWNER = {"owner": "new", "account": "Eva", "mail": "eva@example.org"}
PLACE = {"site": "new", "name": "Seestr. 1", "address": "Seestr. 1", "city": "Zürich"}
HERE = {**PLACE, "country": "CH", "timezone": "Europe/Zurich"}
TERMS = {"installed_on": "2026-09-20", "installer": "L-1001", "install_user": "Ben"}


@attrs.frozen
class Bench:
    """A portal with companies and a system that was not installed, and its check code."""

    site: Site
    people: People
    label: Mapping[str, str]

    async def go(self, step: str, /, **fields: str) -> Response:
        token = await self.site.csrf("/install")
        data = {"_csrf_token": token, "_step": step, **fields}
        return await self.site.client.post("/install", data=data, follow_redirects=False)

    async def all(self, **others: str) -> Response:
        """All of it, sent as the last page does."""
        said = {**self.label, **OWNER, **HERE, **TERMS, **others}
        return await self.go("confirm", **said)


@pytest.fixture
async def bench(site: Site) -> Bench:
    services: Services = site.app.state.services
    services.settings = attrs.evolve(services.settings, secret_key="ab" * 32)
    people = await populate(site.database, NOW)
    assert services.seal
    async with site.database.begin() as connection:
        codes = await provisioning.issue(connection, services.seal, PLATFORM, [SN], NOW)
    return Bench(site, people, {"sn": SN, "check_code": codes[SN]})


def heading(answer: Response) -> str:
    """The step that a page asks for."""
    found = re.search(r'aria-current="step"><b>([^<]+)<', answer.text)
    assert found, answer.text[:3000]
    return found[1]


def carried(answer: Response) -> dict[str, str]:
    pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text)
    return {name: value for name, value in pairs if not name.startswith("_")}


async def rows(site: Site, query: str = "") -> list[dict[str, object]]:
    answer = await site.client.get(f"/installation-records.json{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rows"])


async def test_step_by_step_to_the_record(bench: Bench) -> None:
    page = await bench.go("device", sn=SN.lower(), check_code=bench.label["check_code"].lower())
    assert (page.status_code, heading(page)) == (200, "End user")
    page = await bench.go("owner", **{**carried(page), **OWNER})
    assert heading(page) == "Site"
    assert re.search(r'value="DE" selected', page.text), "what the device said is likely"
    page = await bench.go("site", **{**carried(page), **PLACE, "country": "CH"})
    assert heading(page) == "Installation"
    page = await bench.go("terms", **{**carried(page), **TERMS})
    assert heading(page) == "Confirm"
    for said in ("Seestr. 1", "eva@example.org", "Europe/Zurich", "Sun &amp; Söhne", "L-1001"):
        assert said in page.text
    assert await rows(bench.site) == []
    done = await bench.go("confirm", **carried(page))
    assert done.status_code == 303, done.text
    shown = await bench.site.client.get(done.headers["location"])
    assert "It is installed." in shown.text
    assert f'href="/systems/{SN}"' in shown.text
    (row,) = await rows(bench.site, "?end_user=ev&site=see&began_by=ada&state=installed")
    assert (row["sn"], row["installer"], row["began_by"]) == (SN, "Sun & Söhne", "ada")
    (system,) = (await bench.site.client.get(f"/systems.json?q={SN}")).json()["rows"]
    assert (system["end_user"], system["site_name"]) == ("eva", "Seestr. 1")
    async with bench.site.database.read() as connection:
        said = await entries.page(connection, PLATFORM, entries.Wanted(object_id=SN))
        assert bench.label["check_code"] not in str(said)
    assert [(e.area, e.action, e.user_name) for e in said] == [("installations", "create", "ada")]


async def test_unknown_and_wrong_get_the_same_answer_and_then_nothing_is_compared(
    bench: Bench,
) -> None:
    wrong = await bench.go("device", sn=SN, check_code="WRONG")
    unknown = await bench.go("device", sn="NOSUCH000001", check_code="WRONG")
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert re.findall(r'class="error"[^>]*>([^<]+)', wrong.text) == re.findall(
        r'class="error"[^>]*>([^<]+)', unknown.text
    )
    assert 'value="WRONG"' in wrong.text, "what was typed is kept"
    for n in range(3):
        assert (await bench.go("device", sn=f"NOSUCH10000{n}", check_code="W")).status_code == 422
    locked = await bench.go("device", **bench.label)
    assert locked.status_code == 429
    assert "Nothing is compared before 2026-09-22" in locked.text
    assert (await bench.all()).status_code == 429
    bench.site.clock.now += DAY
    await bench.site.sign_in()
    assert heading(await bench.go("device", **bench.label)) == "End user"


async def test_of_two_at_once_one_installs_and_the_other_is_told(bench: Bench) -> None:
    token = await bench.site.csrf("/install")
    said = {**bench.label, **OWNER, **HERE, **TERMS, "_step": "confirm", "_csrf_token": token}
    answers = await asyncio.gather(
        *(
            bench.site.client.post("/install", data={**said, "account": name, "mail": ""})
            for name in ("eva", "tom")
        ),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert any("is installed already" in answer.text for answer in answers)
    assert len(await rows(bench.site)) == 1
    async with bench.site.database.read() as connection:
        known = await end_users.page(connection, PLATFORM)
        assert len(known) == 1, "nothing of the other is left"
        assert len(await sites.page(connection, PLATFORM)) == 1


@pytest.mark.parametrize(
    ("wrong", "step", "said"),
    [
        ({"account": ""}, "End user", "is needed"),
        ({"owner": ""}, "End user", "Choose one who was found"),
        ({"owner": "end_user-99"}, "End user", "Choose one who was found"),
        ({"owner": "account-99"}, "End user", "is not there any more"),
        ({"name": ""}, "Site", "is needed"),
        ({"site": "77"}, "Site", "Choose a site"),
        ({"country": "AU", "timezone": ""}, "Site", "The country has several"),
        ({"timezone": "Mars/Base"}, "Site", "is none of its values"),
        ({"installed_on": "2027-01-01"}, "Installation", "lies ahead"),
        ({"installer": "Nobody"}, "Installation", "is no company that is enabled"),
        ({"installer": "Moon Energy"}, "Installation", "has no licence"),
        ({"installer": "Dawn Solar"}, "Installation", "is no company that is enabled"),
        ({"pv_at_storage": "56"}, "Installation", "has to be"),
    ],
)
async def test_what_is_wrong_is_said_at_its_step(
    bench: Bench, wrong: dict[str, str], step: str, said: str
) -> None:
    answer = await bench.all(**wrong)
    assert (answer.status_code, heading(answer)) == (422, step)
    assert said in answer.text
    assert carried(answer).items() >= bench.label.items()
    assert await rows(bench.site) == []


async def test_of_several_zones_of_a_country_the_devices_own_is_suggested(bench: Bench) -> None:
    own = await bench.all(country="DE", timezone="")
    assert re.search(r'value="Europe/Berlin" selected', own.text)
    none = await bench.all(country="AU", timezone="")
    listed = re.findall(r'<option value="([^"]+/[^"]+)"', none.text)
    assert "Australia/Sydney" in listed[:12], "those of the country come first"
    assert not re.search(r'value="[^"]+/[^"]+" selected', none.text)


async def test_who_has_an_account_is_found_and_closed_ones_get_nothing(bench: Bench) -> None:
    page = await bench.go("find", **bench.label, find="car")
    found = re.search(r'value="(account-\d+)"', page.text)
    assert found
    own = {"owner": found[1], "account": "", "mail": ""}
    async with bench.site.database.begin() as connection:
        await states.change_state(
            connection, PLATFORM, bench.people.carl.id, "lock", reason="", now=NOW
        )
    locked = await bench.all(**own)
    assert (locked.status_code, heading(locked)) == (422, "End user")
    assert "nothing is installed for it" in locked.text
    async with bench.site.database.begin() as connection:
        await states.change_state(
            connection, PLATFORM, bench.people.carl.id, "unlock", reason="", now=NOW
        )
    assert (await bench.all(**own)).status_code == 303
    (row,) = await rows(bench.site, "?columns=end_user,end_user_state&end_user_state=active")
    assert (row["end_user"], row["end_user_state"]) == ("carl", "active")
    again = await bench.go("owner", **bench.label, **OWNER)
    assert (again.status_code, heading(again)) == (409, "Device")


async def test_who_is_there_is_not_made_again_and_their_sites_are_offered(bench: Bench) -> None:
    async with bench.site.database.begin() as connection:
        eva = await end_users.create(connection, PLATFORM, Contact("eva"), now=NOW)
        barn = Place("Barn", country="CH", timezone="Europe/Zurich")
        made = await sites.create(connection, PLATFORM, eva.id, barn, now=NOW)
    twice = await bench.all()
    assert (twice.status_code, heading(twice)) == (422, "End user")
    assert "is there already" in twice.text
    page = await bench.go("owner", **bench.label, owner=f"end_user-{eva.id}")
    assert f'name="site" value="{made.id}"' in page.text
    same = await bench.all(owner=f"end_user-{eva.id}", name="BARN")
    assert "is a site of this end user already" in same.text
    assert (await bench.all(owner=f"end_user-{eva.id}", site=str(made.id))).status_code == 303


async def test_an_installer_sees_and_installs_only_what_is_the_companys(bench: Bench) -> None:
    services: Services = bench.site.app.state.services
    services.settings = attrs.evolve(services.settings, open_to=("A", "B"))
    await bench.site.post("/sign-out", "/account")
    assert (await bench.site.sign_in("ben", PASSWORD)).status_code == 303
    right = await bench.site.post("/install", "/install", _step="device", **bench.label)
    wrong = {**bench.label, "check_code": "WRONG"}
    other = await bench.site.post("/install", "/install", _step="device", **wrong)
    assert right.status_code == other.status_code == 422
    said = "do not belong together"
    assert said in right.text
    assert said in other.text


async def test_readers_may_search_the_records_and_install_nothing(bench: Bench) -> None:
    assert (await bench.all()).status_code == 303
    given = NewUser("rita", PASSWORD, "A", ("read_only",))
    await users.create(bench.site.database.begin, PLATFORM, given, NOW)
    await bench.site.post("/sign-out", "/account")
    await bench.site.sign_in("rita", PASSWORD)
    assert (await bench.site.client.get("/install")).status_code == 403
    assert len(await rows(bench.site)) == 1
