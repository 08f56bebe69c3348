"""A product model that did not exist is made by clicks, and a device of it is there at once."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from core.host import load
from core.registry import Registry
from tests.portal.browsing import Browsing, browsing
from tests.portal.speaking import speak

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]
MODEL = "hut-b3"
SN = "HUT000000001"


async def test_a_model_made_by_clicks_has_devices_without_a_restart(
    tmp_path: Path, unseen_registry: Registry
):
    registry = load([tmp_path / "plugins"])
    assert MODEL not in registry.newest
    async with browsing(tmp_path, registry) as visit:
        visit.page.set_default_timeout(15_000)
        await copy(visit)
        await write(visit)
        await publish(visit)
        await speak(visit.app.state.services, SN, MODEL)
        await look(visit)
        assert visit.complaints == []


async def copy(visit: Browsing) -> None:
    page = visit.page
    await visit.open("/products/smile-b3-plus")
    await page.get_by_role("button", name="Copy…").click()
    await page.get_by_label("Id of the new model").fill(MODEL)
    await page.get_by_role("button", name="Copy", exact=True).click()
    await visit.open("/product-drafts")
    await page.get_by_role("link", name=MODEL, exact=True).click()
    await expect(page.locator("#wrong")).to_contain_text("sn_rules")


async def write(visit: Browsing) -> None:
    """Its serial numbers are another model's at first, which is said at their line."""
    page = visit.page
    await expect(page.locator("li.wrong")).to_contain_text("sn_rules")
    await page.get_by_role("link", name="Change", exact=True).click()
    text = page.get_by_label("Product model, TOML")
    said = await text.input_value()
    said = re.sub(r"(?m)^sn_rules = .*$", 'sn_rules = ["HUT*"]', said)
    await text.fill(re.sub(r"(?m)^name = .*$", 'name = "Hut B3"  # ours', said))
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#wrong")).to_have_count(0)
    await expect(page.locator("ol.toml")).to_contain_text("# ours")


async def publish(visit: Browsing) -> None:
    page = visit.page
    await page.get_by_role("button", name="Publish…").click()
    await page.get_by_label("Version").fill("2.0.0")
    await page.get_by_label("Reason").fill("for the huts")
    await page.get_by_role("button", name="Publish", exact=True).click()
    for _ in range(40):
        if await visit.open(f"/products/{MODEL}") == 200:
            break
        await page.wait_for_timeout(100)
    await expect(page.locator("h1")).to_have_text("Hut B3")
    visit.complaints.clear()  # the browser complains of each page that was not there yet


async def look(visit: Browsing) -> None:
    """Its page, its entry of the API, and the form of a command."""
    page = visit.page
    await visit.open(f"/systems/{SN}")
    await expect(page.locator("h1")).to_have_text(SN)
    await expect(page.get_by_text("Hut B3").first).to_be_visible()
    answer = await page.request.get(f"{visit.address}/systems/{SN}.json")
    assert MODEL in await answer.text()
    await visit.open(f"/systems/{SN}/commands")
    await page.get_by_text("Set maximum feed-in").click()
    await expect(page.locator("details[open] form").first).to_be_visible()
