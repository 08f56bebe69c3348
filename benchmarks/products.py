"""What product models cost: `python -m benchmarks.products [--short] [--json]`.

A thousand product models made of those that ship. Measured are the effective model of a system,
known and not, beside a bare dictionary and beside compiling its layouts alone; the list of all
models, filtered and in order, beside a plain comprehension that finds the same, and once more just
after a change, when its rows are made; and how long a second process takes to know of a model that
is published, beside the interval at which it looks.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from itertools import cycle
from typing import Final

from attrs import evolve
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.measure import Report, Target, arguments, measure
from core.access import PLATFORM
from core.effective import effective_model
from core.host import load
from core.listing import rows
from core.listing.filters import Clock
from core.listing.query import Occasion, read_query
from core.products import drafts, publishing
from core.registry import Registry
from core.runtime.database import Database
from core.runtime.product_watch import INTERVAL, ProductWatch
from core.thing_model.layout.layouts import compile_layout
from portal.resources.products import LISTING

NUMBER: Final = 1000
LOOKED_UP: Final = 40
"""Of which the effective model is looked up, one after the other."""
NOW: Final = 1_830_297_600_000
PATIENCE: Final = 60.0
"""Seconds that the second process is waited for."""
FIRMWARE: Final = "3.6"
COUNTRY: Final = "DE"
ASKED: Final = {"q": ["smile"], "market": ["DE"], "sort": ["-series"]}
TARGETS: Final = (
    Target("cached_us", 5, most=True),
    Target("list_ms", 50, most=True),
    Target("list_after_a_change_ms", 50, most=True),
    Target("second_process_s", 2, most=True),
)
MODEL: Final = """
id = "{id}"
name = "Published"
version = "1.0.0"
inverter = "inverters.goodwe_et"
"""


def made(shipped: Registry, number: int = NUMBER) -> Registry:
    """A registry with `number` more product models: those that ship, under other ids."""
    known = cycle(shipped.newest.values())
    models = [
        evolve(model, id=f"bench-{n}", name=f"{model.name} {n}", sn_rules=())
        for n, model in zip(range(number), known, strict=False)
    ]
    return shipped.with_products(models)


def looked_up(registry: Registry, *, rounds: int, seconds: float) -> Report:
    """The effective model, found and made."""
    products = [p for p in registry.newest.values() if p.id.startswith("bench-")][:LOOKED_UP]
    bare = {
        (product.id, FIRMWARE, COUNTRY): effective_model(registry, product, FIRMWARE, COUNTRY)
        for product in products
    }
    turn, keyed = cycle(products), cycle(bare)
    fresh = evolve(registry, systems={})
    (smile,) = [p for p in registry.newest.values() if p.id == "smile5"]
    layouts = [
        channel.decoder.layout
        for part in registry.system(smile, FIRMWARE).parts.values()
        for channel in part.channels.values()
    ]

    def uncached() -> None:
        fresh._systems.clear()  # pyright: ignore[reportPrivateUsage]
        effective_model.__wrapped__(fresh, smile, FIRMWARE, COUNTRY)

    taken = measure(
        {
            "cached": lambda: effective_model(registry, next(turn), FIRMWARE, COUNTRY),
            "dictionary": lambda: bare[next(keyed)],
            "uncached": uncached,
            "layouts": lambda: [compile_layout(layout) for layout in layouts],
        },
        rounds=rounds,
        seconds=seconds,
    )
    return Report(
        "effective model",
        {
            "cached_us": taken.seconds("cached") * 1e6,
            "dictionary_us": taken.seconds("dictionary") * 1e6,
            "uncached_ms": taken.seconds("uncached") * 1e3,
            "layouts_alone_ms": taken.seconds("layouts") * 1e3,
        },
        {
            "cached_to_a_bare_dictionary": taken.speed("cached", "dictionary"),
            "uncached_to_its_layouts_alone": taken.speed("uncached", "layouts"),
        },
        TARGETS[:1],
    )


def listed(registry: Registry, *, rounds_: int, seconds: float) -> Report:
    """The list of all product models, filtered and in order."""
    loop = asyncio.new_event_loop()
    query, problems = read_query(LISTING, ASKED, Clock(NOW))
    assert not problems, problems
    bare = [dict(row) for row in LISTING.rows(Occasion(PLATFORM, NOW, registry))]

    def page(held: Registry) -> rows.Page:
        asked = rows.page(_no_database, LISTING, query, Occasion(PLATFORM, NOW, held))
        return loop.run_until_complete(asked)

    def comprehension() -> list[str]:
        named = (row for row in bare if row["name"].casefold().startswith("smile"))
        fitting = [row for row in named if "DE" in row["markets"]]
        fitting.sort(key=lambda row: (row["series"].casefold(), row["id"]), reverse=True)
        return [row["id"] for row in fitting[: rows.PAGE]]

    assert [row["id"] for row in page(registry).rows] == comprehension()
    taken = measure(
        {
            "list": lambda: page(registry),
            "after": lambda: page(evolve(registry)),  # another registry: rows are made anew
            "comprehension": comprehension,
        },
        rounds=rounds_,
        seconds=seconds,
    )
    loop.close()
    return Report(
        f"list of {len(bare):,} product models",
        {
            "list_ms": taken.seconds("list") * 1e3,
            "list_after_a_change_ms": taken.seconds("after") * 1e3,
            "comprehension_ms": taken.seconds("comprehension") * 1e3,
        },
        {"list_to_a_comprehension": taken.speed("list", "comprehension")},
        TARGETS[1:3],
    )


def _no_database() -> AbstractAsyncContextManager[AsyncConnection]:
    raise AssertionError("the list of product models is in memory")


async def publish(database: Database, registry: Registry, id_: str) -> None:
    """Draft and publish a model; the other processes may know of it from now on."""
    async with database.begin() as connection:
        text = MODEL.format(id=id_)
        draft = await drafts.create(connection, registry, PLATFORM, text, now=NOW)
        await publishing.publish(
            connection, registry, PLATFORM, draft.id, version=draft.version, now=NOW
        )


async def watch(url: str) -> None:
    """What the second process does: say the ids of the models that are new to it, as lines."""
    database = Database(url)
    await database.open()

    async def adopt(registry: Registry) -> None:
        print(*sorted(registry.newest), flush=True)

    look = ProductWatch(load(), database)
    print("ready", flush=True)
    await look.run(adopt)


@contextmanager
def second_process(url: str) -> Generator[subprocess.Popen[str]]:
    """One that watches the database, ready."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.products", "--watch", url],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def reached(registry: Registry, times: int) -> Report:
    """From the commit of a published model until a second process has it, the longest of some."""
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/products.db"
        database = Database(url)
        loop.run_until_complete(database.open())
        seconds: list[float] = []
        with second_process(url) as process:
            assert process.stdout
            for n in range(times):
                loop.run_until_complete(publish(database, registry, f"published-{n}"))
                begun = time.monotonic()
                while f"published-{n}" not in process.stdout.readline().split():
                    assert time.monotonic() - begun < PATIENCE
                seconds.append(time.monotonic() - begun)
        loop.run_until_complete(database.close())
    loop.close()
    slowest = max(seconds)
    return Report(
        "a change in a second process",
        {"second_process_s": slowest, "looks_every_s": INTERVAL},
        {"second_process_to_its_interval": slowest / INTERVAL},
        TARGETS[3:],
    )


def main() -> None:
    options = arguments(__doc__)
    rounds_, seconds = (5, 0.1) if options.short else (15, 0.5)
    shipped = load()
    registry = made(shipped)
    for report in (
        looked_up(registry, rounds=rounds_, seconds=seconds),
        listed(registry, rounds_=rounds_, seconds=seconds),
        reached(shipped, 3 if options.short else 10),
    ):
        report.show(as_json=options.json)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--watch"]:
        asyncio.run(watch(sys.argv[2]))
    else:
        main()
