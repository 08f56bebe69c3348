"""A list in a real Chromium: rows chosen across pages, keys, columns, a view, small screens."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from core.accounts import sessions
from core.registry import Registry
from core.runtime.clock import now
from core.runtime.database import Database
from core.runtime.settings import Settings
from portal.app import create_app
from portal.cli.serve import server_of
from tests.portal import workshop
from tests.portal.test_crawler import AXE, TAGS
from tests.portal.test_resources import workbench
from tests.servers import HOST, free_port

__all__ = ["workbench"]
pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
async def hall(tmp_path: Path, unseen_registry: Registry, workbench: Path) -> AsyncIterator[Page]:
    """A page of Chromium at the tools, signed in, whose console has nothing to say."""
    database = Database(f"sqlite:///{shutil.copy(workbench, tmp_path / 'shop.db')}")
    await database.open()
    async with database.begin() as connection:
        token = await sessions.start(connection, 1, "", now())
    app = create_app(
        Settings(tmp_path), unseen_registry, database, feed=False, resources=(workshop.TOOLS,)
    )
    port = free_port()
    server = server_of(app, HOST, port)
    serving = asyncio.create_task(server.serve())
    address = f"http://{HOST}:{port}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        context = await browser.new_context(base_url=address)
        await context.add_cookies([{"name": "session", "value": token, "url": address}])
        page = await context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
        assert said == []
        await browser.close()
    server.stop()
    await serving
    await database.close()


async def open_at(page: Page, path: str) -> None:
    for _ in range(100):
        try:
            await page.goto(path)
        except Exception as error:
            if "ERR_CONNECTION_REFUSED" not in str(error):
                raise
            await asyncio.sleep(0.1)
        else:
            return


async def judge(page: Page) -> None:
    await page.evaluate(AXE)
    found = await page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_rows_are_chosen_across_pages_and_changed(hall: Page):
    await open_at(hall, "/tools?sort=name")
    await expect(hall.locator(".facet .chip").first).to_contain_text("Hammer")
    await hall.locator("tbody .select input").nth(1).check()
    await hall.keyboard.press("j")
    await hall.keyboard.press("j")
    await hall.keyboard.press("j")
    await hall.keyboard.press("x")
    await expect(hall.locator("[data-selected-count]")).to_have_text("2 selected")
    await hall.get_by_role("link", name="Next").click()
    await expect(hall.locator("[data-selected-count]")).to_have_text("2 selected")
    await hall.locator("[data-select-page]").check()
    await expect(hall.locator("[data-selected-count]")).to_have_text("52 selected")
    await hall.go_back()
    await expect(hall.locator("tbody .select input:checked")).to_have_count(2)
    await hall.get_by_role("button", name="Retire").click()
    await expect(hall.locator("main")).to_contain_text("52 tools")
    await judge(hall)
    await hall.get_by_label("Reason").fill("worn")
    await hall.get_by_label("Type the number of rows").fill("52")
    await hall.get_by_role("button", name="Retire").click()
    await expect(hall.locator("main")).to_contain_text("52 tools: done")
    await hall.get_by_role("link", name="Back to the list").click()
    await hall.goto("/tools?retired=yes")
    await expect(hall.locator(".list-tools .count")).to_have_text(re.compile("52 tools"))


async def test_columns_filters_and_a_view_by_hand(hall: Page):
    await open_at(hall, "/tools?sort=-weight")
    await hall.locator("summary", has_text="Columns").click()
    await hall.locator("form[data-columns]").get_by_label("Made").uncheck()
    await hall.get_by_role("button", name="Show").click()
    await expect(hall).to_have_url(re.compile("sort=-weight&columns=name%2Ckind%2Cweight$"))
    await hall.get_by_text("More filters").click()
    await hall.locator("#filter-kind").select_option("saw")
    await hall.get_by_role("button", name="Filter", exact=True).click()
    await expect(hall).to_have_url(
        re.compile(r"/tools\?sort=-weight&columns=name%2Ckind%2Cweight&kind=saw$")
    )
    await hall.locator("summary", has_text="Views").click()
    await hall.get_by_label("Save as").fill("Saws")
    await hall.get_by_role("button", name="Save").click()
    await hall.goto("/tools?view=none")
    await hall.locator("summary", has_text="Views").click()
    await hall.get_by_role("link", name="Saws").click()
    await expect(hall).to_have_url(re.compile("kind=saw&sort=-weight&columns=name,kind,weight"))
    await hall.get_by_role("link", name="Remove the filter Kind: Saw").click()
    await expect(hall.locator(".list-tools .count")).to_have_text(re.compile("120 tools"))


@pytest.mark.parametrize(("width", "scheme"), [(1366, "light"), (390, "dark")])
async def test_pages_hold_on_every_screen(hall: Page, width: int, scheme):
    await hall.set_viewport_size({"width": width, "height": 900})
    await hall.emulate_media(color_scheme=scheme)
    for path in ("/tools", "/tools?kind=saw&weight.from=499.5", "/tools/5", "/tools/5/edit"):
        await open_at(hall, path)
        if path == "/tools":
            await expect(hall.locator(".facet .chip").first).to_be_visible()
            await hall.locator("tbody .select input").first.check()
        await judge(hall)
