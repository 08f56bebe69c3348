"""What becomes of serial numbers that were given out: heard of, bound, handed on with a system."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.companies.tables import companies
from core.fleet.tables import serial_numbers, systems
from core.records import RequestError
from core.thing_model.problems import Problem

CHUNK: Final = 1_000


async def heard_of(connection: AsyncConnection, sns: Sequence[str], now: int) -> None:
    """Note that systems of these serial numbers, as far as they were given out, were heard of.

    A system that nobody looks after yet is its serial number's company's.
    """
    for chunk in chunks(sns):
        await connection.execute(
            update(serial_numbers)
            .where(serial_numbers.c.sn.in_(chunk), serial_numbers.c.state == "unactivated")
            .values(state="activated", activated_at=now, version=serial_numbers.c.version + 1)
        )

        await follow(connection, chunk, systems.c.company_id.is_(None))


async def follow(
    connection: AsyncConnection, sns: Sequence[str], which: ColumnElement[bool]
) -> None:
    """Give systems to the company of their serial number."""
    same = serial_numbers.c.sn == systems.c.sn
    company = select(serial_numbers.c.company_id).where(same).scalar_subquery()
    known = select(serial_numbers.c.sn).where(serial_numbers.c.sn.in_(sns))
    await connection.execute(
        update(systems).where(systems.c.sn.in_(known), which).values(company_id=company)
    )


async def bind(connection: AsyncConnection, sn: str, now: int, *, bound: bool) -> None:
    """Note that a serial number, if it was given out, has an installation, or none any longer."""
    activated = func.coalesce(serial_numbers.c.activated_at, now)
    await connection.execute(
        update(serial_numbers)
        .where(serial_numbers.c.sn == sn)
        .values(
            state="bound" if bound else "activated",
            activated_at=activated,
            bound_at=now if bound else None,
            version=serial_numbers.c.version + 1,
        )
    )


async def registered(connection: AsyncConnection, sns: Sequence[str]) -> list[str]:
    """Those of at most `CHUNK` serial numbers that are systems."""
    return list(await connection.scalars(select(systems.c.sn).where(systems.c.sn.in_(sns))))


def chunks(sns: Sequence[str]) -> Iterator[Sequence[str]]:
    """The serial numbers in pieces that one statement takes."""
    return (sns[at : at + CHUNK] for at in range(0, len(sns), CHUNK))


async def check_company(connection: AsyncConnection, company_id: int | None) -> None:
    """Raises RequestError where there is no such company."""
    query = select(companies.c.state).where(companies.c.id == company_id)
    if company_id is not None and await connection.scalar(query) in (None, "deleted"):
        what = f"there is no company {company_id}"
        raise RequestError(Problem("company_id", what, "look in the list of companies"))
