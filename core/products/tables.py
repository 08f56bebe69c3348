"""Tables of product models."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from core.records import ID, METADATA, TIME, byte_ordered

product_drafts = Table(
    "product_drafts",
    METADATA,
    Column("id", byte_ordered(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("changed_by", String(128), nullable=False),
    Column("version", BigInteger, nullable=False),
)
"""The text that is worked on, one for each configured model: TOML as it was written, right or not.

`id` is the model's. `version` counts the changes of the text; the model's own is in the text.
"""

product_versions = Table(
    "product_versions",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("product_id", byte_ordered(64), nullable=False),
    Column("version", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("published_at", TIME, nullable=False),
    Column("published_by", String(128), nullable=False),
    Column("retired_at", TIME),
    Index("uq_product_versions_product_id_version", "product_id", "version", unique=True),
)
"""What was published: a row never changes, but for `retired_at`, and never goes."""

product_revision = Table(
    "product_revision",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
)
"""One row, whose `revision` grows whenever something is published or retired."""
