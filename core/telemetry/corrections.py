"""Operation Data Correction: energy added to days of a system, or taken away, and taken back.

Somebody asks and says why; a second person approves what was shown, by its digest; then the days
are made again with it (`core.telemetry.day_sums`). Undone, they are made again without it and are
what they were. Frames and roll-ups stay as they came.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.audit.chain import canonical
from core.fleet import scope
from core.fleet.scope import visible
from core.fleet.systems import SystemRecord
from core.fleet.tables import systems
from core.records import RequestError, printable
from core.registry import Registry
from core.telemetry import day_sums
from core.telemetry.correcting import Added
from core.telemetry.correction_checks import Wanted, check, refuse_negative, unknown
from core.telemetry.correction_tables import corrections
from core.telemetry.periods import EPOCH
from core.telemetry.periods import days as each_day
from core.telemetry.tables import ENERGIES, days
from core.thing_model.problems import Problem

AREA: Final = "corrections"
STATES: Final = ("waiting", "active", "refused", "undone")


async def ask(
    connection: AsyncConnection,
    access: Access,
    wanted: Wanted,
    *,
    reason: str,
    now: int,
    address: str = "",
) -> int:
    """Ask for a correction, which waits for a second person; needs `corrections:create`.

    Raises RequestError, also where it overlaps another of the figure.
    """
    access.require(f"{AREA}:create")
    record = await scope.by_sn(connection, access, wanted.sn)
    check(record, wanted, reason)
    if record is None:
        raise RequestError(unknown(wanted.sn))
    lock = select(systems.c.id).where(systems.c.id == record.id).with_for_update()
    await connection.execute(lock)
    await _refuse_overlaps(connection, record, wanted)
    added = Added(0, wanted.figure, wanted.first, wanted.last, wanted.wh)
    refuse_negative(added, await _kept_of(connection, record.id, added))
    made = insert(corrections).values(
        system_id=record.id, figure=wanted.figure, first=wanted.first, last=wanted.last,
        wh=wanted.wh, state="waiting", reason=printable(reason.strip()), asked_at=now,
        asked_by_id=access.user_id, asked_by=access.name[:128], decided_by="", undone_by="",
    )  # fmt: skip
    id_ = (await connection.execute(made.returning(corrections.c.id))).scalar_one()
    new = {"sn": record.sn, "figure": wanted.figure, "wh": wanted.wh, **_ends(added)}
    await entries.record(
        connection, access, AREA, "create", id_, new=new, reason=reason, now=now, address=address
    )
    return int(id_)


async def approve(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    id_: int,
    digest: str,
    *,
    now: int,
    address: str = "",
) -> None:
    """Correct the days; `digest` is that of what the approver was shown.

    Needs `corrections:approve`, and another person than asked. Raises RequestError.
    """
    access.require(f"{AREA}:approve")
    row = await _open(connection, access, id_, "waiting")
    if access.user_id is not None and access.user_id == row["asked_by_id"]:
        what = "who asked for it cannot approve it"
        raise RequestError(Problem("correction", what, "ask somebody else"))
    added, record = _added(row), await _system(connection, row["system_id"])
    if digest != (await digests(connection, [row]))[id_]:
        what = "is another than you were shown, or its days changed: nothing was approved"
        raise RequestError(Problem("correction", what, "look at it again"))
    refuse_negative(added, await _kept_of(connection, record.id, added))
    decided = {"state": "active", "decided_at": now, "decided_by": access.name[:128]}
    await _set(connection, id_, decided)
    await _make(connection, registry, record, added)
    new = {"state": "active", "digest": digest}
    await entries.record(
        connection, access, AREA, "approve", id_, old={"state": "waiting"}, new=new,
        now=now, address=address,
    )  # fmt: skip


async def refuse(
    connection: AsyncConnection,
    access: Access,
    id_: int,
    *,
    reason: str,
    now: int,
    address: str = "",
) -> None:
    """Put an end to a correction that waits; whoever asked may, and who may approve."""
    row = await _open(connection, access, id_, "waiting")
    if access.user_id != row["asked_by_id"]:
        access.require(f"{AREA}:approve")
    decided = {"state": "refused", "decided_at": now, "decided_by": access.name[:128]}
    await _set(connection, id_, decided)
    await entries.record(
        connection, access, AREA, "refuse", id_, old={"state": "waiting"},
        new={"state": "refused"}, reason=reason, now=now, address=address,
    )  # fmt: skip


async def undo(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    id_: int,
    *,
    reason: str,
    now: int,
    address: str = "",
) -> None:
    """Take a correction back: its days are what they were; needs `corrections:undo`."""
    access.require(f"{AREA}:undo")
    row = await _open(connection, access, id_, "active")
    record = await _system(connection, row["system_id"])
    await _set(
        connection, id_, {"state": "undone", "undone_at": now, "undone_by": access.name[:128]}
    )
    await _make(connection, registry, record, _added(row))
    await entries.record(
        connection, access, AREA, "undo", id_, old={"state": "active"}, new={"state": "undone"},
        reason=reason, now=now, address=address,
    )  # fmt: skip


async def of_period(
    connection: AsyncConnection, system_id: int, first: date, last: date
) -> list[Added]:
    """The corrections that are in these days of a system."""
    columns = (corrections.c[name] for name in ("id", "figure", "first", "last", "wh"))
    query = select(*columns).where(
        corrections.c.system_id == system_id, corrections.c.state == "active", _meets(first, last)
    )
    return [Added(*row) for row in await connection.execute(query.order_by(corrections.c.first))]


async def digests(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """What a second person approves of each correction: what is asked, and its days as they are."""
    kept = await _kept(connection, rows)
    return {row["id"]: _digest(row, kept[row["id"]]) for row in rows}


def _digest(row: Mapping[str, Any], kept: Mapping[date, float | None]) -> str:
    added = _added(row)
    said = {"system": row["system_id"], "figure": added.figure, "wh": added.wh, **_ends(added)}
    now = {of.isoformat(): None if v is None else round(1000 * v) for of, v in kept.items()}
    return sha256(canonical({**said, "reason": row["reason"], "days": now}).encode()).hexdigest()


async def _kept(
    connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]
) -> dict[int, dict[date, float | None]]:
    """The figure that each corrects, by the days that have a row, in one look."""
    if not rows:
        return {}
    mine = [
        and_(days.c.system_id == row["system_id"], days.c.day.between(*_numbers(_added(row))))
        for row in rows
    ]
    columns = (days.c.system_id, days.c.day, *(days.c[name] for name in ENERGIES))
    found = await connection.execute(select(*columns).where(or_(*mine)).order_by(days.c.day))
    there = found.mappings().all()
    return {
        row["id"]: {
            of: day[row["figure"]]
            for day in there
            if day["system_id"] == row["system_id"]
            and row["first"] <= (of := date.fromordinal(EPOCH.toordinal() + day["day"]))
            and of <= row["last"]
        }
        for row in rows
    }


async def _kept_of(
    connection: AsyncConnection, system_id: int, added: Added
) -> dict[date, float | None]:
    said = {"id": added.id, "figure": added.figure, "first": added.first, "last": added.last}
    row = {**said, "wh": added.wh, "system_id": system_id}
    return (await _kept(connection, [row]))[added.id]


async def _refuse_overlaps(
    connection: AsyncConnection, record: SystemRecord, wanted: Wanted
) -> None:
    query = select(corrections).where(
        corrections.c.system_id == record.id,
        corrections.c.figure == wanted.figure,
        corrections.c.state.in_(("waiting", "active")),
        _meets(wanted.first, wanted.last),
    )
    other = (await connection.execute(query.order_by(corrections.c.id).limit(1))).first()
    if other is not None:
        mine = f"{wanted.first} to {wanted.last}"
        what = f"{mine} overlaps correction {other.id}, {other.first} to {other.last}"
        raise RequestError(Problem("first", what, "undo that one first, or leave its days out"))


def _meets(first: date, last: date) -> ColumnElement[bool]:
    return and_(corrections.c.first <= last, corrections.c.last >= first)


async def _open(
    connection: AsyncConnection, access: Access, id_: int, state: str
) -> Mapping[str, Any]:
    """A correction of a system that somebody sees, in this state; nobody else changes it."""
    access.require(f"{AREA}:read")
    query = select(*corrections.c).join(systems).where(corrections.c.id == id_, visible(access))
    found = await connection.execute(query.with_for_update(of=corrections))
    row = found.mappings().one_or_none()
    if row is None:
        raise RequestError(Problem("correction", f"there is no {id_}", "look in the list"))
    if row["state"] != state:
        raise RequestError(Problem("correction", f"is {row['state']}", "look at it again"))
    return dict(row)


async def _system(connection: AsyncConnection, system_id: int) -> SystemRecord:
    row = (await connection.execute(select(systems).where(systems.c.id == system_id))).one()
    return SystemRecord(*row)


async def _set(connection: AsyncConnection, id_: int, values: Mapping[str, Any]) -> None:
    await connection.execute(update(corrections).where(corrections.c.id == id_).values(**values))


async def _make(
    connection: AsyncConnection, registry: Registry, record: SystemRecord, added: Added
) -> None:
    if not await day_sums.make_now(connection, registry, record, each_day(added.first, added.last)):
        what = f"the product model of {record.sn} is not loaded"
        raise RequestError(Problem("correction", what, "load its plugin first"))


def _added(row: Mapping[str, Any]) -> Added:
    return Added(*(row[name] for name in ("id", "figure", "first", "last", "wh")))


def _ends(added: Added) -> dict[str, str]:
    return {"first": added.first.isoformat(), "last": added.last.isoformat()}


def _numbers(added: Added) -> tuple[int, int]:
    return (added.first - EPOCH).days, (added.last - EPOCH).days
