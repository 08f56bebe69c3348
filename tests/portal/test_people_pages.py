"""Company management, the list of users and the audit: lists, forms, actions, who sees what."""

import asyncio
import csv
import html
import io
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import update

from core.access import PLATFORM
from core.accounts import credentials, sessions, sign_in, users
from core.accounts.users import NewUser, User
from core.audit import entries
from core.audit.entries import Entry, Wanted
from core.companies import companies
from core.fleet import systems
from core.fleet.systems import Registration
from core.registry import Registry
from core.runtime.database import Database
from core.runtime.settings import Settings
from portal.app import create_app
from tests.portal import unseen
from tests.portal.conftest import NOW, PASSWORD, Clock, Site
from tests.portal.peopled import People, give, populate, session_of
from tests.portal.screenshots import registry_in

COMPANY = {
    "name": "Sun & Söhne", "category": "installer", "country": "DE", "mail": "office@sun.example",
    "contact_person": "Mia Muster", "phone": "", "address": "", "post_code": "", "city": "Bonn",
    "region": "", "tax_number": "", "licence": "L-1001",
}  # fmt: skip
INVITED = {
    "name": "Tom", "mail": "tom@sun.example", "user_type": "B", "company_id": "sun & söhne",
    "roles": ["l1"],
}  # fmt: skip


@pytest.fixture(scope="session")
def populated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, People]:
    """A database with an administrator, a system and people, to be copied."""
    folder = tmp_path_factory.mktemp("populated")
    database = Database(f"sqlite:///{folder / 'people.db'}")
    return folder / "people.db", asyncio.run(_furnish(database, registry_in(folder)))


async def _furnish(database: Database, registry: Registry) -> People:
    await database.open()
    async with database.begin() as connection:
        token = await users.create_setup_token(connection, NOW)
    assert token
    ada = await users.set_up(database.begin, token, "ada", PASSWORD, NOW)
    people = await populate(database, NOW)
    async with database.begin() as connection:
        await systems.register(connection, registry, Registration(unseen.SN, "zephyr-q9"), NOW)
        await sign_in.enter(connection, ada, "192.0.2.1", NOW)
    await database.close()
    return people


@pytest.fixture
def people(populated: tuple[Path, People]) -> People:
    return populated[1]


@pytest.fixture
async def site(
    tmp_path: Path, unseen_registry: Registry, populated: tuple[Path, People]
) -> AsyncIterator[Site]:
    """A portal with these people, at which the administrator is signed in."""
    database = Database(f"sqlite:///{shutil.copy(populated[0], tmp_path / 'people.db')}")
    await database.open()
    clock = Clock()
    app = create_app(Settings(tmp_path), unseen_registry, database, clock=clock, feed=False)
    async with database.begin() as connection:
        token = await sessions.start(connection, 1, "", clock.now)
    async with AsyncTestClient(app, cookies={"session": token}) as client:
        yield Site(app, client, database, unseen_registry, clock)
    await database.close()


