"""One's own account: second factor, fresh proof, tokens, forms that outlive a session."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from pyotp.totp import TOTP

from core.access import PLATFORM
from core.accounts import credentials, second_factor, users
from core.accounts.users import NewUser
from core.records import RequestError
from core.runtime.settings import Settings
from tests.portal import unseen
from tests.portal.conftest import PASSWORD, Site

KEY = "ab" * 32
OTHER_PASSWORD = "quite another four words"


async def test_a_second_factor_is_asked_for_and_each_code_good_once(site: Site) -> None:
    totp, recovery = await _second_factor(site)
    site.clock.now += 60_000
    await site.post("/sign-out")
    asked = await site.sign_in()
    assert (asked.status_code, "Enter the code" in asked.text) == (200, True)
    assert (await site.client.get("/systems.json")).status_code == 401
    code = totp.at(site.clock.now // 1000)
    assert (await _code(site, asked.text, "000000")).status_code == 422
    assert (await _code(site, asked.text, code)).status_code == 303
    await site.post("/sign-out")
    again = await site.sign_in()
    assert (await _code(site, again.text, code)).status_code == 422
    assert (await _code(site, again.text, recovery)).status_code == 303
    await site.post("/sign-out")
    third = await site.sign_in()
    assert (await _code(site, third.text, recovery)).status_code == 422


async def test_codes_are_not_to_be_guessed(site: Site) -> None:
    totp, _ = await _second_factor(site)
    site.clock.now += 60_000
    await site.post("/sign-out")
    asked = await site.sign_in()
    tries = [(await _code(site, asked.text, "1")).status_code for _ in range(6)]
    assert tries == [422] * 5 + [429]
    right = totp.at(site.clock.now // 1000)
    assert (await _code(site, asked.text, right)).status_code == 429


async def test_sensitive_actions_ask_for_the_password_anew(site: Site) -> None:
    site.clock.now += 300_000
    form = {"name": "meters", "scopes": "systems:read", "days": "7"}
    assert (await site.post("/account/tokens", "/account", **form)).status_code == 403
    before = site.client.cookies["session"]
    wrong = await site.post("/account/prove", "/account/prove", password="no")
    assert wrong.status_code == 422
    proved = await site.post("/account/prove", "/account/prove", password=PASSWORD, next="/account")
    assert proved.headers["location"] == "/account"
    assert site.client.cookies["session"] != before
    made = await site.post("/account/tokens", "/account", **form)
    assert (made.status_code, "It is shown this once" in made.text) == (200, True)


async def test_a_form_outlives_the_end_of_its_session(site: Site) -> None:
    path = f"/systems/{unseen.SN}/commands/inverter/set_feed_limit/preview"
    token = await site.csrf(f"/systems/{unseen.SN}/commands")
    site.clock.now += 3 * 3_600_000
    met = await site.client.post(path, data={"_csrf_token": token, "feed_limit": "1234"})
    assert met.status_code == 401
    assert 'name="kept:feed_limit" value="1234"' in met.text
    data = {"_csrf_token": token, "name": "ada", "password": PASSWORD, "next": path}
    entered = await site.client.post("/sign-in", data={**data, "kept:feed_limit": "1234"})
    assert f'action="{path}"' in entered.text
    assert 'name="feed_limit" value="1234"' in entered.text
    sent = await site.client.post(path, data={"_csrf_token": token, "feed_limit": "1234"})
    assert sent.status_code == 200


async def test_a_changed_password_ends_all_sessions(site: Site) -> None:
    form = {"old_password": PASSWORD, "password": OTHER_PASSWORD}
    assert (await site.post("/account/password", "/account", **form)).status_code == 303
    assert (await site.client.get("/systems.json")).status_code == 401
    assert (await site.sign_in()).status_code == 422
    assert (await site.sign_in(password=OTHER_PASSWORD)).status_code == 303


async def test_sessions_are_listed_and_revoked(site: Site) -> None:
    first = site.client.cookies["session"]
    site.client.cookies.clear()
    await site.sign_in()
    page = (await site.client.get("/account")).text
    found = re.search(r"/account/sessions/(\d+)/revoke", page)
    assert found
    assert (await site.post(found[0], "/account")).status_code == 303
    site.client.cookies.set("session", first)
    assert (await site.client.get("/systems.json")).status_code == 401


async def test_who_must_have_a_second_factor_gets_no_further(site: Site) -> None:
    services = site.app.state.services
    settings = Settings(services.settings.data, secret_key=KEY, second_factor=True)
    object.__setattr__(services, "settings", settings)
    assert (await site.client.get("/systems.json")).status_code == 403
    assert (await site.client.get("/account")).status_code == 200


async def test_links_let_in_once(site: Site) -> None:
    begin, now = site.database.begin, site.clock.now
    bob = await users.create(begin, PLATFORM, NewUser("bob", mail="bob@example.org"), now)
    async with begin() as connection:
        token = await credentials.link(connection, PLATFORM, bob.id, "invite", now=now)
    await credentials.choose(begin, "invite", token, OTHER_PASSWORD, "", now)
    with pytest.raises(RequestError, match="is not good"):
        await credentials.choose(begin, "invite", token, PASSWORD, "", now)
    await site.post("/sign-out")
    assert (await site.sign_in("bob", OTHER_PASSWORD)).status_code == 303


async def _second_factor(site: Site) -> tuple[TOTP, str]:
    """Set one up for ada in the portal; the app, and a recovery code."""
    services = site.app.state.services
    settings = Settings(services.settings.data, secret_key=KEY)
    object.__setattr__(services, "settings", settings)
    assert (await site.post("/account/second-factor", "/account")).status_code == 303
    assert "<svg" in (await site.client.get("/account")).text
    async with site.database.begin() as connection:
        found = await users.by_name(connection, "ada")
        assert found
        address = await second_factor.pending(connection, services.seal, found[0].access)
    totp = TOTP(parse_qs(urlsplit(str(address)).query)["secret"][0])
    done = await site.post(
        "/account/second-factor/confirm", "/account", code=totp.at(site.clock.now // 1000)
    )
    codes = re.findall(r"<li>([0-9A-Z-]{19})</li>", done.text)
    assert len(codes) == 10
    return totp, codes[0]


async def _code(site: Site, page: str, code: str):
    fields = dict(re.findall(r'name="(_csrf_token|ticket|next)" value="([^"]*)"', page))
    return await site.client.post(
        "/sign-in/code", data={**fields, "code": code}, follow_redirects=False
    )


async def test_a_form_older_than_the_cookies_is_refused_with_what_to_do(site: Site) -> None:
    await site.csrf("/account")
    met = await site.client.post("/account/tokens", data={"_csrf_token": "0" * 128})
    assert met.status_code == 403
    assert "load the page again" in met.text
