"""The first tables: fleet, telemetry, journal, commanding, accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.String(32, collation="C").with_variant(sa.String(32), "sqlite")
SN = sa.String(24, collation="C").with_variant(sa.String(24), "sqlite")
OPEN = sa.text("closed_at IS NULL")
UNFINISHED = sa.text("finished_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "dead_letters",
        Column("id", ID, nullable=False),
        Column("digest", sa.LargeBinary(length=32), nullable=False),
        Column("topic", sa.Text(), nullable=False),
        Column("payload", sa.LargeBinary(), nullable=False),
        Column("sn", sa.String(length=24), nullable=False),
        Column("code", sa.String(length=32), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        Column("hint", sa.Text(), nullable=False),
        Column("plugin", sa.String(length=80), nullable=False),
        Column("times", sa.BigInteger(), nullable=False),
        Column("first_at", sa.BigInteger(), nullable=False),
        Column("last_at", sa.BigInteger(), nullable=False),
        Column("resolved_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
        sa.UniqueConstraint("digest", name="uq_dead_letters_digest"),
    )
    op.create_index("ix_dead_letters_sn_code", "dead_letters", ["sn", "code"])
    op.create_table(
        "frames",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("slot", NAME, nullable=False),
        Column("channel", NAME, nullable=False),
        Column("boot_id", sa.BigInteger(), nullable=False),
        Column("sequence", sa.BigInteger(), nullable=False),
        Column("device_time", sa.BigInteger(), nullable=False),
        Column("receive_time", sa.BigInteger(), nullable=False),
        Column("product_version", sa.String(length=32), nullable=False),
        Column("plugin", sa.String(length=80), nullable=False),
        Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "system_id", "slot", "channel", "device_time", "boot_id", "sequence", name="pk_frames"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "setup_tokens",
        Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_setup_tokens"),
    )
    op.create_table(
        "sign_in_attempts",
        Column("subject", sa.String(length=160), nullable=False),
        Column("began_at", sa.BigInteger(), nullable=False),
        Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_sign_in_attempts"),
    )
    op.create_table(
        "systems",
        Column("id", ID, nullable=False),
        Column("sn", SN, nullable=False),
        Column("company_id", sa.BigInteger()),
        Column("product_id", sa.String(length=64), nullable=False),
        Column("product_version", sa.String(length=32), nullable=False),
        Column("name", sa.String(length=128), nullable=False),
        Column("country", sa.String(length=2), nullable=False),
        Column("timezone", sa.String(length=64), nullable=False),
        Column("firmware", sa.String(length=64), nullable=False),
        Column("online", sa.Boolean()),
        Column("online_at", sa.BigInteger()),
        Column("registered_at", sa.BigInteger(), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("first_frame_at", sa.BigInteger()),
        Column("last_frame_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_systems"),
        sa.UniqueConstraint("sn", name="uq_systems_sn"),
    )
    op.create_index("ix_systems_changed_at", "systems", ["changed_at"])
    op.create_index("ix_systems_company_id_sn", "systems", ["company_id", "sn"])
    op.create_index("ix_systems_last_frame_at_id", "systems", ["last_frame_at", "id"])
    op.create_index("ix_systems_product_id_sn", "systems", ["product_id", "sn"])
    op.create_table(
        "users",
        Column("id", ID, nullable=False),
        Column("name", sa.String(length=128), nullable=False),
        Column("password_hash", sa.Text(), nullable=False),
        Column("role", sa.String(length=16), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("disabled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_table(
        "commands",
        Column("id", sa.String(length=26), nullable=False),
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("slot", NAME, nullable=False),
        Column("name", sa.String(length=128), nullable=False),
        Column("parameters", sa.JSON(), nullable=False),
        Column("frame", sa.LargeBinary(), nullable=False),
        Column("expected", sa.JSON(), nullable=False),
        Column("delivery", sa.String(length=16), nullable=False),
        Column("timeout", sa.BigInteger(), nullable=False),
        Column("state", sa.String(length=16), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        Column("late", sa.Boolean(), nullable=False),
        Column("created_by", sa.String(length=128), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("expires_at", sa.BigInteger(), nullable=False),
        Column("sent_at", sa.BigInteger()),
        Column("published_at", sa.BigInteger()),
        Column("acked_at", sa.BigInteger()),
        Column("finished_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name="fk_commands_system_id"),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
    )
    op.create_index("ix_commands_system_id_id", "commands", ["system_id", "id"])
    op.create_index(
        "ix_commands_unfinished",
        "commands",
        ["state", "id"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_table(
        "faults",
        Column("id", ID, nullable=False),
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("slot", NAME, nullable=False),
        Column("code", sa.String(length=128), nullable=False),
        Column("severity", sa.String(length=16), nullable=False),
        Column("opened_at", sa.BigInteger(), nullable=False),
        Column("closed_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name="fk_faults_system_id"),
        sa.PrimaryKeyConstraint("id", name="pk_faults"),
    )
    op.create_index("ix_faults_system_id_opened_at", "faults", ["system_id", "opened_at"])
    op.create_index(
        "uq_faults_open",
        "faults",
        ["system_id", "slot", "code"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "latest",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("slot", NAME, nullable=False),
        Column("channel", NAME, nullable=False),
        Column("as_of", sa.BigInteger(), nullable=False),
        Column("boot_id", sa.BigInteger(), nullable=False),
        Column("sequence", sa.BigInteger(), nullable=False),
        Column("device_time", sa.BigInteger(), nullable=False),
        Column("receive_time", sa.BigInteger(), nullable=False),
        Column("readings", sa.LargeBinary(), nullable=False),
        Column("raised", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name="fk_latest_system_id"),
        sa.PrimaryKeyConstraint("system_id", "slot", "channel", name="pk_latest"),
        postgresql_with={"fillfactor": 70},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_lines",
        Column("id", ID, nullable=False),
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("slot", NAME, nullable=False),
        Column("boot_id", sa.BigInteger(), nullable=False),
        Column("sequence", sa.BigInteger(), nullable=False),
        Column("device_time", sa.BigInteger(), nullable=False),
        Column("receive_time", sa.BigInteger(), nullable=False),
        Column("number", sa.Integer(), nullable=False),
        Column("line", sa.Text(), nullable=False),
        Column("parsed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name="fk_log_lines_system_id"),
        sa.PrimaryKeyConstraint("id", name="pk_log_lines"),
        sa.UniqueConstraint(
            "system_id",
            "slot",
            "device_time",
            "boot_id",
            "sequence",
            "number",
            name="uq_log_lines_line",
        ),
    )
    op.create_table(
        "quarantine",
        Column("id", ID, nullable=False),
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("slot", NAME, nullable=False),
        Column("channel", NAME, nullable=False),
        Column("boot_id", sa.BigInteger(), nullable=False),
        Column("sequence", sa.BigInteger(), nullable=False),
        Column("device_time", sa.BigInteger(), nullable=False),
        Column("receive_time", sa.BigInteger(), nullable=False),
        Column("key", sa.String(length=128), nullable=False),
        Column("value", sa.Text(), nullable=False),
        Column("position", sa.BigInteger(), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name="fk_quarantine_system_id"),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sa.UniqueConstraint(
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
    op.create_table(
        "sessions",
        Column("id", ID, nullable=False),
        Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        Column("user_id", sa.BigInteger(), nullable=False),
        Column("address", sa.String(length=64), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("last_used_at", sa.BigInteger(), nullable=False),
        Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "command_transitions",
        Column("id", ID, nullable=False),
        Column("command_id", sa.String(length=26), nullable=False),
        Column("at", sa.BigInteger(), nullable=False),
        Column("state", sa.String(length=16), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        Column("actor", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["command_id"], ["commands.id"], name="fk_command_transitions_command_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_command_transitions"),
    )
    op.create_index(
        "ix_command_transitions_command_id_id", "command_transitions", ["command_id", "id"]
    )
    op.create_table(
        "log_records",
        Column("id", ID, nullable=False),
        Column("line_id", sa.BigInteger(), nullable=False),
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("slot", NAME, nullable=False),
        Column("kind", sa.String(length=16), nullable=False),
        Column("name", sa.Text(), nullable=False),
        Column("label", sa.Text(), nullable=False),
        Column("old", sa.Text(), nullable=False),
        Column("new", sa.Text(), nullable=False),
        Column("old_meaning", sa.Text()),
        Column("new_meaning", sa.Text()),
        Column("code", sa.Text(), nullable=False),
        Column("message", sa.Text(), nullable=False),
        Column("time", sa.Text(), nullable=False),
        Column("extra", sa.JSON(), nullable=False),
        Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["log_lines.id"], name="fk_log_records_line_id"),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name="fk_log_records_system_id"),
        sa.PrimaryKeyConstraint("id", name="pk_log_records"),
    )
    op.create_index("ix_log_records_system_id_id", "log_records", ["system_id", "id"])
    op.create_index("ix_log_records_system_id_kind_id", "log_records", ["system_id", "kind", "id"])
