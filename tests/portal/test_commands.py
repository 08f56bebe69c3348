"""Commands from form to queue."""

from core.access import PLATFORM
from core.accounts import users
from core.accounts.users import NewUser
from tests.portal import unseen
from tests.portal.conftest import PASSWORD, Site

PAGE = f"/systems/{unseen.SN}/commands"
LIMIT = f"{PAGE}/inverter/set_feed_limit"
MODE = f"{PAGE}/inverter/set_mode"
WIPE = f"{PAGE}/inverter/wipe"


async def given(site: Site) -> list[dict[str, object]]:
    return (await site.client.get(f"{PAGE}.json")).json()["commands"]


async def test_form_follows_from_the_declaration(site: Site):
    page = (await site.client.get(PAGE)).text
    assert 'name="feed_limit" type="number" required step="any" min="0" max="9000"' in page
    assert 'value="5000"' in page
    assert "0 to 9\u202f000 W. Now 4 kW" in page
    assert '<option value="1"' in page
    assert "Feeding (1)" in page
    declared = (await site.client.get(f"{PAGE}.json")).json()["declared"]
    assert [command["name"] for command in declared] == ["set_feed_limit", "set_mode", "wipe"]
    assert declared[1]["parameters"][0]["choices"] == {"0": "Standby", "1": "Feeding"}


async def test_preview_shows_change_bytes_and_proof(site: Site):
    answer = await site.post(f"{LIMIT}/preview", PAGE, feed_limit="3000")
    assert answer.status_code == 200
    assert "4 kW" in answer.text
    assert "3 kW" in answer.text
    assert "0b b8" in answer.text
    assert "Feed limit." in answer.text
    assert await given(site) == []


async def test_preview_lists_all_refusals(site: Site):
    answer = await site.post(f"{LIMIT}/preview", PAGE, feed_limit="90000")
    assert answer.status_code == 422
    assert "is outside its range" in answer.text
    missing = await site.post(f"{LIMIT}/preview", PAGE)
    assert "is missing" in missing.text


async def test_fragment_for_htmx_is_no_whole_page(site: Site):
    data = {"_csrf_token": await site.csrf(PAGE), "feed_limit": "3000"}
    answer = await site.client.post(f"{LIMIT}/preview", data=data, headers={"hx-request": "true"})
    assert "<html" not in answer.text
    token = answer.text.split('name="_csrf_token" value="')[1].split('"')[0]
    sent = await site.client.post(
        LIMIT, data={"_csrf_token": token, "feed_limit": "3000"}, follow_redirects=False
    )
    assert sent.status_code == 303


async def test_sending_queues_it_in_the_name_of_the_user(site: Site):
    answer = await site.post(LIMIT, PAGE, feed_limit="3000")
    assert answer.status_code == 303
    (command,) = await given(site)
    assert (command["state"], command["by"], command["parameters"]) == (
        "QUEUED", "ada", {"feed_limit": 3000},
    )  # fmt: skip
    assert "Queued" in (await site.client.get(PAGE)).text


async def test_refused_values_are_not_sent(site: Site):
    assert (await site.post(LIMIT, PAGE, feed_limit="-1")).status_code == 422
    assert await given(site) == []


async def test_risk_decides_what_must_be_confirmed(site: Site):
    assert (await site.post(MODE, PAGE, mode="1")).status_code == 422
    assert (await site.post(MODE, PAGE, mode="1", confirm="yes")).status_code == 303
    assert (await site.post(WIPE, PAGE, confirm="yes")).status_code == 422
    assert (await site.post(WIPE, PAGE, confirm=unseen.SN)).status_code == 303
    assert len(await given(site)) == 2


async def test_viewers_may_look_only(site: Site):
    vera = NewUser("vera", PASSWORD, roles=("read_only",))
    await users.create(site.database.begin, PLATFORM, vera, site.clock.now)
    await site.post("/sign-out")
    await site.sign_in("vera")
    assert (await site.client.get(PAGE)).status_code == 200
    answer = await site.post(LIMIT, PAGE, feed_limit="3000")
    assert answer.status_code == 403
    assert await given(site) == []


async def test_unknown_slots_and_commands_are_not_found(site: Site):
    assert (await site.post(f"{PAGE}/engine/go", PAGE)).status_code == 404
    assert (await site.post(f"{PAGE}/inverter/go", PAGE)).status_code == 404
