"""Drafts of product models: TOML that is worked on until it is published."""

import re
from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Select, delete, func, insert, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.product_files import document_of, examined
from core.products.changes import changes
from core.products.configured import shipped_ids
from core.products.tables import product_drafts, product_versions
from core.records import ConflictError, RequestError, change_row, printable
from core.registry import Registry
from core.thing_model.problems import ModelError, Problem

LONGEST: Final = 65_536
"""Characters of a text."""
_VALUE: Final = r"""^(\s*{}\s*=\s*)(?:"[^"\n]*"|'[^'\n]*')"""


@frozen
class Draft:
    """A configured model as it is worked on; `text` is TOML, kept to the letter, right or not.

    version: how often the text was changed, 1 for a new one; whoever changes it says which it saw.
    published: the newest version of the model that was published; empty before the first.
    is_retired: whether that version was retired. is_changed: whether `text` differs from it.
    Times are UTC milliseconds.
    """

    id: str
    text: str
    created_at: int
    created_by: str
    changed_at: int
    changed_by: str
    version: int
    published: str
    is_retired: bool
    is_changed: bool


async def page(
    connection: AsyncConnection, access: Access, *, after: str = "", limit: int = 50
) -> list[Draft]:
    """Drafts in order of id, from behind `after` on; needs `products:edit`."""
    access.require("products:edit")
    query = _DRAFTS.where(product_drafts.c.id > after).order_by(product_drafts.c.id).limit(limit)
    return [_draft(row) for row in await connection.execute(query)]


async def by_id(connection: AsyncConnection, access: Access, id_: str) -> Draft | None:
    """The draft of a model; needs `products:edit`."""
    access.require("products:edit")
    row = (await connection.execute(_DRAFTS.where(product_drafts.c.id == id_))).one_or_none()
    return None if row is None else _draft(row)


async def create(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    text: str,
    *,
    now: int,
    address: str = "",
) -> Draft:
    """Begin a model with a text, whose `id` is the model's; needs `products:create`.

    Of the text only the id must be right by now. Raises RequestError.
    """
    access.require("products:create")
    id_ = id_of(text)
    if plugin := shipped_ids(registry).get(id_):
        raise RequestError(Problem("id", f"{id_!r} is that of a model of {plugin}", "take another"))
    who = access.name[:128]
    row = {"id": id_, "text": text, "version": 1, "created_at": now, "created_by": who}
    try:
        async with connection.begin_nested():
            values = {**row, "changed_at": now, "changed_by": who}
            await connection.execute(insert(product_drafts).values(**values))
    except IntegrityError:
        raise RequestError(Problem("id", f"{id_!r} is taken", "edit its draft instead")) from None
    await entries.record(
        connection, access, "products", "create", id_, new={"text": text}, now=now, address=address
    )
    return await _seen(connection, id_)


async def edit(
    connection: AsyncConnection,
    access: Access,
    id_: str,
    text: str,
    *,
    version: int,
    now: int,
    address: str = "",
) -> Draft:
    """Replace the text of a draft that is still at `version`; needs `products:edit`.

    Raises ConflictError with the Draft as `current` and `text` as `wanted`, and RequestError.
    """
    access.require("products:edit")
    check_text(text)
    before = await seen(connection, id_, version, text)
    values = {"text": text, "changed_at": now, "changed_by": access.name[:128]}
    if await change_row(connection, product_drafts.c.id, id_, version, values) is None:
        raise ConflictError(await _seen(connection, id_), text)
    await entries.record(
        connection, access, "products", "edit", id_, old={"version": version},
        new={"version": version + 1, "changes": _told(before.text, text)}, now=now, address=address,
    )  # fmt: skip
    return await _seen(connection, id_)


