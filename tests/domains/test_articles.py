"""What the operator writes of codes: kept by language and version, beside what is declared."""

import pytest
from attrs import evolve

from core.access import PLATFORM, AccessError
from core.audit import entries
from core.journal import articles
from core.journal.articles import Advice, Article
from core.records import ConflictError, Connection, RequestError
from core.registry import Registry
from core.runtime.database import Database

NOW = 1_790_000_000_000


def a_code(registry: Registry) -> tuple[str, str, str]:
    """Some plugin with a fault and a command: its name, the code, the command."""
    plugin = next(p for p in registry.plugins.values() if p.faults and p.commands)
    return plugin.name, plugin.faults[0].code, plugin.commands[0].name


async def write(
    connection: Connection, registry: Registry, advice: Advice, version: int, language: str = "en"
) -> Article:
    plugin, code, _ = a_code(registry)
    return await articles.write(
        connection,
        registry,
        PLATFORM,
        (plugin, code),
        advice,
        language=language,
        version=version,
        now=NOW,
    )


async def test_every_version_is_kept_and_recorded(database: Database, registry: Registry):
    plugin, code, command = a_code(registry)
    first = Advice("A loose\nplug", (" Look ", "", "Push"), ("https://example.org/a",), (command,))
    async with database.begin() as connection:
        await write(connection, registry, first, 0)
        await write(connection, registry, Advice("Something else"), 1)
        await write(connection, registry, Advice("插头松动"), 0, "zh_Hans")
        found = (await articles.all_articles(connection))[plugin, code]
        versions = await articles.versions_of(connection, PLATFORM, (plugin, code))
        told = await entries.page(connection, PLATFORM, entries.Wanted(area="knowledge"), limit=9)
    assert [(a.language, a.version, a.advice.cause) for a in found] == [
        ("en", 2, "Something else"),
        ("zh_Hans", 1, "插头松动"),
    ]
    assert [(v.language, v.version) for v in versions] == [("zh_Hans", 1), ("en", 2), ("en", 1)]
    assert versions[-1].advice == evolve(first, steps=("Look", "Push"))
    assert told[1].old["cause"] == "A loose\nplug"
    assert told[1].new["cause"] == "Something else"


@pytest.mark.parametrize("seen", [0, 2])
async def test_two_edits_are_told_apart(database: Database, registry: Registry, seen: int):
    async with database.begin() as connection:
        await write(connection, registry, Advice("First"), 0)
    async with database.begin() as connection:
        with pytest.raises(ConflictError) as refused:
            await write(connection, registry, Advice("Mine"), seen)
    assert isinstance(refused.value.current, Article)
    assert refused.value.current.advice.cause == "First"


@pytest.mark.parametrize(
    ("advice", "where"),
    [
        (Advice(), "cause"),
        (Advice(links=("javascript:alert(1)",)), "links"),
        (Advice(commands=("fly",)), "commands"),
        (Advice(steps=("x" * 8_001,)), "steps"),
    ],
)
async def test_what_is_wrong_is_refused_at_its_field(
    database: Database, registry: Registry, advice: Advice, where: str
):
    async with database.begin() as connection:
        with pytest.raises(RequestError) as refused:
            await write(connection, registry, advice, 0)
        assert [problem.where for problem in refused.value.problems] == [where]
        assert await articles.all_articles(connection) == {}


async def test_only_declared_codes_and_only_who_may(database: Database, registry: Registry):
    plugin, code, _ = a_code(registry)
    reader = evolve(PLATFORM, grants=frozenset({"knowledge:read"}))
    async with database.begin() as connection:
        for access, said, error in (
            (PLATFORM, "no_such", RequestError),
            (reader, code, AccessError),
        ):
            with pytest.raises(error):
                await articles.write(
                    connection, registry, access, (plugin, said), Advice("x"),
                    language="en", version=0, now=NOW,
                )  # fmt: skip
