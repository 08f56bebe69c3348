"""Site settings: the tariff plans of a site, made, changed and removed by its forms."""

import re
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import AsyncTestClient

from core.access import PLATFORM
from core.accounts import users
from core.accounts.users import NewUser
from core.audit import entries
from core.runtime.database import Database
from core.runtime.settings import Settings
from core.tariffs import plans
from core.tariffs.plans import Plan
from core.tariffs.tariff import Tariff
from portal.app import create_app
from tests.homes import START, build, home_registry, time_of_use
from tests.portal import unseen
from tests.portal.conftest import PASSWORD, Clock, Site

SN = "TARIFF000001"
PAGE = f"/systems/{SN}/site-settings"
PLANS = f"{PAGE}/plans"
FIXED = {
    "kind": "fixed", "name": "Flat", "currency": "EUR", "valid_from": "2027-01-01",
    "valid_until": "", "band": "All day", "buy": "0,31", "feed_in": "0.08",
}  # fmt: skip
NIGHT = ("1",) * 14 + ("3",) * 20 + ("2",) * 14


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Site]:
    """A portal whose only system stands at a site, on 15 January 2027 there."""
    database = Database(f"sqlite:///{tmp_path / 'home.db'}")
    await database.open()
    registry, clock = home_registry(), Clock(START)
    app = create_app(Settings(tmp_path), registry, database, clock=clock, feed=False)
    async with database.begin() as connection:
        await build(connection, SN, "Europe/Berlin")
        token = await users.create_setup_token(connection, clock.now)
    assert token
    await users.set_up(database.begin, token, "ada", PASSWORD, clock.now)
    async with AsyncTestClient(app) as client:
        found = Site(app, client, database, registry, clock)
        await found.sign_in()
        yield found
    await database.close()


def time_form(**changes: Any) -> dict[str, Any]:
    """A form of three bands, and an empty fourth row as it is sent too."""
    return {
        "kind": "time_of_use", "name": "Nights", "currency": "eur", "valid_from": "2027-01-01",
        "valid_until": "2027-12-31", "band": ["Off-Peak", "Shoulder", "peak", ""],
        "buy": ["0.1", "0.2", "0.4", ""], "feed_in": ["0.05", "0.05", "0.12", ""],
        "weekday": list(NIGHT), "weekend": ["1"] * 48, **changes,
    }  # fmt: skip


async def kept(site: Site) -> list[Plan]:
    async with site.database.read() as connection:
        return await plans.of_system(connection, 1)


async def keep(site: Site, tariff: Tariff) -> Plan:
    async with site.database.begin() as connection:
        return await plans.create(connection, PLATFORM, 1, tariff, now=START)


async def audited(site: Site) -> list[tuple[str, str]]:
    async with site.database.read() as connection:
        found = await entries.page(connection, PLATFORM, entries.Wanted(area="tariffs"))
    return [(each.action, each.user_name) for each in found]


async def test_the_plan_in_force_is_the_one_of_the_day_at_the_site(home: Site):
    empty = (await home.client.get(PAGE)).text
    assert "No tariff is set" in empty
    await keep(home, time_of_use(date(2026, 1, 1), date(2027, 1, 15)))
    await keep(home, time_of_use(date(2027, 1, 16)))
    home.clock.now = START  # 08:00 UTC on 15 January
    said = (await home.client.get(f"{PAGE}.json")).json()
    assert (said["today"], said["timezone"]) == ("2027-01-15", "Europe/Berlin")
    assert [each["state"] for each in said["plans"]] == ["in_force", "future"]
    home.clock.now = START + 15 * 3_600_000  # 23:00 UTC, midnight there
    await home.sign_in()
    said = (await home.client.get(f"{PAGE}.json?tz=utc")).json()
    assert said["today"] == "2027-01-16"
    assert [each["state"] for each in said["plans"]] == ["past", "in_force"]
    page = (await home.client.get(PAGE)).text
    assert re.findall(r'<details class="fold plan" id="plan-(\d)" open>', page) == ["2"]
    sheet = (await home.client.get(f"{PAGE}.csv")).text.splitlines()
    assert sheet[1].startswith("Time of use,EUR,2026-01-01,2027-01-15,past,weekday,00:00,06:00,")


async def test_a_fixed_price_is_made_by_a_plain_form(home: Site):
    form = (await home.client.get(f"{PLANS}/new?kind=fixed")).text
    assert '<select name="weekday"' not in form
    made = await home.post(PLANS, f"{PLANS}/new", **FIXED)
    assert (made.status_code, made.headers["location"]) == (303, f"{PLANS}/1/windows?done=made")
    (plan,) = await kept(home)
    assert plan.tariff.is_fixed
    assert plan.tariff.bands["all_day"].buy == Decimal("0.31")
    assert await audited(home) == [("create", "ada")]
    assert "Saved." in (await home.client.get(f"{PAGE}?done=made")).text