async def listed(site: Site, path: str, query: str = "") -> list[dict]:
    answer = await site.client.get(f"{path}.json?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


async def names(site: Site, path: str, query: str = "") -> list[str]:
    return [row["name"] for row in await listed(site, path, query)]


async def sheet(site: Site, path: str) -> list[dict[str, str]]:
    answer = await site.client.get(path)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


async def act(site: Site, path: str, key: int, **fields: str | list[str]):
    """Do an action with a row, as its second page does."""
    return await site.post(path, "/account", key=str(key), _step="go", **fields)


async def newest(site: Site, area: str) -> Entry:
    async with site.database.read() as connection:
        return (await entries.page(connection, PLATFORM, Wanted(area=area)))[0]


def open_up(site: Site) -> None:
    """Let users of all types in."""
    services = site.app.state.services
    settings = Settings(services.settings.data, open_to=frozenset({"A", "B", "C"}))
    object.__setattr__(services, "settings", settings)


async def become(site: Site, user: User) -> None:
    """Be somebody else at a portal that is open to everybody."""
    open_up(site)
    token = await session_of(site.database, user, site.clock.now)
    site.client.cookies.set("session", token)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def link_in(page: str) -> str:
    """The path of the link that a page hands out."""
    found = re.search(r'text="https?://[^/"]+(/open/[^"]+)"', page)
    assert found, words(page)
    return html.unescape(found[1])


# --- companies ------------------------------------------------------------------------------------


async def test_companies_are_listed_with_figures_and_found(site: Site, people: People):
    await give(site.database, unseen.SN, people.sun)
    sun = (await listed(site, "/companies", "q=SUN"))[0]
    assert (sun["members"], sun["systems"], sun["primary_user"]) == (1, 1, "ben")
    assert await names(site, "/companies") == ["Dawn Solar", "Moon Energy", "Sun & Söhne"]
    assert await names(site, "/companies", "mail=hello@") == ["Moon Energy"]
    assert await names(site, "/companies", "country=AU&category=installer") == ["Dawn Solar"]
    assert await names(site, "/companies", "state=pending") == ["Dawn Solar"]
    page = words((await site.client.get("/companies")).text)
    assert "Companies 3 Pending 1 Enabled 2 Disabled 0 Rejected 0" in page
    rows = await sheet(site, "/companies.csv?columns=name,members,created_at,state")
    assert [(row["name"], row["members"]) for row in rows][2] == ("Sun & Söhne", "1")


async def test_a_companys_page_leads_to_its_members_and_systems(site: Site, people: People):
    await give(site.database, unseen.SN, people.sun)
    page = (await site.client.get(f"/companies/{people.sun.id}")).text
    assert f'href="/users/{people.ben.id}"' in page
    assert f'href="/systems/{unseen.SN}"' in page
    for path in ("/users", "/systems"):
        (link,) = set(re.findall(rf'href="({path}\?company[^"]+)"', page))
        where, _, query = html.unescape(link).partition("?")
        rows = await listed(site, where, query)
        assert [row.get("sn", row.get("name")) for row in rows] in ([unseen.SN], ["ben"])
    dawn = words((await site.client.get(f"/companies/{people.dawn.id}")).text)
    assert "It waits to be approved" in dawn
    assert "No licence is bound to this installer" in dawn
    assert "Nobody belongs to it yet" in dawn


async def test_a_company_is_made_approved_and_told_to_the_audit(site: Site, people: People):
    given = {**COMPANY, "name": "Nova", "licence": ""}
    made = await site.post("/companies", "/companies/new", **given)
    assert made.status_code == 303, words(made.text)
    key = int(made.headers["location"].split("/")[2].split("?")[0])
    approved = await act(site, "/companies/act/approve", key)
    assert "1 company: done" in words(approved.text)
    async with site.database.read() as connection:
        nova = await companies.by_id(connection, PLATFORM, key)
    assert nova is not None
    assert (nova.state, nova.details.licence, nova.details.city) == ("enabled", None, "Bonn")
    entry = await newest(site, "companies")
    assert (entry.action, entry.user_name, entry.old, entry.new) == (
        "approve", "ada", {"state": "pending"}, {"state": "enabled"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"name": ""}, "name", "is needed"),
        ({"name": "MOON energy"}, "name", "is taken"),
        ({"country": "Germany"}, "country", "Two letters"),
        ({"mail": "nowhere"}, "mail", "is no mail address"),
        ({"category": "reseller"}, "licence", "is for installers only"),
        ({"country": "AU", "tax_number": "51824753557"}, "tax_number", "is not one of its country"),
        ({"category": "bank"}, "category", "is none of its values"),
    ],
)
async def test_what_is_wrong_with_a_company_is_said_at_its_field(
    site: Site, people: People, fields, field, said
):
    path, sent = f"/companies/{people.sun.id}", {**COMPANY, **fields}
    answer = await site.post(path, f"{path}/edit", _version=str(people.sun.version), **sent)
    assert answer.status_code == 422
    assert re.search(rf'id="field-{field}-wrong">[^<]*{said}', html.unescape(answer.text))
    (sun,) = await listed(site, "/companies", "q=sun&columns=name,city")
    assert (sun["name"], sun["city"]) == ("Sun & Söhne", "Berlin")


