"""What the operator knows of a code, beside what its plugin declares: one article a language.

What is declared is never changed by it. Every version of an article is kept.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs
from attrs import frozen
from sqlalchemy import insert, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.journal.tables import article_versions, articles
from core.records import ConflictError, RequestError, change_row, printable
from core.registry import Registry
from core.thing_model.problems import Problem

AREA: Final = "knowledge"
LONGEST: Final = {"cause": 4_000, "steps": 8_000, "links": 2_000, "commands": 2_000}
_WEB: Final = re.compile(r"https?://[^\s<>\"]+")
Code = tuple[str, str]
"""The name of a plugin, and a code that it declares."""


@frozen
class Advice:
    """What is known of a code: its cause, what helps step by step, where more is said.

    commands: names of commands of the plugin that are advised.
    """

    cause: str = ""
    steps: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def says(self) -> bool:
        return bool(self.cause or self.steps or self.links or self.commands)


@frozen
class Article:
    """Advice in one language; `version` is 1 for the first. Times are UTC milliseconds."""

    id: int
    plugin: str
    code: str
    language: str
    advice: Advice
    version: int
    written_at: int
    written_by: str


async def all_articles(connection: AsyncConnection) -> dict[Code, list[Article]]:
    """Every article by its code, the languages of one in order."""
    return _by_code(await connection.execute(_ORDERED))


async def of_codes(connection: AsyncConnection, codes: Iterable[Code]) -> dict[Code, list[Article]]:
    """The articles of these codes."""
    if not (wanted := sorted(set(codes))):
        return {}
    among = tuple_(articles.c.plugin, articles.c.code).in_(wanted)
    return _by_code(await connection.execute(_ORDERED.where(among)))


async def versions_of(
    connection: AsyncConnection, access: Access, code: Code, *, limit: int = 50
) -> list[Article]:
    """What was written of a code, in any language, newest first; needs `knowledge:read`."""
    access.require(f"{AREA}:read")
    texts = [article_versions.c[name] for name in (*LONGEST, *_WRITTEN)]
    of_code = (articles.c.plugin == code[0]) & (articles.c.code == code[1])
    query = select(*_ABOUT, *texts).select_from(articles.join(article_versions)).where(of_code)
    newest = article_versions.c.id.desc()
    return [_article(row) for row in await connection.execute(query.order_by(newest).limit(limit))]


async def write(
    connection: AsyncConnection,
    registry: Registry,
    access: Access,
    code: Code,
    advice: Advice,
    *,
    language: str,
    version: int,
    now: int,
    address: str = "",
) -> Article:
    """Write the article of a code in a language, or another version of it.

    version: the one that the writer saw, 0 where there was none. Needs `knowledge:edit`. Raises
    RequestError, and ConflictError where somebody else wrote meanwhile.
    """
    access.require(f"{AREA}:edit")
    advice = _printable(advice)
    before = await _current(connection, code, language)
    if (before.version if before else 0) != version:
        raise ConflictError(before)
    problems = list(_problems(registry, code, advice, is_first=before is None))
    if problems:
        raise RequestError(*problems)
    row = {**_columns(advice), "written_at": now, "written_by": access.name[:128]}
    if before is None:
        written = await _insert(connection, (*code, language), row)
    else:
        written = await change_row(connection, articles.c.id, before.id, version, row)
    if written is None:
        raise ConflictError(await _current(connection, code, language))
    kept = {**row, "article_id": written.id, "version": written.version}
    await connection.execute(insert(article_versions).values(**kept))
    await entries.record(
        connection, access, AREA, "edit", ":".join((*code, language))[:128],
        old=attrs.asdict(before.advice) if before else {}, new=attrs.asdict(advice),
        now=now, address=address,
    )  # fmt: skip
    return _article(written)


async def _insert(
    connection: AsyncConnection, about: tuple[str, str, str], row: Mapping[str, Any]
) -> Any:
    """The first version; None where somebody else wrote it meanwhile."""
    named = dict(zip(("plugin", "code", "language"), about, strict=True))
    statement = insert(articles).values(**named, **row, version=1).returning(*articles.c)
    try:
        async with connection.begin_nested():
            return (await connection.execute(statement)).one()
    except IntegrityError:
        return None


async def _current(connection: AsyncConnection, code: Code, language: str) -> Article | None:
    found = (await of_codes(connection, [code])).get(code, ())
    return next((each for each in found if each.language == language), None)


def _problems(
    registry: Registry, code: Code, advice: Advice, *, is_first: bool
) -> Iterator[Problem]:
    plugin = registry.plugins.get(code[0])
    if plugin is None or all(fault.code != code[1] for fault in plugin.faults):
        yield Problem("code", f"{code[0]} declares no code {code[1]!r}", "look in the list")
        return
    if is_first and not advice.says:
        yield Problem("cause", "nothing is said", "write a cause, a step, a link or a command")
    for link in advice.links:
        if not _WEB.fullmatch(link):
            yield Problem("links", f"{link[:80]!r} is no address", "begin with https://")
    for name in sorted(set(advice.commands) - {command.name for command in plugin.commands}):
        yield Problem("commands", f"{plugin.name} declares no command {name!r}", "choose another")
    for name, text in _columns(advice).items():
        if len(text) > LONGEST[name]:
            yield Problem(name, f"is longer than {LONGEST[name]} characters", "shorten it")


def _printable(advice: Advice) -> Advice:
    return Advice(
        printable(advice.cause).replace("\r\n", "\n").strip(),
        *(_lines(printable("\n".join(getattr(advice, name)))) for name in _LISTS),
    )


def _columns(advice: Advice) -> dict[str, str]:
    return {"cause": advice.cause, **{name: "\n".join(getattr(advice, name)) for name in _LISTS}}


def _lines(text: str) -> tuple[str, ...]:
    return tuple(stripped for line in text.splitlines() if (stripped := line.strip()))


def _by_code(rows: Iterable[Any]) -> dict[Code, list[Article]]:
    found: dict[Code, list[Article]] = {}
    for row in rows:
        found.setdefault((row.plugin, row.code), []).append(_article(row))
    return found


def _article(row: Any) -> Article:
    advice = Advice(row.cause, *(_lines(getattr(row, name)) for name in _LISTS))
    about = (row.id, row.plugin, row.code, row.language)
    return Article(*about, advice, row.version, row.written_at, row.written_by)


_LISTS: Final = ("steps", "links", "commands")
_WRITTEN: Final = ("version", "written_at", "written_by")
_ABOUT: Final = tuple(articles.c[name] for name in ("id", "plugin", "code", "language"))
_ORDERED: Final = select(articles).order_by(articles.c.plugin, articles.c.code, articles.c.language)
