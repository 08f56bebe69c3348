"""The columns of each kind of log; the timeline of all has what is common to them."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from attrs import frozen

from portal.presentation.timeline import COLUMNS, LogDocument
from portal.texts import N_

Form = Literal[
    "text", "code", "moment", "span", "status", "slot", "before", "after", "what", "origin"
]
"""How a cell is shown: `before` and `after` with their meanings, `what` with a link where there is
one, `span` as seconds, `origin` as the line or frame that told it."""
Cell = str | int | None


@frozen
class LogColumn:
    """A column. `id` heads it in CSV, `label` on the page."""

    id: str
    label: str
    form: Form
    cell: Callable[[LogDocument], Cell]


def columns_of(kind: str) -> tuple[LogColumn, ...]:
    """The columns of a kind; none for the timeline of all and for lines nobody understood."""
    return _OF_KIND.get(kind, ())


def header_of(kind: str) -> tuple[str, ...]:
    """How CSV heads a kind; with "" the timeline of all."""
    return tuple(column.id for column in columns_of(kind)) or COLUMNS


def row_of(kind: str, record: LogDocument) -> list[Cell]:
    """A line of CSV."""
    if columns := columns_of(kind):
        return [column.cell(record) for column in columns]
    return [
        values_text(record.extra) if name == "extra" else getattr(record, name) for name in COLUMNS
    ]


def values_text(values: Mapping[str, object]) -> str:
    """Values by name in one text."""
    return "; ".join(f"{key}={each}" for key, each in values.items())


def seconds_of(record: LogDocument) -> int | None:
    """How long it lasted; None where it did not end, or is only a moment."""
    return None if record.end is None else (record.end - record.start) // 1000


def _after(record: LogDocument) -> Cell:
    return record.new_meaning or record.new


def _before(record: LogDocument) -> Cell:
    return record.old_meaning or record.old


def _what(record: LogDocument) -> Cell:
    return record.label or record.name or record.code


_START: Final = LogColumn("start", N_("Start"), "moment", lambda each: each.start)
_END: Final = LogColumn("end", N_("End"), "moment", lambda each: each.end)
_SPAN: Final = LogColumn("duration_s", N_("Duration"), "span", seconds_of)
_STATUS: Final = LogColumn("status", N_("Status"), "status", lambda each: each.status)
_SLOT: Final = LogColumn("slot", N_("Component"), "slot", lambda each: each.slot)
_CODE: Final = LogColumn("code", N_("Code"), "code", lambda each: each.code)
_BY: Final = LogColumn("by", N_("By"), "text", lambda each: each.by)
_TIME: Final = LogColumn("device_time", N_("Device time"), "text", lambda each: each.time)
_LINE: Final = LogColumn("line", N_("Origin"), "origin", lambda each: each.line)
_MORE: Final = LogColumn("values", N_("Values"), "text", lambda each: values_text(each.extra))
_LASTS: Final = (_START, _END, _SPAN, _STATUS)


def _named(label: str, name: str = "name") -> LogColumn:
    return LogColumn(name, label, "what", _what)


def _told(label: str, name: str = "remark") -> LogColumn:
    return LogColumn(name, label, "text", lambda each: each.message)


def _sides(before: str, after: str) -> tuple[LogColumn, LogColumn]:
    return (
        LogColumn("old", before, "before", _before),
        LogColumn("new", after, "after", _after),
    )


_OF_KIND: Final[Mapping[str, tuple[LogColumn, ...]]] = {
    "fault": (
        *_LASTS,
        _CODE,
        _named(N_("Fault")),
        _told(N_("Level"), "level"),
        LogColumn("count", N_("Times"), "text", lambda each: each.count),
        _SLOT,
        _MORE,
        _LINE,
    ),
    "upgrade": (
        _START,
        _SLOT,
        _named(N_("What was upgraded")),
        *_sides(N_("From version"), N_("To version")),
        _STATUS,
        _told(N_("Result"), "result"),
        _MORE,
        _LINE,
    ),
    "command": (
        *_LASTS,
        _named(N_("Command"), "command"),
        LogColumn("state", N_("State"), "after", _after),
        _MORE,
        _BY,
        _SLOT,
        _told(N_("Reason"), "reason"),
        _LINE,
    ),
    "config": (
        _START,
        _SLOT,
        _named(N_("Parameter"), "parameter"),
        *_sides(N_("Old value"), N_("New value")),
        _MORE,
        _TIME,
        _LINE,
    ),
    "status": (
        *_LASTS,
        *_sides(N_("Before"), N_("After")),
        _told(N_("Cause"), "cause"),
        _SLOT,
        _CODE,
        _MORE,
        _LINE,
    ),
    "repair": (*_LASTS, _SLOT, _told(N_("What was done")), _BY, _MORE, _LINE),
    "self_check": (
        _START,
        _SLOT,
        _named(N_("Checked"), "item"),
        LogColumn("result", N_("Result"), "after", _after),
        _CODE,
        _told(N_("Remark")),
        _MORE,
        _TIME,
        _LINE,
    ),
}
