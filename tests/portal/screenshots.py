"""`python -m tests.portal.screenshots FOLDER`: every page at 1366 and 390, in light and dark."""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from core.host import Host
from core.registry import Registry
from portal.assets import build
from tests.portal import unseen
from tests.portal.browsing import PHONE, WIDE, Browsing, browsing, first, leads_to, page_routes


def registry_in(folder: Path) -> Registry:
    """The tests' unseen plugin, and a broken one so that the banner is seen."""
    for name, text in ((unseen.NAME, unseen.SOURCE), ("meters.torn", unseen.BROKEN)):
        place = folder / "plugins" / Path(*name.split("."))
        place.mkdir(parents=True)
        (place / "__init__.py").write_text(text)
    products = folder / "plugins/inverters/zephyr_q9/products"
    products.mkdir()
    (products / "q9.toml").write_text(unseen.PRODUCT)
    host = Host()
    host.load_folder(folder / "plugins", "folder")
    return host.registry()


async def picture_all(into: Path) -> None:
    """One file per page, width and theme."""
    with TemporaryDirectory() as scratch:
        async with browsing(Path(scratch), registry_in(Path(scratch))) as visit:
            left = set(page_routes(visit.app))
            paths = {route for route in left if "{" not in route}
            while paths:
                path = min(paths)
                left -= {route for route in left if leads_to(route, path)}
                await picture(visit, path, into)
                links = await visit.links()
                paths = (paths - {path}) | {link for r in left for link in first(r, links)}


async def picture(visit: Browsing, path: str, into: Path) -> None:
    await visit.open(path)
    name = path.strip("/").replace("/", "-") or "home"
    for width, height in (WIDE, PHONE):
        await visit.page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            await visit.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            file = into / f"{name}-{width}-{theme}.png"
            await visit.page.screenshot(path=file, full_page=True)


if __name__ == "__main__":
    build()
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    asyncio.run(picture_all(Path(sys.argv[1])))
