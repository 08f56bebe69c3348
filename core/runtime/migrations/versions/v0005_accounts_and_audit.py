"""Accounts with types and roles, companies, ownership of systems, serial numbers, the audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column

revision = "0005"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SN = sa.String(24, collation="C").with_variant(sa.String(24), "sqlite")
ROLES = {"admin": "administrator", "operator": "operations", "viewer": "read_only"}

USERS = (
    Column("user_type", sa.String(1), nullable=False, server_default="A"),
    Column("roles", sa.String(128), nullable=False, server_default=""),
    Column("company_id", sa.BigInteger()),
    Column("mail", sa.String(254)),
    Column("phone", sa.String(32), nullable=False, server_default=""),
    Column("given_name", sa.String(64), nullable=False, server_default=""),
    Column("family_name", sa.String(64), nullable=False, server_default=""),
    Column("country", sa.String(2), nullable=False, server_default=""),
    Column("language", sa.String(8), nullable=False, server_default=""),
    Column("timezone", sa.String(64), nullable=False, server_default=""),
    Column("state", sa.String(16), nullable=False, server_default="active"),
    Column("state_at", sa.BigInteger(), nullable=False, server_default="0"),
    Column("last_sign_in_at", sa.BigInteger()),
    Column("totp_secret", sa.LargeBinary()),
    Column("totp_confirmed_at", sa.BigInteger()),
    Column("totp_step", sa.BigInteger()),
    Column("version", sa.BigInteger(), nullable=False, server_default="1"),
)


def upgrade() -> None:
    _users()
    _sign_in()
    _companies()
    _ownership()
    _serial_numbers()
    _audit()


def _users() -> None:
    for column in USERS:
        op.add_column("users", column)
    op.execute("UPDATE users SET state_at = created_at")
    op.execute("UPDATE users SET state = 'disabled', state_at = disabled_at WHERE disabled_at > 0")
    for old, new in ROLES.items():
        op.execute(f"UPDATE users SET roles = '{new}' WHERE role = '{old}'")  # noqa: S608  our own words
    op.execute("ALTER TABLE users DROP COLUMN role")
    op.execute("ALTER TABLE users DROP COLUMN disabled_at")
    op.create_index("ix_users_mail", "users", ["mail"], unique=True)
    op.create_index("ix_users_company_id_id", "users", ["company_id", "id"])
    op.create_index("ix_users_user_type_state_id", "users", ["user_type", "state", "id"])
    op.create_index("ix_users_state_id", "users", ["state", "id"])
    op.create_index("ix_users_created_at_id", "users", ["created_at", "id"])
    op.create_index("ix_users_country_id", "users", ["country", "id"])


def _sign_in() -> None:
    client = Column("client", sa.String(200), nullable=False, server_default="")
    op.add_column("sessions", client)
    proved = Column("proved_at", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("sessions", proved)
    op.create_table(
        "tickets",
        Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        Column("purpose", sa.String(16), nullable=False),
        Column("user_id", sa.BigInteger()),
        Column("data", sa.Text(), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tickets_user_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_tickets"),
    )
    op.create_index("ix_tickets_user_id", "tickets", ["user_id"])
    op.create_index("ix_tickets_expires_at", "tickets", ["expires_at"])
    op.create_table(
        "recovery_codes",
        Column("user_id", sa.BigInteger(), nullable=False),
        Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_recovery_codes_user_id"),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name="pk_recovery_codes"),
    )
    op.create_table(
        "identities",
        Column("issuer", sa.String(255), nullable=False),
        Column("subject", sa.String(255), nullable=False),
        Column("user_id", sa.BigInteger(), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_identities_user_id"),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
    )
    op.create_index("ix_identities_user_id", "identities", ["user_id"])
    op.create_table(
        "api_tokens",
        Column("id", ID, nullable=False),
        Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        Column("user_id", sa.BigInteger(), nullable=False),
        Column("name", sa.String(64), nullable=False),
        Column("scopes", sa.Text(), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("expires_at", sa.BigInteger(), nullable=False),
        Column("last_used_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_tokens_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"])


def _companies() -> None:
    op.create_table(
        "companies",
        Column("id", ID, nullable=False),
        Column("name", sa.String(128), nullable=False),
        Column("folded_name", sa.String(128), nullable=False),
        Column("category", sa.String(16), nullable=False),
        Column("licence", sa.String(64)),
        Column("contact_person", sa.String(128), nullable=False),
        Column("mail", sa.String(254), nullable=False),
        Column("phone", sa.String(32), nullable=False),
        Column("country", sa.String(2), nullable=False),
        Column("region", sa.String(64), nullable=False),
        Column("city", sa.String(64), nullable=False),
        Column("address", sa.String(255), nullable=False),
        Column("post_code", sa.String(16), nullable=False),
        Column("tax_number", sa.String(32), nullable=False),
        Column("primary_user_id", sa.BigInteger()),
        Column("state", sa.String(16), nullable=False),
        Column("state_reason", sa.Text(), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_companies"),
        sa.UniqueConstraint("folded_name", name="uq_companies_folded_name"),
    )
    op.create_index("ix_companies_licence", "companies", ["licence"], unique=True)
    op.create_index("ix_companies_mail", "companies", ["mail"])
    for name in ("country", "category", "state"):
        op.create_index(f"ix_companies_{name}_folded_name", "companies", [name, "folded_name"])


def _ownership() -> None:
    op.create_table(
        "end_users",
        Column("id", ID, nullable=False),
        Column("user_id", sa.BigInteger()),
        Column("account", sa.String(128), nullable=False),
        Column("mail", sa.String(254), nullable=False),
        Column("phone", sa.String(32), nullable=False),
        Column("given_name", sa.String(64), nullable=False),
        Column("family_name", sa.String(64), nullable=False),
        Column("company_id", sa.BigInteger()),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_end_users"),
        sa.UniqueConstraint("user_id", name="uq_end_users_user_id"),
    )
    op.create_index("ix_end_users_account_id", "end_users", ["account", "id"])
    op.create_index("ix_end_users_mail", "end_users", ["mail"])
    op.create_index("ix_end_users_company_id_id", "end_users", ["company_id", "id"])
    op.create_table(
        "sites",
        Column("id", ID, nullable=False),
        Column("end_user_id", sa.BigInteger(), nullable=False),
        Column("name", sa.String(128), nullable=False),
        Column("folded_name", sa.String(128), nullable=False),
        Column("address", sa.String(255), nullable=False),
        Column("post_code", sa.String(16), nullable=False),
        Column("city", sa.String(64), nullable=False),
        Column("region", sa.String(64), nullable=False),
        Column("country", sa.String(2), nullable=False),
        Column("timezone", sa.String(64), nullable=False),
        Column("latitude", sa.Float()),
        Column("longitude", sa.Float()),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["end_user_id"], ["end_users.id"], name="fk_sites_end_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
    )
    own = ["end_user_id", "folded_name"]
    op.create_index("uq_sites_end_user_id_folded_name", "sites", own, unique=True)
    op.create_index("ix_sites_country_region_id", "sites", ["country", "region", "id"])
    op.create_index("ix_sites_post_code_id", "sites", ["post_code", "id"])
    op.create_index("ix_sites_folded_name_id", "sites", ["folded_name", "id"])
    _installations()


def _installations() -> None:
    op.create_table(
        "installations",
        Column("system_id", sa.BigInteger(), nullable=False),
        Column("end_user_id", sa.BigInteger()),
        Column("site_id", sa.BigInteger()),
        Column("installed_on", sa.Date()),
        Column("installer", sa.String(128), nullable=False),
        Column("licence", sa.String(64), nullable=False),
        Column("install_mode", sa.String(8), nullable=False),
        Column("grid_regulation", sa.String(64), nullable=False),
        Column("installer_remark", sa.Text(), nullable=False),
        Column("reseller_remark", sa.Text(), nullable=False),
        Column("end_user_remark", sa.Text(), nullable=False),
        Column("changed_at", sa.BigInteger(), nullable=False),
        Column("version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["system_id"], ["systems.id"], name="fk_installations_system_id"),
        sa.ForeignKeyConstraint(
            ["end_user_id"], ["end_users.id"], name="fk_installations_end_user_id"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_installations_site_id"),
        sa.PrimaryKeyConstraint("system_id", name="pk_installations"),
    )
    names = ("end_user_id", "site_id", "installed_on", "install_mode", "grid_regulation", "licence")
    for name in names:
        op.create_index(f"ix_installations_{name}_system_id", "installations", [name, "system_id"])


def _serial_numbers() -> None:
    op.create_table(
        "serial_numbers",
        Column("id", ID, nullable=False),
        Column("sn", SN, nullable=False),
        Column("category", sa.String(16), nullable=False),
        Column("company_id", sa.BigInteger()),
        Column("state", sa.String(16), nullable=False),
        Column("created_at", sa.BigInteger(), nullable=False),
        Column("activated_at", sa.BigInteger()),
        Column("bound_at", sa.BigInteger()),
        Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_serial_numbers"),
        sa.UniqueConstraint("sn", name="uq_serial_numbers_sn"),
    )
    for name in ("company_id", "state", "category"):
        op.create_index(f"ix_serial_numbers_{name}_sn", "serial_numbers", [name, "sn"])


def _audit() -> None:
    op.create_table(
        "audit_entries",
        Column("id", sa.BigInteger(), nullable=False, autoincrement=False),
        Column("at", sa.BigInteger(), nullable=False),
        Column("user_id", sa.BigInteger()),
        Column("user_name", sa.String(128), nullable=False),
        Column("address", sa.String(64), nullable=False),
        Column("area", sa.String(32), nullable=False),
        Column("action", sa.String(32), nullable=False),
        Column("object_id", sa.String(128), nullable=False),
        Column("old", sa.Text(), nullable=False),
        Column("new", sa.Text(), nullable=False),
        Column("reason", sa.Text(), nullable=False),
        Column("previous", sa.LargeBinary(length=32), nullable=False),
        Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_at_id", "audit_entries", ["at", "id"])
    op.create_index(
        "ix_audit_entries_area_object_id_id", "audit_entries", ["area", "object_id", "id"]
    )
    op.create_index("ix_audit_entries_user_id_id", "audit_entries", ["user_id", "id"])
    op.create_index("ix_audit_entries_action_id", "audit_entries", ["action", "id"])
    postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in POSTGRESQL_TRIGGERS if postgresql else SQLITE_TRIGGERS:
        op.execute(statement)


REFUSAL = "the audit can only be added to"
SQLITE_TRIGGERS = tuple(
    f"CREATE TRIGGER audit_entries_no_{verb} BEFORE {verb} ON audit_entries "
    f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for verb in ("update", "delete")
)
POSTGRESQL_TRIGGERS = (
    "CREATE FUNCTION audit_entries_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$",
    "CREATE TRIGGER audit_entries_append_only "
    "BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse()",
)
