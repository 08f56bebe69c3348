"""The list of the grid rules that were made here."""

from typing import Any, Final

from core.listing.filters import Choice, Text
from core.listing.query import Sort
from core.listing.tables import Listing, everybody
from core.products.grid_rules import GRADES, KINDS, STATES
from core.products.tables import grid_rules

_COLUMNS: Final[dict[str, Any]] = {column.name: column for column in grid_rules.c}

LISTING: Final = Listing(
    "grid_rules",
    grid_rules,
    _COLUMNS,
    key="id",
    tie=grid_rules.c.id,
    sorts=(Sort("country"), Sort("operator"), Sort("changed_at", descending=True)),
    scope=everybody,
    filters=(
        Text("operator", match="beginning"),
        Choice("country"),
        Choice("kind", choices=KINDS),
        Choice("state", choices=STATES),
        Choice("confidence", choices=GRADES),
    ),
    usual={"state": grid_rules.c.state != "retired"},
)
