"""What a submenu declares. `docs/resources.md` shows one from beginning to end.

All texts that people read are English, marked with `N_`, and translated where they are shown.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from attrs import field, frozen

from core.fleet.reports import Report
from core.listing.query import Occasion
from core.listing.rows import AnyListing
from core.listing.tables import Row
from core.registry import Registry
from portal.presentation.status import Mark
from portal.resource.work import Work
from portal.services import Services
from portal.texts import N_

Kind = Literal[
    "text", "code", "mark", "number", "reading", "heard", "time", "ago", "flag", "list", "bytes"
]
"""How a cell is shown: `mark` is a status with shape and word, `code` is set in the machine's type,
`time` and `ago` are UTC milliseconds, `list` is a list of texts, `bytes` is shown in hex,
`reading` is a RoleReading, whose words say what a sign would, and `heard` is a value with its age,
whose unit stands in the column's head."""
Risk = Literal["read", "safe", "reversible", "disruptive", "irreversible"]
FieldKind = Literal[
    "text", "long", "toml", "mail", "number", "choice", "choices", "flag", "date", "hidden"
]
"""`toml` is kept to the letter, and `hidden` goes with the form unseen."""

NUMERIC: Final = ("number", "reading", "heard")
NEEDS_REASON: Final = ("disruptive", "irreversible")
Choices = Mapping[str, str] | Callable[[Services], Mapping[str, str]]
"""Value to label, or what makes that of the services at the time."""
Complete = Callable[[Services, Occasion, list[Row]], Awaitable[None]]
ListContext = Callable[[Services, Occasion], Awaitable[Mapping[str, Any]]]
DetailContext = Callable[[Services, Occasion, Row], Awaitable[Mapping[str, Any]]]


@frozen
class Handed:
    """A link or, with `code`, a code that is handed out: shown this once, to be copied.

    note: what whoever gets it has to know, such as for how long it is good.
    """

    label: str
    path: str = ""
    note: str = ""
    code: str = ""


@frozen
class Made:
    """A row that was made, by its key, and the link that was handed out with it."""

    key: str
    handed: Handed


@frozen
class ManyMade:
    """Rows that were made at once, by the key of the first, and the query of the list of them."""

    key: str
    query: str


Tool = Callable[[Work, Row, Mapping[str, Any]], Awaitable[Handed | None]]


@frozen
class Column:
    """A column of the list and a line of the details, over a column of the listing.

    unit: of a number; `choices` are labels of values, `marks` those of a `mark`.
    link: an address with names of the row's columns in braces, "/systems/{sn}", or "{path}" where a
    column is an address. `link_needs` is the permission without which nobody is led there.
    shown: whether a list has it when nobody chose columns.
    """

    id: str
    label: str
    kind: Kind = "text"
    unit: str = ""
    shown: bool = True
    help: str = ""
    link: str = ""
    link_needs: str = ""
    choices: Choices = field(factory=dict[str, str])
    marks: Mapping[str, Mark] = field(factory=dict[str, Mark])

    @property
    def is_numeric(self) -> bool:
        return self.kind in NUMERIC


@frozen
class ColumnGroup:
    """Columns that are offered under one heading."""

    title: str
    columns: Sequence[Column]


@frozen
class MoreColumns:
    """Columns beside the declared ones, which follow from what systems are made of.

    They are chosen by their ids as the others are; JSON has them under `values`.
    find: the column of an id, None where there is none.
    offer: what can be chosen, for the rows of a page.
    fill: fills those that were chosen, for the rows of a page; it may read what `needs` names.
    most: how many may be chosen at once.
    """

    find: Callable[[Registry, str], Column | None]
    offer: Callable[[Services, Sequence[Row]], Sequence[ColumnGroup]]
    fill: Callable[[Services, Sequence[Column], list[Row]], Awaitable[None]]
    most: int


@frozen
class FilterField:
    """How a filter of the listing is asked for; one that is not named here is as its column.

    first: whether it stands in the toolbar, and not behind "More filters".
    """

    key: str
    label: str = ""
    choices: Choices = field(factory=dict[str, str])
    hint: str = ""
    first: bool = False


@frozen
class Menu:
    """Where the list stands in the menu: in a group, by number; `key` is its shortcut."""

    parent: str = ""
    order: int = 100
    icon: str = "list"
    key: str = ""


@frozen
class Field:
    """A field of a form. `check` gives a sentence where a value is wrong, and "" where it is right.

    editable: False shows it when a row is made, and not when one is changed.
    makeable: False shows it when a row is changed, and not when one is made.
    """

    id: str
    label: str
    kind: FieldKind = "text"
    required: bool = False
    help: str = ""
    longest: int = 128
    low: float | None = None
    high: float | None = None
    unit: str = ""
    pattern: str = ""
    choices: Choices = field(factory=dict[str, str])
    check: Callable[[Any], str] | None = None
    editable: bool = True
    makeable: bool = True
    initial: Any = None


