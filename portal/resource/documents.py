"""The JSON of a resource: its types, made from its columns, and its values."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType, defstruct

from core.listing.facets import Count
from core.listing.rows import Page
from core.listing.tables import Row
from portal.presentation.house import RoleReading
from portal.presentation.readings import Heard
from portal.resource.cells import plain
from portal.resource.declared import Column, Resource
from portal.resource.state import more_of

TYPES: dict[str, Any] = {
    "number": float | None | UnsetType,
    "reading": RoleReading | None | UnsetType,
    "time": int | None | UnsetType,
    "ago": int | None | UnsetType,
    "heard": Heard | None | UnsetType,
    "flag": bool | None | UnsetType,
    "list": list[str] | UnsetType,
    "code": str | int | None | UnsetType,
    "bytes": str | None | UnsetType,
    "mark": str | None | UnsetType,
}
MORE: Final = "values"
"""The field of a row that has the columns beside the declared ones."""
ANYTHING: Any = str | float | bool | dict[str, Any] | list[Any] | None | UnsetType


def row_type(resource: Resource) -> type[Struct]:
    """A row; columns that were not asked for are not there."""
    names = dict.fromkeys([resource.listing.key, *(column.id for column in resource.columns)])
    kinds = {column.id: column.kind for column in resource.columns}
    fields = [(name, TYPES.get(kinds.get(name, ""), ANYTHING), UNSET) for name in names]
    if resource.more_columns is not None:
        fields.append((MORE, dict[str, Heard | None], UNSET))
    return defstruct(
        f"{_camel(resource.id)}Row",
        fields,
        namespace={"__doc__": f"One of {resource.many}; times are UTC milliseconds."},
        frozen=True,
    )


def list_type(row: type[Struct], resource: Resource) -> type[Struct]:
    """A page of rows; `total` is counted up to a limit."""
    return defstruct(
        f"{_camel(resource.id)}List",
        [
            ("rows", list[row]),  # type: ignore[valid-type]
            ("total", int),
            ("total_is_capped", bool),
            ("next", str | None),
            ("previous", str | None),
        ],
        namespace={"__doc__": "A page; `next` and `previous` go into the parameter `at`."},
        frozen=True,
    )


def row_document(
    type_: type[Struct], resource: Resource, columns: Sequence[Column], row: Row
) -> Struct:
    values = {column.id: plain(column, row) for column in columns}
    if resource.more_columns is not None:
        beside = more_of(resource, columns)
        values[MORE] = {column.id: values.pop(column.id) for column in beside}
    return type_(**{resource.listing.key: row[resource.listing.key], **values})


def list_document(
    types: tuple[type[Struct], type[Struct]],
    resource: Resource,
    columns: Sequence[Column],
    found: tuple[Page, Count],
) -> Struct:
    row, document = types
    page, count = found
    rows = [row_document(row, resource, columns, each) for each in page.rows]
    return document(
        rows=rows,
        total=count.number,
        total_is_capped=count.capped,
        next=page.next,
        previous=page.previous,
    )


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.replace("_", "-").split("-"))
