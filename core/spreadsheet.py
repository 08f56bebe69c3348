"""Cells of CSV files as a spreadsheet takes them."""

from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet take a cell for a formula."""


def safe_cell(cell: str | float | bool | None) -> str | float | bool:  # noqa: FBT001
    """A cell that no spreadsheet runs: an apostrophe before what would begin a formula."""
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
