"""The editor of a tariff plan in a real Chromium: by keyboard alone, by mouse, without script."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from core.registry import Registry
from core.tariffs import plans
from core.tariffs.plans import Plan
from tests.portal import unseen
from tests.portal.browsing import Browsing, browsing
from tests.portal.test_crawler import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]
PAGE = f"/systems/{unseen.SN}/site-settings"


async def kept(visit: Browsing) -> list[Plan]:
    async with visit.app.state.services.database.read() as connection:
        return await plans.of_system(connection, 1)


async def type_into(page: Page, label: str, text: str) -> None:
    await page.get_by_label(label, exact=True).focus()
    await page.keyboard.press("Control+A")
    await page.keyboard.type(text)


async def press(page: Page, keys: str) -> None:
    for key in keys.split():
        await page.keyboard.press(key)


async def stretches(page: Page, day: str) -> list[str]:
    """The table that tells a day in words."""
    rows = page.locator(f'fieldset[data-day="{day}"] [data-stretches] tbody tr')
    return [" ".join(text.split()) for text in await rows.all_inner_texts()]


async def test_a_plan_is_made_by_keyboard_alone(tmp_path: Path, unseen_registry: Registry):
    async with browsing(tmp_path, unseen_registry) as visit:
        page = visit.page
        await visit.open(f"{PAGE}/plans/new")
        await type_into(page, "Name", "Keys")
        await type_into(page, "Currency", "EUR")
        await page.get_by_label("First day").fill("2025-01-01")
        await page.locator("#field-valid_until").fill("2025-12-31")
        for n, price in enumerate(("0.1", "0.2", "0.4"), 1):
            await type_into(page, f"Buying price of band {n}", price)
            await type_into(page, f"Selling price of band {n}", "0.05")
        cells = page.get_by_role("listbox", name="Weekday, Monday to Friday").get_by_role("option")
        await cells.first.focus()
        await press(page, "ArrowDown ArrowRight ArrowRight 3")
        await expect(cells.nth(26)).to_be_focused()
        await expect(cells.nth(26)).to_have_accessible_name("13:00–13:30 3 Peak")
        await press(page, "ArrowRight Shift+ArrowRight Shift+ArrowRight 3")
        await expect(page.locator("[data-announce]")).to_have_text("Weekday 13:30–15:00: Peak")
        await press(page, "End Shift+Home")
        await expect(page.get_by_role("option", selected=True)).to_have_count(48)
        await press(page, "Home Shift+ArrowRight Delete ArrowRight 9")
        assert await stretches(page, "Weekday") == [
            "00:00–01:00 free", "01:00–13:00 1 Off-Peak", "13:00–15:00 3 Peak",
            "15:00–24:00 1 Off-Peak",
        ]  # fmt: skip
        await press(page, "Control+A 2 Home Shift+ArrowRight Space")
        assert await stretches(page, "Weekday") == ["00:00–24:00 2 Shoulder"]
        await press(page, "Home Shift+ArrowDown 1")
        await page.get_by_role("button", name="Weekend as on weekdays").focus()
        await page.keyboard.press("Enter")
        assert await stretches(page, "Weekend") == [
            "00:00–12:30 1 Off-Peak", "12:30–24:00 2 Shoulder",
        ]  # fmt: skip
        await type_into(page, "Name of band 2", "Evening")
        assert (await stretches(page, "Weekday"))[1] == "12:30–24:00 2 Evening"
        await page.get_by_role("button", name="Save").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/windows?done=made")
        made = next(each.tariff for each in await kept(visit) if each.tariff.name == "Keys")
        assert list(made.bands) == ["off_peak", "evening", "peak"]
        assert made.weekday == made.weekend == ("off_peak",) * 25 + ("evening",) * 23
        assert visit.complaints == []


async def test_cells_are_painted_by_drag_and_told_by_selects_without_script(
    tmp_path: Path, unseen_registry: Registry
):
    async with browsing(tmp_path, unseen_registry) as visit:
        page = visit.page
        await visit.open(f"{PAGE}/plans/1")
        await page.get_by_role("button", name="3 Peak").click()
        cells = page.get_by_role("listbox", name="Weekend, Saturday and Sunday")
        first, last = (cells.get_by_role("option").nth(n) for n in (4, 9))
        await first.hover()
        await page.mouse.down()
        await last.hover()
        await page.mouse.up()
        assert await stretches(page, "Weekend") == [
            "00:00–02:00 1 Off-Peak", "02:00–05:00 3 Peak", "05:00–07:00 1 Off-Peak",
            "07:00–24:00 2 Shoulder",
        ]  # fmt: skip
        await page.get_by_role("button", name="One more band").click()
        await expect(page.get_by_label("Name of band 4")).to_be_focused()
        await page.get_by_role("button", name="Save").click()
        await page.wait_for_url("**/windows?done=changed")
        assert (await kept(visit))[0].tariff.weekend[4:10] == ("peak",) * 6
        bare = await page.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
        await bare.add_cookies(await page.context.cookies())  # type: ignore[arg-type]
        plain = await bare.new_page()
        await plain.goto(f"{visit.address}{PAGE}/plans/1")
        await plain.get_by_label("Weekend 23:30–24:00").select_option("1")
        await plain.get_by_role("button", name="Save").click()
        assert (await kept(visit))[0].tariff.weekend[-2:] == ("shoulder", "off_peak")
        await bare.close()


async def test_its_pages_are_whole_and_accessible(tmp_path: Path, unseen_registry: Registry):
    async with browsing(tmp_path, unseen_registry) as visit:
        found: list[str] = []
        for path in (
            "",
            "/plans/new",
            "/plans/new?kind=fixed",
            "/plans/1",
            "/plans/1/remove",
            "/plans/import",
        ):
            found += await faults_of(visit, f"{PAGE}{path}")
        assert not found, "\n".join(found)
