"""Operations install a device by its label, find it and its record, and then associate it anew."""

import re
from pathlib import Path

import attrs
import pytest
from playwright.async_api import Page, expect

from core.access import PLATFORM
from core.accounts import users
from core.accounts.users import NewUser
from core.fleet import installations, provisioning
from core.registry import Registry
from core.runtime.clock import now
from portal.services import Services
from tests.portal import unseen
from tests.portal.browsing import OTHER_SN, Browsing, browsing
from tests.portal.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]
SN = unseen.SN


async def test_installed_found_and_associated_anew(
    tmp_path: Path, unseen_registry: Registry
) -> None:
    async with browsing(tmp_path, unseen_registry) as visit:
        code = await check_code(visit)
        page = visit.page
        await sign_in(visit)
        await install(page, code)
        await page.get_by_role("link", name="Look at the device").click()
        await expect(page).to_have_url(f"{visit.address}/systems/{SN}")
        await see_on_the_list(visit, "mia", "Barn")
        await find_the_record(page)
        await hand_over(page)
        await see_on_the_list(visit, "eva", "Alm")
        assert visit.complaints == []


async def check_code(visit: Browsing) -> str:
    """The check code that the label of the device has, which is nobody's any more."""
    services: Services = visit.app.state.services
    services.settings = attrs.evolve(services.settings, secret_key="ab" * 32)
    assert services.seal
    async with services.database.begin() as connection:
        await installations.remove(connection, PLATFORM, SN, version=1, reason="", now=now())
        return (await provisioning.issue(connection, services.seal, PLATFORM, [SN], now()))[SN]


async def sign_in(visit: Browsing) -> None:
    """Somebody of operations, in the place of the administrator."""
    services: Services = visit.app.state.services
    given = NewUser("ola", PASSWORD, "A", ("operations",))
    await users.create(services.database.begin, PLATFORM, given, now())
    page = visit.page
    await page.goto("about:blank")
    await visit.context.clear_cookies()
    await visit.open("/install")
    await page.get_by_label("User name").fill("ola")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(f"{visit.address}/install")


async def install(page: Page, code: str) -> None:
    """Through all steps, back once, with what was typed still there."""
    go_on = page.get_by_role("button", name="Go on")
    await page.get_by_label("Serial number", exact=True).fill(SN.lower())
    await page.locator("#field-check_code").fill(code)
    await go_on.click()
    await page.get_by_role("radio", name="Somebody new:").check()
    await page.locator("#field-account").fill("mia")
    await go_on.click()
    await page.get_by_label("Name of the site").fill("Barn")
    await page.locator("#field-address").fill("Weg 3")
    await page.locator("#field-country").select_option(label="Switzerland")
    await page.locator("#field-timezone").select_option("")
    await go_on.click()
    await page.locator("#field-installer").fill("L-1001")
    await go_on.click()
    await expect(page.locator("main dl.facts")).to_contain_text("Europe/Zurich")
    await page.get_by_role("button", name="Change: Site").click()
    await expect(page.get_by_label("Name of the site")).to_have_value("Barn")
    await go_on.click()
    await expect(page.locator("#field-installer")).to_have_value("L-1001")
    await go_on.click()
    await page.get_by_role("button", name="Install", exact=True).click()
    await expect(page.get_by_text("It is installed.")).to_be_visible()


async def see_on_the_list(visit: Browsing, owner: str, site: str) -> None:
    """The list of systems says whose it is and where."""
    await visit.open(f"/systems?q={SN}")
    row = visit.page.get_by_role("row").filter(has_text=SN)
    await expect(row).to_contain_text(owner)
    await expect(row).to_contain_text(site)


async def find_the_record(page: Page) -> None:
    """By the menu and the end user's name."""
    await page.locator("#nav").get_by_role("link", name="Installation record search").click()
    await page.locator("#filter-end_user").fill("mi")
    await page.get_by_role("button", name="Filter", exact=True).click()
    await expect(page).to_have_url(re.compile(r"end_user=mi"))
    await expect(page.get_by_role("link", name=OTHER_SN)).to_have_count(0)
    await page.locator("main").get_by_role("link", name=SN).click()
    await expect(page.locator("main dl.facts")).to_contain_text("ola")


async def hand_over(page: Page) -> None:
    """To Eva's house; both owners are named before it is done."""
    await page.get_by_role("link", name="Associate it otherwise").click()
    await page.get_by_role("button", name="Go on").click()
    await page.locator("#field-find").fill("eva")
    await page.locator("main").get_by_role("button", name="Search").click()
    await page.get_by_role("radio", name="Hand over to: eva · Alm").check()
    await page.get_by_role("button", name="Go on").click()
    facts = page.locator("main dl.facts")
    await expect(facts).to_contain_text("mia")
    await expect(facts).to_contain_text("eva")
    await page.locator("#field-reason").fill("sold")
    await page.get_by_role("button", name="Hand it over").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="Handed over").first).to_contain_text(
        "mia"
    )
