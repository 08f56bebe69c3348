"""JSON Schemas of the files and messages that people and devices write, generated from types."""

from collections.abc import Mapping, Sequence
from inspect import cleandoc
from typing import Any, cast

import msgspec

from core.thing_model.component import Component
from core.thing_model.grid_spec import GridSpec
from core.thing_model.messages import (
    Acknowledgement,
    BackfillRequest,
    CommandMessage,
    Live,
    Presence,
)
from core.thing_model.plugin_file import PluginFile
from core.thing_model.product import FunctionUse, Mounted, ProductModel
from core.thing_model.site import Site
from core.thing_model.tariff import TariffDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://thingwright.dev/schemas/"
SHORT_FORMS = {Mounted: "model", FunctionUse: "id"}
"""Types that a plain string can stand for, and the attribute that the string is."""

MESSAGES: Mapping[str, type] = {
    "telemetry": Live,
    "command": CommandMessage,
    "backfill_request": BackfillRequest,
    "acknowledgement": Acknowledgement,
    "presence": Presence,
}
"""The JSON messages by the name of their schema."""

_TYPES: Mapping[str, type] = {
    "product_model": ProductModel,
    "plugin": PluginFile,
    "component": Component,
    "grid_spec": GridSpec,
    "site": Site,
    "tariff": TariffDocument,
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
            document = _allowing(document, f"#/$defs/{short.__name__}", plain)
    return document


def product_model_schema() -> dict[str, Any]:
    return schema(ProductModel, name="product_model")


def plugin_schema() -> dict[str, Any]:
    return schema(PluginFile, name="plugin")


def site_schema() -> dict[str, Any]:
    return schema(Site, name="site")


def tariff_schema() -> dict[str, Any]:
    return schema(TariffDocument, name="tariff")


def closed(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A definition that refuses names it does not know, with its description as one line."""
    strict = dict(definition)
    if strict.get("type") == "object" and "properties" in strict:
        strict["additionalProperties"] = False
    if "description" in strict:
        strict["description"] = " ".join(cleandoc(strict["description"]).split())
    return strict


def _allowing(node: Any, reference: str, plain: Mapping[str, Any]) -> Any:
    """The document with the plain form allowed wherever the reference stands."""
    if node == {"$ref": reference}:
        return {"anyOf": [node, dict(plain)]}
    if isinstance(node, dict):
        names = cast("dict[str, Any]", node)
        return {name: _allowing(child, reference, plain) for name, child in names.items()}
    if isinstance(node, list):
        items = cast("Sequence[Any]", node)
        return [_allowing(item, reference, plain) for item in items]
    return node
