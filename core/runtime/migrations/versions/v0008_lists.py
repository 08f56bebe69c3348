"""Lists: indexes of their orders, serial numbers by any part, saved views, jobs.

What the worker does by itself is called background jobs, beside the jobs that people ask for.
"""

import logging

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.exc import DBAPIError

LOGGER = logging.getLogger(__name__)
revision = "0008"
down_revision = "0007"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SYSTEMS = (
    ("country", "sn"),
    ("firmware", "sn"),
    ("sn", "product_id", "country", "firmware", "registered_at"),
    ("registered_at", "sn", "product_id", "country", "firmware"),
    ("product_id", "country", "firmware", "registered_at"),
    ("country", "firmware", "product_id", "registered_at"),
    ("firmware", "product_id", "country", "registered_at"),
)
PARTS = "systems_sn_parts"
ADD = f"INSERT INTO {PARTS} (rowid, sn) VALUES (new.id, new.sn);"  # noqa: S608
TAKE = f"INSERT INTO {PARTS} ({PARTS}, rowid, sn) VALUES ('delete', old.id, old.sn);"  # noqa: S608
TOKENS = "content='systems', content_rowid='id', tokenize='trigram case_sensitive 1'"
SQLITE = (
    f"CREATE VIRTUAL TABLE {PARTS} USING fts5(sn, {TOKENS})",
    f"INSERT INTO {PARTS} (rowid, sn) SELECT id, sn FROM systems",  # noqa: S608
    f"CREATE TRIGGER {PARTS}_insert AFTER INSERT ON systems BEGIN {ADD} END",
    f"CREATE TRIGGER {PARTS}_delete AFTER DELETE ON systems BEGIN {TAKE} END",
    f"CREATE TRIGGER {PARTS}_update AFTER UPDATE OF sn ON systems BEGIN {TAKE} {ADD} END",
)
POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    f"CREATE INDEX ix_{PARTS} ON systems USING gin (sn gin_trgm_ops)",
)


def upgrade() -> None:
    for columns in SYSTEMS:
        op.create_index(f"ix_systems_{'_'.join(columns)}", "systems", list(columns))
    op.create_index("ix_dead_letters_code_id", "dead_letters", ["code", "id"])
    op.create_index("ix_dead_letters_last_at_id", "dead_letters", ["last_at", "id"])
    _parts_of_serial_numbers()
    _views()
    _background_jobs()
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


def _background_jobs() -> None:
    op.rename_table("jobs", "background_jobs")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_jobs RENAME TO pk_background_jobs")


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
