"""What somebody asks a rule to be, read into what it says, with everything wrong about it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, cast
from zoneinfo import available_timezones

from attrs import frozen
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts.directory import visible
from core.accounts.passwords import folded
from core.accounts.profiles import COUNTRY_SHAPE, MAIL_SHAPE
from core.accounts.tables import users
from core.companies import companies
from core.notifications import targets, texts
from core.notifications.quiet import SHAPE
from core.notifications.rules import Channel, Reminder
from core.notifications.targets import Target
from core.notifications.texts import Text
from core.records import RequestError, printable
from core.sealing import Seal
from core.thing_model.problems import Problem

MOST: Final = 50
"""Users, mail addresses or codes of one rule."""
CODE: Final = re.compile(r"[\w.:/-]{1,128}\*?|\*")


@frozen
class Asked:
    """A rule as it is typed: lists are texts with commas, spaces or lines between."""

    name: str
    severities: Sequence[str]
    codes: str
    products: Sequence[str]
    countries: str
    company: str
    delay: int
    grouping: int
    tells_resolved: bool
    channels: Sequence[str]
    users: str
    mails: str
    targets: str
    language: str
    subject_en: str
    body_en: str
    subject_zh: str
    body_zh: str
    quiet_from: str
    quiet_until: str
    timezone: str
    wakes: bool


@frozen
class Ground:
    """What an asked rule is read on: the seal, and what the operator allows.

    known: targets that were kept before. owner_id: the company whose rule it is, None where it is
    the platform's.
    """

    seal: Seal | None
    owner_id: int | None
    known: tuple[Target, ...] = ()
    private: bool = False


async def read(
    connection: AsyncConnection, access: Access, asked: Asked, ground: Ground
) -> Reminder:
    """The rule; raises RequestError with all that is wrong with it."""
    problems = [*_wrong_lists(asked), *_wrong_texts(asked), *_wrong_times(asked)]
    company_id = await _company(connection, access, asked.company.strip(), ground, problems)
    people = await _people(connection, access, company_id, asked, problems)
    lines = [line.strip() for line in asked.targets.splitlines() if line.strip()]
    known = {target.masked for target in ground.known}
    if any(line not in known for line in lines):
        access.require("reminders:target")
    found, wrong = targets.read(lines, ground.seal, ground.known, private=ground.private)
    problems += wrong
    mails = tuple(dict.fromkeys(_parts(asked.mails)))
    problems += _wrong_channels(asked, people, mails, found)
    if problems:
        raise RequestError(*problems)
    return Reminder(
        printable(asked.name.strip()),
        tuple(asked.severities),
        _parts(asked.codes),
        tuple(asked.products),
        tuple(each.upper() for each in _parts(asked.countries)),
        company_id,
        asked.delay,
        asked.grouping,
        asked.tells_resolved,
        cast("tuple[Channel, ...]", tuple(asked.channels)),
        people,
        mails,
        tuple(found),
        asked.language,
        texts_of(asked),
        asked.quiet_from,
        asked.quiet_until,
        asked.timezone,
        asked.wakes,
    )


def texts_of(asked: Asked) -> Mapping[str, Text]:
    """The languages that are written; one half of a text is none."""
    said = {"en": (asked.subject_en, asked.body_en), "zh": (asked.subject_zh, asked.body_zh)}
    return {
        language: Text(printable(subject.strip()), printable(body.strip()))
        for language, (subject, body) in said.items()
        if subject.strip() and body.strip()
    }


async def _company(
    connection: AsyncConnection,
    access: Access,
    name: str,
    ground: Ground,
    problems: list[Problem],
) -> int | None:
    """Whose systems a rule is about; a company's rule never leaves the company."""
    if ground.owner_id is not None or access.user_type != "A":
        if ground.owner_id is None:
            problems.append(Problem("company", "is missing: you belong to none", "ask support"))
        return ground.owner_id
    if not name:
        return None
    found = await companies.by_name(connection, access, name)
    if found is None:
        problems.append(Problem("company", f"{name[:64]!r} is not known", "write its whole name"))
    return None if found is None else found.id


