"""Rows of a company, found by its name: a filter that any list of such rows can have."""

from typing import Any, Final

from sqlalchemy import ColumnElement, select

from core.companies.tables import companies
from core.listing.conditions import condition
from core.listing.filters import Text, Words
from core.listing.query import Occasion
from core.listing.tables import Condition

COMPANY: Final = Text("company", fold="case")
"""The filter; a listing that has it says in its conditions `of_company_called(its column)`."""


def of_company_called(column: ColumnElement[Any]) -> Condition:
    """The condition that a column is the id of a company with such a name."""

    def fits(given: Words, _: Occasion) -> ColumnElement[bool]:
        named = select(companies.c.id).where(condition(companies.c.folded_name, COMPANY, given))
        return column.in_(named)

    return fits
