"""Tables of commanding."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from core.records import ID, METADATA, NAME, TIME

_UNFINISHED = text("finished_at IS NULL")

commands = Table(
    "commands",
    METADATA,
    Column("id", String(26), primary_key=True),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("name", String(128), nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("frame", LargeBinary, nullable=False),
    Column("expected", JSON, nullable=False),
    Column("delivery", String(16), nullable=False),
    Column("timeout", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("sent_at", TIME),
    Column("published_at", TIME),
    Column("acked_at", TIME),
    Column("finished_at", TIME),
    Index(None, "system_id", "id"),
    Index(
        "ix_commands_unfinished",
        "state",
        "id",
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    ),
)
"""`frame` is what is sent; `expected` maps datapoints to the values that prove it was applied.

`timeout` is in milliseconds and counts from `changed_at`. `late` marks a command that had timed
out and was answered after all. `published_at` is when the broker confirmed it.
"""

command_transitions = Table(
    "command_transitions",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("command_id", String(26), ForeignKey("commands.id"), nullable=False),
    Column("at", TIME, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", String(128), nullable=False),
    Index(None, "command_id", "id"),
)
"""Every change of a command's state, the first (QUEUED) included; rows are never changed."""
