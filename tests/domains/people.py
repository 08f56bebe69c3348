"""Companies, users and audit entries by the thousand, for lists of them."""

from typing import Any

from sqlalchemy import insert

from core.accounts.tables import users
from core.audit.tables import audit_entries
from core.companies.tables import companies
from core.runtime.database import Database
from tests.devices import START

COUNTRIES = ("DE", "AT", "IT", "AU")
CATEGORIES = ("installer", "distributor", "reseller")
STATES = ("enabled", "pending", "disabled", "deleted", "rejected")
USER_STATES = ("active", "active", "not_activated", "locked", "disabled", "deleted")
ROLES = ("read_only", "l1", "l1 l2", "administrator")


async def fill(database: Database, number: int) -> None:
    """Number many of each; the greater the number of one, the younger it is."""
    async with database.begin() as connection:
        for table, row in ((companies, company), (users, user), (audit_entries, entry)):
            for start in range(1, number + 1, 1_000):
                end = min(start + 1_000, number + 1)
                await connection.execute(insert(table), [row(n) for n in range(start, end)])


def company(n: int) -> dict[str, Any]:
    name = f"{('Sun', 'moon', 'Östrom', 'Straße')[n % 4]} {n:06d}"
    blank = dict.fromkeys(
        ("contact_person", "phone", "region", "city", "address", "post_code", "tax_number",
         "state_reason"), "",
    )  # fmt: skip
    return blank | {
        "id": n,
        "name": name,
        "folded_name": name.casefold(),
        "category": CATEGORIES[n % 3],
        "licence": f"L{n}" if n % 3 == 0 else None,
        "mail": f"office{n}@example.org",
        "country": COUNTRIES[n % 4],
        "primary_user_id": n if n % 2 else None,
        "state": STATES[n % 11 % 5],
        "created_at": START + n,
        "changed_at": START + n // 3,
        "version": 1,
    }


def user(n: int) -> dict[str, Any]:
    user_type = "ABCC"[n % 4]
    blank = dict.fromkeys(("phone", "given_name", "family_name", "language", "timezone"), "")
    return blank | {
        "id": n,
        "name": f"{('ann', 'ben', 'carla', 'dora')[n % 4]}.{n:06d}",
        "password_hash": "",
        "created_at": START + n,
        "user_type": user_type,
        "roles": ROLES[n % 9 % 4],
        "company_id": n if user_type == "B" else None,
        "mail": f"u{n}@example.org" if n % 5 else None,
        "country": COUNTRIES[n % 7 % 4],
        "state": USER_STATES[n % 13 % 6],
        "state_at": START,
        "last_sign_in_at": START + n * 7 % 1_000 if n % 3 else None,
        "totp_confirmed_at": START if n % 10 == 0 else None,
        "version": 1,
    }


def entry(n: int) -> dict[str, Any]:
    return {
        "id": n,
        "at": START + n // 2,
        "user_id": n % 5 or None,
        "user_name": ("", "ann", "ben", "carla", "dora")[n % 5],
        "address": "192.0.2.7",
        "area": ("accounts", "companies", "systems")[n % 3],
        "action": ("edit", "create", "sign_in", "lock")[n % 4],
        "object_id": f"{n % 50}",
        "old": "{}",
        "new": "{}",
        "reason": "",
        "previous": bytes(32),
        "hash": bytes(32),
    }
