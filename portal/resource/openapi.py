"""What OpenAPI tells of a list's parameters."""

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema

from core.listing.filters import Choice, Filter, Flag, Number
from core.listing.query import CURSOR, SORT
from portal.resource.declared import Resource
from portal.resource.shelf import field_of
from portal.resource.state import COLUMNS


def list_operation(resource: Resource) -> type[Operation]:
    """The operation of a list, with a parameter for each filter, and order, columns and place."""
    parameters = [
        Parameter(name, "query", description=_label(resource, f), schema=_schema(f))
        for f in resource.listing.filters
        for name in f.parameters
    ]
    parameters += _common(resource)

    @dataclass
    class ListOperation(Operation):
        def __post_init__(self) -> None:
            self.parameters = [*(self.parameters or []), *parameters]

    return ListOperation


def _label(resource: Resource, filter: Filter) -> str:
    field = field_of(resource, filter)
    return f"{field.label}. {field.hint}".removesuffix(". ")


def _schema(filter: Filter) -> Schema:
    match filter:
        case Choice():
            values = list(filter.choices) or None
            item = Schema(type=OpenAPIType.STRING, enum=values)
            return Schema(type=OpenAPIType.ARRAY, items=item)
        case Number():
            return Schema(type=OpenAPIType.NUMBER)
        case Flag():
            return Schema(type=OpenAPIType.STRING, enum=["yes", "no"])
        case _:
            return Schema(type=OpenAPIType.STRING)


def _common(resource: Resource) -> list[Parameter]:
    sorts = [s.column for s in resource.listing.sorts]
    orders = [*sorts, *(f"-{column}" for column in sorts)]
    text = Schema(type=OpenAPIType.STRING)
    return [
        Parameter(
            SORT,
            "query",
            description="Column to sort by; a minus before it turns the order round",
            schema=Schema(type=OpenAPIType.STRING, enum=orders),
        ),
        Parameter(
            COLUMNS,
            "query",
            description="Columns with commas between them; without it the usual ones",
            schema=text,
        ),
        Parameter(CURSOR, "query", description="`next` or `previous` of a page", schema=text),
    ]
