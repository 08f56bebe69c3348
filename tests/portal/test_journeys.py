"""Ways that people take through the portal, by keyboard alone."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from core.registry import Registry
from tests.portal import unseen
from tests.portal.browsing import PHONE, Browsing, browsing
from tests.portal.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]
PATIENCE = 15_000


async def test_journeys(tmp_path: Path, unseen_registry: Registry):
    """One browser for all of them: it takes longer to start than they do."""
    async with browsing(tmp_path, unseen_registry) as visit:
        visit.page.set_default_timeout(PATIENCE)
        await sign_in_and_find(visit)
        await jump(visit.page)
        await switch_shortcuts_off(visit.page)
        await choose_rows_and_shut_a_group(visit)
        await open_the_menu_on_a_phone(visit)
        assert visit.complaints == []


async def sign_in_and_find(visit: Browsing) -> None:
    """Sign in, find a system by a part of its number, see it by another clock, go back."""
    page, keys = visit.page, visit.page.keyboard
    await page.goto("about:blank")  # an open page would go on asking, and be given cookies
    await visit.context.clear_cookies()
    await visit.open("/systems")
    await expect(page).to_have_url(f"{visit.address}/sign-in?next=%2Fsystems")
    await page.locator("#name").focus()
    await keys.type("ada")
    await keys.press("Tab")
    await keys.type(PASSWORD)
    await keys.press("Enter")
    await arrive(page, f"{visit.address}/systems")
    await keys.press("/")
    await keys.type(unseen.SN[2:8].lower())
    await keys.press("Enter")
    await arrive(page, f"{visit.address}/systems?q={unseen.SN[2:8].lower()}")
    await tab_to(page, f"a[href^='/systems/{unseen.SN}/settings']")
    await keys.press("Enter")
    settings = f"{visit.address}/systems/{unseen.SN}/settings?list=q%3D{unseen.SN[2:8].lower()}"
    await arrive(page, settings)
    await expect(page.locator("h1")).to_have_text(unseen.SN)
    await expect(page.locator(".topbar .zone")).to_contain_text("Europe/Berlin")
    await keys.press("u")
    await arrive(page, f"{settings}&tz=utc")
    await keys.press("u")
    await expect(page.locator(".topbar .zone")).to_contain_text("My time, Asia/Shanghai")
    await page.go_back()
    await expect(page.locator(".topbar .zone")).to_contain_text("UTC")
    await page.go_back()
    await page.go_back()
    await expect(page.locator("h1")).not_to_have_text(unseen.SN)
    await page.wait_for_load_state()
    await keys.press("/")
    await keys.press("ControlOrMeta+a")
    await keys.type(unseen.SN)
    await keys.press("Enter")
    await arrive(page, f"{visit.address}/systems/{unseen.SN}")


async def arrive(page: Page, url: str) -> None:
    """Wait for a page that takes keys: a script gives them their meaning."""
    await expect(page).to_have_url(url)
    await page.wait_for_load_state()


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until something has the focus, and see that it shows so."""
    for _ in range(100):
        await page.keyboard.press("Tab")
        if await page.evaluate("s => document.activeElement.matches(s)", selector):
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert await page.evaluate(outline) != "none"
            return
    pytest.fail(f"100 times Tab do not lead to {selector}")


async def jump(page: Page) -> None:
    """Ctrl K, some letters, Enter before the answer is there; then by arrows; Escape."""
    await page.keyboard.press("ControlOrMeta+k")
    await expect(page.locator("#jump-found")).to_contain_text("Product models")
    await page.keyboard.type("zephyr")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("Zephyr Q9")
    await page.wait_for_load_state()
    await page.keyboard.press("ControlOrMeta+k")
    await page.keyboard.type(unseen.SN[:3])
    await expect(page.locator("#jump-found a").first).to_contain_text(unseen.SN)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text(unseen.SN)
    await page.wait_for_load_state()
    await page.keyboard.press("ControlOrMeta+k")
    await expect(page.locator("#jump")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#jump")).to_be_hidden()


async def switch_shortcuts_off(page: Page) -> None:
    """Letters do nothing then, on the pages after it too; an input method's never do."""
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.get_by_role("button", name="Shortcuts are on").click()
    await page.keyboard.press("Escape")
    await page.reload()
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_hidden()
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await page.get_by_role("button", name="Shortcuts are off").click()
    await page.keyboard.press("Escape")
    composed = "new KeyboardEvent('keydown', {key: '?', isComposing: true, bubbles: true})"
    await page.evaluate(f"document.body.dispatchEvent({composed})")
    await expect(page.locator("#keys")).to_be_hidden()
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.keyboard.press("Escape")


async def choose_rows_and_shut_a_group(visit: Browsing) -> None:
    """Both stay as they are on the next page."""
    page = visit.page
    await page.get_by_role("button", name="Your settings").click()
    await page.get_by_role("button", name="Rows: comfortable").click()
    await page.keyboard.press("Escape")
    await page.locator("#nav summary").first.click()
    await page.wait_for_function("document.cookie.includes('shut=communication-data')")
    await visit.open("/products")
    await expect(page.locator("html")).to_have_attribute("data-density", "compact")
    await expect(page.locator("#nav details").first).not_to_have_attribute("open", "")
    await expect(page.locator("#nav a[aria-current]")).to_have_text("Product models")


async def open_the_menu_on_a_phone(visit: Browsing) -> None:
    """It is a sheet there."""
    page = visit.page
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await expect(page.locator("#nav")).to_be_hidden()
    await page.get_by_role("button", name="Menu").click()
    await page.locator("#nav").get_by_role("link", name="Plugins", exact=True).click()
    await expect(page).to_have_url(f"{visit.address}/plugins")
