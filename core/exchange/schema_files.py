"""The generated files of `schemas/`, as text."""

import json

from core import schemas
from core.exchange.asyncapi import asyncapi

REGENERATE = "./dev uv run thingwright schema"


def schema_files() -> dict[str, str]:
    """The text of every file by its name."""
    documents = {**schemas.documents(), "asyncapi.json": asyncapi()}
    return {
        name: json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for name, document in documents.items()
    }
