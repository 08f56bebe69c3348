"""Asking for data, and writing it: a day of a system at a time, taken up where it was left."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from attrs import frozen
from sqlalchemy import select

from core.access import Access
from core.exports.datasets import DATASETS, DataColumn, Dataset, SystemOf
from core.exports.files import can_go_on, open_file
from core.exports.requests import DataRequest, span_problems
from core.fleet.scope import visible
from core.fleet.systems import SystemRecord, model_of
from core.fleet.tables import systems
from core.records import Connection, RequestError
from core.registry import Registry, System
from core.telemetry.periods import days
from core.thing_model.problems import Problem

Read = Callable[[], AbstractAsyncContextManager[Connection]]
"""Opens a connection that reads."""
AT_ONCE: Final = 500


@frozen
class Progress:
    """Days of systems that are done, and the bytes of the file that hold."""

    done: int
    size: int


@frozen(eq=False)
class Plan:
    """What a request comes to: the systems that it is of, and the columns of its file."""

    request: DataRequest
    dataset: Dataset
    systems: tuple[SystemOf, ...]
    columns: tuple[DataColumn, ...]

    @property
    def total(self) -> int:
        """Days of systems."""
        return len(self.systems) * self.request.days


async def plan(
    connection: Connection, registry: Registry, access: Access, request: DataRequest
) -> Plan:
    """Raises RequestError with all that is wrong; a foreign system is not found."""
    return plan_of(request, await systems_of(connection, registry, access, request))


async def systems_of(
    connection: Connection, registry: Registry, access: Access, request: DataRequest
) -> list[SystemOf]:
    """The systems of a request that is right but for its datapoints; raises RequestError."""
    access.require("telemetry:export")
    dataset = DATASETS.get(request.dataset)
    if dataset is None:
        what = f"{request.dataset!r} is no dataset"
        raise RequestError(Problem("dataset", what, f"one of {', '.join(DATASETS)}"))
    problems = list(span_problems(request, dataset.most_days))
    if problems:
        raise RequestError(*problems)
    return await _found(connection, registry, access, request.sns)


def plan_of(request: DataRequest, found: Sequence[SystemOf]) -> Plan:
    """Raises RequestError where the datapoints do not fit the systems."""
    dataset = DATASETS[request.dataset]
    columns = dataset.columns(distinct(found), request.points)
    return Plan(request, dataset, tuple(found), columns)


def distinct(found: Iterable[SystemOf]) -> list[System]:
    """Each system model once, of systems that are many of a kind."""
    return list({id(model): model for _, model in found}.values())


async def _found(
    connection: Connection, registry: Registry, access: Access, sns: Sequence[str]
) -> list[SystemOf]:
    records: dict[str, SystemRecord] = {}
    for n in range(0, len(sns), AT_ONCE):
        query = select(systems).where(systems.c.sn.in_(sns[n : n + AT_ONCE]), visible(access))
        records |= {row.sn: SystemRecord(*row) for row in await connection.execute(query)}
    problems: list[Problem] = []
    if missing := [sn for sn in sns if sn not in records]:
        named = ", ".join(missing[:5]) + (" and others" if len(missing) > 5 else "")
        problems.append(Problem("sns", f"{named}: not found", "look the serial numbers up"))
    found: list[SystemOf] = []
    for sn, record in records.items():
        if (model := model_of(registry, record)) is None:
            what = f"{sn}: its product model {record.product_id} is not loaded"
            problems.append(Problem("sns", what, "leave it out, or have its plugin mended"))
        else:
            found.append((record, model))
    if problems:
        raise RequestError(*problems)
    order = {sn: n for n, sn in enumerate(sns)}
    return sorted(found, key=lambda each: order[each[0].sn])


async def write(read: Read, of: Plan, path: Path, since: Progress) -> AsyncGenerator[Progress]:
    """Write the file from where it was left; tells how far it is after each day of a system."""
    request = of.request
    if not can_go_on(request.format):
        since = Progress(0, 0)
    file = open_file(path, request.format, of.columns, since.size)
    steps = [(each, when) for each in of.systems for when in days(request.first, request.last)]
    try:
        for done, (each, when) in enumerate(steps[since.done :], since.done + 1):
            async with read() as connection:
                async for rows in of.dataset.rows(connection, each, when, request.points):
                    file.write(rows)
            yield Progress(done, file.sync())
    finally:
        file.close()
