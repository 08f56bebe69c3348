"""The list of the audit, which the platform's own people see."""

from typing import Any, Final

from core.audit.tables import audit_entries
from core.listing.filters import Choice, Text, Time
from core.listing.query import Sort
from core.listing.tables import Listing, platform_only

_COLUMNS: Final[dict[str, Any]] = {
    column.name: column for column in audit_entries.c if column.name not in ("previous", "hash")
}
LISTING: Final = Listing(
    "audit",
    audit_entries,
    _COLUMNS,
    key="id",
    tie=audit_entries.c.id,
    sorts=(Sort("id", unique=True, descending=True), Sort("at", descending=True)),
    scope=platform_only,
    filters=(
        Text("actor", "user_name", match="beginning", fold="case"),
        Choice("area"),
        Text("object", "object_id", match="beginning"),
        Choice("action"),
        Time("at"),
    ),
)
