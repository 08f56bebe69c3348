"""A restart from a browser to a simulated device and back: `thingwright demo` as people start it.

The embedded broker, an ingest, a worker, the portal and one simulated SMILE are processes; the
instruction is written in a real Chromium, and its page follows it without being loaded again.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from portal.assets import build
from tests.servers import HOST, free_port

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]
SN = "AL2000000000"
COMMAND = "inverter/restart_ems"
PATIENCE = 60_000
STATES = ["Queued", "Sent", "Accepted", "Running", "Applied"]


@pytest.fixture
def setup_link(tmp_path: Path) -> Iterator[str]:
    """Where the first account is made, of a demo that runs meanwhile."""
    build()
    ports = ("--port", str(free_port()), "--mqtt-port", str(free_port()), "--host", HOST)
    command = [sys.executable, "-m", "portal.cli", "demo", "--devices", "1", "--interval", "1"]
    environment = {**os.environ, "THINGWRIGHT_DATA": str(tmp_path)}
    with (tmp_path / "demo.log").open("w+") as said:
        demo = subprocess.Popen([*command, *ports], env=environment, text=True, stdout=said)
        try:
            yield _printed(demo, tmp_path / "demo.log")
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(30)


def _printed(demo: subprocess.Popen[str], log: Path) -> str:
    for _ in range(900):
        if found := re.search(r"http\S+/setup\?token=\S+", log.read_text()):
            return found[0]
        try:
            demo.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    return pytest.fail(f"the demo did not start: {log.read_text()}")


@pytest.fixture
async def page(setup_link: str) -> AsyncIterator[Page]:
    """A Chromium in which the first user has signed in."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = await browser.new_page(base_url=setup_link.partition("/setup")[0])
        page.set_default_timeout(PATIENCE)
        await page.goto(setup_link)
        await page.locator("[name=name]").fill("ada")
        await page.locator("[name=password]").fill("four words are enough")
        await page.locator("[name=password]").press("Enter")
        await expect(page.locator("h1")).to_have_text("Fleet")
        yield page
        await browser.close()


async def test_a_restart_is_sent_watched_and_found_afterwards(page: Page):
    await _heard(page)
    await page.goto("/instructions")
    await page.get_by_role("link", name="New instruction").click()
    await page.get_by_label("Serial numbers", exact=True).fill(SN)
    await page.get_by_role("button", name="Go on").click()
    await page.locator(f"input[value='{COMMAND}']").check()
    await page.get_by_role("button", name="Go on").click()
    soon = datetime.now(UTC) + timedelta(seconds=10)
    await page.get_by_label("Not before").fill(soon.strftime("%Y-%m-%dT%H:%M:%S"))
    await page.get_by_label("Reason").fill("it hangs")
    await page.get_by_role("button", name="Dry run").click()
    await expect(page.locator("main")).to_contain_text("This is a dry run: nothing was sent.")
    await page.get_by_label("The device may stop serving").check()
    await page.get_by_role("button", name="Give the instruction").click()

    course = page.get_by_role("table").filter(has=page.get_by_role("columnheader", name="By"))
    await expect(course.locator("tbody th")).to_have_text(["Queued"])
    await page.evaluate("document.watched = true")
    await expect(course).to_contain_text("Applied", timeout=PATIENCE)
    states = [text.strip() for text in await course.locator("tbody th").all_text_contents()]
    assert states == [state for state in STATES if state in states]
    assert (states[:2], states[-1]) == (["Queued", "Sent"], "Applied")
    assert await page.evaluate("document.watched"), "the page was loaded again"
    instruction = page.url.partition("?")[0].rpartition("/")[2]

    await page.goto(f"/systems/{SN}/commands")
    await expect(page.locator("#given")).to_contain_text("Applied")
    await page.goto(f"/commands?sn.exact={SN}&state=SUCCEEDED")
    await expect(page.locator("#list tbody tr")).to_have_count(1)
    await page.goto(f"/audit?area=commands&object={instruction}")
    row = page.locator("#list tbody tr")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("Gave an instruction")
    await expect(row).to_contain_text("it hangs")


async def _heard(page: Page) -> None:
    """Wait until the device has announced itself and spoken."""
    for _ in range(150):
        answer = await page.request.get(f"/systems/{SN}.json")
        if answer.ok and (await answer.json())["last_frame_at"]:
            return
        await page.wait_for_timeout(200)
    pytest.fail("the simulated device was not heard")
