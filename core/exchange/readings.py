"""What a mounted component reports, as a JSON Schema of its readings."""

from collections.abc import Mapping
from typing import Any

from core.registry import Part
from core.schemas import BASE, DIALECT
from core.thing_model.datapoint import Datapoint, Enumeration
from core.thing_model.layout.documents import JsonField
from core.thing_model.layout.fields import Field
from core.thing_model.layout.layouts import layout_fields, layout_keys

_JSON_KINDS = {"number": "number", "whole": "integer", "text": "string", "flag": "boolean"}


def telemetry_schema(part: Part) -> dict[str, Any]:
    """A closed object of readings by datapoint key, in the device's own sign; null is absent.

    `x-unit`, `x-role`, `x-positive` and `x-counter` say what JSON Schema has no words for.
    """
    types = _types(part)
    return {
        "$schema": DIALECT,
        "$id": f"{BASE}telemetry/{part.mounted.model}.schema.json",
        "title": part.component.label if part.component else part.mounted.model,
        "type": "object",
        "properties": {
            key: _property(datapoint, types.get(key, "number"))
            for key, datapoint in part.datapoints.items()
            if datapoint.access != "wo"
        },
        "additionalProperties": False,
    }


def _types(part: Part) -> Mapping[str, str]:
    """The JSON type of every value that a channel of the part holds."""
    found: dict[str, str] = {}
    for channel in part.channels.values():
        layout = channel.decoder.layout
        ...
    return found
