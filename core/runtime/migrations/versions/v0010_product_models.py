"""Product models that are written in the installation: drafts and published versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0010"
down_revision = "0009"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PRODUCT = sa.String(64, collation="C").with_variant(sa.String(64), "sqlite")


def upgrade() -> None:
    op.create_table(
        "product_drafts",
        Column("id", PRODUCT, nullable=False),
        Column("text", sa.Text(), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("created_by", sa.String(length=128), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("changed_by", sa.String(length=128), nullable=False),
        Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_product_drafts"),
    )
    op.create_table(
        "product_versions",
        Column("id", ID, nullable=False),
        Column("product_id", PRODUCT, nullable=False),
        Column("version", sa.String(length=32), nullable=False),
        Column("text", sa.Text(), nullable=False),
        Column("published_at", sa.BigInteger(), nullable=False),
        Column("published_by", sa.String(length=128), nullable=False),
        Column("retired_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_product_versions"),
    )
    op.create_index(
        "uq_product_versions_product_id_version",
        "product_versions",
        ["product_id", "version"],
        unique=True,
    )
    op.create_table(
        "product_revision",
        Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_product_revision"),
    )
