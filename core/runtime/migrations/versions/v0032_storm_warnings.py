"""Storm warnings, and regions and post codes of sites as they are compared."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

INDEXES = (("starts_at",), ("changed_at",), ("country", "ends_at"), ("company_id",))


def upgrade() -> None:
    _warnings()
    _folded("folded_region", 64)
    _folded("folded_post_code", 16)
    _fold()
    for column in ("folded_region", "folded_post_code"):
        op.create_index(f"ix_sites_country_{column}_id", "sites", ["country", column, "id"])


def _warnings() -> None:
    op.create_table(
        "storm_warnings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("company_id", sa.BigInteger),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("post_codes", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("entered_by", sa.String(128), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    for columns in INDEXES:
        name = f"ix_storm_warnings_{'_'.join(columns)}_id"
        op.create_index(name, "storm_warnings", [*columns, "id"])


def _folded(name: str, length: int) -> None:
    ordered = "C" if op.get_bind().dialect.name == "postgresql" else None
    kind = sa.String(length, collation=ordered)
    op.add_column("sites", sa.Column(name, kind, nullable=False, server_default=""))


def _fold() -> None:
    """Fold what sites say, each value once, found by the indexes that there are."""
    connection = op.get_bind()
    sites = sa.table(
        "sites",
        *map(sa.column, ("country", "region", "post_code", "folded_region", "folded_post_code")),
    )
    named = sa.select(sites.c.country, sites.c.region).where(sites.c.region != "").distinct()
    for country, region in connection.execute(named).all():
        same = (sites.c.country == country) & (sites.c.region == region)
        folded = {"folded_region": " ".join(region.split()).casefold()[:64]}
        connection.execute(sa.update(sites).where(same).values(folded))
    coded = sa.select(sites.c.post_code).where(sites.c.post_code != "").distinct()
    for post_code in connection.execute(coded).scalars().all():
        folded = {"folded_post_code": re.sub(r"[\W_]", "", post_code).upper()[:16]}
        connection.execute(sa.update(sites).where(sites.c.post_code == post_code).values(folded))
