"""New serial numbers, by the shape that a product model's rules give them."""

import re
from collections.abc import Sequence
from typing import Final

from attrs import frozen
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.fleet import provisioning
from core.fleet.serial_number_life import check_company, chunks, registered
from core.fleet.serial_numbers import CATEGORIES, Category
from core.fleet.tables import serial_numbers
from core.records import RequestError, insert_new
from core.registry import Registry
from core.sealing import Seal
from core.thing_model.problems import Problem

SHORTEST: Final = 8
LONGEST: Final = 24
USUAL_LENGTH: Final = 15
MOST: Final = 10_000
RULE: Final = re.compile(r"([A-Z0-9]*)([*?]+)")
COLUMNS: Final = ("sn", "category", "company_id", "state", "created_at", "version")
LOOKED_AT: Final = 1_000


@frozen
class Order:
    """What is to be made: `count` serial numbers of a product model.

    rule: which of the model's rules, the first unless said.
    length: of the whole serial number; a rule of question marks says it itself.
    first: the running number to begin with; 0 goes on behind the greatest that there is.
    """

    product_id: str
    count: int
    category: Category = "residential"
    company_id: int | None = None
    rule: str = ""
    length: int = USUAL_LENGTH
    first: int = 0


async def generate(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    order: Order,
    *,
    seal: Seal | None = None,
    now: int,
    address: str = "",
) -> list[str]:
    """Make serial numbers and return them; needs `serial_numbers:create`. Raises RequestError.

    With `seal`, each gets a check code.
    """
    access.require("serial_numbers:create")
    prefix, digits = shape_of(registry, order)
    await check_company(connection, order.company_id)
    first = order.first or await _next(connection, prefix, digits)
    last = first + order.count - 1
    if first < 0 or len(str(last)) > digits:
        what = f"would run to {last}, for which {digits} digits are too few"
        raise RequestError(Problem("count", what, "make fewer, or take another rule or length"))
    sns = [f"{prefix}{number:0{digits}}" for number in range(first, last + 1)]
    await _insert(connection, order, sns, now)
    if seal is not None:
        await provisioning.issue(connection, seal, access, sns, now)
    said = {"first": sns[0], "last": sns[-1], "count": len(sns), "company_id": order.company_id}
    await entries.record(
        connection, access, "serial_numbers", "create", sns[0], new=said, now=now, address=address
    )
    return sns


def shape_of(registry: Registry, order: Order) -> tuple[str, int]:
    """What the serial numbers begin with, and how many digits follow; raises RequestError."""
    product = registry.product(order.product_id)
    if product is None:
        what = f"{order.product_id!r} is not a product model"
        raise RequestError(Problem("product_id", what, "look in the list of product models"))
    problems: list[Problem] = []
    rule = order.rule or next(iter(product.sn_rules), "")
    found = RULE.fullmatch(rule)
    if rule not in product.sn_rules or found is None:
        hint = f"one of {', '.join(product.sn_rules)}" if product.sn_rules else "give it rules"
        problems.append(Problem("rule", f"{rule!r} is no rule to make serial numbers by", hint))
    if order.category not in CATEGORIES:
        what = f"{order.category!r} is not a category"
        problems.append(Problem("category", what, f"one of {', '.join(CATEGORIES)}"))
    if not 1 <= order.count <= MOST:
        problems.append(Problem("count", f"is {order.count}", f"1 to {MOST} at once"))
    if problems or found is None:
        raise RequestError(*problems)
    prefix, wild = found[1], found[2]
    length = order.length if "*" in wild else len(rule)
    if (
        not SHORTEST <= length <= LONGEST
        or length - len(prefix) < len(wild.replace("*", ""))
        or (length <= len(prefix))
    ):
        what = f"{length} does not fit {rule!r}"
        hint = f"{SHORTEST} to {LONGEST}, and longer than the beginning"
        raise RequestError(Problem("length", what, hint))
    return prefix, length - len(prefix)


async def _next(connection: AsyncConnection, prefix: str, digits: int) -> int:
    """One behind the greatest running number of this shape."""
    column = serial_numbers.c.sn
    like = (column >= prefix + "0" * digits, column <= prefix + "9" * digits)
    query = select(column).where(*like, func.length(column) == len(prefix) + digits)
    for sn in await connection.scalars(query.order_by(column.desc()).limit(LOOKED_AT)):
        if sn[len(prefix) :].isdecimal():
            return int(sn[len(prefix) :]) + 1
    return 1


async def _insert(connection: AsyncConnection, order: Order, sns: Sequence[str], now: int) -> None:
    """Insert all of them, or raise RequestError: they are new, and no system has one already."""
    taken = [sn for chunk in chunks(sns) for sn in await registered(connection, chunk)]
    if taken:
        raise RequestError(Problem("first", f"{taken[0]} is that of a system", "begin higher"))
    rows = [(sn, order.category, order.company_id, "unactivated", now, 1) for sn in sns]
    if await insert_new(connection, serial_numbers, COLUMNS, rows) != len(rows):
        raise RequestError(Problem("first", "leads to numbers that are taken", "begin higher"))
