"""Device logs: lines as they came, and the records that their rules read in them."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

from attrs import frozen
from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from core.journal.tables import log_lines, log_records
from core.records import printable
from core.registry import Part
from core.thing_model.logs import LogRecord, read_line

UNPARSED: Final = "unparsed"


@frozen
class LogMessage:
    """A message of a device's log: several lines of one slot, with the header it came with."""

    system_id: int
    part: Part
    boot_id: int
    sequence: int
    device_time: int
    receive_time: int
    body: bytes

    def lines(self) -> list[str]:
        """The lines that are not blank; bytes that are no UTF-8 are written as hex escapes."""
        text = printable(self.body.decode(errors="backslashreplace"))
        return [line for line in text.splitlines() if line.strip()]


async def last_line(connection: AsyncConnection, system_id: int) -> tuple[str, int] | None:
    """The newest line of a system as it came, and when it was received (UTC milliseconds)."""
    query = (
        select(log_lines.c.line, log_records.c.received_at)
        .join(log_lines)
        .where(log_records.c.system_id == system_id)
        .order_by(log_records.c.received_at.desc(), log_records.c.id.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (row.line, row.received_at)


async def store(connection: AsyncConnection, messages: Sequence[LogMessage]) -> None:
    """Keep the lines of these messages, and their records; lines kept before are left alone."""
    lines = {line.identity: line for message in messages for line in _read(message)}
    if not lines:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(log_lines).on_conflict_do_nothing().returning(log_lines)
    stored = await connection.execute(statement, [line.row() for line in lines.values()])
    records = [
        {**record, "line_id": row.id}
        for row in sorted(stored, key=lambda row: row.id)
        for record in lines[_IDENTITY(row)].rows_of_records()
    ]
    if records:
        await connection.execute(insert(log_records), records)


@frozen
class _Line:
    """One line of a message, and what its rules read in it; None where none of them knows it."""

    message: LogMessage
    number: int
    text: str
    records: Sequence[LogRecord] | None

    @property
    def identity(self) -> tuple[Any, ...]:
        m = self.message
        return m.system_id, m.part.slot, m.boot_id, m.sequence, m.device_time, self.number

    def row(self) -> dict[str, Any]:
        return {
            **dict(zip(_IDENTITY_COLUMNS, self.identity, strict=True)),
            "receive_time": self.message.receive_time,
            "line": self.text,
            "parsed": self.records is not None,
        }

    def rows_of_records(self) -> Iterator[dict[str, Any]]:
        part = self.message.part
        common = {
            "system_id": self.message.system_id,
            "slot": part.slot,
            "received_at": self.message.receive_time,
        }
        if self.records is None:
            yield {**common, **_unparsed(self.text)}
        for record in self.records or ():
            yield {**common, **_explained(part, record)}


def _read(message: LogMessage) -> Iterator[_Line]:
    for number, text in enumerate(message.lines()):
        yield _Line(message, number, text, read_line(message.part.log_rules, text))


def _explained(part: Part, record: LogRecord) -> dict[str, Any]:
    return {
        "kind": record.kind,
        "name": record.name,
        "label": _label(part, record),
        "old": record.old,
        "new": record.new,
        "old_meaning": meaning(part, record.name, record.old),
        "new_meaning": meaning(part, record.name, record.new),
        "code": record.code,
        "message": record.message,
        "time": record.time,
        "extra": dict(record.extra),
    }


def _unparsed(line: str) -> dict[str, Any]:
    empty = dict.fromkeys(("name", "label", "old", "new", "code", "time"), "")
    meanings = dict.fromkeys(("old_meaning", "new_meaning"))
    return {**empty, **meanings, "kind": UNPARSED, "message": line, "extra": {}}


def meaning(part: Part, name: str, text: str) -> str | None:
    """What a value in a log means: the label of its enumeration, or the number with its unit."""
    datapoint = part.named(name) if name else None
    if datapoint is None:
        return None
    number = _number(text)
    if datapoint.enum is not None:
        return None if number is None else datapoint.enum.label(number)
    return f"{text} {datapoint.unit}" if datapoint.unit and number is not None else None


def _label(part: Part, record: LogRecord) -> str:
    if record.name and (datapoint := part.named(record.name)):
        return datapoint.name
    named = (f.name for f in part.faults if record.code and record.code in (f.number, f.code))
    return next(named, "")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


_IDENTITY_COLUMNS: Final = (
    "system_id",
    "slot",
    "boot_id",
    "sequence",
    "device_time",
    "number",
)
_IDENTITY: Final = attrgetter(*_IDENTITY_COLUMNS)
