"""Whose systems somebody sees: every list and every look-up for people goes through this."""

from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.systems import SystemRecord
from core.fleet.tables import end_users, installations, systems


def visible(access: Access) -> ColumnElement[bool]:
    """The condition on `systems` for what somebody sees: all, their company's, or their own."""
    if access.user_type == "A":
        return true()
    if access.user_type == "B":
        company = access.company_id
        return false() if company is None else systems.c.company_id == company
    if access.user_id is None:
        return false()
    owned = (
        select(installations.c.system_id)
        .join(end_users, end_users.c.id == installations.c.end_user_id)
        .where(end_users.c.user_id == access.user_id)
    )
    return systems.c.id.in_(owned)


async def by_sn(connection: AsyncConnection, access: Access, sn: str) -> SystemRecord | None:
    """The system with this serial number; None where somebody may not see it, or there is none."""
    access.require("systems:read")
    query = select(systems).where(systems.c.sn == sn, visible(access))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else SystemRecord(*row)
