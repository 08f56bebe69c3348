"""Tables of product models, and of the rules of the grid that were made here."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Double,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

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
"""One row, whose `revision` grows whenever something is published, accepted or retired."""

plugin_uploads = Table(
    "plugin_uploads",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", byte_ordered(80), nullable=False),
    Column("version", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("tier", String(16), nullable=False),
    Column("counts", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("offered_at", TIME, nullable=False),
    Column("offered_by", String(128), nullable=False),
    Column("accepted_at", TIME),
    Column("ended_at", TIME),
    Index(None, "name", "id"),
    Index(None, "state", "id"),
    Index(
        "uq_plugin_uploads_serving",
        "name",
        unique=True,
        sqlite_where=text("state = 'serving'"),
        postgresql_where=text("state = 'serving'"),
    ),
)
"""Plugins without Python, each as the zip that was uploaded, whose SHA-256 is `digest`.

`state` is "offered" until somebody accepts it, "serving", "replaced" by another version, or
"retired". What served stays, so that it is known what read the frames of its time.
"""

grid_rules = Table(
    "grid_rules",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("country", String(2), nullable=False),
    Column("operator", byte_ordered(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("value", Double, nullable=False),
    Column("unit", String(8), nullable=False),
    Column("source", String(255), nullable=False),
    Column("confidence", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index(None, "country", "id"),
    Index(None, "operator", "id"),
    Index(None, "kind", "id"),
    Index(None, "state", "id"),
    Index(None, "changed_at", "id"),
)
"""Limits of feed-in or bought power that come before those of the grid specifications.

`operator` is empty where one holds for a whole country; `kind` is max_export or max_import, `state`
active or retired.
"""
