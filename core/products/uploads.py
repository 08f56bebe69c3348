"""Uploads of plugins without Python: tried, offered, accepted by a person, retired when unused."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from attrs import frozen
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.conformance import SECONDS, Budget, OverBudgetError, Tier, report
from core.fleet.tables import systems
from core.plugin import Plugin
from core.product_checks import unmounted
from core.products.configured import Configured, advance
from core.products.tables import plugin_uploads
from core.products.uploaded import ORIGIN, Loaded, digest_of, over, read, shown
from core.records import RequestError
from core.registry import Registry
from core.thing_model.problems import Problem
from core.thing_model.product import ProductModel

SHOWN: Final = 5
"""Product models or systems that are named where they keep a plugin from being retired."""
AREA: Final = "plugins"


@frozen(eq=False)
class Examined:
    """What a zip came to; each of the `problems` keeps it from being accepted."""

    content: bytes
    plugin: Plugin | None
    tier: Tier
    problems: tuple[Problem, ...]


def examine(registry: Registry, content: bytes, budget: Budget | None = None) -> Examined:
    """Unpack a zip, load its plugin beside the others, and try every rule on it; takes seconds.

    What takes more of them than the budget has is refused, with the step that ran over.
    """
    budget = budget or Budget(SECONDS)
    try:
        return _examined(registry, content, budget)
    except OverBudgetError as error:
        over = Problem("archive", str(error), "keep fewer rows, products or vectors")
        return Examined(content, None, "none", (over,))


def _examined(registry: Registry, content: bytes, budget: Budget) -> Examined:
    with TemporaryDirectory() as unpacked:
        folder = Path(unpacked)
        budget.begin("unpacking and loading")
        found = read(content, folder)
        budget.begin("loading beside the other plugins")
        problems = list(_misfits(registry, found, folder))
        if found.plugin is None or problems:
            return Examined(content, found.plugin, "none", tuple(problems))
        said = report(found.plugin.name, _beside(registry, found), budget)
    broken = [each for each in said.findings if each.rule != "mutations"]
    problems = [shown(Problem(f.where, f.what, f.hint), folder) for f in broken]
    return Examined(content, found.plugin, said.tier, tuple(problems))


def _misfits(registry: Registry, found: Loaded, folder: Path) -> Iterator[Problem]:
    """Why a plugin cannot be loaded beside the others, or in the place of its own last version."""
    yield from found.problems
    if (plugin := found.plugin) is None or found.problems:
        return
    known = registry.plugins.get(plugin.name)
    if known is not None and known.origin != ORIGIN:
        what = f"{plugin.name} is the name of one that is here already ({known.origin})"
        yield Problem("plugin.toml: name", what, "give it another name")
        return
    if known is not None and _numbers(plugin.version) <= _numbers(known.version):
        what = f"is {plugin.version}, serving is {known.version}"
        yield Problem("plugin.toml: version", what, "versions grow: write a higher one")
    trial = _beside(registry, found)
    yield from (shown(each, folder) for each in trial.problems if each not in registry.problems)
    for product in _mounting(registry, plugin.name):
        yield from unmounted(product, trial)


async def offer(
    connection: AsyncConnection,
    access: Access,
    examined: Examined,
    *,
    now: int,
    address: str = "",
) -> int:
    """Keep a zip until somebody accepts it; needs `plugins:create`. Its number, or RequestError."""
    access.require("plugins:create")
    if examined.plugin is None or examined.problems:
        raise RequestError(*examined.problems)
    plugin = examined.plugin
    values = {
        "name": plugin.name,
        "version": plugin.version,
        "digest": digest_of(examined.content),
        "tier": examined.tier,
        "counts": {each: len(getattr(plugin, each)) for each in COUNTED},
    }
    offered = {"state": "offered", "offered_at": now, "offered_by": access.name[:128]}
    made = await connection.execute(
        insert(plugin_uploads)
        .values(**values, **offered, content=examined.content)
        .returning(plugin_uploads.c.id)
    )
    await entries.record(
        connection, access, AREA, "offer", plugin.name, new=values, now=now, address=address
    )
    return int(made.scalar_one())


async def accept(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    upload_id: int,
    *,
    reason: str = "",
    now: int,
    address: str = "",
) -> None:
    """Let an offered plugin serve, in the place of its last version; needs `plugins:create`.

    Every process has it a second later. Raises RequestError where it fits no longer.
    """
    access.require("plugins:create")
    await advance(connection)
    row = await _seen(connection, upload_id, "offered")
    current = await _current(connection, registry)
    with TemporaryDirectory() as unpacked:
        folder = Path(unpacked)
        if problems := list(_misfits(current, read(row.content, folder), folder)):
            raise RequestError(*problems)
    c = plugin_uploads.c
    same = (c.name == row.name) & (c.state == "serving")
    ended = {"state": "replaced", "ended_at": now}
    await connection.execute(update(plugin_uploads).where(same).values(ended))
    began = {"state": "serving", "accepted_at": now}
    await connection.execute(update(plugin_uploads).where(c.id == upload_id).values(began))
    known = current.plugins.get(row.name)
    await entries.record(
        connection, access, AREA, "accept", row.name,
        old={"version": known.version if known else ""},
        new={"version": row.version, "digest": row.digest}, reason=reason, now=now, address=address,
    )  # fmt: skip


async def retire(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    upload_id: int,
    *,
    reason: str = "",
    now: int,
    address: str = "",
) -> None:
    """Let a plugin serve no longer; needs `plugins:retire`.

    Refused with a RequestError that names them while product models mount it or systems have it.
    """
    access.require("plugins:retire")
    await advance(connection)
    row = await _seen(connection, upload_id, "serving")
    current = await _current(connection, registry)
    if problems := [each async for each in _users(connection, current, row.name)]:
        raise RequestError(*problems)
    ended = {"state": "retired", "ended_at": now}
    await connection.execute(
        update(plugin_uploads).where(plugin_uploads.c.id == upload_id).values(ended)
    )
    await entries.record(
        connection, access, AREA, "retire", row.name, old={"version": row.version}, reason=reason,
        now=now, address=address,
    )  # fmt: skip


async def discard(
    connection: AsyncConnection, access: Access, upload_id: int, *, now: int, address: str = ""
) -> None:
    """Forget an offered plugin; needs `plugins:delete`."""
    access.require("plugins:delete")
    row = await _seen(connection, upload_id, "offered")
    await connection.execute(delete(plugin_uploads).where(plugin_uploads.c.id == upload_id))
    await entries.record(
        connection, access, AREA, "delete", row.name, old={"version": row.version},
        now=now, address=address,
    )  # fmt: skip


async def _seen(connection: AsyncConnection, upload_id: int, state: str) -> Any:
    query = select(plugin_uploads).where(plugin_uploads.c.id == upload_id).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None or row.state != state:
        raise RequestError(Problem("id", f"is not {state} any more", "look at it again"))
    return row


async def _current(connection: AsyncConnection, registry: Registry) -> Registry:
    """What serves and is published as this transaction sees it."""
    configured = Configured(registry)
    await configured.refresh(connection)
    return configured.registry


async def _users(
    connection: AsyncConnection, registry: Registry, name: str
) -> AsyncIterator[Problem]:
    mounting = _mounting(registry, name)
    own = {product.id for product in registry.plugins[name].products}
    ids = sorted({p.id for p in mounting if (p.id, p.version) not in registry.retired} - own)
    if ids:
        hint = "publish them without it, or retire them first"
        yield Problem("product models", f"{len(ids)} mount it: {_some(ids, len(ids))}", hint)
    having = systems.c.product_id.in_(sorted({p.id for p in mounting}))
    count = await connection.scalar(select(func.count()).select_from(systems).where(having)) or 0
    if count:
        query = select(systems.c.sn).where(having).order_by(systems.c.sn).limit(SHOWN)
        sns = list(await connection.scalars(query))
        hint = "give them another product model first"
        yield Problem("systems", f"{count} have it: {_some(sns, count)}", hint)


def _some(names: list[str], count: int) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if count > SHOWN else "")


def _beside(registry: Registry, found: Loaded) -> Registry:
    name = found.plugin.name if found.plugin else ""
    others = [p for p in registry.plugins.values() if p.origin == ORIGIN and p.name != name]
    return over(registry, [*map(Loaded, others), found])


def _mounting(registry: Registry, name: str) -> list[ProductModel]:
    return [
        product
        for product in registry.products.values()
        if any(mounted.plugin == name for _slot, mounted in product.slots())
    ]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in version.split(".") if each.isdecimal())


COUNTED: Final = ("components", "datapoints", "decoders", "faults", "commands", "products")
"""What is told of an offered plugin, by the attributes that have it."""
