"""Tables of the fleet."""

from typing import Final, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    false,
    text,
)

from core.records import ID, METADATA, NAME, SN, TIME, byte_ordered

Status = Literal["normal", "protection", "fault", "offline"]
STATUSES: Final[tuple[Status, ...]] = ("normal", "protection", "fault", "offline")
"""How a system is, from good to bad; the worst that holds is its status."""
FLAGS: Final = ("is_new", "is_upgrading")

FILTERED = ("product_id", "country", "firmware")
"""What lists are filtered by and hardly ever changes: every two of them begin some index, and the
indexes of the orders hold them too, so that rows which do not fit need not be looked up."""

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
    *(Column(name, BigInteger) for name in ("pv_installed", "pv_reported")),
    *(Column(name, BigInteger) for name in ("battery_reported", "inverter_reported")),
    *(Column(name, BigInteger) for name in ("north", "east")),
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
    Index(None, "country", "sn"),
    Index(None, "firmware", "sn"),
    Index(None, "sn", *FILTERED, "registered_at"),
    Index(None, "registered_at", "sn", *FILTERED),
    Index(None, "last_frame_at", "sn", *FILTERED),
    Index(None, *FILTERED, "registered_at"),
    Index(None, *FILTERED[1:], FILTERED[0], "registered_at"),
    Index(None, FILTERED[2], *FILTERED[:2], "registered_at"),
)
"""One row per system. `company_id` is the company that looks after it, None where none does.

`online` is the device's own word from its birth message and last will, None before the first.
`changed_at` moves when a column other than those of presence, frames and status changes.

`status` has held since `status_since`. Unless something comes before `silent_at`, the system is
offline from then on; NULL where it is offline. `is_new` holds from the first frame to `new_until`.
Triggers of the database count status and flags in `fleet_counts`, whoever changes them.

`pv_installed` (W) is what the installation says, the others (W, of batteries Wh) what the device
reports; NULL is not known. `north` and `east` are thousandths of a degree, of the site. Triggers
follow installations and sites, and count all of it in `fleet_groups`.
"""

end_users = Table(
    "end_users",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("user_id", BigInteger, unique=True),
    Column("account", byte_ordered(128), nullable=False),
    Column("mail", String(254), nullable=False),
    Column("phone", String(32), nullable=False),
    Column("given_name", String(64), nullable=False),
    Column("family_name", String(64), nullable=False),
    Column("company_id", BigInteger),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index(None, "account", "id"),
    Index(None, "mail"),
    Index(None, "company_id", "id"),
)
"""Who owns systems: with `user_id` an account that can sign in, without a record of a contact.

`company_id` is the company whose contact it is.
"""

