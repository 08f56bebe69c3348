"""The systems of the fleet: registering, finding and changing them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.fleet import firmware as versions
from core.fleet.serial_number_life import heard_of
from core.fleet.tables import Status, systems
from core.records import RequestError, insert_new, printable
from core.registry import Registry, System
from core.thing_model.problems import Problem

SN_SHAPE: Final = re.compile(r"[A-Z0-9]{8,24}")
COUNTRY_SHAPE: Final = re.compile(r"[A-Z]{2}")
COUNT_CAP: Final = 10_000
LONGEST: Final = {"name": 128, "firmware": 64}


@frozen
class SystemRecord:
    """A system as registered. Times are UTC milliseconds, empty texts are not known.

    `online` is what the device last said of itself, None if it never did; that frames arrive is
    told by `last_frame_at`, which is exact to half a minute. See the table for the last six.
    """

    id: int
    sn: str
    company_id: int | None
    product_id: str
    product_version: str
    name: str
    country: str
    timezone: str
    firmware: str
    online: bool | None
    online_at: int | None
    registered_at: int
    changed_at: int
    first_frame_at: int | None
    last_frame_at: int | None
    status: Status
    status_since: int
    silent_at: int | None
    is_new: bool
    new_until: int | None
    is_upgrading: bool
    pv_installed: int | None
    pv_reported: int | None
    battery_reported: int | None
    inverter_reported: int | None
    north: int | None
    east: int | None


@frozen
class Registration:
    """What is said of a system when it is registered; without a version, the newest one."""

    sn: str
    product_id: str
    product_version: str = ""
    name: str = ""
    country: str = ""
    timezone: str = ""
    firmware: str = ""


async def register(
    connection: AsyncConnection, registry: Registry, given: Registration, now: int
) -> SystemRecord:
    """Add a system; raises RequestError with everything that is wrong with the request."""
    problems = list(problems_of(registry, given))
    if not problems and await by_sn(connection, given.sn):
        problems = [_taken(given.sn)]
    if problems:
        raise RequestError(*problems)
    row = _row(registry, given, now)
    try:
        result = await connection.execute(insert(systems).values(row).returning(*systems.c))
    except IntegrityError:
        raise RequestError(_taken(given.sn)) from None
    await heard_of(connection, [given.sn], now)
    record = _record(result.one())
    await versions.note(connection, [versions.Told(record.id, record.firmware, now)])
    return record


async def register_new(
    connection: AsyncConnection, registry: Registry, given: Iterable[Registration], now: int
) -> int:
    """Add those of these systems that are not registered yet; `problems_of` must find none."""
    rows = [tuple(_row(registry, each, now).values()) for each in given]
    made = await insert_new(connection, systems, _REGISTERED, rows)
    if made:
        await heard_of(connection, [row[0] for row in rows], now)
        found = (await by_sns(connection, [row[0] for row in rows])).values()
        told = [versions.Told(each.id, each.firmware, now) for each in found]
        await versions.note(connection, told)
    return made


def problems_of(registry: Registry, given: Registration) -> Iterator[Problem]:
    """Everything that speaks against registering this, but for the serial number being taken."""
    if not SN_SHAPE.fullmatch(given.sn):
        yield Problem("sn", f"{given.sn!r} is not a serial number", "8 to 24 of A-Z and 0-9")
    yield from _product_problems(registry, given.product_id, given.product_version)
    if given.country and not COUNTRY_SHAPE.fullmatch(given.country):
        yield Problem("country", f"{given.country!r} is not a country", "two letters, such as DE")
    if given.timezone and not is_zone(given.timezone):
        what = f"{given.timezone!r} is not a time zone"
        yield Problem("timezone", what, "an IANA name, such as Europe/Berlin")
    for field, longest in LONGEST.items():
        if len(getattr(given, field)) > longest:
            yield Problem(field, f"is longer than {longest} characters", "shorten it")


async def by_sn(connection: AsyncConnection, sn: str) -> SystemRecord | None:
    """The system with this serial number."""
    return (await by_sns(connection, [sn])).get(sn)


async def by_sns(connection: AsyncConnection, sns: Iterable[str]) -> dict[str, SystemRecord]:
    """Those of the serial numbers that are registered."""
    found = await connection.execute(select(systems).where(systems.c.sn.in_(list(sns))))
    return {row.sn: _record(row) for row in found}


async def change_product(
    connection: AsyncConnection,
    registry: Registry,
    sn: str,
    product_id: str,
    *,
    product_version: str = "",
    now: int,
) -> SystemRecord:
    """Make it a system of another product model or version; raises RequestError."""
    problems = list(_product_problems(registry, product_id, product_version))
    if not problems and await by_sn(connection, sn) is None:
        problems = [Problem("sn", f"{sn!r} is not registered", "register it first")]
    if problems:
        raise RequestError(*problems)
    version = product_version or _newest(registry, product_id)
    changed = await connection.execute(
        update(systems)
        .where(systems.c.sn == sn)
        .values(product_id=product_id, product_version=version, changed_at=now)
        .returning(*systems.c)
    )
    return _record(changed.one())


async def change_firmware(
    connection: AsyncConnection, firmware: Mapping[int, str], now: int
) -> None:
    """Note the firmware versions that systems (by id) report."""
    if firmware:
        await connection.execute(
            update(systems)
            .where(systems.c.id == bindparam("system"))
            .values(firmware=bindparam("version"), changed_at=now),
            [{"system": id_, "version": printable(v)} for id_, v in sorted(firmware.items())],
        )
        await versions.note(connection, [versions.Told(id_, v, now) for id_, v in firmware.items()])


async def note_presence(connection: AsyncConnection, online: Mapping[int, bool], now: int) -> None:
    """Note what devices (by system id) said last: here, or gone."""
    if online:
        await connection.execute(
            update(systems)
            .where(systems.c.id == bindparam("system"))
            .values(online=bindparam("said"), online_at=now),
            [{"system": id_, "said": said} for id_, said in sorted(online.items())],
        )


async def note_frames(connection: AsyncConnection, system_ids: Collection[int], now: int) -> None:
    """Note that frames of these systems arrived."""
    if system_ids:
        last = func.coalesce(systems.c.last_frame_at, 0)
        await connection.execute(
            update(systems)
            .where(systems.c.id.in_(sorted(system_ids)), last < now)
            .values(first_frame_at=func.coalesce(systems.c.first_frame_at, now), last_frame_at=now)
        )


async def changed_since(connection: AsyncConnection, time: int) -> set[tuple[str, int]]:
    """Serial numbers of systems registered or changed at `time` or later, and when that was."""
    query = select(systems.c.sn, systems.c.changed_at).where(systems.c.changed_at >= time)
    return {(sn, changed_at) for sn, changed_at in await connection.execute(query)}


def model_of(registry: Registry, record: SystemRecord) -> System | None:
    """What the system is made of; None where no version of its product model is loaded."""
    return registry.system_of(record.product_id, record.product_version, record.firmware)


def _product_problems(registry: Registry, product_id: str, version: str) -> Iterator[Problem]:
    offered = registry.products.keys() - registry.retired
    if registry.product(product_id) is None:
        hint = f"known models are {', '.join(sorted(registry.newest)) or 'none'}"
        yield Problem("product_id", f"{product_id!r} is not a product model", hint)
    elif version and (product_id, version) not in offered:
        versions = sorted(v for id_, v in offered if id_ == product_id)
        what = f"{version!r} is not a version of {product_id}"
        yield Problem("product_version", what, f"versions are {', '.join(versions)}")


def _taken(sn: str) -> Problem:
    return Problem("sn", f"{sn} is registered already", "change the system instead")


def is_zone(name: str) -> bool:
    """Whether that is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _newest(registry: Registry, product_id: str) -> str:
    product = registry.product(product_id)
    return product.version if product else ""


def _row(registry: Registry, given: Registration, now: int) -> dict[str, Any]:
    return {
        "sn": given.sn,
        "product_id": given.product_id,
        "product_version": given.product_version or _newest(registry, given.product_id),
        "name": printable(given.name),
        "country": given.country,
        "timezone": given.timezone,
        "firmware": printable(given.firmware),
        "registered_at": now,
        "changed_at": now,
        "status_since": now,
    }


def _record(row: Any) -> SystemRecord:
    return SystemRecord(*row)


_REGISTERED: Final = (
    "sn",
    "product_id",
    "product_version",
    "name",
    "country",
    "timezone",
    "firmware",
    "registered_at",
    "changed_at",
    "status_since",
)
