"""The list of charging records: what every charger gave out, when, and to whom."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, case, or_

from core.access import Access
from core.charging.tables import charging_records
from core.fleet.scope import visible
from core.fleet.tables import systems
from core.listing.filters import Choice, Text, Time
from core.listing.query import Occasion, Sort
from core.listing.tables import Listing

STATES: Final = ("charging", "ended")
_NAMES: Final = (
    "id", "sn", "identity", "connector", "started_at", "ended_at", "meter_start", "meter_stop",
    "started_by", "stopped_by", "reason", "noted_at",
)  # fmt: skip


def _in_state(given: Sequence[str], _: Occasion) -> ColumnElement[bool]:
    ended = charging_records.c.ended_at
    return or_(*(ended.is_(None) if name == "charging" else ended.is_not(None) for name in given))


def _scope(access: Access) -> ColumnElement[bool] | None:
    return None if access.user_type == "A" else visible(access)


LISTING: Final = Listing(
    "charging_records",
    charging_records.outerjoin(systems, systems.c.sn == charging_records.c.sn),
    {
        **{name: charging_records.c[name] for name in _NAMES},
        "energy": charging_records.c.meter_stop - charging_records.c.meter_start,
        "state": case((charging_records.c.ended_at.is_(None), "charging"), else_="ended"),
        "status": systems.c.status,
        "product_id": systems.c.product_id,
        "timezone": systems.c.timezone,
    },
    key="id",
    tie=charging_records.c.id,
    sorts=(
        Sort("id", unique=True, descending=True),
        Sort("started_at", empty=True, descending=True),
    ),
    scope=_scope,
    filters=(
        Text("sn", match="beginning", fold="upper", longest=24),
        Choice("state", choices=STATES),
        Time("started_at"),
        Choice("reason"),
    ),
    conditions={"state": _in_state},
)
