"""Taking rows in from a CSV file: tried first, with a report of every wrong row, then written.

The file waits in the data folder between the two, a day at most, under the name of who sent it.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import File, Redirect

from core.fleet.reports import Report
from core.records import RequestError, ulid
from core.spreadsheet import safe_cell
from core.thing_model.problems import Problem
from portal.rendering import render_page
from portal.resource.declared import Intake, Resource
from portal.resource.editing import within, work_of
from portal.resource.shelf import Shelf
from portal.resource.work import Work
from portal.services import TheServices
from portal.signing_in import TheAccess, needs
from portal.texts import _, translated

FOLDER: Final = "imports"
MOST_BYTES: Final = 16_777_216
FIELD: Final = "file"
WAITS: Final = 86_400
"""Seconds after which a file that nobody took in, and its report, are removed."""
_ID: Final = re.compile(r"[0-9A-Z]{26}")
REPORT_HEAD: Final = ("row", "problem", "remedy")


def routes(resource: Resource) -> list[HTTPRouteHandler]:
    """The handlers of the import, where there is one."""
    intake = resource.intake
    if intake is None:
        return []
    guards = [needs(f"{resource.area}:read"), needs(f"{resource.area}:import")]
    path = f"{resource.path}/import"

    @get(path, guards=guards, include_in_schema=False)
    async def ask(request: Request[Any, Any, Any]) -> Response[str]:
        return _page(request, resource, {})

    @post(path, guards=guards, include_in_schema=False, request_max_body_size=MOST_BYTES)
    async def attempt(
        request: Request[Any, Any, Any], services: TheServices, access: TheAccess
    ) -> Response[Any]:
        work = work_of(request, Shelf(resource, services, access), {})
        sent = (await request.form()).get(FIELD)
        if not isinstance(sent, UploadFile) or not sent.filename:
            problem = Problem(FIELD, "is missing", "choose a CSV file")
            return _page(request, resource, {"problems": [problem]}, 422)
        key = ulid(work.now)
        _keep(_file(work, key), await sent.read())
        return await _tried(request, resource, intake, work, key)

    @post(f"{path}/{{key:str}}", guards=guards, include_in_schema=False)
    async def write(
        request: Request[Any, Any, Any],
        services: TheServices,
        access: TheAccess,
        key: FromPath[str],
    ) -> Response[Any]:
        work = work_of(request, Shelf(resource, services, access), {})
        file, report = _existing(_file(work, key)), Report()
        try:
            async with work.begin() as connection:
                await intake.take(within(work, connection), _rows(file, intake), report, False)
        except RequestError as error:
            return _page(request, resource, {"problems": error.problems}, 422)
        if report.wrong:
            return await _tried(request, resource, intake, work, key)
        file.unlink(missing_ok=True)
        fresh = f"{intake.fresh}.from={work.now}&{intake.fresh}.to={work.now}"
        return Redirect(f"{resource.path}?{fresh}&done=made", status_code=303)

    @get(f"{path}/{{key:str}}/wrong", guards=guards, include_in_schema=False)
    async def wrong(
        request: Request[Any, Any, Any],
        services: TheServices,
        access: TheAccess,
        key: FromPath[str],
    ) -> File:
        work = work_of(request, Shelf(resource, services, access), {})
        file = _existing(_report_of(_file(work, key)))
        return File(file, filename=f"{resource.id}-wrong.csv", media_type="text/csv")

    return [ask, attempt, write, wrong]


async def _tried(
    request: Request[Any, Any, Any], resource: Resource, intake: Intake, work: Work, key: str
) -> Response[str]:
    """What came of a dry run; a file with wrong rows is not kept, its report is."""
    file = _file(work, key)
    try:
        report = await _try(work, intake, file)
    except RequestError as error:
        file.unlink(missing_ok=True)
        return _page(request, resource, {"problems": error.problems}, 422)
    if report.wrong:
        file.unlink(missing_ok=True)
    context = {"report": report, "key": key}
    return _page(request, resource, context, 422 if report.wrong else 200)


async def _try(work: Work, intake: Intake, file: Path) -> Report:
    """A dry run, which writes every problem into the report's file as it is found."""
    with _report_of(file).open("w", encoding="utf-8", newline="") as told:
        writer = csv.writer(told)
        writer.writerow(REPORT_HEAD)

        def tell(problem: Problem) -> None:
            row = problem.where.removeprefix("row ")
            writer.writerow(safe_cell(text) for text in (row, problem.what, problem.hint))

        report = Report(tell=tell)
        async with work.services.database.read() as connection:
            await intake.take(within(work, connection), _rows(file, intake), report, True)
    return report


def _file(work: Work, key: str) -> Path:
    """Where a file of whoever asks is kept."""
    if not _ID.fullmatch(key):
        raise NotFoundException("There is no such import.")
    return work.services.settings.data / FOLDER / f"{work.access.user_id}-{key}.csv"


def _report_of(file: Path) -> Path:
    return file.with_suffix(".wrong.csv")


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise NotFoundException("There is no such import, or not any more: send the file again.")
    return file


def _keep(file: Path, content: bytes) -> None:
    """Write a file that was sent, and remove those that waited too long."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    newest = file.stat().st_mtime
    for other in file.parent.iterdir():
        if other.stat().st_mtime < newest - WAITS:
            other.unlink(missing_ok=True)


def _rows(file: Path, intake: Intake) -> Iterator[Mapping[str, str]]:
    """The rows below the head; raises RequestError for what is no CSV of such columns."""
    columns = ",".join(intake.head)
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            first = text.readline()
            text.seek(0)
            semicolons = ";" in first and "," not in first
            reader = csv.DictReader(text, delimiter=";" if semicolons else ",")
            if intake.head[0] not in (reader.fieldnames or ()):
                what = f"has no column {intake.head[0]!r} in its first line"
                raise RequestError(Problem(FIELD, what, f"begin with {columns}"))
            yield from reader
    except (UnicodeDecodeError, csv.Error) as error:
        what = f"is no CSV in UTF-8: {error}"
        raise RequestError(Problem(FIELD, what, "save it as CSV UTF-8")) from None


def _page(
    request: Request[Any, Any, Any],
    resource: Resource,
    found: Mapping[str, Any],
    status: int = 200,
) -> Response[str]:
    problems: Sequence[Problem] = ()
    context = {
        "resource": resource,
        "report": None,
        "problems": problems,
        "key": "",
        "megabytes": MOST_BYTES // 1_048_576,
        "crumbs": ((translated(resource.title), resource.path),),
        **found,
    }
    title = f"{_('Import')}: {translated(resource.many)}"
    return render_page(request, "resource/import.html.jinja", title, context, status)
