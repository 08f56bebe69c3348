"""Product models of the installation: drafts, versions, what is refused, and what it says."""

import asyncio
from pathlib import Path

import pytest

from core.access import PLATFORM, Access, AccessError
from core.accounts.roles import grants_of
from core.audit import entries
from core.fleet import systems
from core.fleet.systems import Registration
from core.host import load
from core.products import drafts, publishing
from core.products.configured import Configured
from core.products.drafts import LONGEST, Draft
from core.records import ConflictError, RequestError
from core.registry import Registry
from core.runtime.database import Database
from core.thing_model.problems import Problem
from tests.devices import START
from tests.product_models import ACME, acme, published

PRODUCTS = sorted(Path("plugins").resolve().glob("*/*/products/*.toml"))


@pytest.fixture(scope="module")
def built_in() -> Registry:
    return load(strict=True)


@pytest.mark.parametrize(
    "text",
    [
        ACME,
        ACME.replace("\n", "\r\n"),
        ACME + "\n\n   # the end, with no line feed behind it: é 電 \u2028 \U0001f50b\t",
        'id="acme-x1"',
        'name = "not right yet"\nid = "acme-x1"\ncolour = [1, 2',
    ],
)
async def test_a_draft_is_kept_to_the_letter(
    database: Database, registry: Registry, text: str
) -> None:
    begun = ACME if text.endswith("2") else text
    draft = await _create(database, registry, begun)
    if text != begun:
        draft = await _edit(database, draft, text)
    async with database.read() as connection:
        assert draft.text == text == await _text(connection, registry, "draft")


async def test_models_that_ship_are_exported_as_their_files_and_copied_with_their_comments(
    database: Database, built_in: Registry
) -> None:
    assert len(PRODUCTS) > 40
    async with database.begin() as connection:
        for path in PRODUCTS:
            file = path.read_bytes().decode()
            id_ = drafts.id_of(file)
            text = await publishing.text_of(connection, built_in, PLATFORM, id_)
            assert text == file
            copy = await publishing.copy(
                connection, built_in, PLATFORM, id_, f"our-{id_}", now=START
            )
            assert copy.text == file.replace(f'id = "{id_}"', f'id = "our-{id_}"', 1) != file


WRONG = """
id = "other"
name = ""
version = "0.9"
colour = "red"
inverter = "inverters.nothing"
batteries = [{ model = "batteries.pylontech_rs485", max_count = 99 }]
meters = ["meters.shelly_3em", "meters.shelly_3em"]
hardware_functions = ["storm_guard", "levitation"]
software_functions = [{ id = "work_mode", version = "9.0.0" }]
grid_specs = ["moon_1969"]
sn_rules = ["AL?12*"]
markets = ["Germany"]
"""


async def test_everything_that_is_wrong_is_said_at_once(
    database: Database, built_in: Registry
) -> None:
    draft = await _create(database, built_in, ACME.replace("inverters.bench", "inverters.growatt"))
    draft = await _edit(database, draft, WRONG)
    async with database.read() as connection:
        problems = await publishing.problems_of(connection, built_in, PLATFORM, draft)
    with pytest.raises(RequestError) as refused:
        await _publish(database, built_in, draft)
    assert list(refused.value.problems) == problems
    assert {_said(problem) for problem in problems} == {
        "Additional properties are not allowed ('colour' was unexpected)",
        "name: '' should be non-empty",
        "version: '0.9' does not match '^\\\\d+\\\\.\\\\d+\\\\.\\\\d+$'",
        "batteries[0].max_count: 99 is greater than the maximum of 16",
        "markets[0]: 'Germany' does not match '^[A-Z]{2}$'",
        "mounts 'inverters.nothing' in inverter",
        "mounts several components in grid_meter",
        "hardware_functions: 'storm_guard' is a software function",
        "hardware_functions: 'levitation' is not a function",
        "software_functions: 'work_mode' has no version '9.0.0'",
        "grid_specs: 'moon_1969' is not a grid specification",
        "sn_rules: 'AL?12*' fits serial numbers of smile-b3-plus, whose rule is 'AL2*'",
        "sn_rules: 'AL?12*' fits serial numbers of smile-b3, whose rule is 'AL7*'",
        "id: is 'other'",
    }
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize("text", ["x = ", "x = " + "[" * 50_000, "x = " + "9" * 5_000])
async def test_what_is_not_toml_is_said_to_be_so(
    database: Database, registry: Registry, text: str
) -> None:
    draft = await _edit(database, await _create(database, registry), text)
    with pytest.raises(RequestError, match="acme-x1: is n"):
        await _publish(database, registry, draft)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "is not TOML"),
        ('name = "x"', "does not match"),
        ("id = 5", "5 is not of type 'string'"),
        ('id = "Acme X1"', "does not match"),
        (f'id = "{"a" * 65}"', "is too long"),
        ('id = "bench"', "'bench' is that of a model of inverters.bench"),
        ('id = "a"\n' + "#" * LONGEST, "make it no longer than 65536"),
        ('id = "a" # \0', "holds a NUL"),
        ('id = "a" # \ud83d', "half a character"),
    ],
)
async def test_a_draft_needs_an_id_of_its_own(
    database: Database, registry: Registry, text: str, said: str
) -> None:
    with pytest.raises(RequestError, match=said):
        await _create(database, registry, text)


