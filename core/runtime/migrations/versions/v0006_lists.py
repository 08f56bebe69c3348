"""Lists: indexes of their orders, serial numbers by any part, saved views, jobs."""

import logging

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.exc import DBAPIError

LOGGER = logging.getLogger(__name__)
revision = "0006"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PARTS = "systems_sn_parts"
SQLITE = (
    f"CREATE VIRTUAL TABLE {PARTS} USING fts5("
    "sn, content='systems', content_rowid='id', tokenize='trigram case_sensitive 1')",
    f"INSERT INTO {PARTS} (rowid, sn) SELECT id, sn FROM systems",
    f"CREATE TRIGGER {PARTS}_insert AFTER INSERT ON systems BEGIN "
    f"INSERT INTO {PARTS} (rowid, sn) VALUES (new.id, new.sn); END",
    f"CREATE TRIGGER {PARTS}_delete AFTER DELETE ON systems BEGIN "
    f"INSERT INTO {PARTS} ({PARTS}, rowid, sn) VALUES ('delete', old.id, old.sn); END",
    f"CREATE TRIGGER {PARTS}_update AFTER UPDATE OF sn ON systems BEGIN "
    f"INSERT INTO {PARTS} ({PARTS}, rowid, sn) VALUES ('delete', old.id, old.sn); "
    f"INSERT INTO {PARTS} (rowid, sn) VALUES (new.id, new.sn); END",
)
POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    f"CREATE INDEX ix_{PARTS} ON systems USING gin (sn gin_trgm_ops)",
)


def upgrade() -> None:
    op.create_index("ix_systems_registered_at_sn", "systems", ["registered_at", "sn"])
    op.create_index("ix_systems_country_sn", "systems", ["country", "sn"])
    op.create_index("ix_systems_firmware_sn", "systems", ["firmware", "sn"])
    op.create_index("ix_dead_letters_code_id", "dead_letters", ["code", "id"])
    op.create_index("ix_dead_letters_last_at_id", "dead_letters", ["last_at", "id"])
    _parts_of_serial_numbers()
    _views()
    _jobs()


def _parts_of_serial_numbers() -> None:
    """Serial numbers by their trigrams; without the extension PostgreSQL looks at each of them."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in SQLITE:
            connection.exec_driver_sql(statement)
        return
    try:
        with connection.begin_nested():
            for statement in POSTGRESQL:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        LOGGER.warning("parts of serial numbers are searched without an index: %s", error.orig)


def _views() -> None:
    op.create_table(
        "saved_views",
        Column("id", ID, nullable=False),
        Column("resource", sa.String(64), nullable=False),
        Column("name", sa.String(64), nullable=False),
        Column("user_id", sa.BigInteger(), nullable=False),
        Column("company_id", sa.BigInteger()),
        Column("shared", sa.Boolean(), nullable=False),
        Column("filters", sa.Text()),
        Column("columns", sa.Text()),
        Column("sort", sa.Text()),
        Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_views"),
        sa.UniqueConstraint(
            "user_id", "resource", "name", name="uq_saved_views_user_id_resource_name"
        ),
    )
    op.create_index(
        "ix_saved_views_resource_company_id_shared",
        "saved_views",
        ["resource", "company_id", "shared"],
    )
    op.create_table(
        "default_views",
        Column("user_id", sa.BigInteger(), nullable=False),
        Column("resource", sa.String(64), nullable=False),
        Column("view_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["view_id"],
            ["saved_views.id"],
            name="fk_default_views_view_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "resource", name="pk_default_views"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        Column("id", sa.String(26), nullable=False),
        Column("kind", sa.String(16), nullable=False),
        Column("resource", sa.String(64), nullable=False),
        Column("title", sa.String(128), nullable=False),
        Column("user_id", sa.BigInteger()),
        Column("access", sa.Text(), nullable=False),
        Column("address", sa.String(64), nullable=False),
        Column("task", sa.Text(), nullable=False),
        Column("state", sa.String(16), nullable=False),
        Column("total", sa.BigInteger(), nullable=False),
        Column("done", sa.BigInteger(), nullable=False),
        Column("refused", sa.BigInteger(), nullable=False),
        Column("cursor", sa.Text(), nullable=False),
        Column("size", sa.BigInteger(), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("finished_at", sa.BigInteger()),
        Column("expires_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_user_id_id", "jobs", ["user_id", "id"])
    op.create_index("ix_jobs_state_id", "jobs", ["state", "id"])
    op.create_index("ix_jobs_expires_at", "jobs", ["expires_at"])
