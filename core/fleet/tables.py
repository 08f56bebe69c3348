"""Tables of the fleet."""

from typing import Final, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    false,
    text,
)

from core.records import ID, METADATA, NAME, SN, TIME

Status = Literal["normal", "protection", "fault", "offline"]
STATUSES: Final[tuple[Status, ...]] = ("normal", "protection", "fault", "offline")
"""How a system is, from good to bad; the worst that holds is its status."""
FLAGS: Final = ("is_new", "is_upgrading")

systems = Table(
    "systems",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("sn", SN, nullable=False, unique=True),
    Column("company_id", BigInteger),
    Column("product_id", String(64), nullable=False),
    Column("product_version", String(32), nullable=False),
    Column("name", String(128), nullable=False),
    Column("country", String(2), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("firmware", String(64), nullable=False),
    Column("online", Boolean),
    Column("online_at", TIME),
    Column("registered_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False, index=True),
    Column("first_frame_at", TIME),
    Column("last_frame_at", TIME),
    Column("status", String(16), nullable=False, server_default="offline"),
    Column("status_since", TIME, nullable=False, server_default="0"),
    Column("silent_at", TIME),
    Column("is_new", Boolean, nullable=False, server_default=false()),
    Column("new_until", TIME),
    Column("is_upgrading", Boolean, nullable=False, server_default=false()),
    Index(None, "company_id", "sn"),
    Index(None, "product_id", "sn"),
    Index(None, "status", "sn"),
    Index(
        "ix_systems_silent_at",
        "silent_at",
        sqlite_where=text("silent_at IS NOT NULL"),
        postgresql_where=text("silent_at IS NOT NULL"),
    ),
    Index(
        "ix_systems_new_until",
        "new_until",
        sqlite_where=text("is_new = 1"),
        postgresql_where=text("is_new"),
    ),
)
"""One row per system. `company_id` is the company that looks after it, None where none does.

`online` is the device's own word from its birth message and last will, None before the first.
`changed_at` moves when a column other than those of presence, frames and status changes.

`status` has held since `status_since`. Unless something comes before `silent_at`, the system is
offline from then on; NULL where it is offline. `is_new` holds from the first frame to `new_until`.
Triggers of the database count status and flags in `fleet_counts`, whoever changes them.
"""

status_changes = Table(
    "status_changes",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("before", String(16), nullable=False),
    Column("cause", String(16), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("code", String(128), nullable=False),
    Column("at", TIME, nullable=False),
    Column("device_time", TIME),
    Column("silent_since", TIME),
    Index(None, "system_id", "id"),
)
"""Every change of a status. `at` is our clock, `device_time` the device's where it spoke.

`slot` and `code` name the fault that came or went, empty where the cause is none;
`silent_since` is when an offline system was last heard.
"""


def _counts() -> list[Column[int]]:
    names = (*STATUSES, *FLAGS)
    return [Column(name, BigInteger, nullable=False, server_default="0") for name in names]


fleet_counts = Table(
    "fleet_counts", METADATA, Column("company_id", BigInteger, primary_key=True), *_counts()
)
"""How many systems of a company have each status and flag; 0 is no company, -1 the whole fleet."""

fleet_deltas = Table(
    "fleet_deltas",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("company_id", BigInteger, nullable=False),
    *_counts(),
)
"""What is to be added to `fleet_counts`: on PostgreSQL writers append here, so that none waits for
another, and the sweep adds them up. A count is the sum of both."""