async def test_two_edits_of_a_company_show_both(site: Site, people: People):
    path, seen = f"/companies/{people.sun.id}", str(people.sun.version)
    first = await site.post(path, f"{path}/edit", _version=seen, **COMPANY)
    assert first.status_code == 303
    stale = {**COMPANY, "city": "Köln"}
    second = await site.post(path, f"{path}/edit", _version=seen, **stale)
    assert second.status_code == 409
    assert "City Bonn Köln" in words(second.text)
    entry = await newest(site, "companies")
    assert (entry.old["city"], entry.new["city"]) == ("Berlin", "Bonn")


async def test_disabling_needs_a_reason_and_keeps_members_out(site: Site, people: People):
    ada = site.client.cookies["session"]
    hasty = await act(site, "/companies/act/disable", people.sun.id)
    assert (hasty.status_code, "say why" in hasty.text) == (422, True)
    await act(site, "/companies/act/disable", people.sun.id, _reason="unpaid")
    assert (await newest(site, "companies")).reason == "unpaid"
    assert "Disabled: unpaid" in words((await site.client.get(f"/companies/{people.sun.id}")).text)
    await become(site, people.ben)
    assert (await site.client.get("/companies.json")).status_code == 401
    site.client.cookies.set("session", ada)
    await act(site, "/companies/act/enable", people.sun.id, _reason="paid")
    assert (await listed(site, "/companies", "state=enabled&q=sun"))[0]["state"] == "enabled"
    pending = await act(site, "/companies/act/disable", people.dawn.id, _reason="x")
    assert "1 left out" in words(pending.text), "what is pending is approved or rejected"


async def test_the_primary_account_is_an_administrator_of_the_company(site: Site, people: People):
    path = "/companies/act/set_primary"
    asked = await site.post(path, "/account", key=str(people.sun.id))
    assert 'value="ben"' in asked.text, "the field begins with what is so"
    for name in ("eve", "nobody"):
        refused = await act(site, path, people.moon.id, primary_user=name)
        assert "is no active administrator of the company" in words(refused.text)
    many = await site.post(path, "/account", key=[str(people.sun.id), str(people.moon.id)])
    assert (many.status_code, "do it with each by itself" in many.text) == (400, True)


async def test_a_company_sees_and_changes_itself_alone(site: Site, people: People):
    await become(site, people.ben)
    assert await names(site, "/companies") == ["Sun & Söhne"]
    assert [row["name"] for row in await listed(site, "/users")] == ["ben"]
    for path in (f"/companies/{people.moon.id}", f"/users/{people.eve.id}", "/users/1"):
        for suffix in ("", ".json", "/edit"):
            assert (await site.client.get(path + suffix)).status_code == 404, path
    assert (await site.client.get("/audit")).status_code == 403
    assert (await site.client.get("/companies.csv")).status_code == 403
    own, version = f"/companies/{people.sun.id}", str(people.sun.version)
    changed = await site.post(own, f"{own}/edit", _version=version, **COMPANY)
    assert changed.status_code == 303
    licensed = {**COMPANY, "licence": "L-9"}
    refused = await site.post(own, f"{own}/edit", _version=str(people.sun.version + 1), **licensed)
    assert "is not yours to change" in words(refused.text)
    other = f"/companies/{people.moon.id}"
    assert (await site.post(other, f"{own}/edit", _version="2", **COMPANY)).status_code == 404
    locked = await act(site, "/companies/act/disable", people.moon.id, _reason="x")
    assert locked.status_code == 403
    for name in ("lock", "reset"):
        await act(site, f"/users/act/{name}", people.eve.id, _reason="x")
    async with site.database.read() as connection:
        eve = await users.by_id(connection, people.eve.id)
    assert eve == people.eve


