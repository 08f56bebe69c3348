"""Rules: of which faults somebody is reminded, when, by what, and in which words."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from attrs import asdict, frozen
from sqlalchemy import ColumnElement, delete, false, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.journal.tables import faults
from core.notifications.quiet import Quiet
from core.notifications.tables import matches, rules
from core.notifications.targets import Target
from core.notifications.texts import Text
from core.records import ConflictError, RequestError, change_row
from core.thing_model.problems import Problem

AREA: Final = "reminders"
Channel = Literal["portal", "mail", "service"]
CHANNELS: Final[tuple[Channel, ...]] = ("portal", "mail", "service")


@frozen
class Reminder:
    """What a rule says. Of `severities` to `countries` an empty one leaves all.

    codes: with `*` for any end of one. company_id: the systems of one company only.
    delay: minutes for which a fault has to be open. grouping: minutes in which faults are gathered
    into one message. users: ids of those who are told. mails: other addresses.
    """

    name: str
    severities: tuple[str, ...]
    codes: tuple[str, ...]
    products: tuple[str, ...]
    countries: tuple[str, ...]
    company_id: int | None
    delay: int
    grouping: int
    tells_resolved: bool
    channels: tuple[Channel, ...]
    users: tuple[int, ...]
    mails: tuple[str, ...]
    targets: tuple[Target, ...]
    language: str
    texts: Mapping[str, Text]
    quiet_from: str
    quiet_until: str
    timezone: str
    wakes: bool

    def is_about(self, fault: Any) -> bool:
        """Whether a fault, with what its system is, is one of those."""
        return (
            (self.company_id is None or fault.company_id == self.company_id)
            and (not self.severities or fault.severity in self.severities)
            and (not self.products or fault.product_id in self.products)
            and (not self.countries or fault.country in self.countries)
            and (not self.codes or any(fnmatchcase(fault.code, code) for code in self.codes))
        )

    @property
    def quiet(self) -> Quiet:
        return Quiet(self.quiet_from, self.quiet_until, self.timezone)


@frozen
class Rule:
    """A rule as kept; `owner_id` is the company whose it is, None where it is the platform's."""

    id: int
    owner_id: int | None
    enabled: bool
    after_fault: int
    version: int
    reminder: Reminder


async def create(
    connection: AsyncConnection, access: Access, reminder: Reminder, *, now: int, address: str = ""
) -> int:
    """Make a rule, which speaks of what opens from now on; needs `reminders:create`."""
    access.require("reminders:create")
    row = {
        **_row(reminder),
        "owner_id": owner_of(access),
        "enabled": True,
        "after_fault": await newest_fault(connection),
        "created_at": now,
        "changed_at": now,
        "version": 1,
    }
    made = await connection.execute(insert(rules).values(row).returning(rules.c.id))
    rule_id = int(made.scalar_one())
    await entries.record(
        connection, access, AREA, "create", rule_id, new=told(reminder), now=now, address=address
    )
    return rule_id


async def edit(
    connection: AsyncConnection,
    access: Access,
    rule_id: int,
    reminder: Reminder,
    *,
    version: int,
    now: int,
    address: str = "",
) -> None:
    """Change what a rule says; needs `reminders:edit`. Faults that wait go by it, too."""
    access.require("reminders:edit")
    before = await seen(connection, access, rule_id)
    values = {**_row(reminder), "changed_at": now}
    if await change_row(connection, rules.c.id, rule_id, version, values) is None:
        raise ConflictError(before)
    await entries.record(
        connection, access, AREA, "edit", rule_id,
        old=told(before.reminder), new=told(reminder), now=now, address=address,
    )  # fmt: skip


async def switch(
    connection: AsyncConnection,
    access: Access,
    rule_id: int,
    *,
    on: bool,
    version: int,
    now: int,
    address: str = "",
) -> None:
    """Switch a rule on or off; off, it forgets what waits, and on, it begins anew."""
    access.require("reminders:edit")
    before = await seen(connection, access, rule_id, locked=True)
    values: dict[str, Any] = {"enabled": on, "changed_at": now}
    if on:
        values["after_fault"] = await newest_fault(connection)
    else:
        await connection.execute(delete(matches).where(matches.c.rule_id == rule_id))
    if await change_row(connection, rules.c.id, rule_id, version, values) is None:
        raise ConflictError(before)
    await entries.record(
        connection, access, AREA, "enable" if on else "disable", rule_id,
        old={"enabled": before.enabled}, new={"enabled": on}, now=now, address=address,
    )  # fmt: skip


async def remove(
    connection: AsyncConnection, access: Access, rule_id: int, *, now: int, address: str = ""
) -> None:
    """Delete a rule; what it sent stays in the list. Needs `reminders:delete`."""
    access.require("reminders:delete")
    before = await seen(connection, access, rule_id, locked=True)
    await connection.execute(delete(matches).where(matches.c.rule_id == rule_id))
    await connection.execute(delete(rules).where(rules.c.id == rule_id))
    await entries.record(
        connection, access, AREA, "delete", rule_id,
        old=told(before.reminder), now=now, address=address,
    )  # fmt: skip


async def seen(
    connection: AsyncConnection, access: Access, rule_id: int, *, locked: bool = False
) -> Rule:
    """The rule, if somebody may see it, perhaps locked; otherwise a RequestError."""
    access.require("reminders:read")
    query = select(rules).where(rules.c.id == rule_id, _visible(access))
    if locked:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise RequestError(Problem("rule", f"there is no rule {rule_id}", "look in the list"))
    return rule_of(row)


async def enabled(connection: AsyncConnection, *, only: int | None = None) -> list[Rule]:
    """Rules that are switched on, all or one; as they are until the transaction ends."""
    terms = [rules.c.enabled, *([] if only is None else [rules.c.id == only])]
    query = select(rules).where(*terms).order_by(rules.c.id).with_for_update(read=True)
    return [rule_of(row) for row in await connection.execute(query)]


async def newest_fault(connection: AsyncConnection) -> int:
    """The number of the newest fault, 0 where there is none."""
    query = select(func.max(faults.c.id))
    return int((await connection.execute(query)).scalar_one() or 0)


def owner_of(access: Access) -> int | None:
    """Whose a rule is that somebody makes."""
    return None if access.user_type == "A" else access.company_id


def rule_of(row: Any) -> Rule:
    """A rule out of a row of the table."""
    said: dict[str, Any] = {name: getattr(row, name) for name in _NAMES}
    said |= {name: tuple(said[name]) for name in _LISTS}
    said["targets"] = tuple(Target(**each) for each in row.targets)
    said["texts"] = {language: Text(**each) for language, each in row.texts.items()}
    reminder = Reminder(**said)
    return Rule(row.id, row.owner_id, row.enabled, row.after_fault, row.version, reminder)


def told(reminder: Reminder) -> dict[str, Any]:
    """A rule as the audit tells it: addresses of services are masked."""
    return {**_row(reminder), "targets": [target.masked for target in reminder.targets]}


def _visible(access: Access) -> ColumnElement[bool]:
    if access.user_type == "A":
        return rules.c.id.is_not(None)
    return rules.c.owner_id == access.company_id if access.user_type == "B" else false()


def _row(reminder: Reminder) -> dict[str, Any]:
    return asdict(reminder)


_LISTS: Final = ("severities", "codes", "products", "countries", "channels", "users", "mails")
_NAMES: Final = (
    *_LISTS, "name", "company_id", "delay", "grouping", "tells_resolved", "language",
    "quiet_from", "quiet_until", "timezone", "wakes",
)  # fmt: skip
