"""Tables of the fleet."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, String, Table

from core.records import ID, METADATA, SN, TIME

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
)
"""One row per system. `company_id` is the company that looks after it, None where none does.

`online` is the device's own word from its birth message and last will, None before the first.
`changed_at` moves when a column other than those of presence and frames changes.
"""

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
"""Wrong codes per serial number ("sn:…") and address ("address:…") since `began_at`."""