# --- users ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["ada", "ida", "carl", "eve", "ben"]),
        ("q=AR", []),
        ("q=arl", ["carl"]),
        ("q=Ben@sun.example", ["ben"]),
        ("user_type=B", ["eve", "ben"]),
        ("created_at.from=now-36h", ["ada", "ida"]),
        ("country=DE", ["ben"]),
        ("company=moon", ["eve"]),
        ("state=not_activated", ["ida"]),
        ("role=administrator&user_type=B", ["ben"]),
        ("sort=name", ["ada", "ben", "carl", "eve", "ida"]),
    ],
)
async def test_users_are_found(site: Site, people: People, query: str, expected: list[str]):
    assert await names(site, "/users", query) == expected


async def test_cards_count_users_and_draw_who_is_new(site: Site, people: People):
    page = (await site.client.get("/users")).text
    said = words(page)
    assert "Users 5 1 not activated A‑end 2" in said
    assert "B‑end 2 installers, dealers C‑end 1 end users Signed in, 24 h 1" in said
    assert "New in 30 days 4" in said
    heights = [float(each) for each in re.findall(r'<rect[^>]*height="([\d.]+)"', page)]
    assert heights == [36, 18, 18], "three days ago there were two, on the last two days one each"
    await become(site, people.ben)
    assert "Users 1 all activated" in words((await site.client.get("/users")).text)


async def test_nothing_secret_leaves_the_list(site: Site, people: People):
    rows = await sheet(site, "/users.csv?columns=name,roles,company,second_factor,last_sign_in_at")
    assert rows[3] == {
        "name": "eve", "roles": "l1", "company": "Moon Energy", "second_factor": "False",
        "last_sign_in_at": "",
    }  # fmt: skip
    for path in ("/users.json", f"/users/{people.ben.id}.json", f"/users/{people.ben.id}"):
        said = (await site.client.get(path)).text
        assert "password_hash" not in said
        assert "argon2" not in said


async def test_a_users_page_shows_systems_companies_sign_ins_and_sessions(
    site: Site, people: People
):
    await give(site.database, unseen.SN, people.sun)
    open_up(site)
    await session_of(site.database, people.ben, site.clock.now)
    await site.post("/sign-in", "/account", name="ben", password="wrong")
    page = (await site.client.get(f"/users/{people.ben.id}")).text
    assert f'href="/systems/{unseen.SN}"' in page
    assert f'href="/companies/{people.sun.id}"' in page
    said = words(page)
    assert "Sign-in log Time Result Address Browser" in said
    assert re.search(r"\d\d Failed testclient", said)
    assert "Sessions 1 Last used Address Browser" in said
    assert "192.0.2.7 Firefox" in said
    assert "Users of type A see all systems" in words((await site.client.get("/users/1")).text)
    carl = words((await site.client.get(f"/users/{people.carl.id}")).text)
    assert "No system is theirs yet" in carl
    assert "They belong to no company" in carl


async def test_an_invitation_is_a_link_that_is_shown_once_and_works(site: Site, people: People):
    made = await site.post("/users", "/users/new", **INVITED)
    assert made.status_code == 200, words(made.text)
    path = link_in(made.text)
    async with site.database.read() as connection:
        token = path.rpartition("=")[2]
        holder = await credentials.holder(connection, "invite", token, site.clock.now)
    assert (holder.name, holder.user_type, holder.company_id, holder.roles) == (
        "tom", "B", people.sun.id, ("l1",),
    )  # fmt: skip
    again = await act(site, "/users/act/invite", holder.id)
    assert link_in(again.text) != path
    assert "This link is not good" in (await site.client.get(path)).text
    assert "Welcome" in (await site.client.get(link_in(again.text))).text
    assert token not in (await site.client.get(f"/users/{holder.id}")).text


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"name": "ben"}, "name", "is taken"),
        ({"mail": ""}, "mail", "is needed"),
        ({"mail": "ben@sun.example"}, "name", "is taken"),
        ({"company_id": "Nobody Ltd"}, "company_id", "is the name of no company"),
        ({"company_id": ""}, "company_id", "does not fit the type"),
        ({"user_type": "C"}, "company_id", "does not fit the type"),
        ({"roles": []}, "roles", "is needed"),
        ({"roles": ["king"]}, "roles", "is none of its values"),
    ],
)
async def test_what_is_wrong_with_an_invitation_is_said_at_its_field(
    site: Site, people: People, fields, field, said
):
    answer = await site.post("/users", "/users/new", **{**INVITED, **fields})
    assert answer.status_code == 422
    assert re.search(rf'id="field-{field}-wrong">[^<]*{said}', html.unescape(answer.text))
    assert len(await names(site, "/users")) == 5


