"""Cells of CSV files as a spreadsheet takes them."""

from collections.abc import Iterable
from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet take a cell for a formula."""


def safe_cell(cell: str | float | bool | None) -> str | float | bool:  # noqa: FBT001
    """A cell that no spreadsheet runs: an apostrophe before what would begin a formula."""
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def safe_cells(cells: Iterable[str | float | bool | None]) -> list[str | float | bool | None]:
    """A row of them at once; what is not known stays so, which a CSV writer leaves empty."""
    return [
        f"'{cell}" if isinstance(cell, str) and cell[:1] in _BEGINNINGS else cell for cell in cells
    ]


_BEGINNINGS: Final = frozenset(FORMULA)
