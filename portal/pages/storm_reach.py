"""Whom a storm warning would reach, while its form is being filled in."""

from typing import Any, Final

from litestar import MediaType, Response, get
from litestar.params import FromQuery

from core.fleet import regions
from core.fleet.regions import Region
from portal.presentation.storm import reach_document, region_text
from portal.rendering import render_fragment
from portal.services import TheServices
from portal.signing_in import TheAccess, needs


@get("/storm-warnings/reach", guards=[needs("storm_warnings:create")], include_in_schema=False)
async def storm_reach(
    services: TheServices,
    access: TheAccess,
    country: FromQuery[str] = "",
    region: FromQuery[str] = "",
    post_codes: FromQuery[str] = "",
) -> Response[str]:
    """How many of the asker's systems stand in a region, and how sites there write regions."""
    wanted = Region(country, region, regions.split_post_codes(post_codes))
    problems = list(regions.problems_of(wanted)) if country else []
    context: dict[str, Any] = {"problems": problems, "reach": None}
    if country and not problems:
        async with services.database.read() as connection:
            reach = await regions.reach(connection, access, wanted)
            names = await regions.names_in(connection, access, country)
        context |= {
            "reach": reach_document(wanted, reach),
            "region": region_text(wanted),
            "names": names,
        }
    html = render_fragment("resource/storm_reach.html.jinja", context)
    return Response(html, media_type=MediaType.HTML)


ROUTES: Final = [storm_reach]
