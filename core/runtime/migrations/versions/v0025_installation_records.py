"""The history of installations, which begins with those that there are."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

MOMENT = ("began_at", "id")
INDEXED = (
    *((name, *MOMENT) for name in ("system_id", "state", "country", "install_mode")),
    *((name, *MOMENT) for name in ("installer", "licence")),
    *((name, "id") for name in ("company_id", "end_user_id", "site_id")),
    *((name, "id") for name in ("end_user", "folded_site", "began_by", "installed_on")),
    MOMENT,
)
THERE = """
INSERT INTO installation_records (
    system_id, event, state, end_user_id, end_user, site_id, site, folded_site, address, country,
    installed_on, installer, install_user, licence, install_mode, began_at, began_by, ended_by,
    reason
)
SELECT
    i.system_id, 'known', 'installed', i.end_user_id, coalesce(e.account, ''), i.site_id,
    coalesce(s.name, ''), coalesce(s.folded_name, ''),
    trim(coalesce(s.address, '') || ', ' || trim(
        coalesce(s.post_code, '') || ' ' || coalesce(s.city, '')
    ), ', '),
    coalesce(nullif(s.country, ''), y.country), i.installed_on, i.installer, i.install_user,
    i.licence, i.install_mode, i.changed_at, '', '', ''
FROM installations i
JOIN systems y ON y.id = i.system_id
LEFT JOIN end_users e ON e.id = i.end_user_id
LEFT JOIN sites s ON s.id = i.site_id
"""


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "installation_records",
        sa.Column("id", number, primary_key=True),
        sa.Column("system_id", sa.BigInteger, nullable=False),
        sa.Column("company_id", sa.BigInteger),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("end_user_id", sa.BigInteger),
        sa.Column("end_user", _byte_ordered(), nullable=False),
        sa.Column("site_id", sa.BigInteger),
        sa.Column("site", sa.String(128), nullable=False),
        sa.Column("folded_site", _byte_ordered(), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("installed_on", sa.Date),
        sa.Column("installer", sa.String(128), nullable=False),
        sa.Column("install_user", sa.String(128), nullable=False),
        sa.Column("licence", sa.String(64), nullable=False),
        sa.Column("install_mode", sa.String(8), nullable=False),
        sa.Column("began_at", sa.BigInteger, nullable=False),
        sa.Column("began_by", _byte_ordered(), nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_by", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["system_id"], ["systems.id"], name="fk_installation_records_system_id"
        ),
    )
    for columns in INDEXED:
        name = f"ix_installation_records_{'_'.join(columns)}"
        op.create_index(name, "installation_records", list(columns))
    op.execute(THERE)


def _byte_ordered() -> sa.types.TypeEngine[str]:
    return sa.String(128, collation="C").with_variant(sa.String(128), "sqlite")
