"""Tables of charging."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text, UniqueConstraint

from core.records import ID, METADATA, SN, TIME

charging_records = Table(
    "charging_records",
    METADATA,
    Column("id", ID, primary_key=True),
    # No foreign key: a charger may begin before its presence has registered it.
    Column("sn", SN, nullable=False),
    Column("identity", String(160), nullable=False),
    Column("connector", BigInteger, nullable=False),
    Column("started_at", TIME),
    Column("ended_at", TIME),
    Column("meter_start", BigInteger),
    Column("meter_stop", BigInteger),
    Column("started_by", String(36), nullable=False),
    Column("stopped_by", String(36), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("noted_at", TIME, nullable=False),
    UniqueConstraint("sn", "identity"),
    Index(None, "sn", "connector", "id"),
    Index(None, "started_at", "id"),
)
"""One row per transaction of a charger. Meters are in Wh, times are the charger's.

`identity` is what tells a transaction from others of the charger, so that what is sent again finds
its row: `T:` and the charger's own id (OCPP 2.0.1), or all that its start said (1.6, where `id` is
the number that the charger is given for it).
"""

charger_calls = Table(
    "charger_calls",
    METADATA,
    Column("id", String(26), primary_key=True),
    Column("sn", SN, nullable=False),
    Column("at", TIME, nullable=False),
    Column("status", String(16), nullable=False),
    Column("detail", Text, nullable=False),
)
"""Commands that were handed to a charger, so that none is handed over twice; `status` and `detail`
are the answer, empty until there is one."""
