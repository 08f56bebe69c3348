"""JSON Schemas of the files and messages that people and devices write, generated from types."""

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any

import msgspec

from core.thing_model.component import Component
from core.thing_model.grid_spec import GridSpec
from core.thing_model.messages import Acknowledgement, CommandMessage, Live, Presence
from core.thing_model.product import FunctionUse, Mounted, ProductModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://thingwright.dev/schemas/"
SHORT_FORMS = {Mounted: "model", FunctionUse: "id"}
"""Types that a plain string can stand for, and the attribute that the string is."""

MESSAGES: Mapping[str, type] = {
    "telemetry": Live,
    "command": CommandMessage,
    "acknowledgement": Acknowledgement,
    "presence": Presence,
}
"""The JSON messages by the name of their schema."""

_TYPES: Mapping[str, type] = {
    "product_model": ProductModel,
    "component": Component,
    "grid_spec": GridSpec,
    **MESSAGES,
}


def documents() -> dict[str, dict[str, Any]]:
    """Every schema by the name of its file."""
    return {file_name(name): schema(type_, name=name) for name, type_ in _TYPES.items()}


def file_name(name: str) -> str:
    return f"{name}.schema.json"


def schema(type_: Any, *, name: str) -> dict[str, Any]:
    """A closed schema: names that the type does not have are refused."""
    (root,), definitions = msgspec.json.schema_components([type_])
    document: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": BASE + file_name(name),
        "title": name.replace("_", " ").capitalize(),
        **root,
        "$defs": {key: closed(value) for key, value in definitions.items()},
    }
    for short, attribute in SHORT_FORMS.items():
        if definition := document["$defs"].get(short.__name__):
            plain = dict(definition["properties"][attribute])
            plain["description"] = f"Short for {{{attribute} = …}}"
            _allow(document, f"#/$defs/{short.__name__}", plain)
    return document


def product_model_schema() -> dict[str, Any]:
    return schema(ProductModel, name="product_model")


def closed(definition: Mapping[str, Any]) -> dict[str, Any]:
    closed = dict(definition)
    if closed.get("type") == "object" and "properties" in closed:
        closed["additionalProperties"] = False
    if "description" in closed:
        closed["description"] = " ".join(cleandoc(closed["description"]).split())
    return closed


def _allow(node: Any, reference: str, plain: Mapping[str, Any]) -> None:
    """Let the plain form stand wherever the reference does."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in list(children):
        if child == {"$ref": reference}:
            node[key] = {"anyOf": [{"$ref": reference}, dict(plain)]}
        elif isinstance(child, dict | list):
            _allow(child, reference, plain)
