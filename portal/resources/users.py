"""User list: everybody who has an account, or was invited to have one."""

from collections.abc import Mapping
from typing import Any, Final

from core.accounts import profiles, users
from core.accounts.listed import LISTING
from core.accounts.profiles import Profile
from core.accounts.users import NewUser
from core.companies import companies
from core.listing.query import Occasion
from core.listing.tables import Row
from core.records import RequestError
from core.thing_model.problems import Problem
from portal.presentation.accounts import ROLES, USER_STATES, USER_TYPES
from portal.resource.declared import Column, Empty, Field, FilterField, Form, Made, Menu, Resource
from portal.resource.work import Work
from portal.resources.people import about_user, user_figures
from portal.resources.user_actions import ACTIONS, handed
from portal.services import Services
from portal.texts import N_

LANGUAGES: Final = {"en": "English", "zh": "中文"}


async def _invite(work: Work, values: Mapping[str, Any]) -> Made:
    """Make somebody who has no password yet, and the link by which they choose one."""
    given = NewUser(
        values["name"],
        user_type=values["user_type"],
        roles=values["roles"],
        company_id=await _company(work, values["company_id"]),
        mail=values["mail"],
    )
    made = await users.add(work.connection, work.access, given, work.now, address=work.address)
    return Made(str(made.id), await handed(work, made.id, "invite"))


async def _company(work: Work, name: str) -> int | None:
    if not name:
        return work.access.company_id
    found = await companies.by_name(work.connection, work.access, name)
    if found is None:
        what = f"{name!r} is the name of no company"
        raise RequestError(Problem("company_id", what, "write its whole name"))
    return found.id


async def _edit(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    await profiles.edit(
        work.connection, work.access, row["id"], Profile(**values),
        version=row["version"], reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _with_roles(_: Services, __: Occasion, found: list[Row]) -> None:
    for row in found:
        if "roles" in row:
            row["roles"] = row["roles"].split()


USERS: Final = Resource(
    id="users",
    title=N_("User list"),
    one=N_("user"),
    many=N_("users"),
    area="users",
    listing=LISTING,
    menu=Menu(order=110, icon="users", key="g u"),
    intro=N_("Everybody who has an account. Those that were deleted are listed by their state."),
    columns=(
        Column("name", N_("User name")),
        Column("mail", N_("Mail")),
        Column("user_type", N_("Type"), choices=USER_TYPES),
        Column(
            "company", N_("Company"), link="/companies/{company_id}", link_needs="companies:read"
        ),
        Column("roles", N_("Roles"), "list", choices=ROLES),
        Column("country", N_("Country")),
        Column("state", N_("State"), "mark", marks=USER_STATES),
        Column("created_at", N_("Registered"), "time"),
        Column("last_sign_in_at", N_("Last signed in"), "ago"),
        Column("given_name", N_("Given name"), shown=False),
        Column("family_name", N_("Family name"), shown=False),
        Column("phone", N_("Phone"), shown=False),
        Column("language", N_("Language"), choices=LANGUAGES, shown=False),
        Column("timezone", N_("Time zone"), shown=False),
        Column("second_factor", N_("Second factor"), "flag", shown=False),
        Column("state_at", N_("In this state since"), "time", shown=False),
    ),
    filters=(
        FilterField("q", N_("Name or mail"), hint=N_("Part of the name, whole mail"), first=True),
        FilterField("user_type", first=True),
        FilterField("state", first=True),
        FilterField("company", hint=N_("Part of its name"), first=True),
        FilterField("country", first=True),
        FilterField("created_at", N_("Registered")),
        FilterField("role", N_("Role"), choices=ROLES),
        FilterField("last_sign_in_at", N_("Last signed in")),
    ),
    form=Form(
        fields=(
            Field("name", N_("User name"), required=True, editable=False),
            Field("mail", N_("Mail"), "mail", required=True, longest=254, editable=False),
            Field(
                "user_type",
                N_("Type"),
                "choice",
                required=True,
                choices=USER_TYPES,
                editable=False,
            ),
            Field(
                "company_id",
                N_("Company"),
                help=N_("Its whole name. B users have one, others have none."),
                editable=False,
            ),
            Field("roles", N_("Roles"), "choices", required=True, choices=ROLES, editable=False),
            Field("mail", N_("Mail"), "mail", longest=254, makeable=False),
            Field("phone", N_("Phone"), longest=32, makeable=False),
            Field("given_name", N_("Given name"), longest=64, makeable=False),
            Field("family_name", N_("Family name"), longest=64, makeable=False),
            Field(
                "country",
                N_("Country"),
                pattern="[A-Z]{2}",
                help=N_("Two letters, such as DE"),
                makeable=False,
            ),
            Field("language", N_("Language"), "choice", choices=LANGUAGES, makeable=False),
            Field(
                "timezone",
                N_("Time zone"),
                longest=64,
                help=N_("An IANA name, such as Europe/Berlin"),
                makeable=False,
            ),
        ),
        create=_invite,
        edit=_edit,
        new=N_("Invite"),
        audited=False,
    ),
    actions=ACTIONS,
    complete=_with_roles,
    needs=("state", "second_factor", "version"),
    list_context=user_figures,
    detail_context=about_user,
    template="resource/users.html.jinja",
    detail_template="resource/user.html.jinja",
    empty=Empty(N_("Nobody has an account here yet"), icon="users"),
)

RESOURCES: Final = (USERS,)
