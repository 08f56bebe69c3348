"""The bell in a real Chromium: by keyboard, heard by a screen reader, and quiet when refused."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from core.registry import Registry
from tests.portal.browsing import browsing
from tests.portal.test_crawler import AXE, judged

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]


async def test_notices_are_read_by_keyboard(tmp_path: Path, unseen_registry: Registry):
    async with browsing(tmp_path, unseen_registry) as visit:
        page = visit.page
        await visit.open("/account")
        bell = page.get_by_role("button", name="Notifications: 5")
        await expect(bell).to_be_visible()
        await bell.focus()
        await page.keyboard.press("Enter")
        popup = page.locator("#news")
        await expect(popup.get_by_text("Not read yet: 1")).to_be_visible()
        await page.evaluate(AXE)
        for theme in ("light", "dark"):
            await page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            assert await judged(visit, theme) == []
        read = popup.get_by_role("button", name="Mark all as read")
        for _ in range(5):
            await page.keyboard.press("Tab")
            if await read.evaluate("button => button === document.activeElement"):
                break
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/notices")
        await expect(page.get_by_role("button", name="Notifications: 4")).to_be_visible()
        assert visit.complaints == []


async def test_an_answer_that_is_no_bell_is_not_shown(tmp_path: Path, unseen_registry: Registry):
    async with browsing(tmp_path, unseen_registry) as visit:
        page = visit.page
        await page.route("**/notices/bell", lambda route: route.fulfill(status=403, body="No"))
        async with page.expect_response("**/notices/bell"):
            await visit.open("/account")
        await page.wait_for_timeout(300)
        await expect(page.get_by_role("button", name="Notifications: 4")).to_be_visible()
