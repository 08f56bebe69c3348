"""The OpenAPI document: the JSON routes by the addresses that people write."""

from typing import Any

from core.registry import Registry
from core.runtime.database import Database
from core.runtime.settings import Settings
from portal.app import create_app
from portal.twins import written


def document() -> dict[str, Any]:
    """OpenAPI 3.1 of the portal; no plugin, database or broker is needed for it."""
    registry = Registry.of({}, {}, ())
    app = create_app(Settings(), registry, Database("sqlite:////nowhere.db"), feed=False)
    return as_written(app.openapi_schema.to_schema())


def as_written(schema: dict[str, Any]) -> dict[str, Any]:
    """The document with `/systems.json` in the place of the route that serves it."""
    return {**schema, "paths": {written(route): item for route, item in schema["paths"].items()}}
