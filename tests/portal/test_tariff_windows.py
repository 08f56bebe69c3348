"""Times to charge and discharge on pages: shown, tried, sent as commands, or why they cannot be."""

import re
from datetime import date
from typing import Any

from core.access import PLATFORM
from core.accounts import users
from core.accounts.users import NewUser
from core.audit import entries
from core.commanding import commands
from core.commanding.records import CommandRecord
from core.tariffs.tariff import fixed
from portal.pages.system import LOADS
from tests.homes import START, time_of_use
from tests.portal.conftest import PASSWORD, Site
from tests.portal.test_site_settings import (
    PAGE,
    PLANS,
    SN,
    home,
    keep,
    time_form,
)

__all__ = ["home"]
WINDOWS = f"{PLANS}/1/windows"


async def given(home: Site) -> list[CommandRecord]:
    async with home.database.read() as connection:
        return await commands.page(connection)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form that sends."""
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    return {name: found[name] for name in ("seen", "key")}


async def send(home: Site, **changes: str) -> Any:
    said = hidden((await home.client.get(WINDOWS)).text)
    return await home.post(WINDOWS, WINDOWS, **{**said, "confirm": "yes", **changes})


async def test_saving_a_plan_leads_to_its_windows(home: Site):
    made = await home.post(PLANS, f"{PLANS}/new", **time_form())
    assert made.headers["location"] == f"{WINDOWS}?done=made"
    page = (await home.client.get(made.headers["location"])).text
    assert "Saved." in page
    assert re.findall(r'<th scope="row">(\d\d:\d\d–\d\d:\d\d)</th><td>(\w+)</td>', page) == [
        ("00:00–07:00", "Charge"),
        ("07:00–17:00", "Discharge"),
    ]
    assert "Buying costs the same all day" in (await home.client.get(f"{WINDOWS}?day=weekend")).text
    assert await given(home) == []


async def test_it_is_tried_with_bytes_and_sent_once_confirmed(home: Site):
    await keep(home, time_of_use())
    page = (await home.client.get(WINDOWS)).text
    assert "16:30–21:00" in page
    assert "becomes" in page
    assert "has other windows on a weekend" in page
    assert f'<a href="/systems/{SN}/commands#form-inverter-enable">' in page
    assert page.count('<pre class="hex">') == 2
    unsure = await send(home, confirm="")
    assert unsure.status_code == 422
    assert await given(home) == []
    sent = await send(home)
    assert (sent.status_code, sent.headers["location"]) == (303, f"{PAGE}?done=sent#sent")
    told = {each.name: each for each in await given(home)}
    assert set(told) == {"set_charging", "set_discharging"}
    assert told["set_discharging"].parameters["discharge_start"] == 17
    assert told["set_discharging"].parameters["discharge_end"] == 21
    after = (await home.client.get(PAGE)).text
    assert after.count("Queued") >= 2
    said = (await home.client.get(f"{PAGE}.json")).json()
    assert [each["state"] for each in said["sent"]] == ["QUEUED", "QUEUED"]
    async with home.database.read() as connection:
        found = await entries.page(connection, PLATFORM, entries.Wanted(area="commands"))
    assert {each.user_name for each in found} == {"ada"}


async def test_what_was_sent_twice_is_given_once(home: Site):
    await keep(home, time_of_use())
    said = hidden((await home.client.get(WINDOWS)).text)
    for _ in range(2):
        answer = await home.post(WINDOWS, WINDOWS, **said, confirm="yes")
        assert answer.status_code == 303
    assert len(await given(home)) == 2


async def test_what_would_be_something_else_by_now_is_not_sent(home: Site):
    await keep(home, time_of_use())
    said = hidden((await home.client.get(WINDOWS)).text)
    changed = time_form(version="1")
    assert (await home.post(f"{PLANS}/1", f"{PLANS}/1", **changed)).status_code == 303
    stale = await home.post(WINDOWS, WINDOWS, **said, confirm="yes")
    assert stale.status_code == 409
    assert "Nothing was sent" in stale.text
    assert await given(home) == []


async def test_one_price_has_no_windows(home: Site):
    await keep(home, fixed("Flat", "EUR", time_of_use().bands["peak"], date(2027, 1, 1)))
    page = await home.client.get(WINDOWS)
    assert "Buying costs the same all day" in page.text
    assert 'name="confirm"' not in page.text


async def test_where_it_cannot_be_told_the_page_says_why(home: Site):
    await keep(home, time_of_use())
    async with home.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE systems SET country = 'FR'")
    page = (await home.client.get(WINDOWS)).text
    assert "is not offered for this system: not sold in FR, only in DE, AU" in page
    assert 'name="confirm"' not in page
    async with home.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE systems SET product_id = 'blunt'")
    page = (await home.client.get(WINDOWS)).text
    assert "Blunt has no command with windows to charge a battery in" in page
    refused = await home.post(WINDOWS, WINDOWS, seen="", key="k", confirm="yes")
    assert refused.status_code == 409
    async with home.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE systems SET product_id = 'gone'")
    assert "product model is not loaded" in (await home.client.get(WINDOWS)).text


async def test_who_may_not_command_sees_it_and_cannot_send_it(home: Site):
    await keep(home, time_of_use())
    otto = NewUser("otto", PASSWORD, "A", ("l1",))
    await users.create(home.database.begin, PLATFORM, otto, START)
    await home.post("/sign-out", "/account")
    await home.sign_in("otto")
    page = (await home.client.get(WINDOWS)).text
    assert "not send it to the device" in page
    assert 'name="confirm"' not in page
    refused = await home.post(WINDOWS, "/account", confirm="yes", seen="", key="")
    assert refused.status_code == 403


async def test_the_states_stream_while_the_page_is_open(home: Site):
    assert "site-settings" in LOADS
    assert (
        f'hx-sse:connect="/systems/{SN}/live?tab=site-settings'
        in (await home.client.get(PAGE)).text
    )
