"""The numbers under which frames keep words that repeat: where they came from, what read them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from attrs import define, field
from sqlalchemy import Table, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from core.records import insert_new
from core.telemetry.tables import channel_names, decoder_names

Pair = tuple[str, str]
_CHANNEL: Final = ("slot", "channel")
_DECODER: Final = ("product_version", "plugin")


@define(eq=False)
class Names:
    """Numbers of names, remembered once they are committed: they never change."""

    _channels: dict[Pair, int] = field(factory=dict[Pair, int])
    _decoders: dict[Pair, int] = field(factory=dict[Pair, int])

    async def channels(
        self, connection: AsyncConnection, wanted: Collection[Pair]
    ) -> Mapping[Pair, int]:
        """Numbers of (slot, channel); one that is new is given one."""
        return await _numbers(connection, channel_names, _CHANNEL, wanted, self._channels)

    async def decoders(
        self, connection: AsyncConnection, wanted: Collection[Pair]
    ) -> Mapping[Pair, int]:
        """Numbers of (product version, plugin); one that is new is given one."""
        return await _numbers(connection, decoder_names, _DECODER, wanted, self._decoders)


async def channel_id(connection: AsyncConnection, slot: str, channel: str) -> int | None:
    """The number of a channel, None if no frame of it ever came."""
    pair = (slot, channel)
    return (await _find(connection, channel_names, _CHANNEL, [pair])).get(pair)


async def decoders_by_id(connection: AsyncConnection) -> dict[int, Pair]:
    """All (product version, plugin) by number."""
    columns = (decoder_names.c.id, decoder_names.c.product_version, decoder_names.c.plugin)
    found = await connection.execute(select(*columns))
    return {id_: (version, plugin) for id_, version, plugin in found}


async def _numbers(
    connection: AsyncConnection,
    table: Table,
    columns: tuple[str, str],
    wanted: Collection[Pair],
    known: dict[Pair, int],
) -> Mapping[Pair, int]:
    """What is found before this transaction adds to it is committed, and only that is kept."""
    missing = [pair for pair in wanted if pair not in known]
    if not missing:
        return known
    known |= await _find(connection, table, columns, missing)
    fresh = sorted(pair for pair in missing if pair not in known)
    if not fresh:
        return known
    await insert_new(connection, table, columns, fresh)
    return known | await _find(connection, table, columns, fresh)


async def _find(
    connection: AsyncConnection, table: Table, columns: tuple[str, str], wanted: Iterable[Pair]
) -> dict[Pair, int]:
    names = [table.c[column] for column in columns]
    query = select(*names, table.c.id).where(tuple_(*names).in_(list(wanted)))
    rows = [tuple[Any, ...](row) for row in await connection.execute(query)]
    return {(row[0], row[1]): row[2] for row in rows}
