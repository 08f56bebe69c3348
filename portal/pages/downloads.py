"""The files of exports: whoever asked for one may fetch it."""

from typing import Final

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import File

from core.exports.files import MEDIA_TYPES
from core.jobs import jobs
from portal.resource.jobs import file_of, format_of
from portal.services import TheServices
from portal.signing_in import TheAccess, needs


@get("/jobs/{job:str}/file", guards=[needs("exports:read")], include_in_schema=False)
async def download(services: TheServices, access: TheAccess, job: FromPath[str]) -> File:
    """The file of an export that is done."""
    async with services.database.read() as connection:
        found = await jobs.by_id(connection, job)
    if found is None or found.access.user_id != access.user_id or found.state != "done":
        raise NotFoundException("There is no such file, or not any more.")
    path, format_ = file_of(services.settings.data, found), format_of(found)
    if not path.is_file():
        raise NotFoundException("There is no such file, or not any more.")
    name = f"{found.resource}-{found.id}.{format_}"
    return File(path, filename=name, media_type=MEDIA_TYPES[format_])


ROUTES: Final = [download]
