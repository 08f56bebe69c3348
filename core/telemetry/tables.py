"""Tables of telemetry.

A frame's identity is (system, slot, channel, boot id, sequence, device time). Sequences above
2**63 - 1 are kept as negative numbers (two's complement), because neither database has a u64.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from core.records import ID, METADATA, NAME, TIME

frames = Table(
    "frames",
    METADATA,
    # No foreign key: it would cost more than the row, and systems are never deleted.
    Column("system_id", BigInteger, nullable=False),
    Column("slot", NAME, nullable=False),
    Column("channel", NAME, nullable=False),
    Column("boot_id", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("device_time", TIME, nullable=False),
    Column("receive_time", TIME, nullable=False),
    Column("product_version", String(32), nullable=False),
    Column("plugin", String(80), nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("system_id", "slot", "channel", "device_time", "boot_id", "sequence"),
    sqlite_with_rowid=False,
)
"""Every frame as it came, also those that could not be decoded."""

latest = Table(
    "latest",
    METADATA,
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("channel", NAME, nullable=False),
    Column("as_of", TIME, nullable=False),
    Column("boot_id", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("device_time", TIME, nullable=False),
    Column("receive_time", TIME, nullable=False),
    Column("readings", LargeBinary, nullable=False),
    Column("raised", Text, nullable=False),
    PrimaryKeyConstraint("system_id", "slot", "channel"),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 70},
)
"""The newest frame of each channel: `readings` is a msgpack map of datapoint key to value,
`raised` the codes of the faults that it tells of, joined by spaces."""

quarantine = Table(
    "quarantine",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("channel", NAME, nullable=False),
    Column("boot_id", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("device_time", TIME, nullable=False),
    Column("receive_time", TIME, nullable=False),
    Column("key", String(128), nullable=False),
    Column("value", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint(
        "system_id",
        "slot",
        "channel",
        "boot_id",
        "sequence",
        "device_time",
        "key",
        name="uq_quarantine_value",
    ),
)
"""Values that are not plausible, each with the frame that holds it; `position` is its byte."""

dead_letters = Table(
    "dead_letters",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("sn", String(24), nullable=False),
    Column("code", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("plugin", String(80), nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("first_at", TIME, nullable=False),
    Column("last_at", TIME, nullable=False),
    Column("resolved_at", TIME),
    Index(None, "sn", "code"),
    Index(None, "code", "id"),
    Index(None, "last_at", "id"),
)
"""Messages that could not be taken in, complete, so that they can be replayed.

The same topic and payload is one row however often it comes. `sn` and `plugin` are empty where they
are not known.
"""
