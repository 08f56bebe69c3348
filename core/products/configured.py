"""The registry of an installation: its plugins, those that were uploaded, and what it published."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from attrs import define, field
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.product_checks import unmounted
from core.product_files import read_product_text
from core.products import uploaded
from core.products.tables import product_revision, product_versions
from core.registry import Registry
from core.thing_model.problems import ModelError, Problem
from core.thing_model.product import ProductModel


@define(eq=False)
class Configured:
    """What is uploaded and published, over what is `shipped`: `registry` has all of it.

    A plugin or version that cannot be read or mounted here is left out, and a problem of the
    registry.
    """

    shipped: Registry
    registry: Registry = field(init=False)
    _loaded: Registry = field(init=False)
    _uploads: tuple[str, ...] = field(init=False, default=())
    _revision: int = field(init=False, default=0)
    _read: dict[int, ProductModel | ModelError] = field(
        init=False, factory=dict[int, ProductModel | ModelError]
    )

    def __attrs_post_init__(self) -> None:
        self.registry = self._loaded = self.shipped

    async def refresh(self, connection: AsyncConnection) -> None:
        """Take over what was uploaded, published or retired since the last call."""
        revision = await _revision(connection)
        if revision == self._revision:
            return
        await self._load(connection)
        columns = product_versions.c
        rows = (await connection.execute(select(columns.id, columns.retired_at))).all()
        fresh = columns.id > max(self._read, default=0)  # numbered in the order of their commits
        query = select(columns.id, columns.product_id, columns.version, columns.text).where(fresh)
        for row in await connection.execute(query):
            self._read[row.id] = _read(row.text, f"product model {row.product_id} {row.version}")
        retired = {row.id for row in rows if row.retired_at is not None}
        self.registry = self._loaded.with_products(
            self._usable(),
            [(p.id, p.version) for n, p in self._models() if n in retired],
            self._problems(),
        )
        self._revision = revision

    async def _load(self, connection: AsyncConnection) -> None:
        """The plugins that serve; all that is compiled is shared as long as they stay the same."""
        wanted = await uploaded.digests(connection)
        if wanted != self._uploads:
            found = await uploaded.serving(connection, wanted)
            self._loaded = uploaded.over(self.shipped, found)
            self._uploads = wanted

    def _models(self) -> Iterator[tuple[int, ProductModel]]:
        for number, read in self._read.items():
            if not isinstance(read, ModelError):
                yield number, read

    def _usable(self) -> Iterator[ProductModel]:
        for _number, product in self._models():
            if not any(unmounted(product, self._loaded)):
                yield product

    def _problems(self) -> Iterator[Problem]:
        shipped = shipped_ids(self._loaded)
        for read in self._read.values():
            if isinstance(read, ModelError):
                yield from read.problems
                continue
            yield from unmounted(read, self._loaded)
            if plugin := shipped.get(read.id):
                what = f"was published here, and {plugin} ships a model of this id"
                yield Problem(f"product model {read.id}", what, "publish it under another id")


def shipped_ids(registry: Registry) -> dict[str, str]:
    """The ids of plugins' product models, and the plugin of each."""
    return {p.id: plugin.name for plugin in registry.plugins.values() for p in plugin.products}


async def advance(connection: AsyncConnection) -> None:
    """Let all processes look: at the begin of a transaction that publishes or retires.

    Others that would wait until it ends, so what is checked in it stays so.
    """
    await connection.execute(_ADVANCE)


async def _revision(connection: AsyncConnection) -> int:
    return int(await connection.scalar(select(product_revision.c.revision)) or 0)


@lru_cache(maxsize=4096)
def _read(text: str, where: str) -> ProductModel | ModelError:
    """What a version says, read once: publishing checks against all the others."""
    try:
        return read_product_text(text, where)
    except ModelError as error:
        return error


_ADVANCE: Final = text(
    "INSERT INTO product_revision (id, revision) VALUES (1, 1) "
    "ON CONFLICT (id) DO UPDATE SET revision = product_revision.revision + 1"
)
