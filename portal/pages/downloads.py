"""The files of exports: whoever asked for one may fetch it."""

from typing import Final

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import File

from core.jobs import jobs
from portal.resource.jobs import file_of
from portal.services import TheServices
from portal.signing_in import TheAccess, needs


@get("/jobs/{job:str}/file", guards=[needs("exports:read")], include_in_schema=False)
async def download(services: TheServices, access: TheAccess, job: FromPath[str]) -> File:
    """The file of an export that is done."""
    async with services.database.read() as connection:
        found = await jobs.by_id(connection, job)
    path = file_of(services.settings.data, job)
    own = found is not None and found.access.user_id == access.user_id
    if found is None or not own or found.state != "done" or not path.is_file():
        raise NotFoundException("There is no such file, or not any more.")
    return File(path, filename=f"{found.resource}-{found.id}.csv", media_type="text/csv")


ROUTES: Final = [download]
