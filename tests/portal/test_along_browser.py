"""In Chromium: what is opened from a list knows it wherever a device page leads."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from core.registry import Registry
from tests.portal import unseen
from tests.portal.browsing import browsing

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]
OWN = f"/systems/{unseen.SN}"
NAMED = re.compile(r"[?&]list=sort%3D-sn(?=&|#|$)")


async def test_links_filters_and_forms_keep_the_list(tmp_path: Path, unseen_registry: Registry):
    async with browsing(tmp_path, unseen_registry) as it:
        page = it.page
        assert await it.open(f"{OWN}/logs?list=sort%3D-sn") == 200
        await page.get_by_role("link", name="Repair", exact=True).click()
        await page.wait_for_url("**kind=repair**")
        await expect(page).to_have_url(NAMED)
        await page.get_by_label("Text", exact=True).fill("fan")
        await page.get_by_role("button", name="Apply").click()
        await page.wait_for_url("**q=fan**")
        await expect(page).to_have_url(NAMED)
        await page.get_by_text("Note a repair").click()
        await page.get_by_label("What was done").fill("New fan")
        await page.get_by_role("button", name="Note it").click()
        await expect(page.get_by_role("cell", name="New fan")).to_be_visible()
        await expect(page).to_have_url(NAMED)
        before = page.get_by_role("link", name="Previous in the list: ZQ9000000002")
        await expect(before).to_be_visible()
        assert await it.open(f"{OWN}/logs") == 200
        await page.get_by_role("link", name="Fault", exact=True).click()
        await page.wait_for_url("**kind=fault**")
        assert "list=" not in page.url
        assert it.complaints == []
