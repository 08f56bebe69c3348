"""What can be done with users: links, states, roles, sessions, second factors."""

from collections.abc import Mapping
from typing import Any, Final

from core.accounts import credentials, second_factor, states
from core.accounts.states import LEADS, Change
from core.listing.tables import Row
from portal.presentation.accounts import ROLES
from portal.resource.declared import Action, Field, Handed, Tool
from portal.resource.work import Work
from portal.signing_in import LinkPurpose, link_path
from portal.texts import N_

LINKS: Final[Mapping[LinkPurpose, tuple[str, str]]] = {
    "invite": (N_("Invitation"), N_("It is good once, and for a week.")),
    "reset": (N_("Link to choose a new password"), N_("It is good once, and for an hour.")),
}


async def handed(work: Work, user_id: int, purpose: LinkPurpose) -> Handed:
    """A link by which a user chooses a password, to be given to them."""
    token = await credentials.link(
        work.connection, work.access, user_id, purpose,
        reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip
    label, note = LINKS[purpose]
    return Handed(label, link_path(purpose, token), note)


async def _invite_again(work: Work, row: Row, _: Mapping[str, Any]) -> Handed:
    return await handed(work, row["id"], "invite")


async def _reset(work: Work, row: Row, _: Mapping[str, Any]) -> Handed:
    return await handed(work, row["id"], "reset")


async def _set_roles(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    await states.set_roles(
        work.connection, work.access, row["id"], values["roles"],
        version=row["version"], reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _sign_out(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await states.sign_out(
        work.connection, work.access, row["id"],
        reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


async def _remove_second_factor(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await second_factor.remove(
        work.connection, work.access, row["id"],
        reason=work.reason, now=work.now, address=work.address,
    )  # fmt: skip


def _changing(change: Change) -> Tool:
    """What makes a change of state."""

    async def changed(work: Work, row: Row, _: Mapping[str, Any]) -> None:
        await states.change_state(
            work.connection, work.access, row["id"], change,
            reason=work.reason, now=work.now, address=work.address,
        )  # fmt: skip

    return changed


def _action(change: Change, label: str, *, icon: str, confirm: str = "", **how: Any) -> Action:
    """A change of state, offered in the states that it may be made in."""
    return Action(
        change,
        label,
        _changing(change),
        permission="delete" if change == "delete" else "lock",
        icon=icon,
        confirm=confirm,
        applies=lambda row: row["state"] in LEADS[change][0],
        audited=False,
        **how,
    )


ACTIONS: Final = (
    Action(
        "invite",
        N_("Invite again"),
        _invite_again,
        permission="reset",
        icon="send",
        confirm=N_("You get a link for them; one that was made before is good no more."),
        applies=lambda row: row["state"] == "not_activated",
        bulk=False,
        audited=False,
    ),
    Action(
        "reset",
        N_("Reset the password"),
        _reset,
        risk="disruptive",
        icon="refresh",
        confirm=N_("They are signed out, and you get a link for them to choose a new one."),
        applies=lambda row: row["state"] in credentials.LINKABLE["reset"],
        bulk=False,
        audited=False,
    ),
    Action(
        "set_roles",
        N_("Set the roles"),
        _set_roles,
        risk="disruptive",
        permission="edit",
        icon="adjustments",
        confirm=N_("They replace those before. Sessions end, to begin anew with these."),
        applies=lambda row: row["state"] != "deleted",
        fields=(Field("roles", N_("Roles"), "choices", required=True, choices=ROLES),),
        audited=False,
    ),
    Action(
        "sign_out",
        N_("End the sessions"),
        _sign_out,
        risk="disruptive",
        permission="lock",
        icon="logout",
        confirm=N_("They are signed out everywhere, and may sign in again."),
        applies=lambda row: row["state"] == "active",
        audited=False,
    ),
    Action(
        "remove_second_factor",
        N_("Remove the second factor"),
        _remove_second_factor,
        risk="disruptive",
        permission="reset",
        icon="shield-check",
        confirm=N_("For who lost it: signing in asks for no code until another is set up."),
        applies=lambda row: row["second_factor"],
        bulk=False,
        audited=False,
    ),
    _action("unlock", N_("Unlock"), icon="circle-check"),
    _action("enable", N_("Enable"), icon="circle-check", needs_reason=True),
    _action(
        "lock",
        N_("Lock"),
        icon="lock",
        risk="disruptive",
        confirm=N_("They are signed out and kept out until they are unlocked."),
    ),
    _action(
        "disable",
        N_("Disable"),
        icon="player-stop",
        risk="disruptive",
        confirm=N_("They are signed out and kept out; their API tokens are gone."),
    ),
    _action(
        "delete",
        N_("Delete"),
        icon="trash",
        risk="irreversible",
        confirm=N_("The account is listed as deleted from now on; its name stays taken."),
    ),
)
