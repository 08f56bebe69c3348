"""A resource that can do everything: forms, actions, twins, rights, over a table of tests."""

import asyncio
import csv
import html
import io
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest
from litestar.testing import AsyncTestClient
from sqlalchemy import select

from core.access import PLATFORM, Access
from core.accounts import sessions, users
from core.audit import entries
from core.audit.entries import Wanted
from core.registry import Registry
from core.runtime.database import Database
from core.runtime.settings import Settings
from portal.app import create_app
from tests.portal import workshop
from tests.portal.conftest import NOW, PASSWORD, Clock, Site
from tests.portal.workshop import tools


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with an administrator and 120 tools, to be copied."""
    path = tmp_path_factory.mktemp("workbench") / "shop.db"
    asyncio.run(_furnish(Database(f"sqlite:///{path}")))
    return path


async def _furnish(database: Database) -> None:
    await database.open()
    await workshop.fill(database.begin, 120)
    async with database.begin() as connection:
        token = await users.create_setup_token(connection, NOW)
    assert token
    await users.set_up(database.begin, token, "ada", PASSWORD, NOW)
    await database.close()


@pytest.fixture
async def shop(tmp_path: Path, unseen_registry: Registry, workbench: Path) -> AsyncIterator[Site]:
    """A portal with the tools, at which the administrator is signed in."""
    database = Database(f"sqlite:///{shutil.copy(workbench, tmp_path / 'shop.db')}")
    await database.open()
    clock = Clock()
    app = create_app(
        Settings(tmp_path), unseen_registry, database, clock=clock, feed=False,
        resources=(workshop.TOOLS, workshop.LENT),
    )  # fmt: skip
    async with database.begin() as connection:
        token = await sessions.start(connection, 1, "", clock.now)
    async with AsyncTestClient(app, cookies={"session": token}) as client:
        yield Site(app, client, database, unseen_registry, clock)
    await database.close()


async def send(shop: Site, path: str, **fields: str | list[str]):
    """Send a form as the page has it."""
    page = await shop.client.get("/tools/new")
    found = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
    assert found
    data = {"_csrf_token": found[1], **fields}
    return await shop.client.post(path, data=data, follow_redirects=False)


async def stored(shop: Site, id: int):
    async with shop.database.read() as connection:
        return (await connection.execute(select(tools).where(tools.c.id == id))).one()


async def audited(shop: Site, action: str):
    async with shop.database.read() as connection:
        return await entries.page(connection, PLATFORM, Wanted(area="tools", action=action))


async def listed(shop: Site, query: str = ""):
    answer = await shop.client.get(f"/tools.json?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def words(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


async def test_a_row_is_made_and_told_to_the_audit(shop: Site):
    answer = await send(shop, "/tools", name="plane", kind="file", weight="12.0", company_id="")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/tools/121?done=made"
    row = await stored(shop, 121)
    assert (row.name, row.kind, row.weight, row.made_at) == ("plane", "file", 12, shop.clock.now)
    (entry,) = await audited(shop, "create")
    assert (entry.user_name, entry.object_id, entry.new["name"]) == ("ada", "121", "plane")
    page = await shop.client.get("/tools/121?done=made")
    assert "Saved." in page.text
    assert "plane" in page.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Name : is needed"),
        ({"name": "x" * 65}, "is longer than 64 characters"),
        ({"kind": "axe"}, "'axe' is none of its values"),
        ({"weight": "heavy"}, "'heavy' is no number"),
        ({"weight": "501"}, "has to be 0 to 500 W"),
        ({"weight": "nan"}, "has to be"),
        ({"name": "taken"}, "is taken: choose another"),
        ({"name": "nul\0"}, "cannot be stored"),
    ],
)
async def test_what_is_wrong_is_said_at_the_field_and_nothing_is_made(shop: Site, fields, said):
    answer = await send(shop, "/tools", **{"name": "plane", "kind": "saw", "weight": "3", **fields})
    assert answer.status_code == 422
    assert said in re.sub(r"\s+", " ", words(answer.text))
    assert 'aria-invalid="true"' in answer.text
    for value in fields.values():
        if "\0" not in value and len(value) <= 64:
            assert html.escape(value) in answer.text, "what was typed is still there"
    async with shop.database.read() as connection:
        assert len((await connection.execute(select(tools.c.id))).all()) == 120
    assert await audited(shop, "create") == []


async def test_a_row_is_changed_old_and_new_are_told(shop: Site):
    page = await shop.client.get("/tools/5/edit")
    assert 'value="tool 00005"' in page.text
    assert "company_id" not in page.text, "a field that is not editable is not in the form"
    answer = await send(shop, "/tools/5", name="five", kind="saw", weight="", _version="1")
    assert answer.headers["location"] == "/tools/5?done=changed"
    row = await stored(shop, 5)
    assert (row.name, row.kind, row.weight, row.version) == ("five", "saw", None, 2)
    (entry,) = await audited(shop, "edit")
    assert (entry.old["name"], entry.new["name"]) == ("tool 00005", "five")
    assert (entry.old["weight"], entry.new["weight"]) == (35, None)


async def test_two_edits_of_one_row_show_both_versions(shop: Site):
    first = await send(shop, "/tools/5", name="first", kind="saw", weight="1", _version="1")
    assert first.status_code == 303
    second = await send(shop, "/tools/5", name="second", kind="file", weight="1", _version="1")
    assert second.status_code == 409
    said = words(second.text)
    assert "Somebody else changed this meanwhile" in said
    assert re.search(r"Name\s+first\s+second", said)
    assert re.search(r"Kind\s+saw\s+file", said)
    assert (await stored(shop, 5)).name == "first"
    assert len(await audited(shop, "edit")) == 1
    again = await send(shop, "/tools/5", name="second", kind="file", weight="1", _version="2")
    assert again.status_code == 303


async def test_a_service_that_refuses_late_leaves_nothing_half_done(shop: Site):
    answer = await send(shop, "/tools/5", name="refused late", kind="saw", weight="1", _version="1")
    assert answer.status_code == 422
    assert "does not fit the name" in answer.text
    assert (await stored(shop, 5)).version == 1


async def test_an_action_asks_first_then_wants_a_reason_and_the_number(shop: Site):
    asked = await send(shop, "/tools/act/retire", key=["1", "2", "3"])
    assert asked.status_code == 200
    assert "3 tools" in words(asked.text)
    assert "Nobody can use it any more." in asked.text
    hasty = await send(shop, "/tools/act/retire", key=["1", "2", "3"], _step="go")
    assert hasty.status_code == 422
    assert "say why" in hasty.text
    assert "type the number of rows, 3" in hasty.text
    assert (await stored(shop, 1)).retired_at is None
    done = await send(
        shop, "/tools/act/retire", key=["1", "2", "3"], _step="go", _reason="worn", _count="3"
    )
    assert "3 tools: done" in words(done.text)
    assert (await stored(shop, 1)).retired_at == shop.clock.now
    told = await audited(shop, "retire")
    assert [(e.object_id, e.reason) for e in told] == [("3", "worn"), ("2", "worn"), ("1", "worn")]
    assert told[0].old["retired_at"] is None
    assert told[0].new["retired_at"] == shop.clock.now


async def test_one_row_that_refuses_keeps_no_other_back(shop: Site):
    await send(shop, "/tools/2", name="stubborn", kind="saw", weight="1", _version="1")
    await send(shop, "/tools/act/retire", key=["3"], _step="go", _reason="worn")
    keys = ["1", "2", "3", "4"]
    asked = await send(shop, "/tools/act/retire", key=keys)
    assert "1 others are left out" in re.sub(r"\s+", " ", words(asked.text))
    done = await send(shop, "/tools/act/retire", key=keys, _step="go", _reason="x", _count="4")
    said = re.sub(r"\s+", " ", words(done.text))
    assert "2 tools: done" in said
    assert "1 left out" in said
    assert "does not want to" in said
    assert (await stored(shop, 2)).retired_at is None
    assert (await stored(shop, 4)).retired_at is not None


async def test_all_that_fit_the_filters(shop: Site):
    fields = {"_all": "yes", "_query": "kind=saw&sort=-weight"}
    asked = await send(shop, "/tools/act/paint", **fields)
    assert "40 tools" in words(asked.text)
    done = await send(shop, "/tools/act/paint", **fields, kind="file", _step="go")
    assert "40 tools: done" in words(done.text), "all were done, though they left the filter"
    assert (await listed(shop, "kind=saw"))["total"] == 0
    assert len(await audited(shop, "edit")) == 40


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"key": ["x"] * 3 + [str(n) for n in range(1001)]}, 400),
        ({"_all": "yes", "_query": "colour=red"}, 400),
        ({"_all": "yes", "_query": "kind=saw&weight.from=heavy"}, 400),
    ],
)
async def test_a_selection_that_is_none_is_refused(shop: Site, fields, status):
    answer = await send(shop, "/tools/act/paint", kind="file", _step="go", **fields)
    assert answer.status_code == status
    assert len(await audited(shop, "edit")) == 0


async def test_unknown_action_and_unknown_rows(shop: Site):
    assert (await send(shop, "/tools/act/melt", key="1")).status_code == 404
    for path in ("/tools/999", "/tools/seven", "/tools/99999999999999999999", "/tools/1/edit/x"):
        assert (await shop.client.get(path)).status_code == 404, path
    answer = await send(shop, "/tools/999", name="x", kind="saw", _version="1")
    assert answer.status_code == 404


async def test_a_form_that_is_too_large_is_refused(shop: Site):
    answer = await send(shop, "/tools", name="x" * 70_000, kind="saw")
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("colour=red", "colour"),
        ("kind=axe", "kind"),
        ("weight.from=heavy", "weight.from"),
        ("weight.from=9&weight.to=3", "weight.from"),
        ("made_at.to=yesterday", "made_at.to"),
        ("retired=perhaps", "retired"),
        ("sort=company_id", "sort"),
        ("columns=name,secret", "columns"),
        ("q=" + "x" * 129, "q"),
        ("at=nonsense", "at"),
        ("at=" + "A" * 2000, "at"),
        ("&".join(["kind=saw"] * 1 + [f"kind={n}" for n in range(60)]), "kind"),
    ],
)
async def test_a_wrong_address_is_said_in_place_and_lists_nothing(shop: Site, query, where):
    page = await shop.client.get(f"/tools?{query}")
    assert page.status_code == 400
    assert f"<code>{where}</code>" in page.text
    assert "tool 00001" not in page.text
    for twin in ("json", "csv"):
        if twin == "csv" and where == "at":
            continue  # a sheet begins at the beginning
        answer = await shop.client.get(f"/tools.{twin}?{query}")
        assert answer.status_code == 400, twin
        assert where in answer.json()["detail"]


async def test_a_cursor_of_another_question_is_refused(shop: Site):
    cursor = (await listed(shop, "sort=weight"))["next"]
    for query in ("", "sort=-weight", "sort=weight&kind=saw"):
        answer = await shop.client.get(f"/tools.json?{query}&at={cursor}")
        assert answer.status_code == 400
        assert "another list, order or filter" in answer.json()["detail"]


async def test_pages_say_the_same_as_twins(shop: Site):
    page = await shop.client.get("/tools?kind=saw&sort=-weight&columns=name,weight")
    names = re.findall(r'scope="row"><a href="/tools/\d+">(tool \d+)', page.text)
    twin = await listed(shop, "kind=saw&sort=-weight&columns=name,weight")
    assert names == [row["name"] for row in twin["rows"]]
    assert set(twin["rows"][0]) == {"id", "name", "weight"}
    assert twin["total"] == 40
    sheet = await shop.client.get("/tools.csv?kind=saw&sort=-weight&columns=name,weight")
    lines = list(csv.reader(io.StringIO(sheet.text)))
    assert lines[0] == ["name", "weight"]
    assert [line[0] for line in lines[1:]] == names


async def test_a_sheet_runs_nothing_and_has_all_rows(shop: Site):
    await send(shop, "/tools", name="=cmd()", kind="saw", weight="1")
    sheet = await shop.client.get("/tools.csv")
    lines = list(csv.DictReader(io.StringIO(sheet.text)))
    assert len(lines) == 121
    assert lines[0]["name"] == "'=cmd()"
    assert sheet.headers["content-disposition"] == 'attachment; filename="tools.csv"'


async def test_facets_count_beside_the_other_filters(shop: Site):
    found = await shop.client.get("/tools/facets?kind=saw&weight.from=100")
    counts = dict(re.findall(r"(\w+) <span class=\"count\">(\d+)", found.text))
    expected = {
        kind: (await listed(shop, f"kind={key}&weight.from=100"))["total"]
        for key, kind in workshop.KINDS.items()
    }
    assert {k: int(v) for k, v in counts.items()} == {k: v for k, v in expected.items() if v}


async def test_the_page_keeps_a_line_for_each_choice_that_is_counted_later(shop: Site):
    page = (await shop.client.get("/tools")).text
    fragment = (await shop.client.get("/tools/facets")).text
    kept = re.findall(r'<p class="facet">([^<]+)</p>', page)
    assert kept == re.findall(r"<summary>([^<]+)</summary>", fragment)
    assert kept


async def test_chips_take_one_filter_away_each(shop: Site):
    page = await shop.client.get("/tools?kind=saw&kind=file&q=tool&sort=-weight&columns=name")
    links = [html.unescape(link) for link in re.findall(r'class="chip" href="([^"]+)"', page.text)]
    assert links == [
        "/tools?kind=saw&kind=file&sort=-weight&columns=name",
        "/tools?q=tool&kind=file&sort=-weight&columns=name",
        "/tools?q=tool&kind=saw&sort=-weight&columns=name",
    ]


async def test_an_empty_list_offers_a_way_out(shop: Site):
    page = await shop.client.get("/tools?kind=saw&weight.from=499.5")
    assert page.status_code == 200
    said = re.sub(r"\s+", " ", words(page.text))
    assert "Nothing fits these filters" in said
    assert "Remove Kind: Saw" in said
    assert "Remove Weight: ≥ 499.5" in said


async def test_who_may_not_has_no_buttons_and_is_refused(shop: Site):
    seen = Access(7, "bob", "B", 2, frozenset({"tools:read"}))
    original = sessions.by_token

    async def as_bob(*arguments, **keywords):
        session = await original(*arguments, **keywords)
        return attrs.evolve(session, access=seen) if session else None

    patch = pytest.MonkeyPatch()
    patch.setattr("portal.signing_in.sessions.by_token", as_bob)
    try:
        page = await shop.client.get("/tools")
        for absent in ("/tools/new", ".csv", "/act/retire"):
            assert absent not in page.text
        assert (await listed(shop))["total"] == 30, "B sees only the company's rows"
        assert (await shop.client.get("/tools/1")).status_code == 404
        assert (await shop.client.get("/tools/2")).status_code == 200
        assert (await shop.client.get("/tools/new")).status_code == 403
        assert (await shop.client.get("/tools.csv")).status_code == 403
        assert (await shop.client.get("/tools/2/edit")).status_code == 403
    finally:
        patch.undo()


async def test_making_a_row_can_hand_out_a_link_once(shop: Site):
    page = await shop.client.get("/lent/new")
    assert "<h1>Borrow: tool</h1>" in page.text
    assert 'name="weight"' not in page.text, "a field that is only for changing"
    made = await send(shop, "/lent", name="plane")
    assert made.status_code == 200
    assert 'text="http://testserver.local/lent/121"' in made.text
    assert 'href="/lent/121"' in made.text
    assert (await stored(shop, 121)).name == "plane"
    assert 'name="weight"' in (await shop.client.get("/lent/121/edit")).text
    (entry,) = await audited(shop, "create")
    assert (entry.object_id, entry.new) == ("121", {"name": "plane"})


async def test_an_action_can_hand_out_a_link_and_begins_with_the_row(shop: Site):
    asked = await send(shop, "/lent/act/lend", key="5")
    assert 'value="tool 00005"' in asked.text
    done = await send(shop, "/lent/act/lend", key="5", to="bob", _step="go")
    assert 'text="http://testserver.local/lent/5?to=bob"' in done.text
    assert "Good for a day." in done.text
    assert 'href="/lent/5">Back to it' in done.text


@pytest.mark.parametrize("fields", [{"key": ["1", "2"]}, {"_all": "yes", "_query": ""}])
async def test_what_is_for_one_row_is_not_done_with_many(shop: Site, fields):
    answer = await send(shop, "/lent/act/lend", to="bob", _step="go", **fields)
    assert answer.status_code == 400
    assert "do it with each by itself" in words(answer.text)
    assert await audited(shop, "edit") == []


async def test_what_is_unusual_is_listed_when_it_is_asked_for(shop: Site):
    await send(shop, "/tools/act/retire", key=["3"], _step="go", _reason="worn")
    usual = (await shop.client.get("/lent.json")).json()
    assert (usual["total"], 3 in [row["id"] for row in usual["rows"]]) == (119, False)
    asked = (await shop.client.get("/lent.json?retired=yes")).json()
    assert [row["id"] for row in asked["rows"]] == [3]
    assert (await shop.client.get("/lent/3")).status_code == 200, "it has its page yet"


async def test_a_column_is_sorted_by_another_that_is_in_its_order(shop: Site):
    rows = (await shop.client.get("/lent.json?sort=name&columns=name")).json()["rows"]
    weights = [(await stored(shop, row["id"])).weight for row in rows[:5]]
    assert weights == sorted(weights)
    assert weights[0] < 20
    page = await shop.client.get("/lent?sort=name")
    assert 'aria-sort="ascending"' in page.text


async def test_links_lead_as_their_column_says_and_nobody_where_they_may_not_go(shop: Site):
    page = (await shop.client.get("/lent")).text
    assert 'href="/tools?q=tool 00' in html.unescape(page)
    assert "/secret/saw" in page, "an administrator may do everything"
    patch = pytest.MonkeyPatch()
    original = sessions.by_token

    async def as_reader(*arguments, **keywords):
        session = await original(*arguments, **keywords)
        return attrs.evolve(session, access=READER) if session else None

    patch.setattr("portal.signing_in.sessions.by_token", as_reader)
    try:
        assert "/secret/" not in (await shop.client.get("/lent")).text
        assert "/secret/" not in (await shop.client.get("/lent/1")).text
    finally:
        patch.undo()


READER = Access(7, "bob", "A", None, frozenset({"tools:read"}))