async def test_a_company_invites_into_itself_alone(site: Site, people: People):
    await become(site, people.ben)
    own = await site.post("/users", "/users/new", **{**INVITED, "company_id": ""})
    assert link_in(own.text)
    for fields in ({"company_id": "Moon Energy"}, {"user_type": "A", "company_id": ""}):
        other = {**INVITED, "name": "tim", "mail": "tim@sun.example", **fields}
        refused = await site.post("/users", "/users/new", **other)
        assert refused.status_code == 422
    assert await names(site, "/users", "sort=name") == ["ben", "tom"]


async def test_a_profile_is_changed_and_two_edits_show_both(site: Site, people: People):
    path, seen = f"/users/{people.ben.id}", str(people.ben.version)
    form = (await site.client.get(f"{path}/edit")).text
    assert 'name="roles"' not in form, "what is only said of new users"
    assert 'value="Berg"' in form
    said = {
        "mail": "ben@sun.example", "phone": "", "given_name": "Benno", "family_name": "Berg",
        "country": "DE", "language": "zh", "timezone": "Europe/Berlin",
    }  # fmt: skip
    first = await site.post(path, f"{path}/edit", _version=seen, **said)
    assert first.status_code == 303
    stale = {**said, "given_name": "Bernd"}
    second = await site.post(path, f"{path}/edit", _version=seen, **stale)
    assert (second.status_code, "Given name Benno Bernd" in words(second.text)) == (409, True)
    wrong = {**said, "timezone": "Mars/Base"}
    third = await site.post(path, f"{path}/edit", _version=str(people.ben.version + 1), **wrong)
    assert re.search(r'id="field-timezone-wrong">[^<]*is not a time zone', third.text)


async def test_states_roles_and_sessions_are_changed_with_a_reason(site: Site, people: People):
    await session_of(site.database, people.eve, site.clock.now)
    eve = people.eve.id

    async def now(name: str, **fields: str | list[str]) -> User:
        done = await act(site, f"/users/act/{name}", eve, _reason="because", **fields)
        assert "1 user: done" in words(done.text), words(done.text)
        entry = await newest(site, "accounts")
        assert (entry.object_id, entry.user_name) == (str(eve), "ada")
        assert entry.reason == "because"
        async with site.database.read() as connection:
            found = await users.by_id(connection, eve)
        assert found
        return found

    await now("sign_out")
    async with site.database.read() as connection:
        assert await sessions.of_user(connection, eve, site.clock.now) == []
    assert (await now("set_roles", roles=["l2", "read_only"])).roles == ("l2", "read_only")
    assert (await now("lock")).state == "locked"
    assert (await now("unlock")).state == "active"
    assert (await now("disable")).state == "disabled"
    assert (await now("enable")).state == "active"
    assert (await now("delete")).state == "deleted"
    assert "eve" not in await names(site, "/users")
    assert await names(site, "/users", "state=deleted") == ["eve"]


async def test_the_roles_to_be_set_begin_with_those_that_are_so(site: Site, people: People):
    asked = await site.post("/users/act/set_roles", "/account", key=str(people.ida.id))
    ticked = re.findall(r'name="roles" value="(\w+)" checked', asked.text)
    assert ticked == ["l2", "product"]
    last = await act(site, "/users/act/set_roles", 1, roles=["l1"], _reason="x")
    assert "is the last administrator" in words(last.text)


