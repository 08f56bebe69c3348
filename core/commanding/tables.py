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

instructions = Table(
    "instructions",
    METADATA,
    Column("id", String(26), primary_key=True),
    Column("slot", NAME, nullable=False),
    Column("name", String(128), nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("risk", String(16), nullable=False),
    Column("targets", BigInteger, nullable=False),
    Column("not_before", TIME),
    Column("life", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("idempotency_key", String(64)),
    Column("order_digest", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("replaces", String(26)),
    Column("created_by_id", BigInteger),
    Column("created_by", String(128), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("approve_until", TIME),
    Column("approved_by_id", BigInteger),
    Column("approved_by", String(128)),
    Column("approved_at", TIME),
    Index(None, "created_by", "idempotency_key", unique=True),
    Index(None, "name", "id"),
)
"""One order for one or many systems; nothing but its approval is changed in it.

`digest` is the SHA-256, in hex, of what is to be done, to whom and when; `order_digest` the same of
the order as it was given, with the systems that were left out. `not_before` is NULL for at once,
`approve_until` where no second person has to approve. `life` is how many milliseconds a command
may wait for its device once it is due. `replaces` is the instruction that this one was made from by
an edit.
"""

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
    Column("instruction_id", String(26), ForeignKey("instructions.id")),
    Column("not_before", TIME, nullable=False, server_default="0"),
    Column("offline", String(16), nullable=False, server_default="queue"),
    Index(None, "system_id", "id"),
    Index(None, "instruction_id", "state"),
    Index(None, "state", "id"),
    Index(None, "name", "id"),
    Index(None, "created_by", "id"),
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
out and was answered after all. `published_at` is when the broker confirmed it. It is not sent
before `not_before`; `expires_at` is until when it may be, or, while a second person has yet to
approve, until when they may. `instruction_id` is NULL for what the engine does by itself.
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

actuation_leases = Table(
    "actuation_leases",
    METADATA,
    Column(
        "system_id", BigInteger, ForeignKey("systems.id"), primary_key=True, autoincrement=False
    ),
    Column("owner", String(64), nullable=False),
    Column("purpose", String(192), nullable=False),
    Column("taken_at", TIME, nullable=False),
    Column("until", TIME, nullable=False),
)
"""Who may actuate a system now: one at a time. A row whose `until` has passed counts for nothing.

`owner` is kind and id, such as "command 01K…"; `purpose` says in words what for.
"""
