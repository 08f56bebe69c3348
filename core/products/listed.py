"""The list of drafts, beside what was published of each."""

from typing import Any, Final

from sqlalchemy import ColumnElement, false, func, select, true

from core.access import Access
from core.listing.filters import Text
from core.listing.query import Sort
from core.listing.tables import Listing
from core.products.tables import product_drafts, product_versions

_ALL: Final = product_versions.alias()
_NEWEST: Final = (
    select(func.max(_ALL.c.id))
    .where(_ALL.c.product_id == product_drafts.c.id)
    .correlate(product_drafts)
    .scalar_subquery()
)
_COLUMNS: Final[dict[str, Any]] = {column.name: column for column in product_drafts.c}


def _editors(access: Access) -> ColumnElement[bool] | None:
    """Drafts are for those who may change them."""
    return None if access.may("products:edit") else false()


LISTING: Final = Listing(
    "product_drafts",
    product_drafts.outerjoin(product_versions, product_versions.c.id == _NEWEST),
    {
        **_COLUMNS,
        "published": func.coalesce(product_versions.c.version, ""),
        "is_retired": product_versions.c.retired_at.is_not(None),
        "is_changed": func.coalesce(product_versions.c.text != product_drafts.c.text, true()),
    },
    key="id",
    tie=product_drafts.c.id,
    sorts=(Sort("id", unique=True),),
    scope=_editors,
    filters=(Text("q", "id"),),
)
