"""All that the logs of one system say, newest first.

Lines of its own, faults, commands, changes of status and firmware, and repairs that people noted.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from attrs import field, frozen
from sqlalchemy import ColumnElement, Select, and_, case, literal, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.commanding.tables import commands
from core.fleet.firmware_tables import firmware_versions
from core.fleet.tables import status_changes
from core.journal.tables import faults, log_lines, log_records, repairs

_Position = tuple[int, str, str]
Status = Literal["active", "in_progress", "resolved"]
STATUSES: Final[tuple[Status, ...]] = ("active", "in_progress", "resolved")
TEXT_REACH: Final = 31 * 86_400_000
"""Milliseconds that a search in text looks through."""


@frozen
class Wanted:
    """Which entries; what is None or empty does not matter. Both ends are included."""

    kind: str = ""
    status: str = ""
    since: int | None = None
    until: int | None = None
    text: str = ""

    def within(self, now: int) -> "Wanted":
        """The same, in text not farther back than `TEXT_REACH`."""
        if not self.text:
            return self
        first = (now if self.until is None else self.until) - TEXT_REACH
        since = first if self.since is None else max(self.since, first)
        return Wanted(self.kind, self.status, since, self.until, self.text)


@frozen
class Entry:
    """One entry. What its source does not know is empty; `extra` is what only a few have.

    source: "records" of the log, "faults", "commands", "status", "firmware" or "repairs".
    status: empty for a line of the log, which is only a moment.
    """

    source: str
    id: str
    kind: str
    at: int
    until: int | None
    status: str
    slot: str
    name: str
    label: str
    old: str
    new: str
    old_meaning: str | None
    new_meaning: str | None
    code: str
    message: str
    by: str
    time: str
    line: str
    extra: Mapping[str, Any] = field(factory=dict[str, Any])

    @property
    def place(self) -> str:
        """What the page behind it goes on from."""
        return f"{self.at}.{self.source}.{self.id}"


async def page(
    connection: AsyncConnection,
    access: Access,
    system_id: int,
    wanted: Wanted,
    *,
    behind: str = "",
    limit: int = 50,
) -> list[Entry]:
    """Entries newest first, those behind a `place`; raises ValueError where that is none.

    Needs `logs:read`, and what somebody may not see elsewhere is left out.
    """
    access.require("logs:read")
    position = _place(behind) if behind else None
    found: list[Entry] = []
    for name, source in _SOURCES.items():
        if not access.may(source.permission) or wanted.kind not in ("", *source.kinds):
            continue
        if wanted.status and source.status is None:
            continue
        query = _query(name, source, system_id, wanted, position).limit(limit)
        found += [_entry(name, row) for row in await connection.execute(query)]
    order = list(_SOURCES)
    found.sort(key=lambda each: (-each.at, order.index(each.source)))  # stable: ids are in order
    return found[:limit]


@frozen(eq=False)
class _Source:
    """Where entries come from: columns that are not named are empty."""

    table: Any
    kinds: tuple[str, ...]
    id: ColumnElement[Any]
    at: ColumnElement[Any]
    system: ColumnElement[Any]
    columns: Mapping[str, ColumnElement[Any]]
    texts: tuple[ColumnElement[Any], ...]
    permission: str
    status: ColumnElement[Any] | None = None
    condition: ColumnElement[bool] | None = None
    read: Callable[[str], int | str] = int


def _query(
    name: str,
    source: _Source,
    system_id: int,
    wanted: Wanted,
    position: tuple[int, str, str] | None,
) -> Select[Any]:
    status = literal("") if source.status is None else source.status
    given = {
        "kind": literal(source.kinds[0]),
        "until": null(),
        "old_meaning": null(),
        "new_meaning": null(),
        "extra": null(),
        **source.columns,
        "id": source.id,
        "at": source.at,
        "status": status,
    }
    columns = (given.get(each, literal("")).label(each) for each in _COLUMNS)
    query = select(*columns).select_from(source.table).where(source.system == system_id)
    if source.condition is not None:
        query = query.where(source.condition)
    if wanted.kind and len(source.kinds) > 1:
        query = query.where(given["kind"] == wanted.kind)
    if wanted.status:
        query = query.where(status == wanted.status)
    if wanted.since is not None:
        query = query.where(source.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(source.at <= wanted.until)
    if wanted.text:
        query = query.where(
            or_(*(text.icontains(wanted.text, autoescape=True) for text in source.texts))
        )
    if position is not None:
        query = query.where(_behind(name, source, position))
    return query.order_by(source.at.desc(), source.id.desc())


def _behind(name: str, source: _Source, position: _Position) -> ColumnElement[bool]:
    at, last, id_ = position
    order = list(_SOURCES)
    if name == last:
        same = and_(source.at == at, source.id < source.read(id_))
        return and_(source.at <= at, or_(source.at < at, same))
    return source.at <= at if order.index(name) > order.index(last) else source.at < at


def _place(text: str) -> _Position:
    at, source, id_ = text.split(".", 2)
    if source not in _SOURCES:
        raise ValueError(text)
    return int(at), source, str(_SOURCES[source].read(id_))


def _entry(name: str, row: Any) -> Entry:
    values: dict[str, Any] = row._asdict()
    values |= {"id": str(values["id"]), "extra": values["extra"] or {}}
    return Entry(name, **values)


_COLUMNS: Final = (
    "id", "kind", "at", "until", "status", "slot", "name", "label", "old", "new", "old_meaning",
    "new_meaning", "code", "message", "by", "time", "line", "extra",
)  # fmt: skip
_r, _f, _c, _s, _v, _w = (
    log_records.c, faults.c, commands.c, status_changes.c, firmware_versions.c, repairs.c,
)  # fmt: skip
_later = status_changes.alias()
_next_at: Final = (
    select(_later.c["at"])
    .where(_later.c.system_id == _s.system_id, _later.c.id > _s.id)
    .order_by(_later.c.id)
    .limit(1)
    .scalar_subquery()
)


def _open_or(open_: Status, end: Any) -> ColumnElement[Any]:
    return case((end.is_(None), open_), else_="resolved")


_SOURCES: Final[Mapping[str, _Source]] = {
    "records": _Source(
        log_records.join(log_lines),
        (
            "fault", "upgrade", "command", "config", "status", "repair", "self_check", "unparsed",
        ),
        _r.id,
        _r.received_at,
        _r.system_id,
        {
            **{
                n: _r[n]
                for n in (
                    "kind", "slot", "name", "label", "old", "new", "old_meaning", "new_meaning",
                    "code", "message", "time", "extra",
                )
            },
            "line": log_lines.c.line,
        },
        (log_lines.c.line, _r.label, _r.old_meaning, _r.new_meaning),
        "logs:read",
    ),
    "faults": _Source(
        faults,
        ("fault",),
        _f.id,
        _f.opened_at,
        _f.system_id,
        {"until": _f.closed_at, "slot": _f.slot, "code": _f.code, "name": _f.severity},
        (_f.code, _f.slot),
        "faults:read",
        _open_or("active", _f.closed_at),
    ),
    "commands": _Source(
        commands,
        ("command",),
        _c.id,
        _c.created_at,
        _c.system_id,
        {
            "until": _c.finished_at,
            "slot": _c.slot,
            "name": _c["name"],
            "new": _c.state,
            "message": _c.reason,
            "by": _c.created_by,
            "extra": _c.parameters,
        },
        (_c["name"], _c.reason, _c.created_by),
        "commands:read",
        _open_or("in_progress", _c.finished_at),
        read=str,
    ),
    "status": _Source(
        status_changes,
        ("status",),
        _s.id,
        _s["at"],
        _s.system_id,
        {
            "until": _next_at,
            "slot": _s.slot,
            "name": _s.cause,
            "old": _s.before,
            "new": _s.status,
            "code": _s.code,
        },
        (_s.status, _s.before, _s.code),
        "systems:read",
        _open_or("active", _next_at),
    ),
    "firmware": _Source(
        firmware_versions,
        ("upgrade",),
        _v.id,
        _v.since,
        _v.system_id,
        {"slot": _v.slot, "name": _v["key"], "old": _v.before, "new": _v.version},
        (_v["key"], _v.before, _v.version),
        "systems:read",
        case((_v.id.is_not(None), "resolved")),
        _v.before != "",
    ),
    "repairs": _Source(
        repairs,
        ("repair",),
        _w.id,
        _w.started_at,
        _w.system_id,
        {"until": _w.ended_at, "slot": _w.slot, "message": _w.remark, "by": _w.noted_by},
        (_w.remark, _w.noted_by),
        "logs:read",
        _open_or("in_progress", _w.ended_at),
    ),
}  # fmt: skip
"""In the order of entries of one moment."""