async def test_bands_by_time_are_made_and_changed(home: Site):
    form = (await home.client.get(f"{PLANS}/new")).text
    assert form.count('<select name="weekday"') == form.count('<select name="weekend"') == 48
    assert (await home.post(PLANS, f"{PLANS}/new", **time_form())).status_code == 303
    (plan,) = await kept(home)
    assert list(plan.tariff.bands) == ["off_peak", "shoulder", "peak"]
    assert plan.tariff.weekday == ("off_peak",) * 14 + ("peak",) * 20 + ("shoulder",) * 14
    assert plan.tariff.currency == "EUR"
    page = (await home.client.get(f"{PLANS}/{plan.id}")).text
    assert '<th scope="row">07:00–17:00</th>' in page
    changes = time_form(version="1", band=["Off-Peak", "Night 2", "peak", ""])
    assert (await home.post(f"{PLANS}/1", f"{PLANS}/1", **changes)).status_code == 303
    (plan,) = await kept(home)
    assert list(plan.tariff.bands) == ["off_peak", "night_2", "peak"]
    assert await audited(home) == [("edit", "ada"), ("create", "ada")]


WRONG = (
    ({"name": ""}, "name", "has 0 characters"),
    ({"currency": "XXX"}, "currency", "&#39;XXX&#39; is not a currency"),
    ({"valid_from": "soon"}, "valid_from", "is no day of the calendar"),
    ({"valid_until": "2026-12-31"}, "valid_until", "is before the first day"),
    ({"buy": ["0.1", "dear", "0.4", ""]}, "buy-1", "is not a number"),
    ({"buy": ["0.1", "-1", "0.4", ""]}, "buy-1", "-1 is below 0 or above 1,000,000"),
    ({"feed_in": ["0.00001", "0", "0", ""]}, "feed_in-0", "more than 4 decimals"),
    ({"band": ["Off-Peak", "峰", "peak", ""]}, "band-1", "is not the name of a band"),
    ({"band": ["Peak", "Shoulder", "peak", ""]}, "band-2", "is there twice"),
    ({"weekday": ["1"] * 13 + [""] * 3 + ["1"] * 32}, "weekday", "06:30–08:00 has no price"),
    ({"weekday": ["1"] * 47 + ["4"]}, "weekday", "23:30–24:00 has no price"),
    ({"weekend": ["1"] * 47}, "weekend", "has 47 half hours"),
)
"""Changes of a right form, the field at which they are refused, and what is said there."""


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(home: Site):
    for changes, field, told in WRONG:
        answer = await home.post(PLANS, f"{PLANS}/new", **time_form(**changes))
        assert answer.status_code == 422, changes
        said = dict(re.findall(r'id="wrong-([^"]+)">([^<]*)<', answer.text))
        assert told in said.get(field, ""), (changes, said)
        assert f'id="field-{field}"' in answer.text
        assert f'href="#field-{field}"' in answer.text
        assert ('value="Nights"' in answer.text) == ("name" not in changes)
    assert await kept(home) == []
    assert await audited(home) == []


async def test_two_plans_never_share_a_day(home: Site):
    await keep(home, time_of_use(date(2027, 6, 1)))
    answer = await home.post(PLANS, f"{PLANS}/new", **FIXED)
    assert answer.status_code == 422
    said = "&#39;Time of use&#39; holds from 2027-06-01 until further notice"
    assert said in answer.text
    assert len(await kept(home)) == 1


async def test_of_two_edits_the_second_sees_both(home: Site):
    await keep(home, time_of_use())
    mine, theirs = (time_form(name=name, version="1") for name in ("Mine", "Theirs"))
    assert (await home.post(f"{PLANS}/1", f"{PLANS}/1", **theirs)).status_code == 303
    stale = await home.post(f"{PLANS}/1", f"{PLANS}/1", **mine)
    assert stale.status_code == 409
    assert "Nothing of yours was saved yet" in stale.text
    lines = re.findall(r'data-label="Stored now">([^<]*)<.*?<b>([^<]*)<', stale.text)
    assert ("Theirs", "Mine") in lines
    assert 'name="version" value="2"' in stale.text
    assert (await kept(home))[0].tariff.name == "Theirs"
    again = await home.post(f"{PLANS}/1", f"{PLANS}/1", **{**mine, "version": "2"})
    assert again.status_code == 303
    assert (await kept(home))[0].tariff.name == "Mine"


