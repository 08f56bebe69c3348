"""A device that nobody knew is uploaded as tables, by clicks, and is there at once: no restart."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from core.registry import Registry
from tests.portal.browsing import Browsing, browsing
from tests.portal.conftest import Site
from tests.portal.speaking import speak
from tests.tutorial import NAME, files, packed

MODEL = "alpine-h3"
SN = "ALPINE000001"
TEXT = f"""\
id = "{MODEL}"
name = "Alpine H3"
version = "1.0.0"
markets = ["DE"]
sn_rules = ["ALPINE*"]
inverter = "{NAME}"
"""
CHOSEN = "#field-file"


@pytest.mark.browser
@pytest.mark.integration
@pytest.mark.slow
async def test_a_plugin_of_tables_is_uploaded_by_clicks_and_its_devices_are_served(
    tmp_path: Path, unseen_registry: Registry
):
    async with browsing(tmp_path, unseen_registry) as visit:
        visit.page.set_default_timeout(15_000)
        await refused(visit)
        await accepted(visit)
        await published(visit)
        await speak(visit.app.state.services, SN, MODEL)
        await look(visit)
        assert visit.complaints == []


async def refused(visit: Browsing) -> None:
    """Two wrong rows are both said, and nothing is kept."""
    rows = files()["registers.csv"].replace("0.1,degC", "x,degC").replace("int32,1,W", "int32,y,W")
    await upload(visit, packed(registers=rows))
    await expect(visit.page.locator("#wrong li")).to_have_count(2)
    await expect(visit.page.locator("#wrong")).to_contain_text("inverters/solora_h3/registers.csv")
    visit.complaints.clear()  # the browser complains of the status that says so


async def upload(visit: Browsing, content: bytes) -> None:
    page = visit.page
    await visit.open("/plugin-uploads")
    await page.get_by_role("link", name="Upload a plugin").click()
    zipped = {"name": "solora.zip", "mimeType": "application/zip", "buffer": content}
    await page.locator(CHOSEN).set_input_files(zipped)  # pyright: ignore[reportArgumentType]
    await page.get_by_role("button", name="Upload and try").click()


async def accepted(visit: Browsing) -> None:
    page = visit.page
    await upload(visit, packed(products=False))
    await expect(page.locator("h1")).to_contain_text(NAME)
    await expect(page.get_by_text("It would be new here.")).to_be_visible()
    await page.get_by_role("button", name="Accept…").click()
    await page.get_by_label("Reason").fill("for the Alps")
    await page.get_by_role("button", name="Accept", exact=True).click()
    await there(visit, f"/plugins/{NAME}")
    await expect(page.locator("h1")).to_have_text(NAME)


async def published(visit: Browsing) -> None:
    page = visit.page
    await visit.open("/product-drafts")
    await page.get_by_role("link", name="New product model").click()
    await page.get_by_label("Product model, TOML").fill(TEXT)
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Publish…").click()
    await page.get_by_label("Version").fill("1.0.0")
    await page.get_by_label("Reason").fill("for the Alps")
    await page.get_by_role("button", name="Publish", exact=True).click()
    await there(visit, f"/products/{MODEL}")
    await expect(page.locator("h1")).to_have_text("Alpine H3")


async def there(visit: Browsing, path: str) -> None:
    """Open a page that is there two seconds after a change at the latest."""
    for _ in range(20):
        if await visit.open(path) == 200:
            break
        await visit.page.wait_for_timeout(100)
    visit.complaints.clear()  # the browser complains of each page that was not there yet


async def look(visit: Browsing) -> None:
    """Its page, its values over time, the form of its command, and its entry of the API."""
    page = visit.page
    await visit.open(f"/systems/{SN}")
    await expect(page.locator("h1")).to_have_text(SN)
    await expect(page.get_by_text("Alpine H3").first).to_be_visible()
    await visit.open(f"/systems/{SN}/telemetry?points=inverter.battery_power")
    await expect(page.locator("power-chart canvas")).to_be_visible()
    await visit.open(f"/systems/{SN}/commands")
    await page.get_by_text("Set feed in limit").click()
    await expect(page.locator("details[open] form").first).to_be_visible()
    answer = await page.request.get(f"{visit.address}/systems/{SN}/readings.json")
    assert "battery_power" in await answer.text()


async def test_who_may_not_is_not_offered_it_and_what_is_no_zip_is_refused(site: Site):
    page = "/plugin-uploads/new"
    token = await site.csrf(page)
    sent = {"file": ("x.zip", b"not a zip", "application/zip")}
    answer = await site.client.post(page, data={"_csrf_token": token}, files=sent)
    assert answer.status_code == 422
    assert "is not a sound zip" in answer.text
    empty = await site.post(page, page)
    assert empty.status_code == 422
    assert "choose the zip" in empty.text
    listed = (await site.client.get("/plugin-uploads.json")).json()
    assert listed["rows"] == []
