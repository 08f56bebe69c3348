"""Tables of telemetry.

A frame's identity is (system, slot, channel, device time, boot id, sequence). Sequences above
2**63 - 1 are kept as negative numbers (two's complement), because neither database has a u64.
"""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.records import ID, METADATA, NAME, TIME

channel_names = Table(
    "channel_names",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("slot", NAME, nullable=False),
    Column("channel", NAME, nullable=False),
    UniqueConstraint("slot", "channel", name="uq_channel_names_slot"),
)
"""Slots and channels of frames. A frame keeps the number: the words would be a fifth of it."""

decoder_names = Table(
    "decoder_names",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("product_version", String(32), nullable=False),
    Column("plugin", String(80), nullable=False),
    UniqueConstraint("product_version", "plugin", name="uq_decoder_names_product_version"),
)
"""Versions of product models and plugins that frames were read by when they came."""

frames = Table(
    "frames",
    METADATA,
    # No foreign key: it would cost more than the row, and none of what it names is ever deleted.
    Column("system_id", BigInteger, nullable=False),
    Column("device_time", TIME, nullable=False),
    Column("boot_id", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("receive_time", TIME, nullable=False),
    Column("channel_id", Integer, nullable=False),
    Column("decoder_id", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("system_id", "channel_id", "device_time", "boot_id", "sequence"),
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (device_time)",
)
"""Every frame as it came, also those that could not be decoded, until they are compacted.

On PostgreSQL there is a partition for each day of device time (`partitions`).
"""

frame_chunks = Table(
    "frame_chunks",
    METADATA,
    Column("system_id", BigInteger, nullable=False),
    Column("span", TIME, nullable=False, index=True),
    Column("received_until", TIME, nullable=False),
    Column("channel_id", Integer, nullable=False),
    Column("part", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("identities", LargeBinary, nullable=False),
    Column("bodies", LargeBinary, nullable=False),
    PrimaryKeyConstraint("system_id", "channel_id", "span", "part"),
)
"""Older frames: those of a span of device time together, in as few parts as `chunks` allows."""

latest = Table(
    "latest",
    METADATA,
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("channel", NAME, nullable=False),
    Column("as_of", TIME, nullable=False),
    Column("boot_id", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("device_time", TIME, nullable=False),
    Column("receive_time", TIME, nullable=False),
    Column("readings", LargeBinary, nullable=False),
    Column("raised", Text, nullable=False),
    Column("rolling", LargeBinary),
    PrimaryKeyConstraint("system_id", "slot", "channel"),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 70},
)
"""The newest frame of each channel: `readings` is a msgpack map of datapoint key to value,
`raised` the codes of the faults that it tells of, joined by spaces, `rolling` the channel's open
bucket (`rollups.unpacked`)."""

rollups = Table(
    "rollups",
    METADATA,
    Column("system_id", BigInteger, nullable=False),
    Column("slot", NAME, nullable=False),
    Column("channel", NAME, nullable=False),
    Column("bucket", TIME, nullable=False),
    Column("cells", LargeBinary, nullable=False),
    PrimaryKeyConstraint("system_id", "slot", "channel", "bucket"),
    sqlite_with_rowid=False,
)
"""Closed five minutes of a channel: `cells` as `rollups.closed_of` reads it."""

quarantine = Table(
    "quarantine",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("system_id", BigInteger, ForeignKey("systems.id"), nullable=False),
    Column("slot", NAME, nullable=False),
    Column("channel", NAME, nullable=False),
    Column("boot_id", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("device_time", TIME, nullable=False),
    Column("receive_time", TIME, nullable=False),
    Column("key", String(128), nullable=False),
    Column("value", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rule", String(8), nullable=False, server_default="range"),
    UniqueConstraint(
        "system_id",
        "slot",
        "channel",
        "boot_id",
        "sequence",
        "device_time",
        "key",
        name="uq_quarantine_value",
    ),
    Index(None, "system_id", "slot", "key", "device_time"),
)
"""Values that are not plausible, each with the frame that holds it; `position` is its byte.

`rule` is "range", or "before" where the value before it speaks against it.
"""

dead_letters = Table(
    "dead_letters",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("sn", String(24), nullable=False),
    Column("code", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("plugin", String(80), nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("first_at", TIME, nullable=False),
    Column("last_at", TIME, nullable=False),
    Column("resolved_at", TIME),
    Index(None, "sn", "code"),
    Index(None, "code", "id"),
    Index(None, "last_at", "id"),
)
"""Messages that could not be taken in, complete, so that they can be replayed.

The same topic and payload is one row however often it comes. `sn` and `plugin` are empty where they
are not known.
"""

starts = Table(
    "starts",
    METADATA,
    Column("system_id", BigInteger, nullable=False),
    Column("boot_id", BigInteger, nullable=False),
    Column("lowest", BigInteger, nullable=False),
    Column("highest", BigInteger, nullable=False),
    Column("first_time", TIME, nullable=False),
    Column("last_time", TIME, nullable=False),
    PrimaryKeyConstraint("system_id", "boot_id"),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 70},
)
"""What is known of the messages of one start of a device: all from `lowest` to `highest` came, but
for what its open gaps name. `first_time` and `last_time` are the device's, of the two ends."""

gaps = Table(
    "gaps",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("system_id", BigInteger, nullable=False),
    Column("boot_id", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("missing", BigInteger, nullable=False),
    Column("ranges", Text, nullable=False),
    Column("after_time", TIME),
    Column("before_time", TIME, nullable=False),
    Column("noticed_at", TIME, nullable=False),
    Column("closed_at", TIME),
    Column("asked", Integer, nullable=False, server_default="0"),
    Index(None, "system_id", "id"),
    Index(None, "noticed_at", "id"),
    Index(
        "ix_gaps_open",
        "system_id",
        "boot_id",
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)
"""Messages `first` to `last` of a start that did not come in their turn, and how many are missing
still: `ranges`, as JSON. The device's clock said `after_time` before them (NULL at the start) and
`before_time` behind them. `asked` counts the requests for them."""

coverage = Table(
    "coverage",
    METADATA,
    Column("system_id", BigInteger, nullable=False),
    Column("day", BigInteger, nullable=False),
    *(Column(f"h{hour}", BigInteger, nullable=False) for hour in range(0, 24, 4)),
    PrimaryKeyConstraint("system_id", "day"),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 70},
)
"""Which stretches of five minutes of a UTC day since 1970 have a frame: 48 bits for four hours."""

backfill_requests = Table(
    "backfill_requests",
    METADATA,
    Column("id", String(26), primary_key=True),
    Column("system_id", BigInteger, nullable=False),
    Column("boot_id", BigInteger, nullable=False),
    Column("ranges", JSON, nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("sent_at", TIME),
    Column("answered_at", TIME),
    Column("finished_at", TIME),
    Index(None, "system_id", "id"),
    Index(
        "ix_backfill_requests_unfinished",
        "system_id",
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    ),
)
"""What devices were asked to send again: messages `ranges` of one start, `asked` of them, of which
`returned` had come when it was finished."""

ENERGIES: Final = ("generation", "consumption", "charged", "discharged", "feed_in", "purchase")


def _energies() -> list[Column[float]]:
    return [Column(name, Double) for name in ENERGIES]


days = Table(
    "days",
    METADATA,
    Column("system_id", BigInteger, nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("company_id", BigInteger, nullable=False),
    *_energies(),
    Column("heard", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("half_hours", LargeBinary),
    PrimaryKeyConstraint("system_id", "day"),
    sqlite_with_rowid=False,
)
"""kWh of a site's day (since 1970), NULL where nothing tells. Of the day's `expected` buckets
`heard` have a roll-up. `company_id` is where `fleet_days` counts the row, 0 for none. `half_hours`
as `half_hours.unpacked` reads it; NULL where the day was made before they were kept."""

fleet_days = Table(
    "fleet_days",
    METADATA,
    Column("company_id", BigInteger, nullable=False),
    Column("day", BigInteger, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ENERGIES),
    Column("systems", BigInteger, nullable=False),
    PrimaryKeyConstraint("company_id", "day"),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 70},
)
"""Sums of `days` by company (0 is none, -1 the whole fleet), and of how many systems. They are
whole Wh, each day of a system rounded, so that adding and taking away leaves nothing behind."""

recent_days = Table(
    "recent_days",
    METADATA,
    Column("system_id", BigInteger, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("day", BigInteger, nullable=False),
    Column("company_id", BigInteger, nullable=False),
    Column("hours", LargeBinary, nullable=False),
    PrimaryKeyConstraint("system_id", "turn"),
    sqlite_with_rowid=False,
)
"""What a system's last days added to `fleet_hours`: `hours` as `fleet_hours.unpacked` reads it. A
day has one of three turns, and its row is that of another day three days later."""

fleet_hours = Table(
    "fleet_hours",
    METADATA,
    Column("company_id", BigInteger, nullable=False),
    Column("hour", TIME, nullable=False, index=True),
    *(Column(name, BigInteger, nullable=False) for name in ENERGIES),
    Column("systems", BigInteger, nullable=False),
    PrimaryKeyConstraint("company_id", "hour"),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 70},
)
"""Whole Wh by hour of UTC and company as in `fleet_days`, of the last days only, and of how many
systems they are."""

stale_days = Table(
    "stale_days",
    METADATA,
    Column("system_id", BigInteger, nullable=False),
    Column("utc_day", BigInteger, nullable=False),
    Column("mark", BigInteger, nullable=False),
    Column("marked_at", TIME, nullable=False),
    PrimaryKeyConstraint("system_id", "utc_day"),
    Index(None, "marked_at"),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 70},
)
"""UTC days (since 1970) whose roll-ups changed since `days` was made of them. `mark` counts the
changes, `marked_at` is the time of the first of them. Triggers of the database mark the days of a
system that changes its company, zone or product model."""
