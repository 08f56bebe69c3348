"""A product model for tests, of the devices of `tests.devices`, and how it is published."""

from typing import Any

from core.access import PLATFORM
from core.products import drafts, publishing
from core.products.publishing import ProductVersion
from core.registry import Registry
from core.runtime.database import Database
from tests.devices import START

ACME = """\
# Acme X1, the first of its kind
id = "acme-x1"
name = "Acme X1"      # as on the box
version = "1.0.0"
inverter = "inverters.bench"
sn_rules = ["ACME*"]
"""


def acme(**changes: str) -> str:
    """The model with other strings, such as version="1.1.0"."""
    text = ACME
    for key, value in changes.items():
        lines = [f'{key} = "{value}"' if x.startswith(f"{key} =") else x for x in text.split("\n")]
        text = "\n".join(lines)
    return text


async def published(database: Database, registry: Registry, text: str = ACME) -> ProductVersion:
    """The text as a version: of a new draft, or of the one that there is."""
    async with database.begin() as connection:
        draft = await _drafted(connection, registry, text)
        return await publishing.publish(
            connection, registry, PLATFORM, draft.id, version=draft.version, now=START
        )


async def _drafted(connection: Any, registry: Registry, text: str) -> drafts.Draft:
    id_ = drafts.id_of(text)
    if (known := await drafts.by_id(connection, PLATFORM, id_)) is None:
        return await drafts.create(connection, registry, PLATFORM, text, now=START)
    return await drafts.edit(connection, PLATFORM, id_, text, version=known.version, now=START)