async def test_two_edits_at_once_do_not_overwrite_each_other(
    database: Database, registry: Registry
) -> None:
    draft = await _create(database, registry)
    with pytest.raises(RequestError, match="is taken"):
        await _create(database, registry)
    theirs, ours = acme(name="Theirs"), acme(name="Ours")
    await _edit(database, draft, theirs)
    with pytest.raises(ConflictError) as conflict:
        await _edit(database, draft, ours)
    assert isinstance(conflict.value.current, Draft)
    assert (conflict.value.current.text, conflict.value.wanted) == (theirs, ours)
    with pytest.raises(ConflictError):
        await _publish(database, registry, draft)


async def test_versions_grow_and_never_change(database: Database, registry: Registry) -> None:
    await published(database, registry)
    for version in ("1.0.0", "0.9.9", "1.0.0"):
        with pytest.raises(RequestError, match="versions grow: write a higher one"):
            await published(database, registry, acme(version=version, name="Changed"))
    for version in ("1.9.0", "1.10.0"):
        await published(database, registry, acme(version=version))
    async with database.read() as connection:
        found = await publishing.versions(connection, PLATFORM, "acme-x1")
        assert [each.version for each in found] == ["1.10.0", "1.9.0", "1.0.0"]
        assert found[-1].text == await _text(connection, registry, "1.0.0") == ACME
        assert await _text(connection, registry) == acme(version="1.10.0")
        with pytest.raises(RequestError, match=r"'2.0.0' is not a version of acme-x1"):
            await _text(connection, registry, "2.0.0")
        with pytest.raises(RequestError, match="'nothing' is not a product model"):
            await publishing.text_of(connection, registry, PLATFORM, "nothing")
        changed = await publishing.compare(
            connection, registry, PLATFORM, "acme-x1", old="1.0.0", new="1.10.0"
        )
        (draft,) = await drafts.page(connection, PLATFORM)
    assert [str(each) for each in changed] == ["version: '1.0.0' → '1.10.0'"]
    assert (draft.published, draft.is_changed, draft.is_retired) == ("1.10.0", False, False)
    draft = await _edit(database, draft, acme(version="1.10.0") + "# a thought")
    assert (draft.published, draft.is_changed) == ("1.10.0", True)


async def test_a_model_in_use_is_not_retired(database: Database, registry: Registry) -> None:
    await published(database, registry)
    await published(database, registry, acme(version="1.1.0"))
    configured = await _configured(database, registry)
    async with database.begin() as connection:
        for n in range(7):
            given = Registration(f"ACME000{n}", "acme-x1", "1.0.0" if n else "")
            await systems.register(connection, configured, given, START)
    with pytest.raises(RequestError) as refused:
        await _retire(database)
    (problem,) = refused.value.problems
    some = "ACME0000, ACME0001, ACME0002, ACME0003, ACME0004, …"
    assert problem.what == f"7 systems are acme-x1: {some}"
    with pytest.raises(RequestError, match=r"1 systems are acme-x1 1.1.0: ACME0000 "):
        await _retire(database, "1.1.0")
    async with database.begin() as connection:
        await systems.change_product(
            connection, configured, "ACME0000", "acme-x1", product_version="1.0.0", now=START
        )
    assert await _retire(database, "1.1.0") == ["1.1.0"]
    after = await _configured(database, registry)
    assert after.newest["acme-x1"].version == "1.0.0"
    async with database.begin() as connection:
        given = Registration("ACME0008", "acme-x1", "1.1.0")
        with pytest.raises(RequestError, match=r"versions are 1.0.0"):
            await systems.register(connection, after, given, START)
        for n in range(7):
            await systems.change_product(connection, after, f"ACME000{n}", "bench", now=START)
    assert await _retire(database) == ["1.0.0"]
    gone = await _configured(database, registry)
    assert gone.product("acme-x1") is gone.product_of_sn("ACME0009") is None
    assert gone.product("acme-x1", "1.0.0") is not None  # what was recorded by it can be read
    with pytest.raises(RequestError, match="is not published here, or retired already"):
        await _retire(database)
    async with database.read() as connection:
        (draft,) = await drafts.page(connection, PLATFORM)
    assert draft.is_retired
    await published(database, registry, acme(version="1.2.0"))
    assert "acme-x1" in (await _configured(database, registry)).newest


