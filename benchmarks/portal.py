"""Lists at a million systems: any filters in any order, parts of serial numbers, far pages, HTTP.

Each page is also read by its bare SQL on the driver, so that what our code costs is a ratio, which
a busy machine leaves as it is. Times are those of the clock, in milliseconds.
"""

import argparse
import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

import httpx
from attrs import evolve, frozen
from sqlalchemy import event, text

from benchmarks import portal_fleet
from benchmarks.measure import Report, Target
from benchmarks.portal_fleet import NOW
from core.access import PLATFORM
from core.accounts import users
from core.fleet.listed import LISTING
from core.host import load
from core.listing import cursors, rows
from core.listing.cursors import Place
from core.listing.filters import Clock
from core.listing.query import Occasion, Query, read_query
from core.listing.tables import Listing
from core.registry import Registry
from core.runtime.database import Database
from core.runtime.settings import Settings
from portal.app import create_app
from portal.assets import build
from portal.cli.serve import server_of
from portal.resources import products
from tests.databases import PostgreSQL
from tests.servers import HOST, free_port

COLUMNS: Final = (
    "id", "sn", "name", "status", "last_frame_at", "product_id", "product_version", "firmware",
    "country",
)  # fmt: skip
PASSWORD: Final = "four words are enough"
Said = dict[str, list[str]]


@frozen
class Bench:
    """A database full of rows, who asks it, and for which columns of which list."""

    database: Database
    registry: Registry
    listing: Listing = LISTING
    columns: Sequence[str] = COLUMNS

    @property
    def occasion(self) -> Occasion:
        return Occasion(PLATFORM, NOW, self.registry)

    async def page(self, query: Query) -> Any:
        return await rows.page(self.database.read, self.listing, query, self.occasion, self.columns)


def questions(number: int, registry: Registry) -> list[Said]:
    """Sets of up to four filters in some order, by chance, the same each time."""
    chance = random.Random(7)
    products = sorted({id_ for id_, _ in registry.products})
    filters: dict[str, Callable[[], list[str]]] = {
        "status": lambda: [chance.choice(["normal", "fault", "offline", "new"])],
        "product": lambda: chance.sample(products, chance.choice([1, 1, 2])),
        "country": lambda: chance.sample(portal_fleet.COUNTRIES, chance.choice([1, 1, 3])),
        "q": lambda: [chance.choice([*portal_fleet.PREFIXES, "AL", "777", "L20", "B501000"])],
        "firmware": lambda: [chance.choice(portal_fleet.FIRMWARE)],
        "online": lambda: [chance.choice(["yes", "no"])],
        "last_frame_at.to": lambda: [str(NOW - chance.randrange(10**9))],
        "registered_at.from": lambda: [str(NOW - chance.randrange(10**11))],
    }
    orders = [f"{sign}{sort.column}" for sort in LISTING.sorts for sign in ("", "-")]
    asked: list[Said] = []
    for _ in range(number):
        names = chance.sample(list(filters), chance.choice([0, 1, 1, 2, 2, 3, 4]))
        asked.append({**{n: filters[n]() for n in names}, "sort": [chance.choice(orders)]})
    return asked


def query_of(said: Said, listing: Listing = LISTING) -> Query:
    query, problems = read_query(listing, said, Clock(NOW))
    assert not problems, problems
    return query


async def timed(work: Callable[[], Awaitable[Any]], times: int = 3) -> float:
    """The best of a few milliseconds: what other processes take is not ours."""
    taken: list[float] = []
    for _ in range(times):
        started = perf_counter()
        await work()
        taken.append((perf_counter() - started) * 1000)
    return min(taken)


