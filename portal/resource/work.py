"""What somebody changes something by: who, when, from where, why, and the open transaction."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from attrs import frozen

from core.access import Access
from core.audit import entries
from core.records import Connection
from portal.services import Services


@frozen(eq=False)
class Work:
    """One request to change something; `now` is UTC milliseconds.

    `open_connection` is the transaction of the change and of its audit entry.
    """

    services: Services
    access: Access
    now: int
    address: str
    reason: str = ""
    open_connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        if self.open_connection is None:
            raise TypeError("this action opens its transactions itself: use work.begin()")
        return self.open_connection

    def begin(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction of one's own, of an action that said `own_transactions`."""
        return self.services.database.begin()

    @property
    def begins(self) -> Callable[[], AbstractAsyncContextManager[Connection]]:
        return self.services.database.begin


async def note(
    work: Work,
    connection: Connection,
    area: str,
    action: str,
    object_id: str,
    *,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
) -> None:
    """Record a change in the audit, in the transaction of the change."""
    await entries.record(
        connection,
        work.access,
        area,
        action,
        object_id,
        old=old,
        new=new,
        reason=work.reason,
        now=work.now,
        address=work.address,
    )
