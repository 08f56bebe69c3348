"""Code Analysis: what the codes of each maker mean, as declared and as the operator knows it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from core.journal import articles
from core.journal.articles import LONGEST, Advice, Article
from core.listing.filters import Choice, Text
from core.listing.memory import MemoryListing, distinct_keys
from core.listing.query import Occasion, Sort
from core.listing.tables import Row
from core.plugin import Plugin
from core.records import Connection
from core.registry import Registry
from core.thing_model.fault import SEVERITIES
from portal.presentation import status
from portal.presentation.device import told_by
from portal.presentation.knowledge import article_document, article_documents, own_article
from portal.resource.declared import Column, Empty, Field, FilterField, Form, Menu, Resource
from portal.resource.work import Work
from portal.resources.faults import LEVELS, MENU
from portal.services import Services
from portal.texts import LANGUAGES, N_, language


def _codes(occasion: Occasion) -> tuple[Row, ...]:
    return _of(occasion.registry, language())


@lru_cache(maxsize=len(LANGUAGES))
def _of(registry: Registry, _: str) -> tuple[Row, ...]:
    """Every fault that a plugin declares; a registry never changes, words are in a language."""
    return tuple(row for plugin in registry.plugins.values() for row in _rows(plugin))


def _rows(plugin: Plugin) -> Iterator[Row]:
    vendor = next((c.vendor for c in plugin.components if c.vendor), "")
    keys = distinct_keys(f"{plugin.name}:{fault.code}" for fault in plugin.faults)
    for key, fault in zip(keys, plugin.faults, strict=True):
        yield {
            "id": key,
            "plugin": plugin.name,
            "kind": plugin.kind,
            "vendor": vendor,
            "code": fault.code,
            "number": fault.number,
            "label": fault.name,
            "severity": fault.severity,
            "doc": fault.doc,
            "advice": fault.advice,
            "told_by": told_by(fault),
        }


async def _kept(connection: Connection, held: Iterable[Row]) -> list[Row]:
    """The codes with what the operator wrote of them, in the reader's language."""
    written = await articles.all_articles(connection)
    return [_with(row, written.get((row["plugin"], row["code"]), [])) for row in held]


def _with(row: Row, written: Sequence[Article]) -> Row:
    own = own_article(written)
    advice = own.advice if own else Advice()
    words = [row["label"], row["doc"], row["advice"]]
    for article in written:
        words += [article.advice.cause, *article.advice.steps]
    return {
        **row,
        "cause": advice.cause,
        "steps": "\n".join(advice.steps),
        "links": "\n".join(advice.links),
        "commands": advice.commands,
        "version": own.version if own else 0,
        "written_at": own.written_at if own else None,
        "written_by": own.written_by if own else "",
        "languages": [LANGUAGES.get(a.language, a.language) for a in written if a.advice.says],
        "words": "\n".join(words),
    }


async def _known(services: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    code = (row["plugin"], row["code"])
    plugin = services.registry.plugins[row["plugin"]]
    async with services.database.read() as connection:
        written = (await articles.of_codes(connection, [code])).get(code, ())
        versions = await articles.versions_of(connection, occasion.access, code)
    return {
        "articles": article_documents(plugin, written),
        "versions": [article_document(plugin, each) for each in versions],
    }


def _fields(services: Services, row: Row) -> tuple[Field, ...]:
    """The fields of an article; what can be advised are commands of the plugin."""
    commands = services.registry.plugins[row["plugin"]].commands
    titles = {command.name: command.title for command in commands}
    advised = Field("commands", N_("Advised commands"), "choices", choices=titles)
    return (*_WORDS, advised) if titles else _WORDS


async def _write(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    advice = Advice(
        values["cause"],
        tuple(values["steps"].splitlines()),
        tuple(values["links"].splitlines()),
        values.get("commands", ()),
    )
    await articles.write(
        work.connection, work.services.registry, work.access, (row["plugin"], row["code"]),
        advice, language=language(), version=row["version"], now=work.now, address=work.address,
    )  # fmt: skip


_WORDS: Final = (
    Field(
        "cause",
        N_("Cause"),
        "long",
        longest=LONGEST["cause"],
        help=N_("In the language that you read the portal in; others have their own text."),
    ),
    Field("steps", N_("What helps"), "long", longest=LONGEST["steps"], help=N_("A step in a line")),
    Field("links", N_("Links"), "long", longest=LONGEST["links"], help=N_("An address in a line")),
)


CODES: Final = Resource(
    id="fault-codes",
    title=N_("Code analysis"),
    one=N_("code"),
    many=N_("codes"),
    area="knowledge",
    listing=MemoryListing(
        "fault_codes",
        _codes,
        (
            "id",
            "plugin",
            "kind",
            "vendor",
            "code",
            "number",
            "label",
            "severity",
            "doc",
            "advice",
            "told_by",
            "cause",
            "steps",
            "links",
            "commands",
            "version",
            "written_at",
            "written_by",
            "languages",
            "words",
        ),
        key="id",
        sorts=(Sort("id", unique=True), Sort("label"), Sort("number"), Sort("vendor")),
        filters=(
            Text("q", "words", match="part"),
            Text("code", match="beginning"),
            Text("number", match="beginning"),
            Choice("vendor"),
            Choice("kind"),
            Choice("severity", choices=SEVERITIES),
            Choice("plugin"),
            Choice("languages"),
        ),
        kept=_kept,
    ),
    menu=Menu(MENU, 50, icon="report"),
    intro=N_("What the codes of each maker mean and what helps, as documents and our people say."),
    columns=(
        Column("label", N_("Fault")),
        Column("number", N_("Maker's number"), "code"),
        Column("vendor", N_("Vendor")),
        Column("severity", N_("Severity"), "mark", marks=status.SEVERITY),
        Column("doc", N_("Meaning")),
        Column("advice", N_("Advice")),
        Column("languages", N_("Written by us in"), "list"),
        Column("plugin", N_("Plugin"), link="/plugins/{plugin}"),
        Column("code", N_("Code"), "code", link="/faults?code.exact={code}"),
        Column("told_by", N_("Told by"), "code", shown=False),
        Column("kind", N_("Kind"), shown=False),
        Column("cause", N_("Cause"), shown=False),
        Column("steps", N_("What helps"), shown=False),
        Column("links", N_("Links"), shown=False),
        Column("commands", N_("Advised commands"), "list", shown=False),
        Column("written_at", N_("Written"), "time", shown=False),
        Column("written_by", N_("Written by"), shown=False),
    ),
    filters=(
        FilterField("q", N_("Words"), hint=N_("Of fault, meaning, cause or advice"), first=True),
        FilterField("number", N_("Maker's number"), hint=N_("Its beginning"), first=True),
        FilterField("vendor", first=True),
        FilterField("severity", choices=LEVELS, first=True),
        FilterField("code", hint=N_("Its beginning")),
        FilterField("kind"),
        FilterField("plugin"),
        FilterField("languages", N_("Written by us in")),
    ),
    form=Form(edit=_write, of_row=_fields, audited=False),
    detail_context=_known,
    detail_template="resource/fault_code.html.jinja",
    empty=Empty(N_("No plugin declares a fault"), icon="report"),
)

RESOURCES: Final = (CODES,)
