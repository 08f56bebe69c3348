"""Regions of a country, and which systems stand in one, as far as their sites say where that is.

Names are compared without regard to case and blanks, post codes by their letters and digits. SQLite
folds ASCII alone, so both are kept folded beside what was typed.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from attrs import field, frozen
from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.places import zones
from core.fleet.scope import visible
from core.fleet.tables import installations, sites, systems
from core.listing.conditions import named
from core.listing.filters import Text, Words
from core.listing.parts import FEW
from core.listing.query import Occasion
from core.listing.tables import Term
from core.records import RequestError
from core.thing_model.problems import Problem

COUNTED: Final = 10_000
"""Up to how many systems are counted."""
MOST_POST_CODES: Final = 50
LONGEST_NAME, LONGEST_POST_CODE = 64, 16
STANDS_IN: Final = Text("stands_in", match="exact", longest=1_000)
"""A filter `country/region/beginnings of post codes`, such as "DE/Bayern/80,81" or "AU//"."""

Standing = Literal["inside", "outside", "unknown"]


def fold_name(text: str) -> str:
    """A region's name as it is compared."""
    return _without_blanks(text).casefold()[:LONGEST_NAME]


def fold_post_code(text: str) -> str:
    """A post code as it is compared: "sw1a 1aa" is SW1A1AA."""
    return re.sub(r"[\W_]", "", text).upper()[:LONGEST_POST_CODE]


def _without_blanks(text: str) -> str:
    return " ".join(text.split())


def _folded(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(fold_post_code, given)))


@frozen
class Place:
    """Where a system stands, as its site says it; "" is not known."""

    country: str
    name: str
    post_code: str


@frozen
class Region:
    """A country, or what of it is called `name` and has a post code that begins with one of these.

    Where both are said, both have to fit. `name` is a state or province, as sites write it.
    """

    country: str
    name: str = field(default="", converter=_without_blanks)
    post_codes: tuple[str, ...] = field(default=(), converter=_folded)

    @property
    def address(self) -> str:
        """What the filter of the list of systems takes."""
        return f"{self.country}/{self.name}/{','.join(self.post_codes)}"

    def holds(self, place: Place) -> Standing:
        """Whether something at a place stands in it; unknown where its country alone fits."""
        if place.country != self.country:
            return "outside"
        name, post_code = fold_name(place.name), fold_post_code(place.post_code)
        asked = (
            (bool(self.name), name, name == fold_name(self.name)),
            (bool(self.post_codes), post_code, post_code.startswith(self.post_codes)),
        )
        if any(is_asked and said and not fits for is_asked, said, fits in asked):
            return "outside"
        return "unknown" if any(is_asked and not said for is_asked, said, _ in asked) else "inside"


@frozen
class Reach:
    """How many systems stand in a region, and of how many nothing says whether they do.

    Neither is counted beyond COUNTED; one more says that there are more.
    """

    inside: int
    unknown: int


def split_post_codes(text: str) -> tuple[str, ...]:
    """Beginnings of post codes out of a text with commas, semicolons or line ends between them."""
    return tuple(part for part in re.split(r"[,;\n]", text) if part.strip())


def read(address: str) -> Region:
    """The region of an address; raises RequestError."""
    country, _, rest = address.partition("/")
    name, slash, post_codes = rest.rpartition("/")
    if not slash:
        hint = "write country/region/post codes, such as DE/Bayern/80,81 or AU//"
        raise RequestError(Problem(STANDS_IN.key, "is no region", hint))
    region = Region(country, name, split_post_codes(post_codes))
    if problems := list(problems_of(region)):
        raise RequestError(*(Problem(STANDS_IN.key, p.what, p.hint) for p in problems))
    return region


def problems_of(region: Region) -> Iterator[Problem]:
    """What is wrong with a region."""
    if region.country not in zones():
        what = f"{region.country[:8]!r} is not a country"
        yield Problem("country", what, "two letters, such as DE")
    if len(region.name) > LONGEST_NAME:
        yield Problem("region", f"is longer than {LONGEST_NAME} characters", "shorten it")
    if len(region.post_codes) > MOST_POST_CODES:
        what = f"are more than {MOST_POST_CODES} beginnings"
        yield Problem("post_codes", what, "say the region, or shorter beginnings")
    if "" in region.post_codes:
        yield Problem("post_codes", "hold one without a letter or digit", "take it out")