async def test_a_plan_is_removed_with_a_reason(home: Site):
    await keep(home, time_of_use())
    asked = (await home.client.get(f"{PLANS}/1/remove")).text
    assert "holds from 2027-01-01 until further notice" in asked
    remove = f"{PLANS}/1/remove"
    assert (await home.post(remove, remove, version="1")).status_code == 422
    stale = await home.post(remove, remove, version="7", reason="moved")
    assert stale.status_code == 409
    assert len(await kept(home)) == 1
    gone = await home.post(remove, remove, version="1", reason="moved")
    assert gone.status_code == 303
    assert await kept(home) == []
    assert (await home.client.get(remove)).status_code == 404
    assert (await audited(home))[0] == ("delete", "ada")


async def test_who_may_only_look_sees_prices_and_no_buttons(home: Site):
    await keep(home, time_of_use())
    given = NewUser("otto", PASSWORD, "A", ("read_only",))
    await users.create(home.database.begin, PLATFORM, given, START)
    await home.post("/sign-out", "/account")
    await home.sign_in("otto")
    page = (await home.client.get(PAGE)).text
    assert "0.4321" in page
    assert f"{PLANS}/new" not in page
    assert f'href="{PLANS}/1"' not in page
    assert f'href="{PLANS}/1/remove"' not in page
    assert (await home.client.get(f"{PLANS}/new")).status_code == 403
    assert (await home.post(PLANS, "/account", **FIXED)).status_code == 403
    assert (await home.post(f"{PLANS}/1/remove", "/account", version="1")).status_code == 403


async def test_a_system_at_no_site_says_so(site: Site):
    page = await site.client.get(f"/systems/{unseen.SN}/site-settings")
    assert "stands at no site" in page.text
    assert (await site.client.get(f"/systems/{unseen.SN}/site-settings/plans/1")).status_code == 404


async def test_the_form_speaks_chinese(home: Site):
    await home.client.get("/systems?lang=zh-Hans")
    answer = await home.post(PLANS, f"{PLANS}/new", **time_form(weekday=[""] * 48, name=""))
    assert answer.status_code == 422
    assert "has no price" not in answer.text
    assert "has 0 characters" not in answer.text
    peak = time_form(band=["低谷", "平段", "高峰", ""])
    assert (await home.post(PLANS, f"{PLANS}/new", **peak)).status_code == 303
    assert list((await kept(home))[0].tariff.bands) == ["off_peak", "shoulder", "peak"]


async def test_each_mode_is_a_card_of_what_its_model_declares(home: Site):
    said = (await home.client.get(f"{PAGE}.json")).json()
    floor, mode, guard, away = said["modes"]
    assert [each["name"] for each in said["modes"]] == [
        "battery_soc", "work_mode", "storm_guard", "away_mode",
    ]  # fmt: skip
    assert [each["key"] for each in floor["settings"]] == ["floor"]
    assert [each["name"] for each in mode["commands"]] == ["set_mode"]
    assert [each["key"] for each in guard["settings"]] == ["guarded"]
    assert "function missing on Home" in away["missing"]
    page = (await home.client.get(PAGE)).text
    assert 'id="form-inverter-set_floor"' in page
    assert "Feed-in priority (1)" in page
    path = f"/systems/{SN}/commands/inverter/set_floor"
    seen = await home.post(f"{path}/preview", PAGE, floor="20")
    assert "00 14" in seen.text.upper()
    assert (await home.post(path, PAGE, floor="20")).status_code == 303
    (sent,) = (await home.client.get(f"{PAGE}.json")).json()["sent"]
    assert (sent["name"], sent["parameters"]) == ("set_floor", {"floor": 20})


async def test_home_info_is_changed_and_two_do_not_overwrite_each_other(home: Site):
    path = f"{PAGE}/home"
    typed = {
        "name": "Alm 4", "address": "Weg 1", "country": "AT", "timezone": "",
        "latitude": "47.5", "longitude": "13.25", "version": "1",
    }  # fmt: skip
    wrong = await home.post(path, path, **{**typed, "latitude": "95"})
    assert wrong.status_code == 422
    assert 'id="field-latitude-wrong"' in wrong.text
    assert (await home.post(path, path, **typed)).status_code == 303
    page = (await home.client.get(f"{PAGE}?done=changed")).text
    for told in ("Alm 4", "Austria", "Europe/Vienna", "47.50000°"):
        assert told in page
    stale = await home.post(path, path, **{**typed, "name": "Hut"})
    assert stale.status_code == 409
    assert 'value="Alm 4"' in stale.text
