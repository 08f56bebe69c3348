"""The table of tariff plans."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, String, Table, Text

from core.records import ID, METADATA, TIME

tariff_plans = Table(
    "tariff_plans",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("site_id", BigInteger, ForeignKey("sites.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date),
    Column("bands", Text, nullable=False),
    Column("weekday", String(48), nullable=False),
    Column("weekend", String(48), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("changed_at", TIME, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("uq_tariff_plans_site_id_valid_from", "site_id", "valid_from", unique=True),
)
"""What a site's energy costs from `valid_from` to `valid_until`, its own days, the last one too;
NULL is until further notice. No two plans of a site share a day.

`bands` is a JSON array of [name, buying price, feed-in price], prices in ten-thousandths of
`currency` per kWh. `weekday` and `weekend` have a digit for each half hour of the wall clock: which
of the bands it is. A plan goes with its site.
"""
