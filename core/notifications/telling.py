"""Turns faults that rules wait with into messages: gathered, outside quiet hours, to whom it is."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.tables import users
from core.audit import entries
from core.fleet.tables import systems
from core.journal.tables import faults
from core.notifications import outbox
from core.notifications.asked import may_be_told
from core.notifications.composing import LISTED, Composer, News, Subject, Told, sample
from core.notifications.matching import MADE, MINUTE
from core.notifications.outbox import Message
from core.notifications.rules import Rule
from core.notifications.tables import matches
from core.records import RequestError
from core.thing_model.fault import SEVERITIES
from core.thing_model.problems import Problem

NOBODY: Final = 0


@frozen
class Recipient:
    """Somebody who is told: by which channel, where, in which language and by which clock."""

    channel: str
    where: str
    language: str
    timezone: str
    user_id: int | None = None
    target: str = ""


async def tell(connection: AsyncConnection, rule: Rule, composer: Composer, now: int) -> int:
    """Write the messages of a rule that are due; returns how many."""
    due = (
        select(matches.c.state, func.min(matches.c.due_at))
        .where(matches.c.rule_id == rule.id, matches.c.state.in_(MADE), matches.c.due_at <= now)
        .group_by(matches.c.state)
        .order_by(matches.c.state.desc())
    )
    written = 0
    for state, since in (await connection.execute(due)).all():
        written += await _of_rule(connection, rule, (state, since), composer, now)
    return written


async def _of_rule(
    connection: AsyncConnection,
    rule: Rule,
    news: tuple[News, int],
    composer: Composer,
    now: int,
) -> int:
    state, since = news
    if state == "closing" and not rule.reminder.tells_resolved:
        await _move(connection, _waiting(rule, state, now), state="done")
        return 0
    quiet_until = rule.reminder.quiet.until(now)
    if quiet_until is not None:
        return await _in_quiet(connection, rule, (state, quiet_until), composer, now)
    if now < since + rule.reminder.grouping * MINUTE:
        return 0
    return await _write(connection, rule, state, _waiting(rule, state, now), composer, now)


async def _in_quiet(
    connection: AsyncConnection,
    rule: Rule,
    news: tuple[News, int],
    composer: Composer,
    now: int,
) -> int:
    """Tell at once what breaks the quiet; all else is due when it is over."""
    state, until = news
    written, terms = 0, _waiting(rule, state, now)
    if rule.reminder.wakes and state == "waiting":
        grave = select(faults.c.id).where(faults.c.severity == "critical")
        waking = [*terms, matches.c.fault_id.in_(grave)]
        written = await _write(connection, rule, state, waking, composer, now)
    await _move(connection, terms, due_at=until)
    return written


async def _write(  # noqa: PLR0917  what is told of which rule, in whose words, when
    connection: AsyncConnection,
    rule: Rule,
    state: News,
    terms: Sequence[ColumnElement[bool]],
    composer: Composer,
    now: int,
) -> int:
    """Messages to all recipients, and the faults noted as told, in one transaction."""
    counted = select(func.count(), func.max(matches.c.fault_id)).where(*terms)
    total, last = (await connection.execute(counted)).one()
    if not total:
        return 0
    subject = Subject(state, total, await _gravest(connection, terms))
    key = f"{rule.id}:{state}:{last}"
    found = await _recipients(connection, rule)
    messages = list(_messages(rule, subject, composer, key, found))
    after = "told" if state == "waiting" and rule.reminder.tells_resolved else "done"
    await _move(connection, terms, state=after)
    return await outbox.queue(connection, messages, now)


async def send_sample(
    connection: AsyncConnection,
    access: Access,
    rule: Rule,
    composer: Composer,
    *,
    now: int,
    address: str = "",
) -> list[str]:
    """Send whoever asks a sample, by the rule's channels; where to. Needs `reminders:test`."""
    access.require("reminders:test")
    found = [
        each
        for each in await _recipients(connection, rule, only=access.user_id or NOBODY)
        if each.channel != "service" or access.may("reminders:target")
    ]
    if not found:
        what = "has no channel that reaches you"
        raise RequestError(Problem("channels", what, "write your mail address into your account"))
    messages: list[Message] = []
    for each in found:
        subject = sample(composer.say, each.language or rule.reminder.language, now)
        messages += _messages(rule, subject, composer, f"{rule.id}:sample:{now}", [each])
    await outbox.queue(connection, messages, now)
    where = [each.where for each in found]
    await entries.record(
        connection, access, "reminders", "test", rule.id, new={"to": where}, now=now,
        address=address,
    )  # fmt: skip
    return where


