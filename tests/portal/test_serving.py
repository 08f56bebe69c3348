"""The server as `thingwright serve` sets it up, over real connections."""

import asyncio
import contextlib

import httpx

from portal.app import create_app
from portal.cli.serve import server_of
from tests.portal.conftest import Site
from tests.servers import HOST, free_port

OPEN = 150


async def test_many_live_pages_leave_room_for_others(site: Site):
    port, given = free_port(), site.app.state.services.settings
    app = create_app(given, site.registry, site.database, clock=site.clock, feed=False)
    server = server_of(app, HOST, port)
    serving = asyncio.create_task(server.serve())
    heard = [asyncio.Event() for _ in range(OPEN)]
    limits = httpx.Limits(max_connections=OPEN + 5)
    cookies = dict(site.client.cookies)

    async def hold(said: asyncio.Event) -> None:
        async with client.stream("GET", "/home/live", timeout=None) as answer:
            async for _line in answer.aiter_lines():
                said.set()

    async with httpx.AsyncClient(
        base_url=f"http://{HOST}:{port}", cookies=cookies, limits=limits, timeout=30
    ) as client:
        await _there(client)
        streams = [asyncio.create_task(hold(each)) for each in heard]
        async with asyncio.timeout(60):
            await asyncio.gather(*(each.wait() for each in heard))
            assert (await client.get("/systems")).status_code == 200
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    app.state.services.hub.close()
    server.stop()
    await asyncio.wait({serving}, timeout=5)


async def _there(client: httpx.AsyncClient) -> None:
    for _ in range(100):
        with contextlib.suppress(httpx.ConnectError):
            await client.get("/sign-in")
            return
        await asyncio.sleep(0.05)
