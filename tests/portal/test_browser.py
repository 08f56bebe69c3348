"""The portal in a real Chromium: live values over a real broker, forms, motion."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from core.accounts import users
from core.registry import Registry
from core.runtime.clock import now
from core.runtime.database import Database
from core.runtime.envelope import Envelope
from core.runtime.ingest import UPLINK_FILTERS, Ingest
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.settings import Settings
from core.runtime.topics import frame, log, presence
from portal.app import create_app
from portal.cli.serve import server_of
from tests.portal import unseen
from tests.portal.conftest import PASSWORD
from tests.servers import HOST, Mosquitto, free_port

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]
DEVICE = f"/systems/{unseen.SN}"


@attrs.define
class Visit:
    """A browser that is signed in, a device that can speak, and all that the console said."""

    address: str
    context: BrowserContext
    page: Page
    device: MqttPublisher
    complaints: list[str]
    sequence: int = 0

    async def say(self, body: bytes, topic: str = "") -> None:
        """Publish as the device does."""
        self.sequence += 1
        payload = Envelope(7, self.sequence, now(), body).pack()
        await self.device.publish(topic or frame(unseen.SN, "inverter", "running"), payload)

    async def open(self, path: str) -> None:
        await self.page.goto(self.address + path)


@pytest.fixture
async def visit(
    tmp_path: Path, mosquitto: Mosquitto, unseen_registry: Registry
) -> AsyncIterator[Visit]:
    settings = Settings(tmp_path, broker=f"mqtt://{HOST}:{mosquitto.port}")
    database = Database(settings.database_url)
    await database.open()
    async with database.begin() as connection:
        token = await users.create_setup_token(connection, now())
    port = free_port()
    app = create_app(settings, unseen_registry, database)
    server = server_of(app, HOST, port)
    serving = asyncio.create_task(server.serve())
    broker = mosquitto.address()
    async with (
        MqttPublisher(broker, "feed") as feed,
        MqttConsumer(broker, "ingest", UPLINK_FILTERS) as consumer,
        MqttPublisher(broker, "device") as device,
        async_playwright() as playwright,
    ):
        taking = asyncio.create_task(Ingest(unseen_registry, database, consumer, feed).run())
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        context = await browser.new_context(viewport={"width": 1366, "height": 900})
        page = await context.new_page()
        complaints: list[str] = []
        page.on(
            "console",
            lambda m: complaints.append(f"{m.text} {m.location}") if m.type in _LOUD else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        made = Visit(f"http://{HOST}:{port}", context, page, device, complaints)
        await _set_up(made, str(token))
        said = {"online": True, "product_model": "zephyr-q9", "timezone": "Europe/Berlin"}
        await device.publish(presence(unseen.SN), json.dumps(said).encode(), retain=True)
        await made.say(unseen.frame())
        await made.say(b"CFG mode: 0 -> 1;mode: 1 -> 9", log(unseen.SN, "inverter"))
        await made.say(unseen.frame(), frame(unseen.SN, "inverter", "humming"))
        await _taken_in(made)
        yield made
        await browser.close()
        taking.cancel()
        await asyncio.wait({taking})
    app.state.services.hub.close()
    server.stop()
    await asyncio.wait({serving}, timeout=5)
    await database.close()


async def _taken_in(visit: Visit) -> None:
    """Wait for the last of what the device said: it is no known channel."""
    async with asyncio.timeout(20):
        while True:
            answer = await visit.context.request.get(f"{visit.address}/dead-letters.json")
            if (await answer.json())["rows"]:
                return
            await asyncio.sleep(0.05)


_LOUD = ("error", "warning")


async def _set_up(visit: Visit, token: str) -> None:
    """Make the first user, as the printed link lets one."""
    for _ in range(50):
        try:
            await visit.open(f"/setup?token={token}")
            break
        except Exception:  # noqa: BLE001  the server is still starting
            await asyncio.sleep(0.1)
    await visit.page.fill("#name", "ada")
    await visit.page.fill("#password", PASSWORD)
    await visit.page.click("text=Make the account")
    await visit.page.wait_for_url(f"{visit.address}/")


async def test_values_change_on_the_open_page(visit: Visit):
    page = visit.page
    await visit.open(f"{DEVICE}/readings")
    value = page.locator('[data-key="inverter/cell_power"]')
    await expect(page.locator("html")).to_have_attribute("data-live", "on")
    await expect(value).to_have_attribute("value", "2100")
    started = time.monotonic()
    await visit.say(unseen.frame(cells=-1500, charge=720))
    await expect(value).to_have_attribute("value", "-1500", timeout=3000)
    assert time.monotonic() - started < 1.5
    await visit.open(DEVICE)
    tile = page.locator('#tiles [data-role="battery.power"]')
    await expect(tile).to_contain_text("Charging")
    await expect(page.locator("html")).to_have_attribute("data-live", "on")
    await visit.say(unseen.frame(cells=500, trouble=0))
    await expect(tile).to_contain_text("Discharging", timeout=3000)
    await expect(page.locator("#flow")).to_contain_text("Battery: 500 W to the home")
    await expect(page.locator("#open-faults")).to_be_hidden()
    assert visit.complaints == []


async def test_home_follows_the_fleet(visit: Visit):
    page = visit.page
    await visit.open("/")
    await expect(page.locator("html")).to_have_attribute("data-live", "on")
    faulty = page.locator('#status a[href="/systems?status=fault"] .value')
    await expect(faulty).to_have_text("1")
    await expect(page.get_by_text("No hour has been added up yet")).to_be_visible()
    await page.locator("#places-table").evaluate("table => table.closest('details').open = true")
    await visit.say(unseen.frame(trouble=0))
    await expect(faulty).to_have_text("0", timeout=10_000)
    row = page.locator("#places-table tbody tr").first
    await expect(row.locator("td").nth(1)).to_have_text("0")
    await expect(row).to_be_visible()
    assert visit.complaints == []


async def test_a_command_is_previewed_and_sent(visit: Visit):
    page = visit.page
    await visit.open(f"{DEVICE}/commands")
    form = page.locator("#form-inverter-set_feed_limit")
    await form.locator("summary").click()
    await form.locator("input[name=feed_limit]").fill("3000")
    await form.get_by_role("button", name="Preview").click()
    await expect(form.locator(".hex")).to_have_text("0b b8")
    assert page.url.endswith("/commands")
    await form.locator("input[name=feed_limit]").first.fill("8999")
    await form.get_by_role("button", name="Preview").click()
    await expect(form.locator(".hex")).to_have_text("23 27")
    await form.get_by_role("button", name="Send to").click()
    await expect(page.locator("#given")).to_contain_text("Queued")
    assert visit.complaints == []


async def test_keyboard_theme_and_motion(visit: Visit):
    page = visit.page
    await visit.open(DEVICE)
    await page.keyboard.press("/")
    await expect(page.locator(".topbar input[type=search]")).to_be_focused()
    await page.keyboard.type("ZQ9")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/systems?q=ZQ9")
    await page.get_by_role("button", name="Theme").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    await visit.open(DEVICE)
    await page.get_by_role("button", name="Pause the arrows").click()
    state = "getComputedStyle(document.querySelector('.flow-mark')).animationPlayState"
    assert await page.evaluate(state) == "paused"
    assert visit.complaints == []
