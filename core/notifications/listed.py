"""Lists of notifications: rules, what was sent, and one's own notices."""

from typing import Final

from sqlalchemy import ColumnElement, and_, false

from core.access import Access
from core.accounts.tables import users
from core.companies.tables import companies
from core.listing.filters import Choice, Flag, Text, Time
from core.listing.query import Sort
from core.listing.tables import Listing, of_company
from core.notifications.tables import notifications, rules
from core.thing_model.fault import SEVERITIES

STATES: Final = ("queued", "sent", "failed", "cancelled")
CHANNELS: Final = ("portal", "mail", "service")
scope = of_company(notifications.c.owner_id)

RULES: Final = Listing(
    "reminders",
    rules.outerjoin(companies, companies.c.id == rules.c.company_id),
    {**{column.name: column for column in rules.c}, "company": companies.c.name},
    key="id",
    tie=rules.c.id,
    sorts=(Sort("name"), Sort("changed_at", descending=True)),
    scope=of_company(rules.c.owner_id),
    filters=(Text("q", "name", match="beginning"), Flag("enabled")),
)

SENT: Final = Listing(
    "sent_messages",
    notifications.outerjoin(users, users.c.id == notifications.c.user_id),
    {
        **{column.name: column for column in notifications.c if column.name != "target"},
        "user_name": users.c.name,
    },
    key="id",
    tie=notifications.c.id,
    sorts=(Sort("created_at", descending=True),),
    scope=scope,
    filters=(
        Time("created_at"),
        Choice("state", choices=STATES),
        Choice("channel", choices=CHANNELS),
        Text("recipient", match="exact"),
        Text("rule", "rule_name", match="exact"),
    ),
)


def own(access: Access) -> ColumnElement[bool]:
    """What somebody is told in the portal themselves."""
    if access.user_id is None:
        return false()
    return and_(notifications.c.user_id == access.user_id, notifications.c.channel == "portal")


NOTICES: Final = Listing(
    "notices",
    notifications,
    {
        **{
            name: notifications.c[name]
            for name in ("id", "created_at", "severity", "subject", "body", "rule_name", "read_at")
        },
        "unread": notifications.c.read_at.is_(None),
    },
    key="id",
    tie=notifications.c.id,
    sorts=(Sort("created_at", descending=True),),
    scope=own,
    filters=(
        Time("created_at"),
        Flag("unread"),
        Choice("severity", choices=SEVERITIES, facet=False),
    ),
    conditions={
        "unread": lambda given, _: (
            notifications.c.read_at.is_(None) if given else notifications.c.read_at.is_not(None)
        )
    },
)
"""The list of one's own notices."""
