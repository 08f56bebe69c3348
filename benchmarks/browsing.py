"""What somebody waits for in a real Chromium, and what 200 live pages cost the server.

A demo is started with its broker, ingest, portal and simulated systems. Pages are opened by a
browser of its own each time, without and with the network and processor of a phone; then many
overviews are held open over their streams, and the CPU of the portal's process is read. What a
live page costs is also told in plain requests of the same page.
"""

import argparse
import asyncio
import os
import re
import shutil
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import sample
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, Final

import httpx
from attrs import define, field, frozen
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from benchmarks.measure import Report, Target
from tests.servers import HOST

PASSWORD: Final = "four words are enough"
SEEN: Final = """
window.shift = 0; window.painted = 0;
new PerformanceObserver(list => { for (const e of list.getEntries()) painted = e.startTime; })
  .observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver(list => {
  for (const e of list.getEntries()) if (!e.hadRecentInput) shift += e.value;
}).observe({type: "layout-shift", buffered: true});
"""
SLOW_NETWORK: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_638_400 / 8,
    "uploadThroughput": 750_000 / 8,
}
"""1.6 Mbit/s and 150 ms, which Lighthouse calls a slow 4G."""
SLOWER: Final = 4
"""How many times slower the processor of a phone is taken to be."""
SETTLED: Final = 2.0
"""Seconds after loading in which a page may still move."""
STARTING: Final = 120
QUIET_PORTS: Final = range(20_000, 30_000)
"""Below those that the kernel gives to connections, of which a demo makes many while it starts."""
TICKS: Final = os.sysconf("SC_CLK_TCK")


@frozen
class Demo:
    """A running demo: its address, and the process that serves pages."""

    address: str
    setup: str
    portal: int


@define
class Heard:
    """How often a stream said something, and whether it did at all."""

    messages: int = 0
    first: asyncio.Event = field(factory=asyncio.Event)


@asynccontextmanager
async def demo(devices: int) -> AsyncGenerator[Demo]:
    """A demo with simulated systems, from its start until it is stopped."""
    with TemporaryDirectory(prefix="thingwright-") as folder:
        port, mqtt = (_port(each) for each in sample(QUIET_PORTS, 2))
        said = Path(folder) / "said"
        with said.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "portal.cli", "demo", "--devices", str(devices)),
                *("--port", str(port), "--mqtt-port", str(mqtt)),
                env={**os.environ, "THINGWRIGHT_DATA": f"{folder}/data"},
                stdout=out,
                stderr=out,
            )
            try:
                setup = await _setup_link(said)
                yield Demo(f"http://{HOST}:{port}", setup, _portal_of(process.pid))
            finally:
                with suppress(ProcessLookupError):
                    process.terminate()
                await process.wait()


def _port(first: int) -> int:
    """A free port from there on, of those that connections do not take by themselves."""
    for port in range(first, QUIET_PORTS.stop):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise OSError("no port is free")


async def _setup_link(said: Path) -> str:
    until = monotonic() + STARTING
    while monotonic() < until:
        if found := re.search(r"http\S+/setup\?token=\S+", await asyncio.to_thread(said.read_text)):
            return found[0]
        await asyncio.sleep(0.2)
    raise TimeoutError((await asyncio.to_thread(said.read_text))[-2000:])


def _portal_of(parent: int) -> int:
    """The child of a demo that serves the portal."""
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state = (each / "stat").read_text().rpartition(")")[2].split()
            arguments = (each / "cmdline").read_bytes().split(b"\0")
            if int(state[1]) == parent and b"serve" in arguments:
                return int(each.name)
    raise LookupError("no process serves the portal")


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of its children."""
    total = 0.0
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state = (each / "stat").read_text().rpartition(")")[2].split()
            if pid in (int(each.name), int(state[1])):
                total += (int(state[11]) + int(state[12])) / TICKS
    return total


async def set_up(browser: Browser, running: Demo) -> list[Any]:
    """Make the first account; returns its cookies."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(running.setup)
    await page.fill("#name", "ada")
    await page.fill("#password", PASSWORD)
    await page.click("text=Make the account")
    await page.wait_for_url(f"{running.address}/")
    cookies = await context.cookies()
    await context.close()
    return cookies


async def systems(client: httpx.AsyncClient, number: int) -> list[str]:
    """Serial numbers, once so many systems have reported."""
    until = monotonic() + STARTING
    while monotonic() < until:
        rows = (await client.get("/systems.json")).json()["rows"]
        if len(rows) >= number and all(row["last_frame_at"] for row in rows):
            return [row["sn"] for row in rows]
        await asyncio.sleep(0.5)
    raise TimeoutError("the simulated systems do not report")


