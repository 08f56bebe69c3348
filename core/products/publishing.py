"""Versions of product models: published for good, retired when no system has them any more."""

from collections.abc import Iterator
from typing import Final

from attrs import evolve, frozen
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.fleet.tables import systems
from core.product_checks import misfits
from core.product_files import document_of, examined
from core.products import drafts
from core.products.changes import Change, changes
from core.products.configured import Configured, advance, shipped_ids
from core.products.drafts import Draft
from core.products.tables import product_versions
from core.records import RequestError
from core.registry import Registry
from core.thing_model.problems import ModelError, Problem
from core.thing_model.product import ProductModel

DRAFT: Final = "draft"
"""What stands for the draft where a version is named."""
SHOWN: Final = 5
"""Systems that are named where they keep a version from being retired."""


@frozen
class ProductVersion:
    """A version as it was published, for good; `text` is its TOML. Times are UTC milliseconds."""

    id: int
    product_id: str
    version: str
    text: str
    published_at: int
    published_by: str
    retired_at: int | None


async def versions(
    connection: AsyncConnection, access: Access, product_id: str
) -> list[ProductVersion]:
    """What was published of a model, the newest first; needs `products:read`."""
    access.require("products:read")
    return await _versions(connection, product_id)


async def text_of(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    product_id: str,
    version: str = "",
) -> str:
    """TOML of a model as it was written, comments and all; needs `products:read`.

    The newest version, unless one is named; "draft" is the draft, and needs `products:edit`. A
    plugin's model is its file. Raises RequestError.
    """
    access.require("products:read")
    if version == DRAFT:
        if draft := await drafts.by_id(connection, access, product_id):
            return draft.text
        raise RequestError(Problem("id", f"there is no draft of {product_id!r}", "create it first"))
    published = {each.version: each.text for each in await _versions(connection, product_id)}
    known = _shipped(registry, product_id) | published
    if not known:
        what = f"{product_id!r} is not a product model, or only a draft"
        raise RequestError(Problem("id", what, "look in the list of product models"))
    if version and version not in known:
        what = f"{version!r} is not a version of {product_id}"
        raise RequestError(Problem("version", what, f"versions are {', '.join(known)}"))
    return known[version or max(known, key=_numbers)]


async def copy(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    product_id: str,
    new_id: str,
    *,
    now: int,
    address: str = "",
) -> Draft:
    """Begin a model with the newest text of another; needs `products:create`. RequestError."""
    text = await text_of(connection, registry, access, product_id)
    copied = drafts.renamed(text, new_id)
    return await drafts.create(connection, registry, access, copied, now=now, address=address)


async def compare(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    product_id: str,
    *,
    old: str,
    new: str,
) -> list[Change]:
    """What changed between two versions, named as in `text_of`; RequestError, ModelError."""
    before, after = [
        await text_of(connection, registry, access, product_id, version) for version in (old, new)
    ]
    return changes(before, after)


async def problems_of(
    connection: AsyncConnection, registry: Registry, access: Access, draft: Draft
) -> list[Problem]:
    """Everything that keeps a draft from being published; needs `products:edit`."""
    access.require("products:edit")
    return (await _checked(connection, registry, draft))[1]


async def publish(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    product_id: str,
    *,
    version: int,
    reason: str = "",
    now: int,
    address: str = "",
) -> ProductVersion:
    """Make the draft that is at `version` a version of the model; needs `products:publish`.

    Every process has it a second later. Raises ConflictError with the Draft as `current`, and
    RequestError with everything that is wrong with the text.
    """
    access.require("products:publish")
    await advance(connection)
    draft = await drafts.seen(connection, product_id, version)
    product, problems = await _checked(connection, registry, draft)
    if problems:
        raise RequestError(*problems)
    made = await connection.execute(
        insert(product_versions)
        .values(
            product_id=product_id,
            version=product.version,
            text=draft.text,
            published_at=now,
            published_by=access.name[:128],
        )
        .returning(*product_versions.c)
    )
    published = ProductVersion(*made.one())
    await entries.record(
        connection, access, "products", "publish", product_id, old={"version": draft.published},
        new={"version": product.version}, reason=reason, now=now, address=address,
    )  # fmt: skip
    return published


