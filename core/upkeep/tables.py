"""Tables of upkeep."""

from sqlalchemy import JSON, BigInteger, Column, Float, String, Table, Text

from core.records import METADATA, TIME

background_jobs = Table(
    "background_jobs",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("started_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("finished_at", TIME),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("rate", Float, nullable=False),
    Column("error", Text, nullable=False),
)
"""What runs in the background, one row each, about its newest run.

`done` of `total` things, `rate` of them a second; `total` is None where nobody counted. `error` is
what stopped it last, empty once it went on.
"""

processes = Table(
    "processes",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("started_at", TIME, nullable=False),
    Column("beat_at", TIME, nullable=False),
    Column("figures", JSON, nullable=False),
)
"""Processes of the installation, each with the figures that it reported last."""
