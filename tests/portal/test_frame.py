"""The frame around every page: what is searched, what is chosen, what is not well."""

from pathlib import Path

from attrs import evolve

from core.access import PLATFORM
from core.registry import Registry
from core.upkeep.conditions import Condition
from portal import watching
from portal.live import Hub
from portal.watching import LATE, Watch
from tests.portal import unseen
from tests.portal.conftest import Site


async def found(site: Site, sought: str) -> str:
    response = await site.client.get("/jump", params={"q": sought})
    assert response.status_code == 200
    return response.text


async def test_search_goes_to_the_device_or_to_the_list(site: Site):
    for sought, where in (
        (unseen.SN.lower(), f"/systems/{unseen.SN}"),
        (unseen.SN[:5], f"/systems?q={unseen.SN[:5]}"),
        ("", "/systems"),
        ("a&b=c", "/systems?q=a%26b%3Dc"),
    ):
        response = await site.client.get("/find", params={"q": sought}, follow_redirects=False)
        assert (response.status_code, response.headers["location"]) == (303, where)
    assert (await site.client.get("/find", params={"q": "x" * 65})).status_code == 400


async def test_jump_finds_pages_systems_models_and_plugins(site: Site):
    assert 'href="/products"' in await found(site, "")
    assert f'href="/systems/{unseen.SN}"' in await found(site, unseen.SN[3:9])
    assert 'href="/products/zephyr-q9"' in await found(site, "zephyr")
    assert f'href="/plugins/{unseen.NAME}"' in await found(site, "zephyr")
    assert "<b>" not in await found(site, "<b>")
    assert "Nothing is called so" in await found(site, "nobody")


async def test_nobody_jumps_or_finds_without_being_signed_in(stranger: Site):
    for path in ("/jump?q=a", "/find?q=a"):
        response = await stranger.client.get(path, follow_redirects=False)
        assert (response.status_code, response.headers["location"][:8]) == (303, "/sign-in")


async def test_what_the_browser_keeps_is_written_on_the_page_and_nothing_else(site: Site):
    cookies = {"theme": "dark", "density": "compact", "shortcuts": "off", "shut": "<b>"}
    site.client.cookies.update(cookies)
    text = (await site.client.get("/products")).text
    assert '<html lang="en" data-theme="dark" data-density="compact" data-shortcuts="off"' in text
    site.client.cookies.set("shut", "ota.communication-data")
    text = (await site.client.get("/products")).text
    assert text.count("<details open>") == 4
    site.client.cookies.set("density", "<huge>")
    text = (await site.client.get("/products")).text
    assert 'data-density="comfortable"' in text
    assert "<huge>" not in text


async def test_the_clock_of_the_address_is_kept_and_offers_the_next(site: Site):
    page = f"/systems/{unseen.SN}"
    site.client.cookies.set("zone", "Asia%2FShanghai")
    text = (await site.client.get(f"{page}?q=a%26b&tz=me")).text
    assert "My time, Asia/Shanghai" in text
    assert 'href="?q=a%26b&amp;tz=site"' in text
    assert "My time, Asia/Shanghai" in (await site.client.get("/products")).text


async def test_banner_and_bell_say_what_is_not_well(site: Site):
    await site.hear(b"?", "wrong")
    watch = site.app.state.services.watch
    await watch.look(site.database, site.clock())
    text = (await site.client.get("/products")).text
    assert text.count("Plugins left out, because something is wrong with them: meters.torn") == 2
    assert text.count("No ingest process has been heard of for a minute") == 2
    assert text.count("Messages that could not be taken in during the last hour: 1") == 1
    assert "Notifications: 4" in text


def test_news_come_the_gravest_first_and_only_to_whom_they_concern(
    registry: Registry, tmp_path: Path
):
    hub = Hub(listening=False)
    hub.wanted = True
    watch = Watch(registry, hub, tmp_path)
    watch.found = (
        Condition("dead_letters", "warning", {"count": 3}),
        Condition("disk_full", "critical", {"seen_by": "x", "free": "0.1", "total": "9.0"}),
    )
    assert codes(watch) == ["disk_full", "feed_silent", "dead_letters"]
    hub.listening, hub.lag = True, LATE + 1
    assert codes(watch) == ["disk_full", "feed_late", "dead_letters"]
    assert watch.news(evolve(PLATFORM, grants=frozenset({"systems:read"}))) == ()


def codes(watch: Watch) -> list[str]:
    return [each.condition.code for each in watch.news(PLATFORM)]


def test_a_disk_is_measured_where_the_folder_is(tmp_path: Path):
    total, free = watching.disk_of(tmp_path)
    assert 0 < free <= total
    assert watching.disk_of(tmp_path / "none") == (0, 0)
