"""The list of uploaded plugins."""

from typing import Any, Final

from core.listing.filters import Choice, Text
from core.listing.query import Sort
from core.listing.tables import Listing, everybody
from core.products.tables import plugin_uploads

STATES: Final = ("offered", "serving", "replaced", "retired")
_COLUMNS: Final[dict[str, Any]] = {
    column.name: column for column in plugin_uploads.c if column.name != "content"
}

LISTING: Final = Listing(
    "plugin_uploads",
    plugin_uploads,
    _COLUMNS,
    key="id",
    tie=plugin_uploads.c.id,
    sorts=(Sort("id", descending=True, unique=True), Sort("name")),
    scope=everybody,
    filters=(Text("q", "name", match="beginning"), Choice("state", choices=STATES)),
)
