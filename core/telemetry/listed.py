"""Lists of messages: of those that could not be taken in, and of those that did not come."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, case, or_

from core.access import Access
from core.fleet.scope import visible
from core.fleet.search import of_systems
from core.fleet.tables import systems
from core.listing.filters import Choice, Flag, Text, Time
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing, platform_only
from core.telemetry.dead_letters import HINTS
from core.telemetry.tables import dead_letters, gaps

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

_COUNT: Final[ColumnElement[int]] = gaps.c.last - gaps.c.first + 1
COMPLETIONS: Final = {
    "none": gaps.c.missing >= _COUNT,
    "partial": (gaps.c.missing > 0) & (gaps.c.missing < _COUNT),
    "complete": gaps.c.missing == 0,
}


def _completed(given: Sequence[str], _: Occasion) -> ColumnElement[bool]:
    return or_(*(COMPLETIONS[name] for name in given))


def _of_gaps(access: Access) -> ColumnElement[bool] | None:
    return None if access.user_type == "A" else visible(access)


GAPS: Final = Listing(
    "gaps",
    gaps.join(systems, systems.c.id == gaps.c.system_id),
    {
        **{name: gaps.c[name] for name in (
            "id", "boot_id", "first", "last", "missing", "after_time", "before_time", "noticed_at",
            "closed_at", "asked",
        )},
        "sn": systems.c.sn,
        "timezone": systems.c.timezone,
        "count": _COUNT,
        "returned": _COUNT - gaps.c.missing,
        "percent": 100.0 * (_COUNT - gaps.c.missing) / _COUNT,
        "completion": case(*((fits, name) for name, fits in COMPLETIONS.items())),
    },
    key="id",
    tie=gaps.c.id,
    sorts=(Sort("noticed_at", descending=True),),
    scope=_of_gaps,
    filters=(
        Text("q", "sn", fold="upper", longest=2_000),
        Choice("completion", choices=tuple(COMPLETIONS)),
        Time("noticed_at"),
        Time("before_time"),
    ),
    conditions={"completion": _completed},
    probes={"q": of_systems},
)  # fmt: skip
