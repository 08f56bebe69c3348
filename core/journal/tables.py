"""Tables of the journal."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.records import ID, METADATA, NAME, TIME

faults = Table(
    "faults",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("code", String(128), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("opened_at", TIME, nullable=False),
    Column("closed_at", TIME),
    Index(
        "uq_faults_open",
        "system_id",
        "slot",
        "code",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index(None, "system_id", "opened_at"),
    Index(None, "opened_at", "id"),
    Index(None, "severity", "opened_at", "id"),
    Index(None, "slot", "opened_at", "id"),
    Index(None, "code", "opened_at", "id"),
    Index(
        "ix_faults_open_opened_at",
        "opened_at",
        "id",
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)
"""One row per time that a fault was present; open while `closed_at` is NULL."""

log_lines = Table(
    "log_lines",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("boot_id", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("device_time", TIME, nullable=False),
    Column("receive_time", TIME, nullable=False),
    Column("number", Integer, nullable=False),
    Column("line", Text, nullable=False),
    Column("parsed", Boolean, nullable=False),
    UniqueConstraint(
        "system_id",
        "slot",
        "device_time",
        "boot_id",
        "sequence",
        "number",
        name="uq_log_lines_line",
    ),
)
"""Log lines as the device wrote them; `number` counts the lines of one message."""

log_records = Table(
    "log_records",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("line_id", BigInteger, ForeignKey("log_lines.id"), nullable=False),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("old_meaning", Text),
    Column("new_meaning", Text),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("extra", JSON, nullable=False),
    Column("received_at", TIME, nullable=False),
    Index(None, "system_id", "received_at", "id"),
    Index(None, "system_id", "kind", "received_at", "id"),
)
"""Readable records out of log lines; a line that no rule knows is one record of kind "unparsed".

A meaning is NULL where nobody published it: the raw text is then all there is to show.
"""

repairs = Table(
    "repairs",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("started_at", TIME, nullable=False),
    Column("ended_at", TIME),
    Column("remark", Text, nullable=False),
    Column("noted_by", String(128), nullable=False),
    Column("noted_at", TIME, nullable=False),
    Index(None, "system_id", "started_at", "id"),
)
"""Repairs that people noted; one that goes on has no `ended_at`, one of the whole no `slot`."""

articles = Table(
    "articles",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("plugin", String(128), nullable=False),
    Column("code", String(128), nullable=False),
    Column("language", String(16), nullable=False),
    Column("cause", Text, nullable=False),
    Column("steps", Text, nullable=False),
    Column("links", Text, nullable=False),
    Column("commands", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("written_at", TIME, nullable=False),
    Column("written_by", String(128), nullable=False),
    UniqueConstraint("plugin", "code", "language"),
)
"""What the operator knows of a plugin's code; `steps`, `links` and `commands` are lines."""

article_versions = Table(
    "article_versions",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("article_id", BigInteger, ForeignKey("articles.id"), nullable=False),
    Column("cause", Text, nullable=False),
    Column("steps", Text, nullable=False),
    Column("links", Text, nullable=False),
    Column("commands", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("written_at", TIME, nullable=False),
    Column("written_by", String(128), nullable=False),
    UniqueConstraint("article_id", "version"),
)
"""Every version of the articles, the newest as well: a row never changes."""
