"""A system at a glance: what it is, and how many critical faults it has."""

from attrs import frozen
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet.systems import SystemRecord
from core.fleet.tables import Status
from core.journal.tables import faults


@frozen
class Glance:
    """A system, and how many critical faults are open."""

    record: SystemRecord
    critical_faults: int

    @property
    def status(self) -> Status:
        return self.record.status


async def of_system(connection: AsyncConnection, record: SystemRecord) -> Glance:
    """One system at a glance."""
    query = select(func.count(faults.c.id)).where(
        faults.c.system_id == record.id,
        faults.c.closed_at.is_(None),
        faults.c.severity == "critical",
    )
    return Glance(record, (await connection.execute(query)).scalar_one())
