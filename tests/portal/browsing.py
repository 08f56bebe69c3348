"""A portal with a small fleet, and a Chromium that is signed in: to crawl, to walk, to picture."""

import asyncio
import re
import shutil
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import evolve
from litestar.routes import HTTPRoute
from litestar.testing import AsyncTestClient
from playwright.async_api import BrowserContext, Page, Playwright, async_playwright
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM
from core.accounts import users
from core.fleet import installing, nmi_registrations, storm_warnings, tables
from core.fleet.end_users import Contact
from core.fleet.installation_terms import Terms
from core.fleet.installing import Order
from core.fleet.regions import Region
from core.fleet.sites import Place
from core.notifications import outbox, rules, telling
from core.notifications.composing import Composer
from core.notifications.outbox import Message
from core.products import drafts, grid_rules, uploads
from core.products.grid_rules import Said
from core.registry import Registry
from core.runtime.clock import now
from core.runtime.database import Database
from core.runtime.settings import Settings
from core.tariffs import plans
from core.telemetry import corrections
from core.telemetry.correction_checks import Wanted
from portal.app import Portal, create_app
from portal.cli.serve import server_of
from tests.homes import time_of_use
from tests.notices import make_rule
from tests.portal import unseen
from tests.portal.conftest import PASSWORD, Clock, Site
from tests.portal.peopled import give, populate
from tests.servers import HOST, free_port
from tests.tutorial import packed

WIDE: Final = (1366, 900)
PHONE: Final = (390, 844)
OTHER_SN: Final = "ZQ9000000002"
NO_PAGES: Final = re.compile(
    r"^/(\.json|\.csv|static|schema|healthz|metrics|find|jump|export)|/(live|bell|latest|count|facets|toml|vector|wrong|file|frame|neighbours|reach)$"
)
"""Routes that answer something else than a page."""
WAITS: Final = Message(
    "waits", None, "Grave faults", None, "mail", "duty@example.org", "en", "critical",
    "Fault: melting (Critical), ZQ9000000001", "See https://portal.example.org/faults",
)  # fmt: skip


@attrs.define
class Browsing:
    """A signed-in browser at a portal; `complaints` is all that is wrong with what it loaded."""

    app: Portal
    address: str
    context: BrowserContext
    page: Page
    complaints: list[str]

    async def open(self, path: str) -> int:
        """Go to a path; the status it is answered with."""
        response = await self.page.goto(self.address + path)
        assert response is not None, path
        return response.status

    async def links(self) -> set[str]:
        """The paths that the page links to, without what comes after `?` or `#`."""
        hrefs: list[str] = await self.page.eval_on_selector_all(
            "a[href^='/']", "links => links.map(link => link.getAttribute('href'))"
        )
        return {re.split(r"[?#]", href)[0] for href in hrefs}


