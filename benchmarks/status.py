"""What status costs a fleet of a given size: `python -m benchmarks.status URL SIZE`.

URL is of an empty database. Prints milliseconds: the median of several runs, the process waiting.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import text

from core.fleet import counters
from core.runtime.database import Database
from core.runtime.sweeper import Sweeper

NOW = 1_800_000_000_000
RUNS = 7
DUE = 1000
"""Systems that fall silent in a sweep."""
SPREAD = 15 * 60_000


async def main(url: str, size: int) -> None:
    database = Database(url)
    await database.open()
    await _fill(database, size)
    sweeper = Sweeper(database, lambda: NOW)
    await sweeper.work()
    print(f"{url.partition(':')[0]}, {size} systems, milliseconds:")
    await _show("counts of the fleet", lambda: _counts(database, None))
    await _show("counts of a company", lambda: _counts(database, 7))
    await _show("a sweep with nothing due", sweeper.work)
    took: list[float] = []
    for run in range(1, RUNS + 1):
        async with database.begin() as connection:
            ids = f"id > {run * DUE} AND id <= {(run + 1) * DUE}"
            await connection.execute(text(f"UPDATE systems SET silent_at = {NOW} WHERE {ids}"))
        began = time.perf_counter()
        assert await sweeper.work() == DUE
        took.append(time.perf_counter() - began)
    print(f"  {1000 * statistics.median(took):8.2f}  a sweep of {DUE} systems")
    async with database.read() as connection:
        assert (await counters.counts(connection)).offline == RUNS * DUE
    await database.close()


async def _fill(database: Database, size: int) -> None:
    numbers = (
        f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {size})"
        if database.is_sqlite
        else f"WITH n(n) AS (SELECT generate_series(1, {size}))"
    )
    sn = "printf('AL%010d', n)" if database.is_sqlite else "'AL' || lpad(n::text, 10, '0')"
    columns = "sn, company_id, product_id, product_version, name, country, timezone, firmware"
    times = "registered_at, changed_at, last_frame_at, status, silent_at"
    async with database.begin() as connection:
        await connection.execute(
            text(
                f"INSERT INTO systems ({columns}, {times}) {numbers} "
                f"SELECT {sn}, n % 17000, 'p', '1.0.0', '', 'DE', '', '', {NOW}, {NOW}, {NOW}, "
                f"'normal', {NOW} + 1 + n % {SPREAD} FROM n"
            )
        )


async def _show(what: str, work: Callable[[], Awaitable[object]]) -> None:
    took: list[float] = []
    for _ in range(RUNS * 3):
        began = time.perf_counter()
        await work()
        took.append(time.perf_counter() - began)
    print(f"  {1000 * statistics.median(took):8.2f}  {what}")


async def _counts(database: Database, company_id: int | None) -> None:
    async with database.read() as connection:
        await counters.counts(connection, company_id)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
