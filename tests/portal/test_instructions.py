"""Instruction management: lists, the course of a command, withdrawing, the second person."""

import html
import re

from core.access import PLATFORM
from core.accounts import users
from core.accounts.users import NewUser
from core.audit import entries
from core.audit.entries import Wanted
from core.commanding import giving
from core.commanding.instructions import Instruction
from core.commanding.orders import Order
from core.commanding.records import CommandRequest
from tests.portal import unseen
from tests.portal.conftest import PASSWORD, Site
from tests.portal.peopled import session_of

OTHER = "ZQ9000000002"
LIMIT = CommandRequest("inverter", "set_feed_limit", {"feed_limit": 3000})
WIPE = CommandRequest("inverter", "wipe", {})


async def give(site: Site, request: CommandRequest = LIMIT, *sns: str) -> Instruction:
    order = Order(request, sns or (unseen.SN,), reason="for a test")
    async with site.database.begin() as connection:
        return await giving.give(connection, site.registry, PLATFORM, order, site.clock.now)


async def rows(site: Site, path: str, query: str = "") -> list[dict]:
    answer = await site.client.get(f"{path}.json?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


async def act(site: Site, path: str, key: str, **fields: str):
    return await site.post(path, "/account", key=key, _step="go", **fields)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


async def become(site: Site, name: str, role: str) -> None:
    """Be somebody else of the platform."""
    given = NewUser(name, PASSWORD, roles=(role,))  # type: ignore[arg-type]
    user = await users.create(site.database.begin, PLATFORM, given, site.clock.now)
    site.client.cookies.set("session", await session_of(site.database, user, site.clock.now))


async def test_instructions_and_their_commands_are_listed_and_found(site: Site):
    await site.register(OTHER, "Hut")
    first = await give(site)
    site.clock.now += 60_000
    both = await give(site, LIMIT, unseen.SN, OTHER)
    listed = await rows(site, "/instructions")
    assert [row["id"] for row in listed] == [both.id, first.id]
    assert (listed[1]["sn"], listed[0]["sn"], listed[0]["targets"]) == (unseen.SN, None, 2)
    assert (listed[1]["state"], listed[1]["parameters"]) == ("QUEUED", "feed_limit = 3000")
    for query, number in (
        (f"sn={OTHER}", 1), ("sn=zq9", 2), (f"sn.exact={unseen.SN}", 2), ("state=FAILED", 0),
        ("name=wipe", 0), ("created_by=nobody", 0), ("state=QUEUED&name=set_feed_limit", 2),
        (f"created_at.from={site.clock.now}", 1), (f"created_at.to={site.clock.now - 1}", 1),
    ):  # fmt: skip
        assert len(await rows(site, "/instructions", query)) == number, query
    for query, number in (
        ("", 3), (f"sn={OTHER}", 1), ("sn=zq9", 3), ("state=QUEUED", 3), ("state=SENT", 0),
        (f"instruction={both.id}", 2), (f"created_at.from={site.clock.now}", 2),
    ):  # fmt: skip
        assert len(await rows(site, "/commands", query)) == number, query


async def test_a_command_shows_its_course_and_its_instruction(site: Site):
    made = await give(site)
    (command,) = await rows(site, "/commands")
    page = (await site.client.get(f"/commands/{command['id']}")).text
    assert 'hx-trigger="every 2s"' in page
    assert f'href="/instructions/{made.id}"' in page
    assert "for a test" in page
    about = (await site.client.get(f"/instructions/{made.id}")).text
    assert f'href="/commands/{command["id"]}"' in about
    assert re.search(r"Queued", about)


async def test_what_was_not_sent_can_be_withdrawn_one_by_one_or_all(site: Site):
    await site.register(OTHER, "Hut")
    made = await give(site, LIMIT, unseen.SN, OTHER)
    (one,) = await rows(site, "/commands", f"sn={OTHER}")
    assert (await act(site, "/commands/act/cancel", one["id"])).status_code == 200
    states = {row["sn"]: row["state"] for row in await rows(site, "/commands")}
    assert states == {unseen.SN: "QUEUED", OTHER: "CANCELLED"}
    assert (await rows(site, "/instructions"))[0]["state"] == "UNDER_WAY"
    answer = await act(site, "/instructions/act/cancel", made.id, _reason="a mistake")
    assert answer.status_code == 200
    (row,) = await rows(site, "/instructions")
    assert (row["state"], row["progress"]) == ("CANCELLED", "2 of 2")
    async with site.database.read() as connection:
        newest, before, *_ = await entries.page(connection, PLATFORM, Wanted(area="commands"))
    assert (newest.action, newest.object_id, newest.reason) == ("cancel", made.id, "a mistake")
    assert (before.object_id, before.new) == (made.id, {"sn": OTHER})
    audit = (await site.client.get("/audit?area=commands")).text
    assert f'href="/instructions/{made.id}"' in audit


async def test_who_may_only_look_withdraws_nothing(site: Site):
    made = await give(site)
    await become(site, "vera", "read_only")
    assert (await site.client.get("/instructions")).status_code == 200
    page = (await site.client.get(f"/instructions/{made.id}")).text
    assert "act/cancel" not in page
    assert (await act(site, "/instructions/act/cancel", made.id)).status_code == 403


async def test_a_second_person_approves_what_was_shown(site: Site):
    made = await give(site, WIPE)
    page = (await site.client.get(f"/instructions/{made.id}")).text
    assert "It waits for a second person" in page
    asked = await site.post("/instructions/act/approve", "/account", key=made.id)
    assert f'name="digest" value="{made.digest}"' in asked.text
    answer = await act(site, "/instructions/act/approve", made.id, digest="0" * 64)
    assert "is another than you were shown" in html.unescape(answer.text)
    assert (await rows(site, "/instructions"))[0]["state"] == "PENDING_APPROVAL"
    await act(site, "/instructions/act/approve", made.id, digest=made.digest)
    (row,) = await rows(site, "/instructions")
    assert (row["approved_by"], row["state"]) == ("ada", "QUEUED")
    late = await act(site, "/instructions/act/approve", made.id, digest=made.digest)
    assert "left out" in words(late.text)


async def step(site: Site, name: str, **fields: str):
    """Send a step of a new instruction."""
    return await site.post("/instructions/new", "/account", _step=name, **fields)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, words(page)
    return html.unescape(found[1])


async def test_an_instruction_is_written_tried_and_given(site: Site):
    await site.register(OTHER, "Hut")
    begun = await site.client.get("/instructions/new?_systems=q%3DZQ9")
    assert 'value="q=ZQ9" checked' in begun.text
    meant = {"_systems": "q=ZQ9", "_sns": unseen.SN.lower()}
    chosen = await step(site, "systems", **meant)
    assert 'value="inverter/set_feed_limit"' in chosen.text
    meant |= {"_command": "inverter/set_feed_limit"}
    assert 'name="feed_limit"' in (await step(site, "command", **meant)).text
    wrong = await step(site, "try", **meant, feed_limit="90000")
    assert wrong.status_code == 422
    assert "is outside its range" in wrong.text
    assert 'value="90000"' in wrong.text
    meant |= {"feed_limit": "3000", "_reason": "a wish"}
    tried = await step(site, "try", **meant)
    assert tried.status_code == 200
    assert "4 kW → <b>3 kW</b>" in tried.text
    assert "0b b8" in tried.text
    assert await rows(site, "/instructions") == []
    meant |= {name: hidden(tried.text, name) for name in ("_digest", "_key")}
    for _ in range(2):  # pressed twice
        given = await step(site, "give", **meant)
        assert given.status_code == 303, words(given.text)
    (row,) = await rows(site, "/instructions")
    assert given.headers["location"] == f"/instructions/{row['id']}?given=yes"
    assert (row["targets"], row["created_by"], row["reason"]) == (2, "ada", "a wish")


async def test_what_changed_since_the_dry_run_is_not_given(site: Site):
    meant = {"_systems": "q=ZQ9", "_command": "inverter/set_feed_limit", "feed_limit": "3000"}
    tried = await step(site, "try", **meant)
    meant |= {name: hidden(tried.text, name) for name in ("_digest", "_key")}
    await site.register(OTHER, "Hut")
    answer = await step(site, "give", **meant)
    assert answer.status_code == 422
    assert "would be another instruction than was shown" in answer.text
    assert await rows(site, "/instructions") == []


async def test_refused_systems_are_left_out_only_when_that_is_said(site: Site):
    sns = f"{unseen.SN}\nNOBODY000001"
    meant = {"_sns": sns, "_command": "inverter/set_feed_limit", "feed_limit": "3000"}
    tried = await step(site, "try", **meant)
    assert "is not registered" in tried.text
    assert "_digest" not in tried.text
    partly = await step(site, "try", **meant, _partial="yes")
    meant |= {name: hidden(partly.text, name) for name in ("_digest", "_key")}
    assert (await step(site, "give", **meant)).status_code == 422
    assert (await step(site, "give", **meant, _partial="yes")).status_code == 303
    assert (await rows(site, "/instructions"))[0]["targets"] == 1


async def test_risk_is_confirmed_and_time_is_read(site: Site):
    meant = {"_sns": unseen.SN, "_command": "inverter/set_mode", "mode": "1"}
    bad = await step(site, "try", **meant, _at="tomorrow")
    assert bad.status_code == 422
    meant |= {"_at": "2026-09-21T20:00"}
    tried = await step(site, "try", **meant)
    meant |= {name: hidden(tried.text, name) for name in ("_digest", "_key")}
    assert "Tick the box" in (await step(site, "give", **meant)).text
    given = await step(site, "give", **meant, _confirmed="yes")
    assert given.status_code == 303, words(given.text)
    (row,) = await rows(site, "/instructions", "columns=id,not_before")
    assert row["not_before"] == 1_790_020_800_000


async def test_what_was_not_sent_is_changed_by_another_in_its_place(site: Site):
    made = await give(site, LIMIT)
    page = (await site.client.get(f"/instructions/{made.id}")).text
    assert f'href="/instructions/{made.id}/edit"' in page
    form = (await site.client.get(f"/instructions/{made.id}/edit")).text
    assert 'name="feed_limit" type="number"' in form
    assert 'value="3000"' in form
    meant = {name: hidden(form, name) for name in ("_sns", "_command", "_replaces")}
    assert meant["_sns"] == unseen.SN
    assert 'value="for a test"' in form
    meant |= {"feed_limit": "2500", "_reason": "another limit"}
    tried = await step(site, "try", **meant)
    meant |= {name: hidden(tried.text, name) for name in ("_digest", "_key", "_replaces")}
    for _ in range(2):  # pressed twice
        given = await step(site, "give", **meant)
        assert given.status_code == 303, words(given.text)
    found = await rows(site, "/instructions", "columns=id,state,replaces,parameters")
    old, new = sorted(found, key=lambda row: row["id"] != made.id)
    assert (old["id"], old["state"]) == (made.id, "CANCELLED")
    assert (new["replaces"], new["state"]) == (made.id, "QUEUED")
    again = await site.client.get(f"/instructions/{made.id}")
    assert f"/instructions/{made.id}/edit" not in again.text
    late = await step(site, "give", **meant, _at="2027-01-01T00:00")
    assert late.status_code == 422
    await become(site, "vera", "read_only")
    assert (await site.client.get(f"/instructions/{new['id']}/edit")).status_code == 403


async def test_nothing_goes_on_without_systems_or_for_who_may_not(site: Site):
    assert "no system is named" in (await step(site, "systems")).text
    unknown = await step(site, "systems", _sns="NOBODY000001")
    assert unknown.status_code == 422
    assert "no such system is known" in unknown.text
    await site.register(OTHER, "Hut")
    await become(site, "lisa", "l2")
    assert (await step(site, "systems", _sns=unseen.SN)).status_code == 200
    assert (await step(site, "systems", _systems="q=ZQ9")).status_code == 403
    await become(site, "vera", "read_only")
    assert (await site.client.get("/instructions/new")).status_code == 403


async def test_the_bell_tells_who_may_approve_how_many_wait(site: Site):
    meant = {"_sns": unseen.SN, "_command": "inverter/wipe"}
    tried = await step(site, "try", **meant)
    assert "A second person has to approve it" in tried.text
    meant |= {name: hidden(tried.text, name) for name in ("_digest", "_key")}
    assert (await step(site, "give", **meant, _confirmed=unseen.SN)).status_code == 303
    (made,) = await rows(site, "/instructions", "state=PENDING_APPROVAL&columns=id,digest")
    own = await act(site, "/instructions/act/approve", made["id"], digest=made["digest"])
    assert "who asked for it cannot approve" in words(own.text)

    await site.app.state.services.watch.look(site.database, site.clock.now)
    said = "Instructions that wait for a second person: 1"
    assert said not in words((await site.client.get("/")).text)
    await become(site, "lisa", "l2")
    assert said not in words((await site.client.get("/")).text)
    await become(site, "olga", "operations")
    home = await site.client.get("/")
    assert said in words(home.text)
    assert 'href="/instructions?state=PENDING_APPROVAL"' in home.text
    assert (await act(site, "/instructions/act/refuse", made["id"])).status_code == 422
    refused = await act(site, "/instructions/act/refuse", made["id"], _reason="not today")
    assert "1 instruction: done" in words(refused.text)
    (row,) = await rows(site, "/commands")
    assert (row["state"], row["reason"]) == ("CANCELLED", "refused by olga: not today")
    again = await act(site, "/instructions/act/approve", made["id"], digest=made["digest"])
    assert "left out" in words(again.text)


async def test_what_was_edited_or_came_too_late_is_not_approved(site: Site):
    made = await give(site, WIPE)
    order = Order(WIPE, [unseen.SN], reason="another one")
    async with site.database.begin() as connection:
        edited = await giving.revise(
            connection, site.registry, PLATFORM, order, replaces=made.id, now=site.clock.now
        )
    gone = await act(site, "/instructions/act/approve", made.id, digest=made.digest)
    assert "0 instructions: done 1 left out" in words(gone.text)
    assert edited.approve_until
    site.clock.now = edited.approve_until
    await become(site, "olga", "operations")
    late = await act(site, "/instructions/act/approve", edited.id, digest=edited.digest)
    assert "does not wait for approval, or no longer" in words(late.text)