def page_routes(app: Portal) -> Iterator[str]:
    """The paths of the routes that answer GET with a page, as `/systems/{sn}`."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or "GET" not in route.methods:
            continue
        if not NO_PAGES.search(route.path_format):
            yield route.path_format


def leads_to(route: str, path: str) -> bool:
    """Whether a path is one of a route."""
    parts = (part if i % 2 == 0 else "[^/]+" for i, part in enumerate(_split(route)))
    return re.fullmatch("".join(parts), path) is not None


def first(route: str, links: Iterable[str]) -> list[str]:
    """One of the links that lead to a route, if any does."""
    return sorted(link for link in links if leads_to(route, link))[:1]


def _split(route: str) -> list[str]:
    pieces = re.split(r"(\{[^}]+\})", route)
    return [re.escape(piece) if i % 2 == 0 else piece for i, piece in enumerate(pieces)]


@asynccontextmanager
async def browsing(
    folder: Path, registry: Registry, *, language: str = "en"
) -> AsyncGenerator[Browsing]:
    """A portal over SQLite: two systems, a dead letter, a fault, an export, people; its user."""
    database = Database(f"sqlite:///{folder / 'portal.db'}")
    await database.open()
    app = create_app(Settings(folder), registry, database, feed=False)
    token = await _furnish(app, database, registry)
    port = free_port()
    server = server_of(app, HOST, port)
    serving = asyncio.create_task(server.serve())
    try:
        async with async_playwright() as playwright:
            made = await _browser(playwright, app, f"http://{HOST}:{port}", token, language)
            yield made
            await made.context.close()
    finally:
        app.state.services.hub.close()
        server.stop()
        await asyncio.wait({serving}, timeout=5)
        await database.close()


async def _browser(
    playwright: Playwright, app: Portal, address: str, token: str, language: str
) -> Browsing:
    """A Chromium that has a session, at a server that answers."""
    browser = await playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=["--no-sandbox"]
    )
    width, height = WIDE
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        timezone_id="Asia/Shanghai",
        locale=language,
        reduced_motion="reduce",
    )
    await context.add_cookies([{"name": "session", "value": token, "url": address}])
    made = Browsing(app, address, context, await context.new_page(), [])
    _listen(made)
    await _ready(made)
    return made


def _listen(made: Browsing) -> None:
    """Note what the console says, what breaks, and every request to another host."""
    page, said = made.page, made.complaints

    def heard(message: Any) -> None:
        if message.type in ("error", "warning"):
            said.append(f"{page.url}: {message.text}")

    def asked(request: Any) -> None:
        if not request.url.startswith((made.address, "data:")):
            said.append(f"{page.url} asks {request.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on("request", asked)


async def _furnish(app: Portal, database: Database, registry: Registry) -> str:
    """Make the administrator and the fleet; a session's token."""
    time = now()
    async with database.begin() as connection:
        setup = await users.create_setup_token(connection, time)
    assert setup
    await users.set_up(database.begin, setup, "ada", PASSWORD, time)
    site = Site(app, AsyncTestClient(app), database, registry, Clock(time))
    for sn, name in ((unseen.SN, "Alm 4"), (OTHER_SN, "Hütte")):
        await site.register(sn, name)
        await site.hear(unseen.frame(), sn=sn)
    await site.hear(b"CFG mode: 0 -> 1;mode: 1 -> 9\nnobody knows this <b>line</b>", "log")
    await site.hear(unseen.frame(), "wrong")
    async with database.begin() as connection:
        await drafts.create(connection, registry, PLATFORM, 'id = "half-a-model"\n', now=time)
        place = nmi_registrations.Place(2, OTHER_SN, None, "AU")
        meter = nmi_registrations.Meter("2001985732", "SAPN")
        metered = nmi_registrations.new_row(place, meter, time)
        await connection.execute(insert(tables.nmi_registrations).values(metered))
        asked = Wanted(unseen.SN, "generation", date(2026, 11, 1), date(2026, 11, 2), 3.5)
        await corrections.ask(connection, PLATFORM, asked, reason="Counter was reset", now=time)
        said = Said("DE", "max_export", 4, "kW", "Northgrid", "letter of 2026-03-02", "A-")
        await grid_rules.create(connection, PLATFORM, said, now=time)
        await _warn(connection, time)
    people = await populate(database, time)
    await _remind(app, database, time)
    await give(database, unseen.SN, people.sun)
    await _install(database, time)
    await _upload(database, registry, time)
    await site.sign_in()
    limit = f"/systems/{unseen.SN}/commands/inverter/set_feed_limit"
    assert (await site.post(limit, "/account", feed_limit="3000")).status_code == 303
    melting = f"/fault-codes/{unseen.NAME}:melting"
    said = {"_version": "0", "cause": "Its fan stands", "steps": "Clean it", "commands": "set_mode"}
    assert (await site.post(melting, "/account", **said)).status_code == 303
    asked = await site.post("/systems/export")
    assert asked.status_code == 303, asked.text
    token = site.client.cookies["session"]
    assert token
    return token


async def _warn(connection: AsyncConnection, time: int) -> None:
    """A storm in the country of the first system, from now on."""
    storm = storm_warnings.Said(
        Region("AT"), "wind", "severe", time, time + 12 * 3_600_000, "Europe/Vienna",
        "Weather service", "Gusts of 110 km/h",
    )  # fmt: skip
    await storm_warnings.create(connection, PLATFORM, storm, now=time)


async def _install(database: Database, time: int) -> None:
    """Let each system stand at a site of its own, and the first one's have a tariff."""
    eva, max_ = Contact("eva", "eva@example.org"), Contact("max", "max@example.org")
    alp = Place("Alm", "Almweg 4", "5020", "Salzburg", "", "AT", "Europe/Vienna")
    hut = Place("Hütte", "Weg 1", "87561", "Oberstdorf", "", "DE", "Europe/Berlin")
    terms = Terms(date(2026, 3, 1))
    async with database.begin() as connection:
        for order in (Order(OTHER_SN, max_, hut, terms), Order(unseen.SN, eva, alp, terms)):
            made = await installing.install(connection, PLATFORM, order, now=time)
        assert made.site_id
        await plans.create(
            connection, PLATFORM, made.site_id, time_of_use(date(2026, 1, 1)), now=time
        )


async def _upload(database: Database, registry: Registry, time: int) -> None:
    """A plugin that waits to be accepted."""
    examined = uploads.examine(registry, packed())
    async with database.begin() as connection:
        await uploads.offer(connection, PLATFORM, examined, now=time)


async def _remind(app: Portal, database: Database, time: int) -> None:
    """A rule that told the administrator and a mail address of a sample."""
    composer = Composer(app.state.services.registry, "")
    async with database.begin() as connection:
        ada = evolve(PLATFORM, user_id=1, name="ada")
        rule_id = await make_rule(connection, ada, channels=("portal", "mail"), users="ada")
        rule = await rules.seen(connection, ada, rule_id)
        await telling.send_sample(connection, ada, rule, composer, now=time)
        waits = attrs.evolve(WAITS, rule_id=rule_id)
        await outbox.queue(connection, [waits], time)


async def _ready(made: Browsing) -> None:
    for _ in range(100):
        try:
            await made.open("/")
        except Exception:  # noqa: BLE001  the server is still starting
            await asyncio.sleep(0.1)
        else:
            break
    made.complaints.clear()