async def retire(
    connection: AsyncConnection,
    access: Access,
    product_id: str,
    version: str = "",
    *,
    reason: str = "",
    now: int,
    address: str = "",
) -> list[ProductVersion]:
    """Offer a model, or one version of it, no longer; needs `products:retire`.

    Returns what was retired. Refused with a RequestError while systems have it. It stays loaded:
    what was recorded by it can still be read.
    """
    access.require("products:retire")
    await advance(connection)
    found = [
        each
        for each in await _versions(connection, product_id)
        if each.retired_at is None and version in ("", each.version)
    ]
    if not found:
        what = f"{product_id} {version}".strip() + " is not published here, or retired already"
        raise RequestError(Problem("id", what, "a plugin's model goes with its plugin"))
    await _refuse_used(connection, product_id, version)
    wanted = product_versions.c.id.in_([each.id for each in found])
    query = update(product_versions).where(wanted).values(retired_at=now)
    retired = await connection.execute(query.returning(*product_versions.c))
    names = ", ".join(each.version for each in found)
    await entries.record(
        connection, access, "products", "retire", product_id, old={"offered": names}, reason=reason,
        now=now, address=address,
    )  # fmt: skip
    return _sorted(ProductVersion(*row) for row in retired)


async def _refuse_used(connection: AsyncConnection, product_id: str, version: str) -> None:
    used = [systems.c.product_id == product_id]
    if version:
        used.append(systems.c.product_version == version)
    count = await connection.scalar(select(func.count()).select_from(systems).where(*used)) or 0
    if count:
        query = select(systems.c.sn).where(*used).order_by(systems.c.sn).limit(SHOWN)
        some = ", ".join(await connection.scalars(query)) + (", …" if count > SHOWN else "")
        what = f"{count} systems are {product_id} {version}".rstrip() + f": {some}"
        raise RequestError(Problem("systems", what, "give them another product model first"))


async def _checked(
    connection: AsyncConnection, registry: Registry, draft: Draft
) -> tuple[ProductModel, list[Problem]]:
    """The model that a draft says, and everything that is wrong with it, at once."""
    where = f"product model {draft.id}"
    try:
        product, problems = examined(document_of(draft.text, where), where)
    except ModelError as error:
        return examined({}, where)[0], list(error.problems)
    wrong = {problem.where for problem in problems}
    configured = Configured(registry)
    await configured.refresh(connection)
    others = configured.registry.newest.values()
    problems += misfits(evolve(product, id=draft.id), configured.registry, others)
    if f"{where}: id" not in wrong and product.id != draft.id:
        problems.append(Problem(f"{where}: id", f"is {product.id!r}", f"write {draft.id!r}"))
    if plugin := shipped_ids(registry).get(draft.id):
        problems.append(Problem(f"{where}: id", f"is that of a model of {plugin}", "copy it"))
    known = await _versions(connection, draft.id)
    if known and f"{where}: version" not in wrong:
        newest = known[0].version
        if product.release <= _numbers(newest):
            what = f"is {product.version}, published is {newest}"
            problems.append(Problem(f"{where}: version", what, "versions grow: write a higher one"))
    return product, problems


async def _versions(connection: AsyncConnection, product_id: str) -> list[ProductVersion]:
    query = select(product_versions).where(product_versions.c.product_id == product_id)
    return _sorted(ProductVersion(*row) for row in await connection.execute(query))


def _sorted(found: Iterator[ProductVersion]) -> list[ProductVersion]:
    return sorted(found, key=lambda each: _numbers(each.version), reverse=True)


def _shipped(registry: Registry, product_id: str) -> dict[str, str]:
    return {
        version: text
        for plugin in registry.plugins.values()
        for (id_, version), text in plugin.product_texts.items()
        if id_ == product_id
    }


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