async def place_of(connection: AsyncConnection, system_id: int) -> tuple[Place, int | None]:
    """Where a system stands, and the company that looks after it."""
    joined = systems.outerjoin(installations, installations.c.system_id == systems.c.id)
    joined = joined.outerjoin(sites, sites.c.id == installations.c.site_id)
    columns = (
        systems.c.company_id, systems.c.country.label("own"), sites.c.country,
        sites.c.region, sites.c.post_code,
    )  # fmt: skip
    query = select(*columns).select_from(joined).where(systems.c.id == system_id)
    row = (await connection.execute(query)).one()
    place = Place(row.country or row.own, row.region or "", row.post_code or "")
    return place, row.company_id


async def reach(
    connection: AsyncConnection, access: Access, region: Region, company_id: int | None = None
) -> Reach:
    """Whom a region has, of the systems that somebody sees, or of a company's among them."""
    seen = visible(access)
    if company_id is not None:
        seen &= systems.c.company_id == company_id
    wanted = (_Fit(region).inside, _Fit(region).unknown)
    inside, unknown = [await _counted(connection, region, fits, seen) for fits in wanted]
    return Reach(inside, unknown)


async def standing_in(connection: AsyncConnection, given: Words, _: Occasion) -> Term:
    """The systems that stand in a region, for the list; raises RequestError."""
    region = read(given.text)
    parts = _systems(region, _Fit(region).inside)
    found = list((await connection.execute(union_all(*parts).limit(FEW + 1))).scalars())
    if len(found) <= FEW:
        return Term(named(connection.dialect.name, systems.c.id, found), few=True)
    return Term(systems.c.id.in_(union_all(*parts)))


async def names_in(
    connection: AsyncConnection, access: Access, country: str, limit: int = 50
) -> list[tuple[str, int]]:
    """How the sites of a country call their regions, with the number of systems that one sees."""
    called, number = func.min(sites.c.region), func.count()
    query = (
        select(called, number)
        .select_from(_AT_SITES)
        .where(sites.c.country == country, sites.c.folded_region != "", visible(access))
        .group_by(sites.c.folded_region)
        .order_by(number.desc(), called)
    )
    found = await connection.execute(query.limit(limit))
    return [(name, int(systems_)) for name, systems_ in found]


_AT_SITES: Final = installations.join(sites, sites.c.id == installations.c.site_id).join(
    systems, systems.c.id == installations.c.system_id
)
_OF_COUNTRY: Final = systems.outerjoin(
    installations, installations.c.system_id == systems.c.id
).outerjoin(sites, sites.c.id == installations.c.site_id)


class _Fit:
    """Conditions on a place that is in the country; `Region.holds` says the same of one."""

    def __init__(self, region: Region) -> None:
        name, post_code = sites.c.folded_region, sites.c.folded_post_code
        self._said: list[tuple[ColumnElement[str], ColumnElement[bool]]] = []
        if region.name:
            self._said.append((name, name == fold_name(region.name)))
        if region.post_codes:
            begins = (post_code.startswith(each, autoescape=True) for each in region.post_codes)
            self._said.append((post_code, or_(*begins)))

    @property
    def inside(self) -> ColumnElement[bool]:
        return and_(true(), *(fits for _, fits in self._said))

    @property
    def unknown(self) -> ColumnElement[bool]:
        empty = [func.coalesce(column, "") == "" for column, _ in self._said]
        open_ = (or_(no, fits) for no, (_, fits) in zip(empty, self._said, strict=True))
        return and_(or_(false(), *empty), *open_)


def _systems(
    region: Region, fits: ColumnElement[bool], seen: ColumnElement[bool] | None = None
) -> tuple[Select[tuple[int]], ...]:
    """The ids of systems: at a site in the country, and those that say the country themselves."""
    seen = true() if seen is None else seen
    at_site = select(systems.c.id).select_from(_AT_SITES)
    by_itself = select(systems.c.id).select_from(_OF_COUNTRY)
    return (
        at_site.where(sites.c.country == region.country, fits, seen),
        by_itself.where(
            systems.c.country == region.country,
            func.coalesce(sites.c.country, "") == "",
            fits,
            seen,
        ),
    )


async def _counted(
    connection: AsyncConnection,
    region: Region,
    fits: ColumnElement[bool],
    seen: ColumnElement[bool],
) -> int:
    found = union_all(*_systems(region, fits, seen)).limit(COUNTED + 1).subquery()
    return int((await connection.execute(select(func.count()).select_from(found))).scalar_one())
