"""Reminders of faults: rules, what they are about, and the messages to send."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.BigInteger()
LISTS = ("severities", "codes", "products", "countries")


def upgrade() -> None:
    _rules()
    op.create_table(
        "reminder_matches",
        sa.Column("id", ID, primary_key=True),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("fault_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["reminder_rules.id"], "fk_reminder_matches_rule_id"),
        sa.ForeignKeyConstraint(["fault_id"], ["faults.id"], "fk_reminder_matches_fault_id"),
        sa.UniqueConstraint("rule_id", "fault_id", name="uq_reminder_matches_rule_id_fault_id"),
    )
    _index("reminder_matches", "state", "due_at")
    _index("reminder_matches", "fault_id")
    op.create_table(
        "reminder_progress",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("fault_id", sa.BigInteger(), nullable=False),
        sa.Column("ahead_id", sa.BigInteger(), nullable=False),
        sa.Column("ahead_at", TIME, nullable=False),
    )
    _notifications()


def _rules() -> None:
    op.create_table(
        "reminder_rules",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("owner_id", sa.BigInteger()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in LISTS),
        sa.Column("company_id", sa.BigInteger()),
        sa.Column("delay", sa.Integer(), nullable=False),
        sa.Column("grouping", sa.Integer(), nullable=False),
        sa.Column("tells_resolved", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sa.JSON(), nullable=False)
            for name in ("channels", "users", "mails", "targets")
        ),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("quiet_from", sa.String(5), nullable=False),
        sa.Column("quiet_until", sa.String(5), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("wakes", sa.Boolean(), nullable=False),
        sa.Column("after_fault", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
    )
    _index("reminder_rules", "name", "id")
    _index("reminder_rules", "changed_at", "id")
    _index("reminder_rules", "owner_id", "name", "id")


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", ID, primary_key=True),
        sa.Column("dedupe_key", sa.String(128), nullable=False),
        sa.Column("rule_id", sa.BigInteger()),
        sa.Column("rule_name", sa.String(128), nullable=False),
        sa.Column("owner_id", sa.BigInteger()),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", TIME),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("sent_at", TIME),
        sa.Column("read_at", TIME),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], "fk_notifications_user_id"),
        sa.UniqueConstraint("dedupe_key", name="uq_notifications_dedupe_key"),
    )
    _index("notifications", "created_at", "id")
    for name in (
        "state",
        "channel",
        "owner_id",
        "rule_id",
        "user_id",
        "recipient",
        "rule_name",
    ):
        _index("notifications", name, "created_at", "id")
    _partly("ix_notifications_next_at", ["next_at"], "state = 'queued'")
    _partly("ix_notifications_unread", ["user_id", "id"], "channel = 'portal' AND read_at IS NULL")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _partly(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "notifications", columns, sqlite_where=where, postgresql_where=where)