sites = Table(
    "sites",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("end_user_id", BigInteger, ForeignKey("end_users.id"), nullable=False),
    Column("name", String(128), nullable=False),
    Column("folded_name", byte_ordered(128), nullable=False),
    Column("address", String(255), nullable=False),
    Column("post_code", String(16), nullable=False),
    Column("city", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("country", String(2), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("address_confirmed", Boolean, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("network_operator", String(128), nullable=False, server_default=""),
    Column("folded_region", byte_ordered(64), nullable=False, server_default=""),
    Column("folded_post_code", byte_ordered(16), nullable=False, server_default=""),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("uq_sites_end_user_id_folded_name", "end_user_id", "folded_name", unique=True),
    Index(None, "country", "region", "id"),
    Index(None, "post_code", "id"),
    Index(None, "folded_name", "id"),
    Index(None, "country", "folded_region", "id"),
    Index(None, "country", "folded_post_code", "id"),
)
"""Where systems stand. `region` is the state or province; a site's name is its owner's own.

`folded_region` and `folded_post_code` are what regions are found by (`core/fleet/regions.py`).
`network_operator` is whose grid it is at, whose rules may be stricter than the country's.
"""

installations = Table(
    "installations",
    METADATA,
    Column(
        "system_id", BigInteger, ForeignKey("systems.id"), primary_key=True, autoincrement=False
    ),
    Column("end_user_id", BigInteger, ForeignKey("end_users.id")),
    Column("site_id", BigInteger, ForeignKey("sites.id")),
    Column("installed_on", Date),
    Column("installer", String(128), nullable=False),
    Column("install_user", String(128), nullable=False),
    Column("licence", String(64), nullable=False),
    Column("install_mode", String(8), nullable=False),
    Column("grid_regulation", String(64), nullable=False),
    Column("pv_at_storage", Float),
    Column("pv_at_inverter", Float),
    Column("allow_auto_update", Boolean, nullable=False),
    Column("installer_remark", Text, nullable=False),
    Column("reseller_remark", Text, nullable=False),
    Column("end_user_remark", Text, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index(None, "end_user_id", "system_id"),
    Index(None, "site_id", "system_id"),
    Index(None, "installed_on", "system_id"),
    Index(None, "install_mode", "system_id"),
    Index(None, "grid_regulation", "system_id"),
    Index(None, "licence", "system_id"),
    Index(None, "installer", "system_id"),
)
"""Whose a system is, where it stands and how it was installed; `install_mode` is ac, dc, hybrid.

`installer` is the company that installed it and `install_user` its fitter, both as they were said;
`pv_at_storage` and `pv_at_inverter` are kWp. A system without a row was never installed.
"""

installation_records = Table(
    "installation_records",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("company_id", BigInteger),
    Column("event", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("end_user_id", BigInteger),
    Column("end_user", byte_ordered(128), nullable=False),
    Column("site_id", BigInteger),
    Column("site", String(128), nullable=False),
    Column("folded_site", byte_ordered(128), nullable=False),
    Column("address", Text, nullable=False),
    Column("country", String(2), nullable=False),
    Column("installed_on", Date),
    Column("installer", String(128), nullable=False),
    Column("install_user", String(128), nullable=False),
    Column("licence", String(64), nullable=False),
    Column("install_mode", String(8), nullable=False),
    Column("began_at", TIME, nullable=False),
    Column("began_by", byte_ordered(128), nullable=False),
    Column("ended_at", TIME),
    Column("ended_by", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    *(
        Index(None, name, "began_at", "id")
        for name in ("system_id", "state", "country", "install_mode", "installer", "licence")
    ),
    *(Index(None, name, "id") for name in ("company_id", "end_user_id", "site_id")),
    *(Index(None, name, "id") for name in ("end_user", "folded_site", "began_by", "installed_on")),
    Index(None, "began_at", "id"),
)
"""Every time that a system stood somewhere as somebody's, as it was then; `event` began it.

One that still holds has the state "installed" and follows its installation; the others keep what
they said. `company_id` is who looked after the system when it ended, and of one that holds NULL.
"""

serial_numbers = Table(
    "serial_numbers",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("sn", SN, nullable=False, unique=True),
    Column("category", String(16), nullable=False),
    Column("company_id", BigInteger),
    Column("state", String(16), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("activated_at", TIME),
    Column("bound_at", TIME),
    Column("version", BigInteger, nullable=False),
    Index(None, "company_id", "sn"),
    Index(None, "state", "sn"),
    Index(None, "category", "sn"),
)
"""Serial numbers that were given out; `state` is unactivated, activated (heard of) or bound."""

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

SUMS: Final = (
    *STATUSES, "pv", "pv_known", "battery", "battery_known", "inverter", "inverter_known",
    "north", "east", "placed",
)  # fmt: skip
"""What is added up of a group of systems: how many have each status; W of photovoltaics and
inverters and Wh of batteries, each with how many systems it is of; coordinates likewise."""
GROUPED: Final = ("country", "product_id", "product_version")


def _sums() -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False, server_default="0") for name in SUMS]


fleet_groups = Table(
    "fleet_groups",
    METADATA,
    Column("company_id", BigInteger, primary_key=True, autoincrement=False),
    Column("country", String(2), primary_key=True),
    Column("product_id", String(64), primary_key=True),
    Column("product_version", String(32), primary_key=True),
    *_sums(),
)
"""The systems of a company (0 is none, -1 the whole fleet) by country and product model."""

fleet_group_deltas = Table(
    "fleet_group_deltas",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("company_id", BigInteger, nullable=False),
    Column("country", String(2), nullable=False),
    Column("product_id", String(64), nullable=False),
    Column("product_version", String(32), nullable=False),
    *_sums(),
)
"""What is to be added to `fleet_groups`, as `fleet_deltas` is to `fleet_counts`."""

check_codes = Table(
    "check_codes",
    METADATA,
    Column("sn", SN, primary_key=True),
    Column("code", LargeBinary, nullable=False),
    Column("issued_at", TIME, nullable=False),
    Column("provisioned_at", TIME),
)
"""The check code of each serial number, sealed; `provisioned_at` is when it was last used."""

provisioning_attempts = Table(
    "provisioning_attempts",
    METADATA,
    Column("subject", String(80), primary_key=True),
    Column("began_at", TIME, nullable=False),
    Column("count", BigInteger, nullable=False),
)
"""Wrong codes since `began_at` per serial number ("sn:…") and address of devices ("address:…"), and
those of people per account ("account:…") and address ("people:…")."""

nmi_registrations = Table(
    "nmi_registrations",
    METADATA,
    Column(
        "system_id", BigInteger, ForeignKey("systems.id"), primary_key=True, autoincrement=False
    ),
    Column("nmi", byte_ordered(10), nullable=False),
    Column("operator", String(32), nullable=False),
    Column("lfdi", String(40), nullable=False),
    Column("state", String(16), nullable=False),
    Column("state_at", TIME, nullable=False),
    Column("failure", String(500), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index(None, "nmi", "system_id"),
    Index(None, "state", "changed_at", "system_id"),
    Index(None, "operator", "changed_at", "system_id"),
    Index(None, "created_at", "system_id"),
    Index(None, "changed_at", "system_id"),
)
"""Which metering point of the Australian grid a system stands behind, and whether its grid operator
has registered it; `failure` is why not."""

storm_warnings = Table(
    "storm_warnings",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("company_id", BigInteger),
    Column("country", String(2), nullable=False),
    Column("region", String(64), nullable=False),
    Column("post_codes", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("starts_at", TIME, nullable=False),
    Column("ends_at", TIME, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("source", String(255), nullable=False),
    Column("entered_by", String(128), nullable=False),
    Column("withdrawn_at", TIME),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index(None, "starts_at", "id"),
    Index(None, "changed_at", "id"),
    Index(None, "country", "ends_at", "id"),
    Index(None, "company_id", "id"),
)
"""Warnings of severe weather in a region, as somebody entered them.

`post_codes` are beginnings with commas between them; `timezone` is the clock that the times were
written by. With `company_id` a warning is for the systems of that company alone.
"""
