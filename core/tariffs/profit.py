"""What a system's energy cost, earned and saved, by the tariffs that held at the time.

It is worked out from the half hours that the worker keeps of each day (`telemetry.half_hours`) in
whole numbers: Wh times ten-thousandths of a currency's unit per kWh. So sums of hours, days, months
and years are the same to the last digit, and another price costs no look at the roll-ups.

What is saved is what was used and not bought, at the price that buying it would have had then:
solar power and battery on their way into the house. While the battery charges from the grid that is
less than nothing, for then more is bought than used. So cost and saved together are what the same
consumption would have cost without the system, and saved and income are what the system brought.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from operator import mul
from typing import Any, Final, Literal

from attrs import frozen
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet import scope
from core.records import RequestError
from core.tariffs import plans
from core.tariffs.plans import in_force
from core.tariffs.tariff import DAY_TYPES, DECIMALS, DayType, Tariff, day_type_of
from core.telemetry.half_hours import HALF_HOURS, unpacked
from core.telemetry.periods import EPOCH
from core.telemetry.tables import days
from core.thing_model.problems import Problem

Step = Literal["day", "month", "year"]
MONEY: Final = DECIMALS + 3
"""Decimals of Wh times ten-thousandths per kWh."""
_BEGIN: Final[Mapping[Step, Mapping[str, int]]] = {
    "day": {},
    "month": {"day": 1},
    "year": {"month": 1, "day": 1},
}
_Sums = Sequence[int | None]
"""Cost, income and savings, or where nothing has a price Wh of the three flows; None is unknown."""


@frozen
class Money:
    """Of one currency; None is not known. `saved` may be negative: see the module."""

    currency: str
    cost: Decimal | None
    income: Decimal | None
    saved: Decimal | None


@frozen
class Flows:
    """kWh bought, fed in, and used without being bought; None is not known."""

    purchase: float | None = None
    feed_in: float | None = None
    own: float | None = None


@frozen
class Profit:
    """Of a day, month or year that begins with `first`, or of an `hour` (0 to 23) of that day.

    `money` has an item for each currency in which something was priced: seldom more than one.
    `unpriced` is the energy of times for which no plan holds; all None where there is none.
    """

    first: date
    hour: int | None
    money: tuple[Money, ...]
    unpriced: Flows


@frozen(eq=False)
class _Prices:
    """Buying and feed-in prices by half hour, in ten-thousandths of the currency per kWh."""

    currency: str
    buy: Sequence[int]
    feed_in: Sequence[int]


@frozen(eq=False)
class _Day:
    """Wh bought, fed in and own by half hour, or in one sum; and the prices, if a plan holds."""

    of: date
    flows: tuple[Sequence[int] | None, ...]
    prices: _Prices | None

    def sums(self, start: int = 0, end: int = HALF_HOURS) -> tuple[str, _Sums]:
        """The currency of these half hours and what they make in it; "" where no plan holds."""
        if (p := self.prices) is None:
            return "", [None if flow is None else sum(flow[start:end]) for flow in self.flows]
        return p.currency, [
            None if flow is None else sum(map(mul, flow[start:end], prices[start:end]))
            for flow, prices in zip(self.flows, (p.buy, p.feed_in, p.buy), strict=True)
        ]


async def profits(
    connection: AsyncConnection, access: Access, sn: str, first: date, last: date, *, step: Step
) -> list[Profit]:
    """The days, months or years of a period that have any energy; the last day counts too.

    Needs `tariffs:read`; raises RequestError where somebody may not see the system. Costs a row a
    day. What the worker has not folded yet (some minutes) is not in it.
    """
    begin = _BEGIN[step]
    found = await _days(connection, access, sn, first, last)
    return [
        _profit(key, None, (each.sums() for each in group))
        for key, group in groupby(found, lambda each: each.of.replace(**begin))
    ]


async def profits_of_hours(
    connection: AsyncConnection, access: Access, sn: str, of: date
) -> list[Profit]:
    """The 24 hours of the wall clock on a day, or none where nothing is kept of it.

    An hour that the clock leaves out has nothing, one that it shows twice has both.
    """
    return [
        _profit(of, n // 2, [each.sums(n, n + 2)])
        for each in await _days(connection, access, sn, of, of)
        if all(flow is None or len(flow) == HALF_HOURS for flow in each.flows)
        for n in range(0, HALF_HOURS, 2)
    ]


async def _days(
    connection: AsyncConnection, access: Access, sn: str, first: date, last: date
) -> list[_Day]:
    access.require("tariffs:read")
    system = await scope.by_sn(connection, access, sn)
    if system is None:
        raise RequestError(Problem("sn", f"there is no system {sn!r}", "look in the list"))
    kept = await plans.of_system(connection, system.id)
    prices = {plan.id: {each: _prices(plan.tariff, each) for each in DAY_TYPES} for plan in kept}
    c = days.c
    query = select(c.day, c.half_hours, c.purchase, c.feed_in, c.consumption).where(
        c.system_id == system.id, c.day.between((first - EPOCH).days, (last - EPOCH).days)
    )
    found: list[_Day] = []
    for row in await connection.execute(query.order_by(c.day)):
        of = EPOCH + timedelta(row.day)
        plan = in_force(kept, of) if row.half_hours else None
        found.append(_Day(of, _flows(row), prices[plan.id][day_type_of(of)] if plan else None))
    return found


def _flows(row: Any) -> tuple[Sequence[int] | None, ...]:
    if row.half_hours:
        kept = unpacked(row.half_hours)
        return kept.purchase, kept.feed_in, kept.own
    own = None
    if row.consumption is not None and row.purchase is not None:
        own = row.consumption - row.purchase
    sums = (row.purchase, row.feed_in, own)
    return tuple(None if each is None else (round(1000 * each),) for each in sums)


def _prices(tariff: Tariff, day_type: DayType) -> _Prices:
    cells = [tariff.bands[band] for band in tariff.cells(day_type)]
    buy, feed_in = (
        [int(getattr(rate, side).scaleb(DECIMALS)) for rate in cells] for side in ("buy", "feed_in")
    )
    return _Prices(tariff.currency, buy, feed_in)


def _profit(first: date, hour: int | None, parts: Iterable[tuple[str, _Sums]]) -> Profit:
    totals: dict[str, list[int | None]] = {}
    for currency, sums in parts:
        total = totals.setdefault(currency, [None, None, None])
        total[:] = [_plus(one, other) for one, other in zip(total, sums, strict=True)]
    unpriced = totals.pop("", (None, None, None))
    return Profit(
        first,
        hour,
        tuple(Money(currency, *_decimals(total)) for currency, total in sorted(totals.items())),
        Flows(*(None if each is None else each / 1000 for each in unpriced)),
    )


def _decimals(total: _Sums) -> Iterator[Decimal | None]:
    for each in total:
        yield None if each is None else Decimal(each).scaleb(-MONEY)


def _plus(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