async def painted(
    browser: Browser, cookies: Sequence[Any], address: str, *, slow: bool
) -> tuple[float, float]:
    """Seconds until the largest paint of a page with an empty cache, and its layout shift."""
    context: BrowserContext = await browser.new_context(viewport={"width": 1366, "height": 900})
    await context.add_cookies(cookies)
    page: Page = await context.new_page()
    await page.add_init_script(SEEN)
    if slow:
        session: Any = await context.new_cdp_session(page)
        await session.send("Network.emulateNetworkConditions", SLOW_NETWORK)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await page.goto(address)
    await page.wait_for_timeout(SETTLED * 1000)
    at, shift = await page.evaluate("[painted, shift]")
    await context.close()
    return at / 1000, shift


async def listen(client: httpx.AsyncClient, sn: str, heard: Heard) -> None:
    """Hold the stream of an overview open."""
    async with client.stream("GET", f"/systems/{sn}/live", timeout=None) as answer:
        assert answer.status_code == 200, sn
        filled = False
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                filled = True
            elif not line and filled:
                heard.messages, filled = heard.messages + 1, False
                heard.first.set()


async def live(
    client: httpx.AsyncClient, running: Demo, sns: Sequence[str], pages: int, seconds: float
) -> dict[str, float]:
    """What overviews cost that are open all at once, and that plain requests of them do."""
    heard = [Heard() for _ in range(pages)]
    streams = [
        asyncio.create_task(listen(client, sns[n % len(sns)], each)) for n, each in enumerate(heard)
    ]
    began = monotonic()
    waits = [asyncio.create_task(each.first.wait()) for each in heard]
    _, pending = await asyncio.wait(waits, timeout=STARTING)
    opened = monotonic() - began
    for wait in pending:
        wait.cancel()
    before, begun = cpu_of(running.portal), monotonic()
    first = [each.messages for each in heard]
    await asyncio.sleep(seconds)
    cores = (cpu_of(running.portal) - before) / (monotonic() - begun)
    said = sum(each.messages - early for each, early in zip(heard, first, strict=True))
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    return {
        "live_pages_silent": len(pending),
        "live_opened_s": opened,
        "live_cores": cores,
        "live_messages_per_s": said / seconds,
    }


async def requested(client: httpx.AsyncClient, running: Demo, sn: str, times: int) -> float:
    """CPU seconds of the portal for a request of the overview."""
    before = cpu_of(running.portal)
    for _ in range(times):
        assert (await client.get(f"/systems/{sn}")).status_code == 200
    return (cpu_of(running.portal) - before) / times


async def run(devices: int, pages: int, times: int, seconds: float) -> Report:
    figures: dict[str, float] = {}
    async with demo(devices) as running, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        cookies = await set_up(browser, running)
        jar = {each["name"]: each["value"] for each in cookies}
        limits = httpx.Limits(max_connections=pages + 5)
        async with httpx.AsyncClient(
            base_url=running.address, cookies=jar, limits=limits, timeout=30
        ) as client:
            sns = await systems(client, devices)
            places = {"home": "/", "list": "/systems", "overview": f"/systems/{sns[0]}"}
            for slow in (False, True):
                for name, path in places.items():
                    found = [
                        await painted(browser, cookies, running.address + path, slow=slow)
                        for _ in range(times)
                    ]
                    kind = f"{name}{'_slow' if slow else ''}"
                    figures[f"{kind}_lcp_s"] = median(at for at, _ in found)
                    figures[f"{kind}_shift"] = max(shift for _, shift in found)
            await browser.close()
            figures |= await live(client, running, sns, pages, seconds)
            request = await requested(client, running, sns[0], 40)
    figures["request_cpu_ms"] = request * 1000
    look = figures["live_cores"] / (figures["live_messages_per_s"] or 1)
    ratios = {"live_message_to_request": look / request}
    return Report(f"a demo of {devices} systems, {pages} live pages", figures, ratios, TARGETS)


PAGES: Final = ("home", "list", "overview")
TARGETS: Final = (
    *(Target(f"{name}_lcp_s", 1.0, most=True) for name in PAGES),
    *(Target(f"{name}_slow_lcp_s", 2.0, most=True) for name in PAGES),
    *(Target(f"{name}{slow}_shift", 0.02, most=True) for slow in ("", "_slow") for name in PAGES),
    Target("live_pages_silent", 0, most=True),
    Target("live_cores", 1.0, most=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=20, help="simulated systems")
    parser.add_argument("--pages", type=int, default=200, help="live pages at once")
    parser.add_argument("--short", action="store_true", help="fewer rounds")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    given = parser.parse_args()
    times, seconds = (1, 10.0) if given.short else (5, 60.0)
    report = asyncio.run(run(given.devices, given.pages, times, seconds))
    report.show(as_json=given.json)


if __name__ == "__main__":
    main()
