"""A table that only tests have, with all that a resource can do: tools of a workshop."""

from collections.abc import Mapping
from typing import Any

import attrs
from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, insert, literal, update

from core.listing.filters import Choice, Flag, Number, Text, Time
from core.listing.query import Sort
from core.listing.tables import Listing, Row, of_company
from core.records import ID, RequestError
from core.thing_model.problems import Problem
from portal.resource.declared import Action, Field, FilterField, Form, Handed, Made, Menu, Resource
from portal.resource.declared import Column as Shown
from portal.resource.work import Work

METADATA = MetaData()
tools = Table(
    "test_tools",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("weight", BigInteger),
    Column("company_id", BigInteger),
    Column("made_at", BigInteger),
    Column("retired_at", BigInteger),
    Column("version", BigInteger, nullable=False),
    Index(None, "kind", "name"),
    Index(None, "weight", "id"),
    Index(None, "made_at", "id"),
)
LISTING = Listing(
    "tools",
    tools,
    {column.name: column for column in tools.c},
    key="id",
    tie=tools.c.id,
    sorts=(
        Sort("name", unique=True),
        Sort("weight", empty=True),
        Sort("made_at", empty=True, descending=True),
        Sort("kind"),
    ),
    scope=of_company(tools.c.company_id),
    filters=(
        Text("q", "name"),
        Choice("kind", choices=("hammer", "saw", "file")),
        Number("weight"),
        Time("made_at"),
        Flag("retired"),
    ),
    conditions={
        "retired": lambda given, _: (
            tools.c.retired_at.is_not(None) if given else tools.c.retired_at.is_(None)
        )
    },
)


async def _create(work: Work, values: Mapping[str, Any]) -> str:
    work.access.require("tools:create")
    if values["name"] == "taken":
        raise RequestError(Problem("name", "is taken", "choose another"))
    row = {**values, "made_at": work.now, "version": 1}
    done = await work.connection.execute(insert(tools).values(row).returning(tools.c.id))
    return str(done.scalar_one())


async def _edit(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    work.access.require("tools:edit")
    changed = {**values, "version": row["version"] + 1}
    await work.connection.execute(update(tools).where(tools.c.id == row["id"]).values(changed))
    if values["name"] == "refused late":
        raise RequestError(Problem("weight", "does not fit the name", "change one"))


async def _retire(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    work.access.require("tools:retire")
    changed = {"retired_at": work.now, "version": row["version"] + 1}
    await work.connection.execute(update(tools).where(tools.c.id == row["id"]).values(changed))
    if row["name"] == "stubborn":
        raise RequestError(Problem("name", "does not want to", "ask it again"))


async def _paint(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    await work.connection.execute(
        update(tools).where(tools.c.id == row["id"]).values(kind=values["kind"])
    )


async def _lend(work: Work, row: Row, values: Mapping[str, Any]) -> Handed:
    return Handed("The way to it", f"/lent/{row['id']}?to={values['to']}", "Good for a day.")


async def _borrow(work: Work, values: Mapping[str, Any]) -> Made:
    key = await _create(work, {**values, "kind": "saw"})
    return Made(key, Handed("The way to it", f"/lent/{key}"))


KINDS = {"hammer": "Hammer", "saw": "Saw", "file": "File"}
TOOLS = Resource(
    id="tools",
    title="Tools",
    one="tool",
    many="tools",
    area="tools",
    listing=LISTING,
    menu=Menu(parent="workshop"),
    columns=(
        Shown("name", "Name"),
        Shown("kind", "Kind", choices=KINDS),
        Shown("weight", "Weight", "number", unit="W"),
        Shown("made_at", "Made", "time"),
        Shown("retired_at", "Retired", "ago", shown=False),
        Shown("company_id", "Company", "code", shown=False),
    ),
    filters=(FilterField("q", "Name", first=True),),
    form=Form(
        (
            Field("name", "Name", required=True, longest=64),
            Field("kind", "Kind", "choice", required=True, choices=KINDS),
            Field("weight", "Weight", "number", low=0, high=500, unit="W"),
            Field("company_id", "Company", "number", editable=False),
        ),
        create=_create,
        edit=_edit,
    ),
    actions=(
        Action(
            "retire",
            "Retire",
            _retire,
            risk="disruptive",
            confirm="Nobody can use it any more.",
            applies=lambda row: row["retired_at"] is None,
        ),
        Action(
            "paint",
            "Turn into",
            _paint,
            permission="edit",
            fields=(Field("kind", "Kind", "choice", required=True, choices=KINDS),),
        ),
    ),
)


LENT = Resource(
    id="lent",
    title="Tools that were lent",
    one="tool",
    many="tools",
    area="tools",
    listing=attrs.evolve(
        LISTING,
        name="lent",
        columns={**LISTING.columns, "path": literal("/tools?q=") + tools.c.name},
        sorts=(Sort("name", by="weight", empty=True),),
        usual={"retired": tools.c.retired_at.is_(None)},
    ),
    columns=(
        Shown("name", "Name", link="{path}", link_needs="tools:read"),
        Shown("kind", "Kind", choices=KINDS, link="/secret/{kind}", link_needs="secrets:read"),
        Shown("retired_at", "Retired", "time"),
    ),
    form=Form(
        (
            Field("name", "Name", required=True),
            Field("weight", "Weight", "number", makeable=False),
        ),
        create=_borrow,
        edit=_edit,
        new="Borrow",
    ),
    actions=(
        Action(
            "lend",
            "Lend",
            _lend,
            permission="edit",
            bulk=False,
            fields=(Field("to", "To"), Field("name", "Name")),
        ),
    ),
)
"""The same tools once more, with what few resources need."""


async def fill(begin: Any, number: int, **columns: Any) -> None:
    """Tools 1 to `number`; every third has no weight, of every seventh its age is not known."""
    kinds = ("hammer", "saw", "file")
    rows = [
        {
            "name": f"tool {n:05d}",
            "kind": kinds[n % 3],
            "weight": n * 7 % 500 if n % 3 else None,
            "company_id": n % 4 or None,
            "made_at": 1_700_000_000_000 + n // 2 if n % 7 else None,
            "version": 1,
            **columns,
        }
        for n in range(1, number + 1)
    ]
    async with begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(insert(tools), rows)
