"""Signing in by a provider: who is let in as whom, and every lie of the way back."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from core.access import PLATFORM
from core.accounts import states, users
from core.accounts.users import NewUser, User
from core.runtime.settings import OpenId, Settings
from tests.portal.conftest import PASSWORD, Site
from tests.portal.open_id_provider import CLIENT, SECRET, Provider, provider

MIA = {"sub": "248289761001", "email": "Mia@example.org", "email_verified": True}


@pytest.fixture
def theirs(stranger: Site) -> Iterator[Provider]:
    """A provider at which Mia has an account, and which the portal knows."""
    with provider() as running:
        running.now, running.person = stranger.clock.now // 1000, dict(MIA)
        _know(stranger, running)
        yield running


async def test_a_user_of_the_verified_mail_is_linked_and_found_again(
    stranger: Site, theirs: Provider
) -> None:
    mia = await _user(stranger, NewUser("mia", PASSWORD, roles=("l1",), mail="mia@example.org"))
    assert "Sign in with 127.0.0.1" in (await stranger.client.get("/sign-in")).text
    entered = await _way(stranger, next="/systems?q=A")
    assert (entered.status_code, entered.headers["location"]) == (303, "/systems?q=A")
    assert (await stranger.client.get("/systems.json")).status_code == 200
    await stranger.post("/sign-out", "/systems")
    theirs.person["email"] = "other@example.org"
    assert (await _way(stranger)).status_code == 303
    assert "mia · " in (await stranger.client.get("/account")).text
    theirs.person["sub"], theirs.person["email"] = "another", "mia@example.org"
    assert (await _way(stranger)).status_code == 422  # the user is linked to somebody already
    assert mia.roles == ("l1",)


@pytest.mark.parametrize("verified", [False, "true", None])
async def test_mail_that_is_not_verified_links_nobody(
    stranger: Site, theirs: Provider, verified: object
) -> None:
    await _user(stranger, NewUser("mia", PASSWORD, mail="mia@example.org"))
    theirs.person["email_verified"] = verified
    assert (await _way(stranger)).status_code == 422


async def test_strangers_are_refused_or_may_look(stranger: Site, theirs: Provider) -> None:
    await _user(stranger, NewUser("ada", PASSWORD, roles=("administrator",)))
    theirs.lies = {"roles": ["administrator"], "groups": ["administrator"]}
    refused = await _way(stranger)
    assert (refused.status_code, "nobody here is known" in refused.text.lower()) == (422, True)
    _know(stranger, theirs, unknown="read_only")
    assert (await _way(stranger)).status_code == 303
    async with stranger.database.read() as connection:
        made = await users.by_name(connection, "mia@example.org")
    assert made
    assert (made[0].roles, made[0].state, made[1]) == (("read_only",), "active", "")
    assert (await stranger.sign_in("mia@example.org", "")).status_code == 422


async def test_an_invited_user_is_activated_and_a_locked_one_is_not(
    stranger: Site, theirs: Provider
) -> None:
    mia = await _user(stranger, NewUser("mia", mail="mia@example.org"))
    assert (await _way(stranger)).status_code == 303
    now = stranger.clock.now
    async with stranger.database.begin() as connection:
        await states.change_state(connection, PLATFORM, mia.id, "lock", reason="", now=now)
    assert (await _way(stranger)).status_code == 422
    assert theirs.requests == {}


@pytest.mark.parametrize(
    ("lies", "said"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another"}, "aud"),
        ({"aud": [CLIENT, "another"]}, "azp"),
        ({"azp": "another"}, "azp"),
        ({"iss": "https://another.example"}, "iss"),
        ({"exp": 1_789_999_000}, "expired"),
        ({"exp": "soon"}, "exp"),
        ({"iat": 1_800_000_000}, "issued in the future"),
        ({"sub": ""}, "names nobody"),
        ({"sub": 7}, "sub"),
    ],
)
async def test_tokens_that_lie(
    stranger: Site, theirs: Provider, lies: dict[str, Any], said: str
) -> None:
    await _user(stranger, NewUser("mia", PASSWORD, mail="mia@example.org"))
    theirs.lies = lies
    refused = await _way(stranger)
    assert (refused.status_code, said in refused.text) == (422, True), refused.text
    assert (await stranger.client.get("/systems.json")).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "another key"])
async def test_signatures_that_are_not_believed(
    stranger: Site, theirs: Provider, algorithm: str
) -> None:
    await _user(stranger, NewUser("mia", PASSWORD, mail="mia@example.org"))
    if algorithm == "another key":
        theirs.signs_with = rsa.generate_private_key(65537, 2048)
    else:
        theirs.algorithm = algorithm
    assert (await _way(stranger)).status_code == 422


async def test_the_way_back_is_good_once_in_the_browser_that_began_it(
    stranger: Site, theirs: Provider
) -> None:
    await _user(stranger, NewUser("mia", PASSWORD, mail="mia@example.org"))
    back = await _there(stranger)
    good = dict(stranger.client.cookies)
    stranger.client.cookies.clear()
    other = await stranger.client.get(back)
    assert (other.status_code, "not begun in this browser" in other.text) == (422, True)
    for name, value in good.items():
        stranger.client.cookies.set(name, value)
    wrong = back.replace("state=", "state=x")
    assert (await stranger.client.get(wrong)).status_code == 422
    assert (await stranger.client.get(back, follow_redirects=False)).status_code == 303
    again = await stranger.client.get(back)
    assert (again.status_code, "is over: begin again" in again.text) == (422, True)
    late = await _there(stranger)
    stranger.clock.now += 600_000
    assert (await stranger.client.get(late)).status_code == 422


async def test_a_code_of_another_sign_in_fails_by_its_proof(
    stranger: Site, theirs: Provider
) -> None:
    """PKCE: a code that was caught elsewhere is of no use here."""
    await _user(stranger, NewUser("mia", PASSWORD, mail="mia@example.org"))
    caught = parse_qs(urlsplit(await _there(stranger)).query)["code"][0]
    mine = parse_qs(urlsplit(await _there(stranger)).query)
    back = f"/sign-in/provider/back?state={mine['state'][0]}&code={caught}"
    refused = await stranger.client.get(back)
    assert (refused.status_code, "did not answer as it should" in refused.text) == (422, True)


async def test_a_provider_that_is_away_or_another_is_told(stranger: Site, theirs: Provider) -> None:
    theirs.discovery_issuer = "https://another.example"
    refused = await stranger.client.get("/sign-in/provider")
    assert (refused.status_code, "calls itself" in refused.text) == (422, True)
    away = OpenId("http://127.0.0.1:9", CLIENT, SECRET)
    _set(stranger, away)
    refused = await stranger.client.get("/sign-in/provider")
    assert (refused.status_code, "did not answer" in refused.text) == (422, True)


async def test_without_a_provider_there_is_no_such_page(stranger: Site) -> None:
    assert (await stranger.client.get("/sign-in/provider")).status_code == 404
    assert "Sign in with" not in (await stranger.client.get("/sign-in")).text


async def _there(site: Site, next: str = "/") -> str:
    """The path by which the provider sends the browser back."""
    gone = await site.client.get(f"/sign-in/provider?next={next}", follow_redirects=False)
    assert gone.status_code == 303, gone.text
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(gone.headers["location"])
    url = urlsplit(answer.headers["location"])
    return f"{url.path}?{url.query}"


async def _way(site: Site, next: str = "/") -> httpx.Response:
    """There and back again."""
    return await site.client.get(await _there(site, next), follow_redirects=False)


async def _user(site: Site, given: NewUser) -> User:
    return await users.create(site.database.begin, PLATFORM, given, site.clock.now)


def _know(site: Site, theirs: Provider, unknown: str = "refuse") -> None:
    _set(site, OpenId(theirs.issuer, CLIENT, SECRET, unknown))


def _set(site: Site, given: OpenId) -> None:
    services = site.app.state.services
    settings = Settings(services.settings.data, open_id=given)
    object.__setattr__(services, "settings", settings)