@frozen
class Form:
    """The form that makes a row and changes one.

    create: makes a row of the values; returns its key, or with it a link, or which rows it made.
    edit: what changes a row, which it gets as it was.
    new: what the button says that leads to the form.
    Both run in a transaction with the audit entry; RequestError puts its problems at the fields.
    version: the listing's column that moves with every change, by which two edits are told apart.
    of_row: the fields to change a row by, where they depend on the row.
    applies: whether a row can be changed as it is; the form is offered only where it can.
    """

    fields: tuple[Field, ...] = ()
    create: Callable[[Work, Mapping[str, Any]], Awaitable[str | Made | ManyMade]] | None = None
    edit: Callable[[Work, Row, Mapping[str, Any]], Awaitable[None]] | None = None
    new: str = N_("New")
    version: str = "version"
    audited: bool = True
    of_row: Callable[[Services, Row], tuple[Field, ...]] | None = None
    applies: Callable[[Row], bool] | None = None

    @property
    def making(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.makeable)

    def changing(self, services: Services, row: Row) -> tuple[Field, ...]:
        fields = self.fields if self.of_row is None else self.of_row(services, row)
        return tuple(each for each in fields if each.editable)


@frozen
class Action:
    """What can be done with a row, or with many.

    run: does it with one row; a RequestError refuses that row and no other. It may hand out a link.
    permission: the action of the permission, where it is not `id`.
    applies: whether a row is such that it makes sense; the others are told and left out.
    confirm: a sentence above the button, said before it happens.
    fields: what is asked for beside the reason; of one row those that are called as a column begin
    with its value.
    own_transactions: it opens them itself, by `work.begin`; otherwise `work.connection` is open.
    audited: False where the service that it calls writes the audit.
    """

    id: str
    label: str
    run: Tool
    risk: Risk = "safe"
    icon: str = ""
    permission: str = ""
    confirm: str = ""
    applies: Callable[[Row], bool] | None = None
    single: bool = True
    bulk: bool = True
    needs_reason: bool | None = None
    fields: tuple[Field, ...] = ()
    own_transactions: bool = False
    audited: bool = True

    @property
    def asks_reason(self) -> bool:
        if self.needs_reason is None:
            return self.risk in NEEDS_REASON
        return self.needs_reason


@frozen
class Intake:
    """Rows taken in from a CSV file: tried first, and all of them or none.

    take: checks the rows into the report and, unless it is `dry`, writes them where none is wrong.
    fresh: the filter of time that finds what was written at a moment.
    """

    head: tuple[str, ...]
    take: Callable[[Work, Iterable[Mapping[str, str]], Report, bool], Awaitable[None]]
    help: str
    fresh: str = "created_at"


@frozen
class Empty:
    """What an empty list says, and the way out of it; `text` may be a few sentences."""

    title: str
    text: str = ""
    icon: str = "list"


@frozen(eq=False)
class Resource:
    """A submenu.

    id: names it in addresses (`/id`), views, exports and in OpenAPI.
    area: the first word of its permissions; reading needs `area:read`, a new row `area:create`, a
    change `area:edit`, export and intake `area:export` and `area:import`, an action `area:` and
    its id.
    reading: the action that reading needs, where that is not "read".
    one, many: what a row is called, "company" and "companies".
    complete: fills columns that the listing has not, for the rows of a page.
    needs: columns of the listing that `complete`, links and actions read beside those shown.
    list_context, detail_context: what `template` and `detail_template` show beside rows and row.
    detail: whether there is a page of a row; where another page is it, columns link there.
    zone: the listing's column with the IANA time zone of a row; sheets then tell times by it too.
    passes_on: whether the pages of its rows are told the list they are opened from, by `list`.
    refresh: seconds after which an open list looks again; 0 never does. People can pause it.
    more_columns: columns that follow from what systems are made of.
    one_of: filters of which one has to be given before anything is listed.
    """

    id: str
    title: str
    one: str
    many: str
    area: str
    listing: AnyListing
    columns: tuple[Column, ...]
    filters: tuple[FilterField, ...] = ()
    menu: Menu | None = None
    intro: str = ""
    form: Form | None = None
    intake: Intake | None = None
    actions: tuple[Action, ...] = ()
    complete: Complete | None = None
    more_columns: MoreColumns | None = None
    one_of: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    list_context: ListContext | None = None
    detail_context: DetailContext | None = None
    detail: bool = True
    empty: Empty | None = None
    export: bool = True
    zone: str = ""
    passes_on: bool = False
    refresh: int = 0
    reading: str = "read"
    template: str = "resource/list.html.jinja"
    detail_template: str = "resource/detail.html.jinja"
    form_template: str = "resource/form.html.jinja"

    @property
    def path(self) -> str:
        return f"/{self.id}"

    @property
    def reads(self) -> str:
        """The permission without which nobody sees it."""
        return f"{self.area}:{self.reading}"

    def column(self, id: str) -> Column | None:
        return next((column for column in self.columns if column.id == id), None)

    def found(self, registry: Registry, id: str) -> Column | None:
        """A column as it was declared, or one of those beside."""
        column, more = self.column(id), self.more_columns
        return more.find(registry, id) if column is None and more is not None else column

    def action(self, id: str) -> Action | None:
        return next((action for action in self.actions if action.id == id), None)


def chosen(choices: Choices, services: Services) -> Mapping[str, str]:
    """Value to label."""
    return choices(services) if callable(choices) else choices


def default_columns(resource: Resource) -> Sequence[Column]:
    return [column for column in resource.columns if column.shown]
