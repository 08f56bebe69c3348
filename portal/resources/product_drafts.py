"""Drafts of product models: written, checked, published and discarded."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from core.listing.query import Occasion
from core.listing.tables import Row
from core.product_files import document_of
from core.products import drafts, publishing
from core.products.changes import changes
from core.products.drafts import LONGEST, Draft
from core.products.listed import LISTING
from core.products.places import line_of
from core.records import ConflictError, RequestError
from core.thing_model.problems import ModelError, Problem
from core.thing_model.product import SEMVER
from portal.presentation.status import Mark
from portal.resource.declared import Action, Column, Empty, Field, FilterField, Form, Menu, Resource
from portal.resource.work import Work
from portal.services import Services
from portal.texts import N_

STATES: Final = {
    "draft": Mark(N_("Not published"), "pencil", "warning"),
    "changed": Mark(N_("Changed since published"), "pencil", "warning"),
    "published": Mark(N_("Published"), "circle-check", "success"),
    "retired": Mark(N_("Retired"), "player-stop", "unknown"),
}
BEGINNING: Final = """\
#:schema https://thingwright.dev/schemas/product_model.schema.json
id = ""
name = ""
version = "1.0.0"
vendor = ""
markets = []
sn_rules = []
inverter = ""
batteries = []
meters = []
"""


async def _complete(_: Services, __: Occasion, found: list[Row]) -> None:
    """State, and the name and version that a text says, where it is TOML."""
    for row in found:
        said = _said(row["text"])
        row["name"] = str(said.get("name", ""))
        row["release"] = str(said.get("version", ""))
        row["state"] = _state(row)
        row["page"] = f"/products/{row['id']}" if row["published"] else ""


def _said(text: str) -> Mapping[str, Any]:
    try:
        return document_of(text, "TOML")
    except ModelError:
        return {}


def _state(row: Row) -> str:
    if not row["published"]:
        return "draft"
    if row["is_changed"]:
        return "changed"
    return "retired" if row["is_retired"] else "published"


async def _create(work: Work, values: Mapping[str, Any]) -> str:
    made = await drafts.create(
        work.connection, work.services.registry, work.access, values["text"],
        now=work.now, address=work.address,
    )  # fmt: skip
    return made.id


async def _edit(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    """Browsers write every line's end in one way; the text keeps its own."""
    text = values["text"]
    if "\r\n" in row["text"]:
        text = text.replace("\n", "\r\n")
    await drafts.edit(
        work.connection, work.access, row["id"], text,
        version=row["version"], now=work.now, address=work.address,
    )  # fmt: skip


