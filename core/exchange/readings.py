"""What a mounted component reports, as a JSON Schema of its readings."""

from collections.abc import Mapping
from typing import Any

from core.registry import Part
from core.schemas import BASE, DIALECT
from core.thing_model.datapoint import Datapoint, Enumeration
from core.thing_model.layout.documents import JsonField
from core.thing_model.layout.fields import Field
from core.thing_model.layout.layouts import layout_values

_JSON_KINDS = {
    "number": "number",
    "whole": "integer",
    "text": "string",
    "texts": "string",
    "flag": "boolean",
}


def telemetry_schema(part: Part) -> dict[str, Any]:
    """A closed object of readings by datapoint key, in the device's own sign; null is absent.

    `x-unit`, `x-role`, `x-positive`, `x-step` (per second), `x-counter`, `x-rollover` and
    `x-restarts` say what JSON Schema has no words for.
    """
    types = json_types(part)
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


def json_types(part: Part) -> Mapping[str, str]:
    """The JSON type of every value that a channel of the part holds."""
    found: dict[str, str] = {}
    for channel in part.channels.values():
        for key, item in layout_values(channel.decoder.layout):
            if found.setdefault(key, _type(item)) != _type(item):
                found[key] = "number"  # whole on one channel only
    return found


def _type(item: Field | JsonField) -> str:
    if isinstance(item, JsonField):
        return _JSON_KINDS[item.kind]
    if not item.numeric:
        return "string"
    exact = item.whole and item.scaled_by is None and item.linear.d == 1
    return "integer" if exact else "number"


def _property(datapoint: Datapoint, type_: str) -> dict[str, Any]:
    low, high = datapoint.range or (None, None)
    said: dict[str, Any] = {
        "title": datapoint.name,
        "description": datapoint.doc or None,
        "minimum": low,
        "maximum": high,
        "readOnly": datapoint.access == "ro" or None,
        "x-unit": datapoint.unit or None,
        "x-role": datapoint.role,
        "x-positive": datapoint.positive,
        "x-step": datapoint.step,
        "x-counter": datapoint.counter,
        "x-rollover": datapoint.rollover,
        "x-restarts": datapoint.restarts,
    }
    plain = {name: value for name, value in said.items() if value is not None}
    if datapoint.enum is None:
        return {"type": [type_, "null"], **plain}
    return {**plain, "anyOf": [*_symbols(datapoint.enum), {"type": [type_, "null"]}]}


def _symbols(enum: Enumeration) -> list[dict[str, Any]]:
    """What the listed numbers mean; others may occur, their meaning is not published."""
    return [{"const": value, "title": symbol.label} for value, symbol in enum.symbols.items()]
