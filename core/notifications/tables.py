"""Tables of notifications."""

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

from core.records import ID, METADATA, TIME

rules = Table(
    "reminder_rules",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", String(128), nullable=False),
    Column("owner_id", BigInteger),
    Column("enabled", Boolean, nullable=False),
    Column("severities", JSON, nullable=False),
    Column("codes", JSON, nullable=False),
    Column("products", JSON, nullable=False),
    Column("countries", JSON, nullable=False),
    Column("company_id", BigInteger),
    Column("delay", Integer, nullable=False),
    Column("grouping", Integer, nullable=False),
    Column("tells_resolved", Boolean, nullable=False),
    Column("channels", JSON, nullable=False),
    Column("users", JSON, nullable=False),
    Column("mails", JSON, nullable=False),
    Column("targets", JSON, nullable=False),
    Column("language", String(8), nullable=False),
    Column("texts", JSON, nullable=False),
    Column("quiet_from", String(5), nullable=False),
    Column("quiet_until", String(5), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("wakes", Boolean, nullable=False),
    Column("after_fault", BigInteger, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index(None, "name", "id"),
    Index(None, "changed_at", "id"),
    Index(None, "owner_id", "name", "id"),
)
"""What people are reminded of. `owner_id` is the company whose rule it is, None the platform's.

`company_id` leaves the systems of one company; `delay` and `grouping` are minutes. `targets` are
addresses of other services: each sealed, and beside it masked. Faults up to `after_fault` were
there before the rule was switched on. `wakes` says that critical faults break the quiet hours.
"""

matches = Table(
    "reminder_matches",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("rule_id", BigInteger, ForeignKey("reminder_rules.id"), nullable=False),
    Column("fault_id", BigInteger, ForeignKey("faults.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("due_at", TIME, nullable=False),
    UniqueConstraint("rule_id", "fault_id"),
    Index(None, "state", "due_at"),
    Index(None, "fault_id"),
)
"""A fault that a rule is about. `state`: waiting, told, closing (told, and gone since), done."""

progress = Table(
    "reminder_progress",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("fault_id", BigInteger, nullable=False),
    Column("ahead_id", BigInteger, nullable=False),
    Column("ahead_at", TIME, nullable=False),
)
"""One row: faults up to `fault_id` are looked at, those up to `ahead_id` were since `ahead_at`."""

notifications = Table(
    "notifications",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("dedupe_key", String(128), nullable=False, unique=True),
    Column("rule_id", BigInteger),
    Column("rule_name", String(128), nullable=False),
    Column("owner_id", BigInteger),
    Column("channel", String(16), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("user_id", BigInteger, ForeignKey("users.id")),
    Column("target", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", TIME),
    Column("error", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("sent_at", TIME),
    Column("read_at", TIME),
    Index(None, "created_at", "id"),
    Index(None, "state", "created_at", "id"),
    Index(None, "channel", "created_at", "id"),
    Index(None, "owner_id", "created_at", "id"),
    Index(None, "rule_id", "created_at", "id"),
    Index(None, "user_id", "created_at", "id"),
    Index(None, "recipient", "created_at", "id"),
    Index(None, "rule_name", "created_at", "id"),
    Index(
        "ix_notifications_next_at",
        "next_at",
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
    Index(
        "ix_notifications_unread",
        "user_id",
        "id",
        sqlite_where=text("channel = 'portal' AND read_at IS NULL"),
        postgresql_where=text("channel = 'portal' AND read_at IS NULL"),
    ),
)
"""What is to be sent, and what was. `channel`: mail, service or portal, which is read in place.

`state`: queued, sent, failed, cancelled. `target` is the sealed address of a service. `dedupe_key`
keeps one cause from telling somebody twice.
"""
