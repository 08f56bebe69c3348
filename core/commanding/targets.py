"""The systems that are meant: what they have, and whether they are there."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen
from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.effective import EffectiveModel, effective_model
from core.fleet.scope import visible
from core.fleet.serial_number_life import chunks
from core.fleet.systems import SystemRecord, model_of
from core.fleet.tables import systems
from core.registry import Registry

AWAY: Final = or_(
    systems.c.online.is_(False),
    and_(
        systems.c.online.is_(None),
        systems.c.status == "offline",
        systems.c.last_frame_at.is_not(None),
    ),
)
"""The device said that it goes, or, where it never says so, fell silent."""


@frozen(eq=False)
class Target:
    """A system, and what it has; no model where its product is not loaded."""

    record: SystemRecord
    model: EffectiveModel | None

    @property
    def is_away(self) -> bool:
        """What `AWAY` says in SQL."""
        record = self.record
        silent = record.status == "offline" and record.last_frame_at is not None
        return not record.online and (record.online is False or silent)


async def find(
    connection: AsyncConnection, registry: Registry, access: Access, sns: Sequence[str]
) -> dict[str, Target]:
    """Those of the serial numbers whose systems somebody sees."""
    found: dict[str, Target] = {}
    for some in chunks(sns):
        query = select(systems).where(systems.c.sn.in_(some), visible(access))
        for row in await connection.execute(query):
            record = SystemRecord(*row)
            found[record.sn] = Target(record, _model(registry, record))
    return found


def _model(registry: Registry, record: SystemRecord) -> EffectiveModel | None:
    if (system := model_of(registry, record)) is None:
        return None
    return effective_model(registry, system.product, record.firmware, record.country)
