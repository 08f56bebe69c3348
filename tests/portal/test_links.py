"""Invitation and reset links, opened over HTTP by whoever got them."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from pyotp.totp import TOTP

from core.access import PLATFORM
from core.accounts import credentials, second_factor, states, users
from core.accounts.users import NewUser, User
from core.runtime.settings import Settings
from portal.signing_in import LinkPurpose, link_path
from tests.portal.conftest import PASSWORD, Site

NEW = "quite another four words"
KEY = "ab" * 32
DAY = 86_400_000


async def test_an_invited_user_chooses_a_password_and_is_let_in(stranger: Site) -> None:
    bob = await _user(stranger, NewUser("bob", mail="bob@example.org"))
    path = await _link(stranger, bob, "invite")
    page = await stranger.client.get(path)
    assert (page.status_code, "<b>bob</b>" in page.text) == (200, True)
    for wrong, said in (({"again": "other"}, "is not the same"), ({"password": "short"}, "has 5")):
        refused = await _open(stranger, path, **wrong)
        assert (refused.status_code, said in refused.text) == (422, True)
    assert (await _open(stranger, path)).headers["location"] == "/"
    assert (await stranger.client.get("/systems.json")).status_code == 200
    assert (await stranger.client.get(path)).status_code == 422


async def test_a_reset_ends_what_there_was_and_asks_for_the_code(stranger: Site) -> None:
    bob = await _user(stranger, NewUser("bob", PASSWORD))
    totp = await _factor(stranger, bob)
    stranger.clock.now += 60_000
    path = await _link(stranger, bob, "reset")
    asked = await _open(stranger, path)
    assert "Enter the code" in asked.text
    assert (await stranger.client.get("/systems.json")).status_code == 401
    fields = dict(re.findall(r'name="(_csrf_token|ticket|next)" value="([^"]*)"', asked.text))
    code = totp.at(stranger.clock.now // 1000)
    entered = await stranger.client.post(
        "/sign-in/code", data={**fields, "code": code}, follow_redirects=False
    )
    assert entered.status_code == 303
    await stranger.post("/sign-out", "/systems")
    assert (await stranger.sign_in("bob", PASSWORD)).status_code == 422


async def test_who_must_have_a_second_factor_is_led_to_it(stranger: Site) -> None:
    _settings(stranger, second_factor=True)
    path = await _link(stranger, await _user(stranger, NewUser("bob", mail="b@b.org")), "invite")
    led = await _open(stranger, path)
    assert led.headers["location"] == "/account#second-factor"
    assert (await stranger.client.get("/systems.json")).status_code == 403
    begun = await stranger.post("/account/second-factor", "/account")
    assert begun.status_code == 303
    assert "<svg" in (await stranger.client.get("/account")).text


@pytest.mark.parametrize("end", ["late", "newer", "locked", "other purpose", "nonsense"])
async def test_links_that_are_not_good(stranger: Site, end: str) -> None:
    bob = await _user(stranger, NewUser("bob", PASSWORD))
    path = await _link(stranger, bob, "reset")
    if end == "late":
        stranger.clock.now += DAY
    elif end == "newer":
        await _link(stranger, bob, "reset")
    elif end == "locked":
        async with stranger.database.begin() as connection:
            now = stranger.clock.now
            await states.change_state(connection, PLATFORM, bob.id, "lock", reason="", now=now)
    elif end == "other purpose":
        path = path.replace("reset", "invite")
    else:
        path = "/open/reset?token=%00%F0%9F%98%80"
    page = await stranger.client.get(path)
    assert (page.status_code, "This link is not good" in page.text) == (422, True)
    assert (await _open(stranger, path)).status_code == 422


async def test_there_are_no_other_links(stranger: Site) -> None:
    for purpose in ("second_step", "setup", "x"):
        answer = await stranger.client.get(f"/open/{purpose}?token=a")
        assert answer.status_code in (400, 404)


async def _user(site: Site, given: NewUser) -> User:
    return await users.create(site.database.begin, PLATFORM, given, site.clock.now)


async def _link(site: Site, user: User, purpose: LinkPurpose) -> str:
    async with site.database.begin() as connection:
        now = site.clock.now
        token = await credentials.link(connection, PLATFORM, user.id, purpose, now=now)
    return link_path(purpose, token)


async def _open(site: Site, path: str, **wrong: str):
    url = urlsplit(path)
    form = {"token": parse_qs(url.query)["token"][0], "password": NEW, "again": NEW, **wrong}
    if "password" in wrong:
        form["again"] = wrong["password"]
    return await site.post(url.path, "/sign-in", **form)


async def _factor(site: Site, user: User) -> TOTP:
    """A second factor of the user, as the app has it."""
    _settings(site)
    seal = site.app.state.services.seal
    async with site.database.begin() as connection:
        address = await second_factor.begin(connection, seal, user.access)
        totp = TOTP(parse_qs(urlsplit(address).query)["secret"][0])
        code = totp.at(site.clock.now // 1000)
        await second_factor.confirm(connection, seal, user.access, code, now=site.clock.now)
    return totp


def _settings(site: Site, *, second_factor: bool = False) -> None:
    services = site.app.state.services
    settings = Settings(services.settings.data, secret_key=KEY, second_factor=second_factor)
    object.__setattr__(services, "settings", settings)
