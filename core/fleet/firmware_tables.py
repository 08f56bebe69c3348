"""The table of firmware versions."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, text

from core.records import ID, METADATA, NAME, TIME

_CURRENT = text("until IS NULL")

firmware_versions = Table(
    "firmware_versions",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("key", String(128), nullable=False),
    Column("plugin", String(80), nullable=False),
    Column("version", String(128), nullable=False),
    Column("before", String(128), nullable=False),
    Column("since", TIME, nullable=False),
    Column("until", TIME),
    Index(None, "system_id", "id"),
    Index(
        "uq_firmware_versions_current",
        "system_id",
        "slot",
        "key",
        unique=True,
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    ),
    Index(
        "ix_firmware_versions_alike",
        "plugin",
        "key",
        "version",
        "system_id",
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    ),
)
"""Every version that a datapoint told, with the one before it; what holds has no `until`.

The system's own firmware, from its birth message, has neither slot, key nor plugin. `since` is when
it was heard first: where `before` is empty, it may have been so for longer.
"""
