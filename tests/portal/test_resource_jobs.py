"""Exports and actions that the worker does: progress, a crash in between, files that expire."""

import csv
import io
import re

import pytest
from sqlalchemy import func, select, update

from core.jobs import jobs
from core.jobs.tables import jobs as table
from portal.resource import acting
from portal.resource import jobs as doing
from portal.resource.jobs import Jobs, file_of
from tests.portal import workshop
from tests.portal.conftest import Site
from tests.portal.test_resources import send, shop, words, workbench
from tests.portal.workshop import tools

__all__ = ["shop", "workbench"]
NUMBER = 330


class Killed(BaseException):
    """The worker is no more."""


@pytest.fixture
async def hall(shop: Site, monkeypatch) -> Site:
    """The shop with some more tools, and small batches."""
    monkeypatch.setattr(doing, "BATCH", 40)
    monkeypatch.setattr(acting, "AT_ONCE", 100)
    async with shop.database.begin() as connection:
        await connection.execute(tools.delete())
    await workshop.fill(shop.database.begin, NUMBER)
    return shop


def worker(hall: Site) -> Jobs:
    return Jobs(hall.app.state.services, {"tools": workshop.TOOLS}.get)


async def state_of(hall: Site, job: str):
    async with hall.database.read() as connection:
        found = await jobs.by_id(connection, job)
    assert found
    return found


async def ask(hall: Site, **fields: str) -> str:
    answer = await send(hall, "/tools/export", **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/jobs/")


async def test_an_export_is_written_by_the_worker_and_fetched_by_its_owner(hall: Site):
    job = await ask(hall, _query="kind=saw&sort=-weight&columns=name,weight&at=whatever")
    assert (await state_of(hall, job)).state == "queued"
    assert await worker(hall).work()
    done = await state_of(hall, job)
    assert (done.state, done.done, done.total) == ("done", 110, 110)
    answer = await hall.client.get(f"/jobs/{job}/file")
    lines = list(csv.reader(io.StringIO(answer.text)))
    straight = await hall.client.get("/tools.csv?kind=saw&sort=-weight&columns=name,weight")
    assert lines == list(csv.reader(io.StringIO(straight.text)))
    assert len(lines) == 111
    assert not await worker(hall).work(), "there is nothing left"


async def test_a_worker_that_died_is_followed_by_one_that_goes_on(hall: Site, monkeypatch):
    job = await ask(hall, _query="columns=name", all_columns="")
    noted = Jobs._note
    seen = []

    async def die(self, *arguments):
        await noted(self, *arguments)
        seen.append(arguments)
        if len(seen) == 3:
            raise Killed

    monkeypatch.setattr(Jobs, "_note", die)
    with pytest.raises(Killed):
        await worker(hall).work()
    monkeypatch.setattr(Jobs, "_note", noted)
    left = await state_of(hall, job)
    assert (left.state, left.done) == ("running", 120)
    path = file_of(hall.app.state.services.settings.data, await state_of(hall, job))
    with path.open("ab") as file:
        file.write(b"half a li")  # what was written and not noted any more
    assert not await worker(hall).work(), "it may still be at it"
    hall.clock.now += jobs.STALE + 1
    assert await worker(hall).work()
    assert (await state_of(hall, job)).done == NUMBER
    names = [line["name"] for line in csv.DictReader(path.read_text().splitlines())]
    assert names == sorted(names)
    assert len(set(names)) == len(names) == NUMBER


async def test_a_file_is_nobody_elses_and_goes_after_a_week(hall: Site):
    job = await ask(hall, _query="columns=name")
    await worker(hall).work()
    path = file_of(hall.app.state.services.settings.data, await state_of(hall, job))
    async with hall.database.begin() as connection:
        await connection.execute(update(table).values(access=re.sub(
            r'"user_id":\d+', '"user_id":99',
            (await connection.execute(select(table.c.access))).scalar_one(),
        )))  # fmt: skip
    assert (await hall.client.get(f"/jobs/{job}/file")).status_code == 404
    hall.clock.now += jobs.KEPT + 1
    await worker(hall).sweep()
    assert not path.exists()
    assert (await state_of(hall, job)).state == "expired"


async def test_an_action_on_very_many_rows_is_a_job(hall: Site):
    fields = {"_all": "yes", "_query": "retired=no", "_reason": "inventory"}
    asked = await send(hall, "/tools/act/retire", **fields)
    assert f"{NUMBER} tools" in words(asked.text)
    answer = await send(hall, "/tools/act/retire", **fields, _step="go", _count=str(NUMBER))
    assert answer.status_code == 303
    job = answer.headers["location"].removeprefix("/jobs/")
    async with hall.database.begin() as connection:
        await connection.execute(
            update(tools).where(tools.c.id < 4).values(name=tools.c.name + "!")
        )
        await connection.execute(update(tools).where(tools.c.id == 9).values(name="stubborn"))
    assert await worker(hall).work()
    done = await state_of(hall, job)
    assert (done.state, done.done, done.refused) == ("done", NUMBER - 1, 1)
    async with hall.database.read() as connection:
        query = select(func.count()).select_from(tools).where(tools.c.retired_at.is_(None))
        assert (await connection.execute(query)).scalar_one() == 1


async def test_a_job_can_be_cancelled(hall: Site, monkeypatch):
    job = await ask(hall, _query="columns=name")
    async with hall.database.begin() as connection:
        assert await jobs.claim(connection, hall.clock.now)
        assert await jobs.cancel(connection, job, hall.clock.now)
        assert not await jobs.advance(connection, job, hall.clock.now, done=1)
        assert not await jobs.cancel(connection, job, hall.clock.now)
    assert (await state_of(hall, job)).state == "cancelled"


@pytest.mark.parametrize("query", ["kind=axe", "colour=red", "sort=secret"])
async def test_a_wrong_export_is_refused_at_once(hall: Site, query: str):
    answer = await send(hall, "/tools/export", _query=query)
    assert answer.status_code == 400
    assert not await worker(hall).work()


async def test_a_job_of_a_user_who_was_locked_is_not_done(hall: Site):
    from core.accounts.tables import users

    job = await ask(hall, _query="columns=name")
    async with hall.database.begin() as connection:
        await connection.execute(update(users).values(state="locked"))
    assert await worker(hall).work()
    done = await state_of(hall, job)
    assert done.state == "failed"
    assert "not let in any more" in done.reason


async def test_a_sheet_that_is_too_long_is_refused_with_the_way_out(hall: Site, monkeypatch):
    from portal.resource import sheets

    monkeypatch.setattr(sheets, "MOST", 200)
    answer = await hall.client.get("/tools.csv")
    assert answer.status_code == 400
    assert "let a job export them" in answer.json()["detail"]
    assert (await hall.client.get("/tools.csv?kind=saw")).status_code == 200


async def test_waiting_jobs_of_one_user_are_limited(hall: Site):
    for _ in range(jobs.MOST):
        await ask(hall, _query="columns=name")
    answer = await send(hall, "/tools/export", _query="columns=name")
    assert answer.status_code == 400
