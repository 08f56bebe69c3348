"""Setting up, signing in and out, and what is refused to strangers."""

import pytest
from litestar import Litestar

from core.accounts import users
from core.accounts.policy import USUAL
from portal.app import POLICY
from tests.portal import unseen
from tests.portal.conftest import PASSWORD, Site

GUARDED = ("/", "/systems", "/systems.json", "/systems.csv", "/plugins", "/dead-letters")
OPEN = ("/sign-in", "/setup", "/healthz")


async def test_first_run_makes_the_first_user_once(stranger: Site):
    async with stranger.database.begin() as connection:
        token = await users.create_setup_token(connection, stranger.clock.now)
    page = f"/setup?token={token}"
    weak = await stranger.post("/setup", page, token=str(token), name="ada", password="short")
    assert weak.status_code == 422
    assert "12 to 128" in weak.text
    done = await stranger.post("/setup", page, token=str(token), name="ada", password=PASSWORD)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert (await stranger.client.get("/")).status_code == 200
    again = await stranger.client.get(page, follow_redirects=False)
    assert again.headers["location"] == "/sign-in"


async def test_setup_refuses_a_wrong_token(stranger: Site):
    refused = await stranger.post("/setup", "/setup", token="no", name="ada", password=PASSWORD)
    assert refused.status_code == 422
    assert "is not good" in refused.text


@pytest.mark.parametrize("path", GUARDED)
async def test_pages_need_a_session(stranger: Site, path: str):
    answer = await stranger.client.get(path, follow_redirects=False)
    if path.endswith((".json", ".csv")):
        assert answer.status_code == 401
        assert answer.headers["content-type"].startswith("application/problem+json")
    else:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("path", OPEN)
async def test_some_pages_need_none(stranger: Site, path: str):
    assert (await stranger.client.get(path)).status_code == 200


async def test_every_route_but_the_open_ones_refuses_strangers(stranger: Site):
    for path in _paths(stranger.app):
        answer = await stranger.client.get(path, follow_redirects=False)
        if not path.startswith(
            ("/sign-in", "/setup", "/healthz", "/metrics", "/static", "/schema")
        ):
            assert answer.status_code in (303, 401), path


async def test_a_session_id_that_nobody_gave_is_nobodys(site: Site):
    site.client.cookies.set("session", "i-chose-this-id")
    answer = await site.client.get("/systems.json")
    assert answer.status_code == 401


async def test_signing_in_gives_a_new_session_and_ends_the_old(site: Site):
    before = site.client.cookies["session"]
    page = await site.csrf("/systems/ZQ9000000001/commands")
    data = {"_csrf_token": page, "name": "ada", "password": PASSWORD, "next": "/"}
    await site.client.post("/sign-in", data=data, follow_redirects=False)
    after = site.client.cookies["session"]
    assert after != before
    site.client.cookies.set("session", before)
    assert (await site.client.get("/systems.json")).status_code == 401


async def test_signing_out_ends_the_session_in_the_database(site: Site):
    token = site.client.cookies["session"]
    await site.post("/sign-out")
    site.client.cookies.set("session", token)
    assert (await site.client.get("/systems.json")).status_code == 401


@pytest.mark.parametrize("wait", [USUAL.idle, USUAL.life])
async def test_sessions_end_by_themselves(site: Site, wait: int):
    site.clock.now += wait
    assert (await site.client.get("/systems.json")).status_code == 401


async def test_session_cookie_is_httponly_and_lax(site: Site):
    await site.post("/sign-out")
    cookie = (await site.sign_in()).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_wrong_password_and_unknown_name_look_the_same(site: Site):
    await site.post("/sign-out")
    wrong = await site.sign_in("ada", "not the password")
    unknown = await site.sign_in("bob", "not the password")
    assert wrong.status_code == unknown.status_code == 422
    assert "do not belong together" in wrong.text
    assert "do not belong together" in unknown.text


async def test_sign_in_is_limited(site: Site):
    await site.post("/sign-out")
    codes = [(await site.sign_in("ada", "wrong and long")).status_code for _ in range(12)]
    assert codes[-1] == 429


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/\\evil"])
async def test_next_stays_here(site: Site, where: str):
    await site.post("/sign-out")
    data = {"_csrf_token": await site.csrf(), "name": "ada", "password": PASSWORD, "next": where}
    answer = await site.client.post("/sign-in", data=data, follow_redirects=False)
    assert answer.headers["location"] == "/"


async def test_forms_without_their_token_are_refused(site: Site):
    for path in ("/sign-out", "/sign-in", "/setup", "/dead-letters/act/replay"):
        answer = await site.client.post(path, data={"name": "x"}, follow_redirects=False)
        assert answer.status_code == 403, path
    where = f"/systems/{unseen.SN}/commands/inverter/set_feed_limit"
    answer = await site.client.post(where, data={"feed_limit": "1"})
    assert answer.status_code == 403


async def test_headers_are_on_every_answer(site: Site):
    paths = [*_paths(site.app), "/nothing", "/static/nothing.js", "/systems/x.json"]
    for path in paths:
        answer = await site.client.get(path)
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "referrer-policy" in answer.headers, path


async def test_large_requests_are_refused(site: Site):
    data = {"_csrf_token": await site.csrf("/dead-letters"), "name": "x" * 100_000}
    assert (await site.client.post("/sign-in", data=data)).status_code == 413


def _paths(app: Litestar) -> list[str]:
    """Every GET route but the endless streams, its parameters filled in."""
    known = {
        "{sn:str}": unseen.SN, "{slot:str}": "inverter", "{key:str}": "mode",
        "{product:str}": "zephyr-q9", "{name:str}": unseen.NAME,
    }  # fmt: skip
    paths: list[str] = []
    for route in app.routes:
        if "GET" in getattr(route, "methods", ()) and not route.path_format.endswith("/live"):
            path = route.path
            for name, value in known.items():
                path = path.replace(name, value)
            paths.append(_written(path))
    return [path for path in paths if "{" not in path]


def _written(route: str) -> str:
    for suffix in ("json", "csv"):
        if route.startswith(f"/.{suffix}/"):
            return f"{route.removeprefix(f'/.{suffix}')}.{suffix}"
    return route


async def test_the_first_page_speaks_the_browser_s_language(site: Site) -> None:
    site.client.cookies.clear()
    chinese = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}
    page = await site.client.get("/sign-in", headers=chinese)
    assert "<h1>登录</h1>" in page.text
    token = page.text.split('name="_csrf_token" value="')[1].split('"')[0]
    data = {"_csrf_token": token, "name": "ada", "password": "wrong"}
    refused = await site.client.post("/sign-in", data=data, headers=chinese)
    assert "用户名与密码不匹配。" in refused.text
    other = await site.client.get("/sign-in?lang=en", headers=chinese)
    assert "<h1>Sign in</h1>" in other.text
