"""Files of exports: CSV for spreadsheets, JSON Lines for programs, Parquet for analysis.

CSV and JSON Lines are taken up where they were left; a Parquet file has its index at the end, so
one that was not finished is begun anew.
"""

import csv
import io
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Final, Protocol

import msgspec
from attrs import define, field

from core.exports.datasets import DataColumn, DataRow
from core.exports.moments import utc_time
from core.exports.requests import Format
from core.spreadsheet import safe_cells
from core.thing_model.layout.fields import Value

MEDIA_TYPES: Final[dict[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
_GROUP: Final = 50_000
_CELLS: Final = 500_000
"""Rows and cells that a row group of Parquet has at most: one of them is held in memory."""


class DataFile(Protocol):
    """A file that grows by rows; what `sync` returns is how many bytes of it hold."""

    def write(self, rows: Sequence[DataRow]) -> None: ...

    def sync(self) -> int: ...

    def close(self) -> None: ...


def open_file(
    path: Path, format_: Format, columns: Sequence[DataColumn], size: int = 0
) -> DataFile:
    """The file, cut off behind `size` bytes, with its head where it is new."""
    if format_ == "parquet":
        return _Parquet(path, columns)
    file = path.open("r+b" if path.exists() else "w+b")
    file.truncate(size)
    file.seek(size)
    if format_ == "jsonl":
        return _JsonLines(file, columns)
    sheet = _Csv(file, columns)
    if not size:
        sheet.head()
    return sheet


def can_go_on(format_: Format) -> bool:
    """Whether a file that was not finished can be written further."""
    return format_ != "parquet"


@define(eq=False)
class _Csv:
    file: IO[bytes]
    columns: Sequence[DataColumn]

    def head(self) -> None:
        self._put([[column.title for column in self.columns]])

    def write(self, rows: Sequence[DataRow]) -> None:
        times = _times(self.columns)
        self._put([safe_cells(_told(row, times)) for row in rows])

    def _put(self, table: Sequence[Sequence[Value]]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(table)
        self.file.write(text.getvalue().encode())

    def sync(self) -> int:
        self.file.flush()
        return self.file.tell()

    def close(self) -> None:
        self.file.close()


@define(eq=False)
class _JsonLines:
    file: IO[bytes]
    columns: Sequence[DataColumn]

    def write(self, rows: Sequence[DataRow]) -> None:
        """An object a line; what is not known is left out."""
        times = _times(self.columns)
        names = [column.name for column in self.columns]
        encode = msgspec.json.Encoder().encode_lines
        told = (zip(names, _told(row, times), strict=True) for row in rows)
        self.file.write(
            encode([{name: cell for name, cell in each if cell is not None} for each in told])
        )

    def sync(self) -> int:
        self.file.flush()
        return self.file.tell()

    def close(self) -> None:
        self.file.close()


@define(eq=False)
class _Parquet:
    """Columns of their own types, units in the fields' metadata, times as UTC timestamps."""

    path: Path
    columns: Sequence[DataColumn]
    rows: list[DataRow] = field(factory=list[DataRow])
    writer: Any = None

    def write(self, rows: Sequence[DataRow]) -> None:
        self.rows += rows
        if len(self.rows) >= min(_GROUP, _CELLS // len(self.columns)):
            self._flush()

    def sync(self) -> int:
        return 0

    def close(self) -> None:
        self._flush()
        self.writer.close()

    def _flush(self) -> None:
        pa, parquet = _arrow()
        schema = pa.schema([_field(pa, column) for column in self.columns])
        if self.writer is None:
            self.writer = parquet.ParquetWriter(self.path, schema, compression="zstd")
        if self.rows:
            made = [
                pa.array([_typed(row[n], column) for row in self.rows], schema.field(n).type)
                for n, column in enumerate(self.columns)
            ]
            self.writer.write_table(pa.Table.from_arrays(made, schema=schema))
            self.rows.clear()


def _arrow() -> tuple[Any, Any]:
    """PyArrow, which loads slowly, which few need, and which has no types."""
    return import_module("pyarrow"), import_module("pyarrow.parquet")


def _field(pa: Any, column: DataColumn) -> Any:
    types = {
        "text": pa.string(),
        "time": pa.timestamp("ms", tz="UTC"),
        "number": pa.float64(),
        "flag": pa.bool_(),
    }
    return pa.field(
        column.name, types[column.kind], metadata={"unit": column.unit} if column.unit else None
    )


def _typed(cell: Value, column: DataColumn) -> Value:
    return float(cell) if column.kind == "number" and cell is not None else cell


def _times(columns: Sequence[DataColumn]) -> list[int]:
    return [n for n, column in enumerate(columns) if column.kind == "time"]


def _told(row: DataRow, times: Sequence[int]) -> list[Value]:
    """The row with its times as ISO 8601 has them."""
    cells = list(row)
    for n in times:
        cells[n] = utc_time(int(cells[n] or 0))
    return cells
