"""A portal that runs while another process publishes a product model."""

import asyncio
import os
import sys
import time
from pathlib import Path

from tests.portal import unseen
from tests.portal.conftest import Site

OURS = unseen.PRODUCT.replace('"zephyr-q9"', '"our-q9"').replace("ZQ9*", "OUR*")
PROMISED = 2.0


async def test_another_process_publishes_and_the_portal_shows_it(
    site: Site, tmp_path: Path
) -> None:
    file = tmp_path / "our.toml"
    file.write_text(OURS)
    assert "our-q9" not in await _listed(site)
    await _cli(tmp_path, "import", str(file), "--publish")
    deadline = time.monotonic() + PROMISED
    while "our-q9" not in await _listed(site):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    shown = (await site.client.get("/products/our-q9.json")).json()
    assert shown["versions"] == ["1.0.0"]
    assert [each["slot"] for each in shown["components"]] == ["inverter"]


async def _listed(site: Site) -> set[str]:
    found = (await site.client.get("/products.json")).json()
    return {each["id"] for each in found["rows"]}


async def _cli(folder: Path, *arguments: str) -> None:
    told = {
        "THINGWRIGHT_DATA": str(folder),
        "THINGWRIGHT_DATABASE": f"sqlite:///{folder / 'portal.db'}",
        "THINGWRIGHT_PLUGINS": str(folder / "plugins"),
    }
    command = (sys.executable, "-m", "portal.cli", "model", *arguments)
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **told})
    assert await process.wait() == 0