async def test_only_a_draft_that_was_never_published_is_discarded(
    database: Database, registry: Registry
) -> None:
    draft = await _create(database, registry, acme(id="typo"))
    async with database.begin() as connection:
        await drafts.discard(connection, PLATFORM, "typo", version=draft.version, now=START)
        assert await drafts.by_id(connection, PLATFORM, "typo") is None
    await published(database, registry)
    async with database.begin() as connection:
        with pytest.raises(RequestError, match="retire it instead"):
            await drafts.discard(connection, PLATFORM, "acme-x1", version=1, now=START)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_of_two_models_with_the_same_serial_numbers_one_is_published(
    database: Database, registry: Registry
) -> None:
    first = await _create(database, registry)
    second = await _create(database, registry, acme(id="acme-x2"))
    done = await asyncio.gather(
        _publish(database, registry, first),
        _publish(database, registry, second),
        return_exceptions=True,
    )
    (refused,) = [each for each in done if isinstance(each, RequestError)]
    assert "'ACME*' fits serial numbers of acme-x" in str(refused)


async def test_who_may_do_what(database: Database, registry: Registry) -> None:
    draft = await _create(database, registry)
    looking = Access(1, "ben", "A", None, grants_of("A", ["l2"]))
    making = Access(2, "ada", "A", None, grants_of("A", ["product"]))
    installing = Access(3, "eve", "B", 1, grants_of("B", ["administrator"]))
    with pytest.raises(AccessError, match="products:publish"):
        await _publish(database, registry, draft, looking)
    assert (await _publish(database, registry, draft, making)).published_by == "ada"
    async with database.begin() as connection:
        for access in (looking, installing):
            assert await publishing.text_of(connection, registry, access, "acme-x1") == ACME
            with pytest.raises(AccessError, match="products:edit"):
                await publishing.text_of(connection, registry, access, "acme-x1", "draft")
            with pytest.raises(AccessError, match="products:edit"):
                await drafts.page(connection, access)
            with pytest.raises(AccessError, match="products:create"):
                await publishing.copy(connection, registry, access, "bench", "b", now=START)
            with pytest.raises(AccessError, match="products:retire"):
                await publishing.retire(connection, access, "acme-x1", now=START)


async def test_the_audit_tells_what_changed(database: Database, registry: Registry) -> None:
    draft = await _create(database, registry)
    draft = await _edit(database, draft, acme(name="Acme One") + 'password = "x"\n')
    draft = await _edit(database, draft, acme(name="Acme One"))
    await _publish(database, registry, draft)
    await _retire(database)
    async with database.read() as connection:
        told = await entries.page(connection, PLATFORM, entries.Wanted(area="products"))
    assert [(each.action, each.old, each.new) for each in reversed(told)] == [
        ("create", {}, {"text": ACME}),
        (
            "edit",
            {"version": 1},
            {
                "version": 2,
                "changes": ["name: 'Acme X1' → 'Acme One'", "password: new, 'x'"],
            },
        ),
        ("edit", {"version": 2}, {"version": 3, "changes": ["password: gone, was 'x'"]}),
        ("publish", {"version": ""}, {"version": "1.0.0"}),
        ("retire", {"offered": "1.0.0"}, {}),
    ]


def _said(problem: Problem) -> str:
    assert problem.where.startswith("product model acme-x1")
    place = problem.where.removeprefix("product model acme-x1").removeprefix(": ")
    return f"{place}: {problem.what}" if place else problem.what


async def _create(database: Database, registry: Registry, text: str = ACME) -> Draft:
    async with database.begin() as connection:
        return await drafts.create(connection, registry, PLATFORM, text, now=START)


async def _edit(database: Database, draft: Draft, text: str) -> Draft:
    async with database.begin() as connection:
        return await drafts.edit(
            connection, PLATFORM, draft.id, text, version=draft.version, now=START
        )


async def _publish(
    database: Database, registry: Registry, draft: Draft, access: Access = PLATFORM
) -> publishing.ProductVersion:
    async with database.begin() as connection:
        return await publishing.publish(
            connection, registry, access, draft.id, version=draft.version, now=START
        )


async def _retire(database: Database, version: str = "") -> list[str]:
    async with database.begin() as connection:
        done = await publishing.retire(connection, PLATFORM, "acme-x1", version, now=START)
    return [each.version for each in done]


async def _text(connection, registry: Registry, version: str = "") -> str:
    return await publishing.text_of(connection, registry, PLATFORM, "acme-x1", version)


async def _configured(database: Database, registry: Registry) -> Registry:
    configured = Configured(registry)
    async with database.read() as connection:
        await configured.refresh(connection)
    return configured.registry