async def discard(
    connection: AsyncConnection,
    access: Access,
    id_: str,
    *,
    version: int,
    now: int,
    address: str = "",
) -> None:
    """Delete the draft of a model that was never published; needs `products:delete`.

    Raises ConflictError with the Draft as `current`, and RequestError.
    """
    access.require("products:delete")
    draft = await seen(connection, id_, version)
    if draft.published:
        raise RequestError(Problem("id", f"{id_!r} was published", "retire it instead"))
    mine = (product_drafts.c.id == id_, product_drafts.c.version == version)
    if not (await connection.execute(delete(product_drafts).where(*mine))).rowcount:
        raise ConflictError(await _seen(connection, id_))
    await entries.record(
        connection, access, "products", "delete", id_, old={"text": draft.text}, now=now,
        address=address,
    )  # fmt: skip


def renamed(text: str, id_: str) -> str:
    """A model's text under another id, and else to the letter: how a copy begins.

    Raises ModelError where it is not TOML, RequestError where its id stands in no line of its own.
    """
    return _rewritten(text, "id", id_)


def released(text: str, version: str) -> str:
    """A model's text as another version of it, and else to the letter; raises as `renamed` does."""
    return _rewritten(text, "version", version)


def _rewritten(text: str, key: str, value: str) -> str:
    document = document_of(text, "TOML")
    line = re.compile(_VALUE.format(key), re.MULTILINE)
    changed = line.sub(lambda found: f'{found[1]}"{value}"', text, count=1)
    if document_of(changed, "TOML") != {**document, key: value}:
        what = "is not written in a line of its own"
        raise RequestError(Problem(key, what, f'write {key} = "{value}" in the first line'))
    return changed


def id_of(text: str) -> str:
    """The id that a text says, if that can be one; raises RequestError."""
    check_text(text)
    try:
        document = document_of(text, "TOML")
    except ModelError as error:
        raise RequestError(*error.problems) from None
    _model, problems = examined({"id": document.get("id", "")}, "TOML")
    if wrong := [problem for problem in problems if problem.where == "TOML: id"]:
        raise RequestError(*wrong)
    return str(document["id"])


def check_text(text: str) -> None:
    """Raises RequestError where a text cannot be kept as it is."""
    if len(text) > LONGEST:
        what = f"has {len(text)} characters"
        raise RequestError(Problem("TOML", what, f"make it no longer than {LONGEST}"))
    if printable(text) != text:
        raise RequestError(Problem("TOML", "holds a NUL or half a character", "remove it"))


async def seen(connection: AsyncConnection, id_: str, version: int, wanted: object = None) -> Draft:
    """The draft, if it is still at this version; ConflictError, RequestError."""
    draft = await _seen(connection, id_)
    if draft.version != version:
        raise ConflictError(draft, wanted)
    return draft


async def _seen(connection: AsyncConnection, id_: str) -> Draft:
    row = (await connection.execute(_DRAFTS.where(product_drafts.c.id == id_))).one_or_none()
    if row is None:
        raise RequestError(Problem("id", f"there is no draft of {id_!r}", "create it first"))
    return _draft(row)


def _told(old: str, new: str) -> Sequence[str]:
    try:
        return [str(change) for change in changes(old, new)]
    except ModelError:
        return ["the text, which is not TOML yet"]


def _drafts() -> Select[Any]:
    """Drafts beside what was published last: rows of versions are numbered in their order."""
    all_ = product_versions.alias()
    own = select(func.max(all_.c.id)).where(all_.c.product_id == product_drafts.c.id)
    newest = own.correlate(product_drafts).scalar_subquery()
    joined = product_drafts.outerjoin(product_versions, product_versions.c.id == newest)
    return select(
        product_drafts,
        func.coalesce(product_versions.c.version, ""),
        product_versions.c.retired_at.is_not(None),
        func.coalesce(product_versions.c.text != product_drafts.c.text, true()),
    ).select_from(joined)


_DRAFTS: Final = _drafts()


def _draft(row: Any) -> Draft:
    return Draft(*row)
