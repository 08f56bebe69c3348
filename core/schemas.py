"""JSON Schemas of the files and messages that people and devices write, generated from types."""

from collections.abc import Mapping
from typing import Any

import msgspec

from core.thing_model.product import FunctionUse, Mounted, ProductModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SHORT_FORMS = {Mounted: "model", FunctionUse: "id"}
"""Types that a plain string can stand for, and the attribute that the string is."""


def schema(type_: Any, *, title: str, name: str) -> dict[str, Any]:
    """A closed schema: names that the type does not have are refused."""
    (root,), definitions = msgspec.json.schema_components([type_])
    document: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"https://thingwright.dev/schemas/{name}.schema.json",
        "title": title,
        **root,
        "$defs": {key: _closed(value) for key, value in definitions.items()},
    }
    for short, attribute in SHORT_FORMS.items():
        if definition := document["$defs"].get(short.__name__):
            plain = dict(definition["properties"][attribute])
            plain["description"] = f"Short for {{{attribute} = …}}"
            _allow(document, f"#/$defs/{short.__name__}", plain)
    return document


def product_model_schema() -> dict[str, Any]:
    return schema(ProductModel, title="Product model", name="product_model")


def _closed(definition: Mapping[str, Any]) -> dict[str, Any]:
    closed = dict(definition)
    if closed.get("type") == "object" and "properties" in closed:
        closed["additionalProperties"] = False
    return closed


def _allow(node: Any, reference: str, plain: Mapping[str, Any]) -> None:
    """Let the plain form stand wherever the reference does."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in list(children):
        if child == {"$ref": reference}:
            node[key] = {"anyOf": [{"$ref": reference}, dict(plain)]}
        elif isinstance(child, dict | list):
            _allow(child, reference, plain)
