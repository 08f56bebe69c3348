"""The list of messages that could not be taken in."""

from typing import Final

from sqlalchemy import ColumnElement

from core.listing.filters import Choice, Flag, Text, Time
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing, platform_only
from core.telemetry.dead_letters import HINTS
from core.telemetry.tables import dead_letters

_NAMES: Final = (
    "id", "topic", "sn", "plugin", "code", "reason", "hint", "times", "first_at", "last_at",
    "resolved_at", "payload",
)  # fmt: skip


def _resolved(given: bool, _: Occasion) -> ColumnElement[bool]:  # noqa: FBT001  what a flag gives
    column = dead_letters.c.resolved_at
    return column.is_not(None) if given else column.is_(None)


LISTING: Final = Listing(
    "dead_letters",
    dead_letters,
    {name: dead_letters.c[name] for name in _NAMES},
    key="id",
    tie=dead_letters.c.id,
    sorts=(Sort("id", unique=True, descending=True), Sort("last_at", descending=True)),
    scope=platform_only,
    filters=(
        Text("sn", match="beginning", fold="upper", longest=24),
        Choice("code", choices=tuple(HINTS)),
        Flag("resolved"),
        Text("plugin", match="beginning"),
        Time("last_at"),
    ),
    conditions={"resolved": _resolved},
)
