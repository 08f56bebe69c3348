"""Filters as conditions of SQL, written so that the database takes the index that suits them."""

from collections.abc import Iterator, Sequence
from math import ceil, floor
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    String,
    and_,
    any_,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from core.listing.filters import SHORTEST_PART, Filter, Given, Span, Words


def condition(column: ColumnElement[Any], filter: Filter, given: Given) -> ColumnElement[bool]:
    """How a filter reads over its column."""
    match given:
        case Words(text, exact):
            part = getattr(filter, "match", "") == "part" and len(text) >= SHORTEST_PART
            if exact:
                return column == text
            return column.icontains(text, autoescape=True) if part else begins(column, text)
        case Span(low, high):
            return and_(true(), *_ends(column, low, high))
        case bool():
            return column.is_(given)
        case [only]:
            return column == only
        case _:
            return column.in_(given)


def begins(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """A beginning as a range of the index; on PostgreSQL of one whose collation is "C"."""
    ordered = by_bytes(column)
    return and_(ordered >= text, ordered < text + "\U0010ffff")


def named(dialect: str, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows by the values of a column, however many, as one parameter."""
    if dialect == "sqlite":
        listed = func.json_each(msgspec.json.encode(list(values)).decode()).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(list(values), ARRAY(column.type)))


class by_bytes(ColumnElement[str]):  # noqa: N801  reads as an SQL function
    """A text column compared by its bytes, whatever the database's language is."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        self.column = column
        self.type = String()


@compiles(by_bytes)
def _plain(element: by_bytes, compiler: SQLCompiler, **keywords: Any) -> str:
    return compiler.process(element.column, **keywords)


@compiles(by_bytes, "postgresql")
def _collated(element: by_bytes, compiler: SQLCompiler, **keywords: Any) -> str:
    return f'({compiler.process(element.column, **keywords)} COLLATE "C")'


class aside(ColumnElement[bool]):  # noqa: N801  reads as an SQL function
    """A condition that is looked at row by row: SQLite does not choose an index for it."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, condition: ColumnElement[bool]) -> None:
        self.condition = condition


@compiles(aside)
def _as_it_is(element: aside, compiler: SQLCompiler, **keywords: Any) -> str:
    return f"({compiler.process(element.condition, **keywords)})"


@compiles(aside, "sqlite")
def _set_aside(element: aside, compiler: SQLCompiler, **keywords: Any) -> str:
    return f"+({compiler.process(element.condition, **keywords)})"


def _ends(
    column: ColumnElement[Any], low: float | None, high: float | None
) -> Iterator[ColumnElement[bool]]:
    """The two ends of a range; of a column of whole numbers the next ones within."""
    whole = column.type.python_type is int
    if low is not None:
        yield column >= (ceil(low) if whole else low)
    if high is not None:
        yield column <= (floor(high) if whole else high)