async def _people(
    connection: AsyncConnection,
    access: Access,
    company_id: int | None,
    asked: Asked,
    problems: list[Problem],
) -> tuple[int, ...]:
    """Ids of the users; nobody is told of systems that they could not look at."""
    names = [folded(name) for name in _parts(asked.users)]
    query = select(users).where(users.c.name.in_(names), visible(access), users.c.state == "active")
    found = {row.name: row for row in await connection.execute(query)}
    for name in names:
        row = found.get(name)
        if row is None:
            problems.append(Problem("users", f"{name[:64]!r} is no active user", "look at names"))
        elif not may_be_told(row, company_id):
            what = f"{name[:64]!r} may not see these systems"
            problems.append(Problem("users", what, "name people of the rule's company"))
    return tuple(found[name].id for name in dict.fromkeys(names) if name in found)


def may_be_told(user: object, company_id: int | None) -> bool:
    """Whether a user may hear of systems of a company, or with None of all."""
    if getattr(user, "user_type", "") == "A":
        return True
    return company_id is not None and getattr(user, "company_id", None) == company_id


def _wrong_lists(asked: Asked) -> Iterator[Problem]:
    for where in ("codes", "countries", "users", "mails"):
        if len(_parts(getattr(asked, where))) > MOST:
            yield Problem(where, f"are more than {MOST}", "make another rule of the rest")
    for code in _parts(asked.codes):
        if not CODE.fullmatch(code):
            yield Problem("codes", f"{code[:40]!r} is no code", "as in Code analysis, or over*")
    for country in _parts(asked.countries):
        if not COUNTRY_SHAPE.fullmatch(country.upper()):
            yield Problem("countries", f"{country[:8]!r} is no country", "such as DE")
    for mail in _parts(asked.mails):
        if not MAIL_SHAPE.fullmatch(mail) or len(mail) > 254:
            yield Problem("mails", f"{mail[:64]!r} is no mail address", "a@example.org")


def _wrong_texts(asked: Asked) -> Iterator[Problem]:
    for language in texts.LANGUAGES:
        subject = getattr(asked, f"subject_{language}")
        body = getattr(asked, f"body_{language}")
        yield from texts.problems_of(f"subject_{language}", subject, texts.LONGEST_SUBJECT)
        yield from texts.problems_of(f"body_{language}", body, texts.LONGEST_BODY)
        if bool(subject.strip()) != bool(body.strip()):
            empty = f"subject_{language}" if body.strip() else f"body_{language}"
            yield Problem(empty, "is missing, its other half is there", "write both or neither")
    if asked.language not in texts_of(asked):
        where = f"subject_{asked.language}"
        yield Problem(where, "is missing: it is the language of the rule", "write its text")


def _wrong_times(asked: Asked) -> Iterator[Problem]:
    for where in ("quiet_from", "quiet_until"):
        said = getattr(asked, where)
        if said and not SHAPE.fullmatch(said):
            yield Problem(where, f"{said[:8]!r} is no time of day", "such as 22:00")
    if bool(asked.quiet_from) != bool(asked.quiet_until):
        where = "quiet_until" if asked.quiet_from else "quiet_from"
        yield Problem(where, "is missing", "quiet hours have a beginning and an end")
    elif asked.quiet_from and asked.quiet_from == asked.quiet_until:
        yield Problem("quiet_until", "is when they begin", "choose another, or leave out both")
    if asked.timezone not in available_timezones():
        what = f"{asked.timezone[:64]!r} is no time zone"
        yield Problem("timezone", what, "an IANA name, such as Europe/Berlin")


def _wrong_channels(
    asked: Asked, people: Sequence[int], mails: Sequence[str], found: Sequence[Target]
) -> Iterator[Problem]:
    if not asked.channels:
        yield Problem("channels", "are missing", "choose one at least")
    if "portal" in asked.channels and not people:
        yield Problem("users", "are missing: only users are told in the portal", "name some")
    if "mail" in asked.channels and not (people or mails):
        yield Problem("mails", "are missing, and so are users", "name somebody to write to")
    if "service" in asked.channels and not found:
        yield Problem("targets", "are missing", "give an address, such as ntfys://host/topic")


def _parts(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in re.split(r"[\s,;]+", text) if each))


def together(parts: Iterable[object]) -> str:
    """Parts as they are typed."""
    return ", ".join(map(str, parts))
