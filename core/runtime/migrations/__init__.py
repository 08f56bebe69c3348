"""The schema's history, one file per step under `versions`, applied at start.

A new step: change the tables, then write `versions/vNNNN_what.py` beside the others. A test
compares what the steps make with what the tables say, on both databases.
"""

import logging
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

LOCK: Final = 7_417_195_623
"""Keeps two processes that start together from migrating at once (PostgreSQL advisory lock)."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Apply the steps that are missing up to `revision`, all in the caller's transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def configuration() -> Config:
    """What Alembic needs to find the steps."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
