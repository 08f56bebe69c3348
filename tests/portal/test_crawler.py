"""Every page, light and dark, on a desk and on a phone: whole, quiet, accessible, not too wide."""

import json
from pathlib import Path
from typing import Final

import pytest

from core.registry import Registry
from portal.assets import FRONTEND
from tests.portal.browsing import PHONE, WIDE, Browsing, browsing, first, leads_to, page_routes

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.slow]
AXE: Final = (FRONTEND / "node_modules/axe-core/axe.min.js").read_text("utf-8")
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES: Final = {"light": {"type": "tag", "values": TAGS}, "dark": ["color-contrast"]}
"""What axe looks at: in the second theme only what a theme changes."""
EMPTY: Final = "/systems?q=NOBODY"
"""A list in which nothing is."""
SEEN_OTHERWISE: Final = ("/sign-in", "/setup", "/open", "/resend", "/jobs/{job}/file")
"""For who is not signed in, by a link that is sent, or made by a worker: they have own tests."""


async def test_every_page(tmp_path: Path, unseen_registry: Registry):
    async with browsing(tmp_path, unseen_registry) as visit:
        left = {r for r in page_routes(visit.app) if not r.startswith(SEEN_OTHERWISE)}
        paths = {route for route in left if "{" not in route} | {EMPTY}
        found: list[str] = []
        while paths:
            path = min(paths)
            left -= {route for route in left if leads_to(route, path)}
            found += await faults_of(visit, path)
            links = await visit.links()
            paths = (paths - {path}) | {link for r in left for link in first(r, links)}
        assert not left, "no page links to these"
        assert not found, "\n".join(found)


async def faults_of(visit: Browsing, path: str) -> list[str]:
    """All that is wrong with a page."""
    status, page = await visit.open(path), visit.page
    found = [] if status == 200 else [f"status {status}"]
    if (headings := await page.locator("h1").count()) != 1:
        found.append(f"{headings} h1")
    if not (await page.title()).removesuffix("thingwright").strip(" ·"):
        found.append("no title")
    await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    await page.evaluate(AXE)
    for width, height in (WIDE, PHONE):
        await page.set_viewport_size({"width": width, "height": height})
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"wider than {width}")
        for theme in RULES:
            await page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            found += [f"{width} {theme} {each}" for each in await judged(visit, theme)]
    await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    found += visit.complaints
    visit.complaints.clear()
    return [f"{path}: {each}" for each in found]


async def judged(visit: Browsing, theme: str) -> list[str]:
    """What axe has against the page as it stands."""
    options = {"runOnly": RULES[theme], "resultTypes": ["violations"]}
    report = await visit.page.evaluate(f"axe.run({json.dumps(options)})")
    return [
        f"{violation['id']}: {[node['html'][:160] for node in violation['nodes'][:3]]}"
        for violation in report["violations"]
    ]
