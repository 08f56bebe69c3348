"""NMIs of many systems, as rows of a table: taken in after a dry run."""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.fleet.nmi_registrations import (
    AREA,
    Meter,
    Place,
    checked,
    elsewhere,
    new_row,
    places,
    problems_at,
)
from core.fleet.reports import Report
from core.fleet.serial_number_life import chunks
from core.fleet.tables import nmi_registrations
from core.records import RequestError
from core.thing_model.problems import Problem

HEAD: Final = ("sn", "nmi", "operator")
MOST_ROWS: Final = 50_000
Good = dict[str, tuple[int, Meter]]
"""Row number and meter by serial number."""
Sites = dict[str, int | None]
"""The site of each NMI of the file, as far as it was read."""


async def take_in(
    connection: AsyncConnection,
    access: Access,
    rows: Iterable[Mapping[str, str]],
    report: Report,
    *,
    dry: bool,
    now: int,
    address: str = "",
) -> None:
    """Import rows of `HEAD`; needs `nmi:import`.

    Nothing is written in a dry run, or where any row is wrong: the report says which (row 2 is the
    first behind the head).
    """
    access.require(f"{AREA}:import")
    good: Good = {}
    for number, given in enumerate(rows, 2):
        if number > MOST_ROWS + 1:
            raise RequestError(Problem("rows", f"are more than {MOST_ROWS}", "split the file"))
        said = {name: (given.get(name) or "").strip() for name in HEAD}
        sn, problems = said["sn"].upper(), list[Problem]()
        try:
            meter = checked(Meter(said["nmi"], said["operator"]))
        except RequestError as error:
            problems += error.problems
        else:
            if sn in good:
                problems.append(Problem("sn", f"{sn} is there twice", "leave one out"))
            else:
                good[sn] = (number, meter)
        report.add(_at(number, problems))
    found = await _fitting(connection, access, good, report)
    if dry or report.wrong or not found:
        return
    made = [new_row(place, meter, now) for place, meter in found]
    for start in range(0, len(made), 1_000):
        await connection.execute(insert(nmi_registrations), made[start : start + 1_000])
    told = {"count": len(made), "first": found[0][0].sn, "last": found[-1][0].sn}
    await entries.record(
        connection, access, AREA, "import", found[0][0].sn, new=told, now=now, address=address
    )


async def _fitting(
    connection: AsyncConnection, access: Access, good: Good, report: Report
) -> list[tuple[Place, Meter]]:
    """The rows that can be written; the others are reported.

    Their system is in Australia, has no NMI, and is alone with it or at the site of those that are.
    """
    fitting: list[tuple[Place, Meter]] = []
    sites: Sites = {}
    for some in chunks(list(good)):
        there = await places(connection, access, list(some))
        taken = await elsewhere(connection, [good[sn][1].nmi for sn in some])
        known = await _known(connection, there.values())
        for nmi, (_, _, site_id) in taken.items():
            sites.setdefault(nmi, site_id)
        for sn in some:
            number, meter = good[sn]
            place = there.get(sn)
            problems = list(problems_at(place, sn))
            if place is not None and place.system_id in known:
                problems.append(Problem("sn", f"{sn} has an NMI already", "leave it out"))
            elif place is not None and not _shares(place, meter, sites):
                what = f"{meter.nmi} is that of a system at another site"
                problems.append(Problem("nmi", what, "only systems of one site share an NMI"))
            if problems:
                report.reject(*_at(number, problems))
            elif place is not None:
                sites[meter.nmi] = place.site_id
                fitting.append((place, meter))
    return fitting


def _shares(place: Place, meter: Meter, sites: Sites) -> bool:
    """Whether nobody has the NMI, or somebody of the same site."""
    if meter.nmi not in sites:
        return True
    return place.site_id is not None and sites[meter.nmi] == place.site_id


async def _known(connection: AsyncConnection, there: Iterable[Place]) -> set[int]:
    ids = [place.system_id for place in there]
    column = nmi_registrations.c.system_id
    return set(await connection.scalars(select(column).where(column.in_(ids))))


def _at(number: int, problems: Iterable[Problem]) -> list[Problem]:
    """The problems with the row that they are of."""
    return [Problem(f"row {number}", f"{p.where}: {p.what}", p.hint) for p in problems]
