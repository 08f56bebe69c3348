"""Long work over lists, done by the worker: exports into files, actions on many rows."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from time import monotonic
from typing import Final

from attrs import define, evolve

from core.accounts import users
from core.exports import taking
from core.exports.requests import DataRequest, Format
from core.jobs import jobs
from core.jobs.jobs import Job
from core.listing import rows
from core.listing.filters import Clock
from core.listing.rows import Page
from core.records import RequestError
from core.registry import Registry
from core.runtime.database import Database, cause, trouble
from core.runtime.product_watch import ProductWatch
from core.runtime.settings import Settings
from core.thing_model.problems import Problem
from portal.resource import sheets
from portal.resource.carrying import Outcome, carry_out
from portal.resource.declared import Resource
from portal.resource.forms import read_form
from portal.resource.shelf import Shelf, refuse_wrong
from portal.resource.state import COLUMNS, State, pairs_of, read_state
from portal.resource.work import Work
from portal.resources import ALL
from portal.services import Services

LOGGER: Final = logging.getLogger(__name__)
INTERVAL: Final = 1.0
BATCH: Final = 2_000
GROUP: Final = 100
FOLDER: Final = "exports"
REMEMBERED: Final = 90 * 86_400_000


class CancelledError(Exception):
    """Somebody cancelled the job while it ran."""


def _problem(what: str) -> Problem:
    return Problem("job", what, "ask for it anew")


def file_of(data: Path, job: Job) -> Path:
    """Where the file of an export is."""
    return data / FOLDER / f"{job.id}.{format_of(job)}"


def format_of(job: Job) -> Format:
    """How its file is written: lists are sheets, data as it was asked for."""
    return DataRequest.of(job.task.query).format if job.kind == "data" else "csv"


@define(eq=False)
class Jobs:
    """Does the jobs of an installation, one at a time."""

    services: Services
    find: Callable[[str], Resource | None]

    async def run(self) -> None:
        """Work until cancelled; while the database does not answer, jobs wait."""
        while True:
            try:
                while await self.work():
                    pass
                await self.sweep()
            except Exception as error:
                if trouble(error) != "away":
                    raise
                LOGGER.warning("the database does not answer, trying again: %s", cause(error))
            await asyncio.sleep(INTERVAL)

    async def work(self) -> bool:
        """Do the next job; says whether there was one."""
        async with self.services.database.begin() as connection:
            job = await jobs.claim(connection, self.services.clock())
        if job is None:
            return False
        LOGGER.info("job %s: %s of %s", job.id, job.kind, job.resource)
        try:
            await self._do(job)
        except CancelledError:
            file_of(self.services.settings.data, job).unlink(missing_ok=True)
        except RequestError as error:
            await self._finish(job, "failed", str(error))
        except Exception as error:
            if trouble(error) == "away":
                raise
            LOGGER.exception("job %s broke", job.id)
            await self._finish(job, "failed", "something broke on our side; it has been noted")
        else:
            await self._finish(job, "done", "")
        return True

    async def sweep(self) -> None:
        """Remove files that need not be kept any longer."""
        now = self.services.clock()
        async with self.services.database.begin() as connection:
            over = await jobs.expired(connection, now)
            await jobs.forget(connection, now - REMEMBERED)
        for job in over:
            file_of(self.services.settings.data, job).unlink(missing_ok=True)

    async def _finish(self, job: Job, state: jobs.State, reason: str) -> None:
        async with self.services.database.begin() as connection:
            await jobs.finish(connection, job.id, state, self.services.clock(), reason)

    async def _do(self, job: Job) -> None:
        await self._still_there(job)
        if job.kind == "data":
            await self._take_out(job)
            return
        resource = self.find(job.resource)
        if resource is None:
            raise RequestError(_problem(f"the list {job.resource!r} is not there any more"))
        shelf = Shelf(resource, self.services, job.access)
        pairs = [*pairs_of(job.task.query)]
        if job.task.columns:
            pairs = [p for p in pairs if p[0] != COLUMNS] + [(COLUMNS, ",".join(job.task.columns))]
        state = read_state(resource, pairs, Clock(job.created_at), self.services.registry)
        refuse_wrong(state)
        await (self._export if job.kind == "export" else self._act)(job, shelf, state)

    async def _still_there(self, job: Job) -> None:
        """Whoever asked must still be let in; raises RequestError."""
        if job.access.user_id is None:
            return
        async with self.services.database.read() as connection:
            user = await users.by_id(connection, job.access.user_id)
        if user is None or user.state != "active":
            raise RequestError(_problem("whoever asked for it is not let in any more"))

    async def _export(self, job: Job, shelf: Shelf, state: State) -> None:
        """Write the file from where it was left; what was written behind that is cut off."""
        shelf.require("export")
        path = self._path_of(job)
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.truncate(job.size)
            file.seek(job.size)
            done = job.done
            if not job.size:
                head = sheets.header(shelf.resource, state.columns)
                file.write(sheets.text_of([head]).encode())
            async for batch in self._batches(shelf, state, job.cursor, BATCH):
                await shelf.complete(batch.rows, state.columns)
                file.write(
                    sheets.text_of(sheets.cells(shelf.resource, state.columns, batch.rows)).encode()
                )
                file.flush()
                done += len(batch.rows)
                await self._note(job, Outcome(done), batch.next or "", file.tell())

    async def _take_out(self, job: Job) -> None:
        """Write data by the systems that whoever asked may see now."""
        services = self.services
        async with services.database.read() as connection:
            plan = await taking.plan(
                connection, services.registry, job.access, DataRequest.of(job.task.query)
            )
        since = taking.Progress(job.done, job.size)
        written = taking.write(services.database.read, plan, self._path_of(job), since)
        noted = monotonic()
        async with aclosing(written):
            async for since in written:
                if monotonic() - noted >= INTERVAL:
                    await self._note(job, Outcome(since.done), "", since.size)
                    noted = monotonic()
        await self._note(job, Outcome(since.done), "", since.size)

    def _path_of(self, job: Job) -> Path:
        path = file_of(self.services.settings.data, job)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    async def _act(self, job: Job, shelf: Shelf, state: State) -> None:
        """Do the action with every row that fits, in groups; rows that refuse are counted."""
        tool = shelf.resource.action(job.task.action)
        if tool is None:
            raise RequestError(_problem(f"there is no action {job.task.action!r}"))
        shelf.require(tool.permission or tool.id)
        values = read_form(tool.fields, job.task.values, self.services).values
        work = Work(self.services, job.access, self.services.clock(), job.address, job.task.reason)
        outcome = Outcome(job.done, refused=job.refused)
        async for batch in self._batches(shelf, state, job.cursor, GROUP):
            await carry_out(shelf, tool, batch.rows, values, work, outcome)
            await self._note(job, outcome, batch.next or "", 0)

    def _batches(self, shelf: Shelf, state: State, cursor: str, size: int) -> AsyncIterator[Page]:
        query = evolve(state.query, cursor=cursor)
        return rows.batches(
            self.services.database.read, shelf.resource.listing, query, shelf.occasion, (), size
        )

    async def _note(self, job: Job, outcome: Outcome, cursor: str, size: int) -> None:
        async with self.services.database.begin() as connection:
            goes_on = await jobs.advance(
                connection,
                job.id,
                self.services.clock(),
                done=outcome.done,
                refused=outcome.refused,
                cursor=cursor,
                size=size,
            )
        if not goes_on:
            raise CancelledError(job.id)


async def run_jobs(settings: Settings, registry: Registry) -> None:
    """Do jobs until cancelled."""
    database = Database(settings.database_url)
    await database.open()
    try:
        services = Services(settings, registry, database)
        jobs_of_all = Jobs(services, {resource.id: resource for resource in ALL}.get)
        async with asyncio.TaskGroup() as both:
            both.create_task(ProductWatch(registry, database).run(services.adopt))
            both.create_task(jobs_of_all.run())
    finally:
        await database.close()
