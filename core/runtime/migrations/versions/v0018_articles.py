"""What the operator knows of the codes that plugins declare: articles, and all versions of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0018"
down_revision = "0017"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _said() -> list[Column[Any]]:
    return [
        *(Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        Column("version", sa.BigInteger(), nullable=False),
        Column("written_at", sa.BigInteger(), nullable=False),
        Column("written_by", sa.String(length=128), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "articles",
        Column("id", ID, nullable=False),
        Column("plugin", sa.String(length=128), nullable=False),
        Column("code", sa.String(length=128), nullable=False),
        Column("language", sa.String(length=16), nullable=False),
        *_said(),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
        sa.UniqueConstraint("plugin", "code", "language", name="uq_articles_plugin_code_language"),
    )
    op.create_table(
        "article_versions",
        Column("id", ID, nullable=False),
        Column("article_id", sa.BigInteger(), nullable=False),
        *_said(),
        sa.PrimaryKeyConstraint("id", name="pk_article_versions"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_article_versions_article_id_articles"
        ),
        sa.UniqueConstraint("article_id", "version", name="uq_article_versions_article_id_version"),
    )


_TEXTS = ("cause", "steps", "links", "commands")
