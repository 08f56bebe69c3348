"""Cells: how a value of a row is shown, and what it is in a sheet."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from attrs import frozen

from core.access import Access
from core.listing.tables import Row
from portal.presentation.house import RoleReading, magnitude
from portal.presentation.quantities import Quantity, quantity
from portal.presentation.readings import Heard
from portal.presentation.status import Mark
from portal.presentation.times import iso
from portal.resource.declared import Column, Resource
from portal.texts import translated

UNKNOWN = Mark("Unknown", "help-circle", "unknown")
TIMES = ("time", "ago")
Cell = str | int | float | bool | None


@frozen
class Shown:
    """A value ready for its template: `text` in words, `value` as it is."""

    column: Column
    value: Any
    text: str
    link: str = ""
    mark: Mark | None = None
    amount: Quantity | None = None


def shown(
    resource: Resource, column: Column, row: Row, labels: Mapping[str, str], access: Access
) -> Shown:
    """A cell of a row for somebody; `labels` are the column's choices."""
    value = row.get(column.id)
    mark = None
    if column.kind == "mark":
        mark = column.marks.get(str(value), UNKNOWN) if value is not None else None
    return Shown(
        column,
        value,
        _text(column, value, labels),
        link=linked(resource, column, row) if _leads(column, access) else "",
        mark=mark,
        amount=_amount(column, value),
    )


def _amount(column: Column, value: Any) -> Quantity | None:
    if isinstance(value, RoleReading):
        return magnitude(value.value, value.unit)
    if isinstance(value, Heard):
        return quantity(value.value, "" if value.unit == column.unit else value.unit)
    return quantity(value, column.unit) if column.kind == "number" else None


def _leads(column: Column, access: Access) -> bool:
    return not column.link_needs or access.may(column.link_needs)


def linked(resource: Resource, column: Column, row: Row) -> str:
    """Where a cell leads: its column's link, or the row's own page from the first column."""
    if column.link:
        values = {name: row.get(name) for name in names_in(column.link)}
        if any(value in (None, "") for value in values.values()):
            return ""
        if column.link in (f"{{{name}}}" for name in values):
            return str(row[column.link[1:-1]])
        return column.link.format_map({n: quote(str(v), safe="") for n, v in values.items()})
    if resource.detail and column is resource.columns[0]:
        return f"{resource.path}/{quote(str(row[resource.listing.key]), safe='')}"
    return ""


def names_in(link: str) -> Sequence[str]:
    """The columns that a link is made of."""
    return [part.partition("}")[0] for part in link.split("{")[1:]]


def _text(column: Column, value: Any, labels: Mapping[str, str]) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(_word(str(each), labels) for each in value)  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    if isinstance(value, dict):
        return "; ".join(f"{k}: {v}" for k, v in value.items())  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, bytes):
        return value.hex(" ")
    if column.kind == "flag":
        return "yes" if value else "no"
    return labels.get(str(value), str(value))


def _word(value: str, labels: Mapping[str, str]) -> str:
    return translated(labels[value]) if value in labels else value


def plain(column: Column, row: Row) -> Any:
    """The value as JSON has it: bytes in hex, several values as a list."""
    value = row.get(column.id)
    if isinstance(value, bytes):
        return value.hex()
    return list(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]


def sheet(column: Column, row: Row) -> Cell:
    """The value as a sheet has it: times in UTC, several values with spaces between them.

    What was heard in another unit than its column's is written with it.
    """
    value = plain(column, row)
    if value is not None and column.kind in TIMES:
        return iso(value)
    if isinstance(value, RoleReading):
        return value.value
    if isinstance(value, Heard):
        own = value.unit == column.unit or value.value is None
        return value.value if own else f"{value.value} {value.unit}"
    if isinstance(value, list):
        return " ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    if isinstance(value, dict):
        return "; ".join(f"{k}={v}" for k, v in value.items())  # pyright: ignore[reportUnknownVariableType]
    return value  # type: ignore[no-any-return]
