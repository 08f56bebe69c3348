"""The list of jobs: everybody's own."""

from typing import Any, Final

from sqlalchemy import ColumnElement, false

from core.access import Access
from core.jobs.tables import jobs
from core.listing.filters import Choice, Time
from core.listing.query import Sort
from core.listing.tables import Listing

STATES: Final = ("queued", "running", "done", "failed", "cancelled", "expired")


def _own(access: Access) -> ColumnElement[bool]:
    return false() if access.user_id is None else jobs.c.user_id == access.user_id


_COLUMNS: Final[dict[str, Any]] = {
    column.name: column for column in jobs.c if column.name not in ("access", "task", "cursor")
}
LISTING: Final = Listing(
    "jobs",
    jobs,
    _COLUMNS,
    key="id",
    tie=jobs.c.id,
    sorts=(Sort("id", unique=True, descending=True),),
    scope=_own,
    filters=(
        Choice("state", choices=STATES),
        Choice("kind", choices=("export", "data", "action"), facet=False),
        Time("created_at"),
    ),
)
