"""Tables of the fleet."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
)

from core.records import ID, METADATA, SN, TIME

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
    Index(None, "company_id", "sn"),
    Index(None, "product_id", "sn"),
    Index(None, "last_frame_at", "id"),
    Index(None, "country", "sn"),
    Index(None, "firmware", "sn"),
    Index(None, "sn", *FILTERED, "registered_at"),
    Index(None, "registered_at", "sn", *FILTERED),
    Index(None, *FILTERED, "registered_at"),
    Index(None, *FILTERED[1:], FILTERED[0], "registered_at"),
    Index(None, FILTERED[2], *FILTERED[:2], "registered_at"),
)
"""One row per system. `company_id` is the company that looks after it, None where none does.

`online` is the device's own word from its birth message and last will, None before the first.
`changed_at` moves when a column other than those of presence and frames changes.
"""

end_users = Table(
    "end_users",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("user_id", BigInteger, unique=True),
    Column("account", String(128), nullable=False),
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
    Column("folded_name", String(128), nullable=False),
    Column("address", String(255), nullable=False),
    Column("post_code", String(16), nullable=False),
    Column("city", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("country", String(2), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("uq_sites_end_user_id_folded_name", "end_user_id", "folded_name", unique=True),
    Index(None, "country", "region", "id"),
    Index(None, "post_code", "id"),
    Index(None, "folded_name", "id"),
)
"""Where systems stand. `region` is the state or province; a site's name is its owner's own."""

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
    Column("licence", String(64), nullable=False),
    Column("install_mode", String(8), nullable=False),
    Column("grid_regulation", String(64), nullable=False),
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
)
"""Whose a system is, where it stands and how it was installed; `install_mode` is ac, dc, hybrid."""

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