async def _publish(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    """The draft as it was shown, under the version that was asked for."""
    seen = int(values["version"])
    if seen != row["version"]:
        raise _meanwhile()
    text = _or_refused(lambda: drafts.released(row["text"], values["release"]))
    if text != row["text"]:
        draft = await drafts.edit(
            work.connection, work.access, row["id"], text,
            version=seen, now=work.now, address=work.address,
        )  # fmt: skip
        seen = draft.version
    published = publishing.publish(
        work.connection, work.services.registry, work.access, row["id"],
        version=seen, reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip
    await _unchanged(published)


async def _discard(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    discarded = drafts.discard(
        work.connection, work.access, row["id"],
        version=row["version"], now=work.now, address=work.address,
    )  # fmt: skip
    await _unchanged(discarded)


async def _unchanged(done: Awaitable[object]) -> None:
    try:
        await done
    except ConflictError:
        raise _meanwhile() from None


def _or_refused(make: Callable[[], str]) -> str:
    try:
        return make()
    except ModelError as error:
        raise RequestError(*error.problems) from None


def _meanwhile() -> RequestError:
    return RequestError(Problem("version", "somebody else changed the text", "look at it again"))


async def _detail(services: Services, occasion: Occasion, row: Row) -> Mapping[str, Any]:
    """The text line by line, each with what is wrong in it, and what changed since published."""
    id_ = row["id"]
    async with services.database.read() as connection:
        draft = await drafts.by_id(connection, occasion.access, id_)
        if draft is None:
            return {"lines": [], "elsewhere": [], "problems": [], "changes": []}
        problems = await publishing.problems_of(
            connection, services.registry, occasion.access, draft
        )
        versions = await publishing.versions(connection, occasion.access, id_)
    by_line: dict[int | None, list[Problem]] = {}
    for problem in problems:
        by_line.setdefault(line_of(draft.text, problem), []).append(problem)
    return {
        "lines": [
            (number, line, by_line.get(number, ()))
            for number, line in enumerate(draft.text.rstrip("\n").split("\n"), 1)
        ],
        "problems": [(line_of(draft.text, problem), problem) for problem in problems],
        "changes": _changes(versions[0].text, draft) if versions else [],
        "draft": draft,
    }


def _changes(published: str, draft: Draft) -> list[str]:
    try:
        return [str(change) for change in changes(published, draft.text)]
    except ModelError:
        return []


DRAFTS: Final = Resource(
    id="product-drafts",
    title=N_("Drafts of product models"),
    one=N_("draft"),
    many=N_("drafts"),
    area="products",
    reading="edit",
    listing=LISTING,
    menu=Menu("product-configurations", 15, icon="pencil"),
    intro=N_("Product models of this installation. A draft is a text, and may be wrong; what is "
             "published never changes, and is known to all processes a second later."),
    columns=(
        Column("id", N_("Id"), "code"),
        Column("name", N_("Name")),
        Column("state", N_("State"), "mark", marks=STATES),
        Column("release", N_("Version"), help=N_("What the text says")),
        Column("published", N_("Published"), link="{page}"),
        Column("changed_at", N_("Changed"), "ago"),
        Column("changed_by", N_("Changed by")),
        Column("created_at", N_("Begun"), "time", shown=False),
        Column("created_by", N_("Begun by"), shown=False),
    ),
    needs=("text", "published", "is_changed", "is_retired"),
    complete=_complete,
    filters=(FilterField("q", N_("Id"), hint=N_("A part of it"), first=True),),
    form=Form(
        fields=(
            Field(
                "text",
                N_("Product model, TOML"),
                "toml",
                required=True,
                longest=LONGEST,
                initial=BEGINNING,
                help=N_("Of a draft only the id has to be right. What keeps it from being "
                        "published is said at its lines once it is saved."),
            ),
        ),
        create=_create,
        edit=_edit,
        new=N_("New product model"),
        audited=False,
    ),
    actions=(
        Action(
            "publish",
            N_("Publish"),
            _publish,
            "reversible",
            icon="circle-arrow-up",
            confirm=N_("New systems get it from then on. A published version never changes."),
            fields=(
                Field(
                    "release",
                    N_("Version"),
                    required=True,
                    longest=32,
                    pattern=SEMVER,
                    help=N_("Three numbers, higher than those published: 1.1.0"),
                ),
                Field("version", "", "hidden", required=True, pattern=r"\d{1,15}"),
            ),
            applies=lambda row: bool(row["is_changed"] or row["is_retired"]),
            bulk=False,
            needs_reason=True,
            audited=False,
        ),
        Action(
            "delete",
            N_("Delete"),
            _discard,
            "irreversible",
            icon="trash",
            confirm=N_("The text is kept in the audit log, and nowhere else."),
            applies=lambda row: not row["published"],
            bulk=False,
            needs_reason=False,
            audited=False,
        ),
    ),
    detail_context=_detail,
    detail_template="configurations/draft.html.jinja",
    empty=Empty(
        N_("No product model was begun here"),
        N_("Begin with an empty one, or copy one from the page of a product model."),
        "pencil",
    ),
)  # fmt: skip
RESOURCES: Final = (DRAFTS,)
