"""The second person: approves an instruction as it was shown, or refuses it and says why."""

from collections.abc import Mapping
from typing import Any, Final

from core.commanding import approvals
from core.listing.tables import Row
from core.records import ConflictError, RequestError
from core.thing_model.problems import Problem
from portal.resource.declared import Action, Field
from portal.resource.work import Work
from portal.texts import N_


async def _approve(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    """Approve what the form showed, which its digest says."""
    try:
        await approvals.approve(
            work.connection, work.access, row["id"], values["digest"] or "", work.now
        )
    except ConflictError as error:
        what = "is another than you were shown: nothing was approved"
        raise RequestError(Problem("instruction", what, "look at it again")) from error


async def _refuse(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await approvals.refuse(
        work.connection, work.access, row["id"], reason=work.reason, now=work.now
    )


def _waits(row: Row) -> bool:
    return bool(row["unapproved"])


APPROVING: Final = (
    Action(
        "approve",
        N_("Approve"),
        _approve,
        icon="check",
        confirm=N_("You approve just this: command, values, systems and time. Then it is sent."),
        applies=_waits,
        bulk=False,
        needs_reason=False,
        fields=(Field("digest", N_("Digest"), "hidden"),),
        audited=False,
    ),
    Action(
        "refuse",
        N_("Refuse"),
        _refuse,
        permission="approve",
        icon="x",
        confirm=N_("It is withdrawn; who asked for it reads your reason."),
        applies=_waits,
        bulk=False,
        needs_reason=True,
        audited=False,
    ),
)

RESOURCES: Final = ()