async def test_a_reset_ends_sessions_and_hands_out_one_link(site: Site, people: People):
    token = await session_of(site.database, people.ben, site.clock.now)
    asked = await site.post("/users/act/reset", "/account", key=str(people.ben.id))
    assert "They are signed out" in words(asked.text)
    done = await act(site, "/users/act/reset", people.ben.id, _reason="forgot it")
    path = link_in(done.text)
    assert f'href="/users/{people.ben.id}"' in done.text
    assert "Choose a new password" in (await site.client.get(path)).text
    async with site.database.read() as connection:
        assert await sessions.by_token(connection, token, site.clock.now) is None
    entry = await newest(site, "accounts")
    assert (entry.action, entry.reason, entry.new) == ("reset_link", "forgot it", {})
    many = await site.post("/users/act/reset", "/account", _all="yes", _query="", _reason="x")
    assert many.status_code == 400


async def test_who_may_only_look_has_no_buttons(site: Site, people: People):
    async with site.database.begin() as connection:
        given = NewUser("lea", "", "A", ("l2",), None, "lea@example.org")
        lea = await users.add(connection, PLATFORM, given, site.clock.now)
        await connection.execute(update(users.users).values(state="active"))
    await become(site, lea)
    for path in ("/users", f"/users/{people.ben.id}"):
        page = (await site.client.get(path)).text
        for absent in ("/act/", "/new", "/edit", ".csv", "/audit"):
            assert f"{absent}" not in page, (path, absent)
    assert (await act(site, "/users/act/lock", people.ben.id, _reason="x")).status_code == 403
    await become(site, people.carl)
    for path in ("/users", "/companies", "/audit"):
        assert (await site.client.get(path)).status_code == 403


async def test_links_lead_nobody_where_they_may_not_go(site: Site, people: People):
    async with site.database.begin() as connection:
        await connection.execute(update(users.users).values(state="active", roles="read_only"))
    await become(site, people.ida)
    row = f"/companies/{people.sun.id}"
    assert (await site.client.get(row)).status_code == 200
    for path in ("/companies", row):
        assert "/users" not in (await site.client.get(path)).text, path


# --- the audit ------------------------------------------------------------------------------------


async def test_the_audit_tells_who_what_and_what_changed(site: Site, people: People):
    await act(site, "/companies/act/disable", people.moon.id, _reason="unpaid")
    (row, *_) = await listed(site, "/audit", "area=companies")
    assert (row["user_name"], row["action"], row["object"], row["reason"]) == (
        "ada", "disable", "Moon Energy", "unpaid",
    )  # fmt: skip
    assert row["change"] == "state: enabled → disabled"
    page = (await site.client.get("/audit?area=companies")).text
    assert f'<a href="/companies/{people.moon.id}">Moon Energy</a>' in page
    entry = (await site.client.get(f"/audit/{row['id']}")).text
    assert f"Entry {row['id']}" in entry
    assert "What changed 1 Key Old New state enabled disabled" in words(entry)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("actor=AD&action=sign_in", 1),
        ("actor=nobody", 0),
        ("area=companies&object.exact={sun}", 3),
        ("action=set_primary", 1),
        ("at.from=now-36h&at.to=now-12h", 2),
    ],
)
async def test_the_audit_is_filtered(site: Site, people: People, query: str, number: int):
    query = query.format(sun=people.sun.id)
    assert len(await listed(site, "/audit", query)) == number
    assert len(await sheet(site, f"/audit.csv?{query}")) == number


async def test_the_audit_names_the_end_of_its_chain_and_does_not_claim_to_have_read_it(
    site: Site, people: People
):
    async with site.database.read() as connection:
        number, made = await entries.head(connection)
    page = (await site.client.get("/audit")).text
    assert f"--head {number}:{made.hex()}" in page
    assert "This page does not check them" in words(page)


async def test_the_audit_can_be_read_only(site: Site, people: People):
    entry = (await listed(site, "/audit"))[0]["id"]
    for path in ("/audit", f"/audit/{entry}", "/audit/act/delete"):
        answer = await site.post(path, "/account", key=str(entry))
        assert answer.status_code in (404, 405), path
    assert (await site.client.get("/audit/999999")).status_code == 404
