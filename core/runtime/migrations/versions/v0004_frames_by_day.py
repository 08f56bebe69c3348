"""Frames by day and compacted; background jobs, processes, check codes.

Frames name what repeats by numbers, and lie in days on PostgreSQL.

All that is kept of frames is copied, in the one transaction of the upgrade: count on a minute for
every five million frames, during which nothing is taken in.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SN = sa.String(24, collation="C").with_variant(sa.String(24), "sqlite")
NAME = sa.String(32, collation="C").with_variant(sa.String(32), "sqlite")
DAY = 86_400_000
EARLIEST = 1_577_836_800_000  # 2020-01-01: a clock before that was never set


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    _make_names()
    op.rename_table("frames", "frames_before")
    if postgresql:
        op.execute("ALTER INDEX pk_frames RENAME TO pk_frames_before")
    _make_frames()
    if postgresql:
        _make_partitions()
    _copy()
    op.drop_table("frames_before")
    _make_chunks()
    _make_upkeep()
    _make_provisioning()


def _make_names() -> None:
    op.create_table(
        "channel_names",
        Column("id", ID, nullable=False),
        Column("slot", NAME, nullable=False),
        Column("channel", NAME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channel_names"),
        sa.UniqueConstraint("slot", "channel", name="uq_channel_names_slot"),
    )
    op.create_table(
        "decoder_names",
        Column("id", ID, nullable=False),
        Column("product_version", sa.String(length=32), nullable=False),
        Column("plugin", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decoder_names"),
        sa.UniqueConstraint("product_version", "plugin", name="uq_decoder_names_product_version"),
    )
    op.execute(
        "INSERT INTO channel_names (slot, channel) "
        "SELECT DISTINCT slot, channel FROM frames ORDER BY slot, channel"
    )
    op.execute(
        "INSERT INTO decoder_names (product_version, plugin) "
        "SELECT DISTINCT product_version, plugin FROM frames ORDER BY product_version, plugin"
    )


def _make_frames() -> None:
    op.create_table(
        "frames",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("device_time", sa.BigInteger(), nullable=False),
        Column("boot_id", sa.BigInteger(), nullable=False),
        Column("sequence", sa.BigInteger(), nullable=False),
        Column("receive_time", sa.BigInteger(), nullable=False),
        Column("channel_id", sa.Integer(), nullable=False),
        Column("decoder_id", sa.Integer(), nullable=False),
        Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "system_id", "channel_id", "device_time", "boot_id", "sequence", name="pk_frames"
        ),
        sqlite_with_rowid=False,
        postgresql_partition_by="RANGE (device_time)",
    )


def _make_partitions() -> None:
    """A partition for each day that has frames, and the default one for the others."""
    op.execute("CREATE TABLE frames_default PARTITION OF frames DEFAULT")
    days = op.get_bind().execute(
        sa.text(
            "SELECT DISTINCT device_time - device_time % :day AS day, "
            "to_char(to_timestamp(device_time / :day * 86400) AT TIME ZONE 'UTC', 'YYYYMMDD') "
            "FROM frames_before WHERE device_time >= :earliest AND device_time < "
            "(SELECT max(receive_time) FROM frames_before) + :day"
        ),
        {"day": DAY, "earliest": EARLIEST},
    )
    for day, name in days.all():
        op.execute(
            f"CREATE TABLE frames_{name} PARTITION OF frames "
            f"FOR VALUES FROM ({day}) TO ({day + DAY})"
        )


def _copy() -> None:
    op.execute(
        "INSERT INTO frames (system_id, device_time, boot_id, sequence, receive_time, "
        "channel_id, decoder_id, body) "
        "SELECT system_id, device_time, boot_id, sequence, receive_time, "
        "channel_names.id, decoder_names.id, body FROM frames_before "
        "JOIN channel_names ON channel_names.slot = frames_before.slot "
        "AND channel_names.channel = frames_before.channel "
        "JOIN decoder_names ON decoder_names.product_version = frames_before.product_version "
        "AND decoder_names.plugin = frames_before.plugin"
    )


def _make_chunks() -> None:
    op.create_table(
        "frame_chunks",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("span", sa.BigInteger(), nullable=False),
        Column("received_until", sa.BigInteger(), nullable=False),
        Column("channel_id", sa.Integer(), nullable=False),
        Column("part", sa.Integer(), nullable=False),
        Column("count", sa.Integer(), nullable=False),
        Column("identities", sa.LargeBinary(), nullable=False),
        Column("bodies", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("system_id", "channel_id", "span", "part", name="pk_frame_chunks"),
    )
    op.create_index("ix_frame_chunks_span", "frame_chunks", ["span"])


def _make_upkeep() -> None:
    op.create_table(
        "jobs",
        Column("name", sa.String(length=32), nullable=False),
        Column("started_at", sa.BigInteger(), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("finished_at", sa.BigInteger()),
        Column("done", sa.BigInteger(), nullable=False),
        Column("total", sa.BigInteger()),
        Column("rate", sa.Float(), nullable=False),
        Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_jobs"),
    )
    op.create_table(
        "processes",
        Column("name", sa.String(length=64), nullable=False),
        Column("kind", sa.String(length=16), nullable=False),
        Column("started_at", sa.BigInteger(), nullable=False),
        Column("beat_at", sa.BigInteger(), nullable=False),
        Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_processes"),
    )


def _make_provisioning() -> None:
    op.create_table(
        "check_codes",
        Column("sn", SN, nullable=False),
        Column("code", sa.LargeBinary(), nullable=False),
        Column("issued_at", sa.BigInteger(), nullable=False),
        Column("provisioned_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("sn", name="pk_check_codes"),
    )
    op.create_table(
        "provisioning_attempts",
        Column("subject", sa.String(length=80), nullable=False),
        Column("began_at", sa.BigInteger(), nullable=False),
        Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_provisioning_attempts"),
    )