def share(values: Sequence[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


async def bare(bench: Bench, query: Query) -> float:
    """Milliseconds of the statements of a page as the driver alone takes them."""
    seen: list[tuple[str, Any]] = []
    engine = bench.database._open_engine().sync_engine

    def note(*arguments: Any) -> None:
        if arguments[2].startswith("SELECT"):
            seen.append((arguments[2], arguments[3]))

    event.listen(engine, "before_cursor_execute", note)
    await bench.page(query)
    event.remove(engine, "before_cursor_execute", note)
    async with bench.database.read() as connection:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection

        async def ask() -> None:
            for statement, parameters in seen:
                if bench.database.is_sqlite:
                    await driver.execute_fetchall(statement, parameters)
                else:
                    await driver.fetch(statement, *parameters)

        return await timed(ask)


async def lists(bench: Bench, asked: Sequence[Said]) -> tuple[dict[str, float], dict[str, float]]:
    """Pages of any filters in any order."""
    ours: list[float] = []
    theirs: list[float] = []
    slowest = (0.0, Said())
    for said in asked:
        query = query_of(said, bench.listing)
        taken = await timed(lambda query=query: bench.page(query))
        ours.append(taken)
        theirs.append(await bare(bench, query))
        slowest = max(slowest, (taken, said), key=lambda pair: pair[0])
    print(f"  slowest list: {slowest[0]:.1f} ms for {slowest[1]}", file=sys.stderr)
    figures = {"list_p50_ms": share(ours, 0.5), "list_p95_ms": share(ours, 0.95)}
    figures |= {"list_max_ms": max(ours), "bare_p95_ms": share(theirs, 0.95)}
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return figures, {"list_to_bare_sql": share(ratios, 0.5)}


async def parts(bench: Bench, number: int) -> dict[str, float]:
    """Serial numbers by parts of 3 to 9 characters."""
    chance = random.Random(3)
    async with bench.database.read() as connection:
        found = await connection.execute(text("SELECT sn FROM systems ORDER BY id LIMIT 100000"))
        sns = [sn for (sn,) in found]
    taken: list[float] = []
    for _ in range(number):
        length, sn = chance.randint(3, 9), chance.choice(sns)
        begin = chance.randrange(len(sn) - length)
        query = query_of({"q": [sn[begin : begin + length]]})
        taken.append(await timed(lambda query=query: bench.page(query)))
    taken.append(await timed(lambda: bench.page(query_of({"q": ["ZZZ"]}))))
    return {"part_p50_ms": share(taken, 0.5), "part_p95_ms": share(taken, 0.95)}


async def far(bench: Bench) -> tuple[dict[str, float], dict[str, float]]:
    """Page 10,000 and page 1, in the order of serial numbers and of last communication."""
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for column, tie in (("sn", "sn"), ("last_frame_at", "sn")):
        query = query_of({"sort": [column]})
        async with bench.database.read() as connection:
            place = text(
                f"SELECT {column}, {tie} FROM systems WHERE {column} IS NOT NULL "
                f"ORDER BY {column}, {tie} LIMIT 1 OFFSET (SELECT count(*) / 2 FROM systems)"
            )
            value, last = (await connection.execute(place)).one()
        behind = evolve(query, cursor=cursors.write(LISTING, query, Place(value, last)))
        first = await timed(lambda query=query: bench.page(query), 9)
        deep = await timed(lambda behind=behind: bench.page(behind), 9)
        figures[f"middle_page_by_{column}_ms"] = deep
        ratios[f"middle_page_to_first_by_{column}"] = deep / first
    return figures, ratios


async def counts(bench: Bench, number: int) -> dict[str, float]:
    """Capped counts and facets of the same questions."""
    counted: list[float] = []
    facets: list[float] = []
    read = bench.database.read
    for said in questions(number, bench.registry):
        query = query_of(said)
        counted.append(await timed(lambda q=query: rows.count(read, LISTING, q, bench.occasion), 1))
        facets.append(
            await timed(lambda q=query: rows.facet_counts(read, LISTING, q, bench.occasion), 1)
        )
    return {"count_p95_ms": share(counted, 0.95), "facets_p95_ms": share(facets, 0.95)}


async def models(registry: Registry) -> dict[str, float]:
    """A page and the facets of 1,000 product models in memory."""
    known = list(registry.products.values())
    made = [evolve(known[n % len(known)], id=f"model-{n}", name=f"Model {n}") for n in range(1000)]
    many = Registry.of(registry.plugins, {(m.id, m.version): m for m in made}, ())
    occasion = Occasion(PLATFORM, NOW, many)
    query, _ = read_query(products.LISTING, {"q": ["odel 7"], "sort": ["-name"]}, Clock(NOW))

    async def ask() -> None:
        await rows.page(nothing, products.LISTING, query, occasion)
        await rows.facet_counts(nothing, products.LISTING, query, occasion)

    return {"models_ms": await timed(ask)}


def nothing() -> Any:
    """What a list in memory reads by."""
    raise AssertionError


async def http(bench: Bench, number: int, folder: Path) -> dict[str, float]:
    """The same questions as pages of HTML, by one client over HTTP."""
    build()
    async with bench.database.begin() as connection:
        token = await users.create_setup_token(connection, NOW)
    if token:
        await users.set_up(bench.database.begin, token, "ada", PASSWORD, NOW)
    settings = Settings(folder)
    app = create_app(settings, bench.registry, bench.database, clock=lambda: NOW, feed=False)
    port = free_port()
    server = server_of(app, HOST, port)
    serving = asyncio.create_task(server.serve())
    taken: list[float] = []
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as client:
        await _sign_in(client)
        for said in questions(number, bench.registry):

            async def ask(said: Said = said) -> None:
                answer = await client.get("/systems", params=said)
                assert answer.status_code == 200, answer.text[:500]

            taken.append(await timed(ask))
    server.stop()
    await serving
    return {"http_p50_ms": share(taken, 0.5), "http_p95_ms": share(taken, 0.95)}


async def _sign_in(client: httpx.AsyncClient) -> None:
    for _ in range(50):
        try:
            page = await client.get("/sign-in")
            break
        except httpx.ConnectError:
            await asyncio.sleep(0.1)
    token = page.text.partition('name="_csrf_token" value="')[2].partition('"')[0]
    form = {"_csrf_token": token, "name": "ada", "password": PASSWORD}
    assert (await client.post("/sign-in", data=form)).status_code == 303


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database of a URL, or one of our own that ends with the run."""
    with TemporaryDirectory(prefix="thingwright-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101  nobody waits for it
        cluster = PostgreSQL(Path(folder) / "cluster") if url == "postgresql" else None
        if cluster:
            cluster.create()
            url = cluster.new_database()
        database = Database(f"sqlite:///{folder}/x.db" if url == "sqlite" else url)
        await database.open()
        yield database
        await database.close()
        if cluster:
            cluster.stop()


async def run(url: str, number: int, *, short: bool) -> Report:
    registry = load()
    times = 40 if short else 200
    async with opened(url) as database:
        bench = Bench(database, registry)
        async with database.read() as connection:
            there = await connection.execute(text("SELECT count(*) FROM systems"))
        if there.scalar_one() == 0:
            print(f"  filling in {number:,} systems", file=sys.stderr)
            products = sorted({id_ for id_, _ in registry.products})
            await portal_fleet.fill(database, number, products)
        figures, ratios = await lists(bench, questions(times, registry))
        figures |= await parts(bench, times)
        more, deep = await far(bench)
        figures |= {**more, **await counts(bench, times // 4), **await models(registry)}
        with TemporaryDirectory() as folder:
            figures |= await http(bench, times // 2, Path(folder))
    name = f"lists of {number:,} systems on {url.partition(':')[0]}"
    return Report(name, figures, {**ratios, **deep}, TARGETS)


TARGETS: Final = (
    Target("list_p95_ms", 50, most=True),
    Target("part_p95_ms", 20, most=True),
    Target("http_p95_ms", 80, most=True),
    Target("models_ms", 50, most=True),
    Target("middle_page_to_first_by_sn", 1.5, most=True),
    Target("middle_page_to_first_by_last_frame_at", 1.5, most=True),
)


def asked_for(about: str | None, rows: str, number: int) -> argparse.Namespace:
    """What the command line says: `--<rows>`, the database, and how much is to be asked."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(f"--{rows}", type=int, default=number)
    kinds = "sqlite, postgresql (a cluster of its own), or a URL"
    parser.add_argument("--database", default="sqlite", help=kinds)
    parser.add_argument("--short", action="store_true", help="fewer questions")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    return parser.parse_args()


def main() -> None:
    given = asked_for(__doc__, "systems", 1_000_000)
    report = asyncio.run(run(given.database, given.systems, short=given.short))
    report.show(as_json=given.json)


if __name__ == "__main__":
    main()