def _messages(
    rule: Rule,
    subject: Subject,
    composer: Composer,
    key: str,
    found: Sequence[Recipient],
) -> Iterator[Message]:
    for each in found:
        text = composer.write(rule, subject, each.language, each.timezone)
        sign = hashlib.sha256(each.where.encode()).hexdigest()[:16]
        yield Message(
            f"{key}:{each.channel}:{sign}",
            rule.id,
            rule.reminder.name,
            rule.owner_id,
            each.channel,
            each.where,
            each.language or rule.reminder.language,
            subject.told[0].severity,
            text.subject,
            text.body,
            each.user_id,
            each.target,
        )


async def _recipients(
    connection: AsyncConnection, rule: Rule, *, only: int | None = None
) -> list[Recipient]:
    """Whom a rule tells, those who still may be told; or with `only` that user instead of them."""
    said = rule.reminder
    ids = said.users if only is None else (only,)
    query = select(users).where(users.c.id.in_(ids), users.c.state == "active")
    people = (await connection.execute(query.order_by(users.c.id))).all()
    found: list[Recipient] = []
    for user in people:
        if only is None and not may_be_told(user, said.company_id):
            continue
        own = (user.language, user.timezone, user.id)
        if "portal" in said.channels:
            found.append(Recipient("portal", user.name, *own))
        if "mail" in said.channels and user.mail:
            found.append(Recipient("mail", user.mail, *own))
    if only is None and "mail" in said.channels:
        known = {each.where for each in found if each.channel == "mail"}
        others = (mail for mail in said.mails if mail.casefold() not in known)
        found += [Recipient("mail", mail, said.language, said.timezone) for mail in others]
    if "service" in said.channels:
        common = (said.language, said.timezone, None)
        found += [Recipient("service", t.masked, *common, t.sealed) for t in said.targets]
    return found


async def _gravest(connection: AsyncConnection, terms: Sequence[ColumnElement[bool]]) -> list[Told]:
    query = (
        select(
            systems.c.sn, systems.c.name, faults.c.slot, faults.c.code, faults.c.severity,
            faults.c.opened_at, systems.c.country, systems.c.product_id,
            systems.c.product_version, systems.c.firmware,
        )
        .select_from(matches.join(faults, faults.c.id == matches.c.fault_id))
        .join(systems, systems.c.id == faults.c.system_id)
        .where(*terms)
        .order_by(_GRAVITY.desc(), faults.c.id)
        .limit(LISTED)
    )  # fmt: skip
    return [_told(row) for row in await connection.execute(query)]


def _told(row: Any) -> Told:
    return Told(*row)


def _waiting(rule: Rule, state: str, now: int) -> list[ColumnElement[bool]]:
    return [matches.c.rule_id == rule.id, matches.c.state == state, matches.c.due_at <= now]


async def _move(
    connection: AsyncConnection, terms: Sequence[ColumnElement[bool]], **values: Any
) -> None:
    await connection.execute(update(matches).where(*terms).values(values))


_GRAVITY: Final = case(
    {severity: number for number, severity in enumerate(SEVERITIES)},
    value=faults.c.severity,
    else_=0,
)
