"""Sent messages: what was sent to whom, what waits, and what failed and why; one's own notices."""

from collections.abc import Mapping
from typing import Any, Final

from core.listing.query import Occasion
from core.listing.tables import Row
from core.notifications import notices, outbox
from core.notifications.listed import NOTICES, SENT
from portal.presentation import status
from portal.presentation.status import Mark
from portal.resource.declared import Action, Column, Empty, FilterField, Menu, Resource
from portal.resource.work import Work
from portal.resources.faults import LEVELS
from portal.resources.reminder_fields import CHANNELS, LANGUAGES
from portal.services import Services
from portal.texts import N_

STATES: Final = {
    "queued": Mark(N_("Waiting"), "clock", "info"),
    "sent": Mark(N_("Sent"), "circle-check", "success"),
    "failed": Mark(N_("Given up"), "alert-octagon", "failed"),
    "cancelled": Mark(N_("Withdrawn"), "x", "unknown"),
}


async def _retry(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await outbox.retry(work.connection, work.access, row["id"], now=work.now, address=work.address)


async def _cancel(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await outbox.cancel(work.connection, work.access, row["id"], now=work.now, address=work.address)


async def _mail(services: Services, _: Occasion) -> Mapping[str, Any]:
    return {"mail_is_set": services.settings.mail is not None}


SENT_MESSAGES: Final = Resource(
    id="sent-messages",
    title=N_("Sent messages"),
    one=N_("message"),
    many=N_("messages"),
    area="reminders",
    listing=SENT,
    menu=Menu("messages", 50, icon="send"),
    intro=N_("What rules told whom, by which channel, and what became of it."),
    columns=(
        Column("subject", N_("Subject")),
        Column("created_at", N_("Written"), "time"),
        Column("rule_name", N_("Rule")),
        Column("channel", N_("Channel"), choices=CHANNELS),
        Column("recipient", N_("Recipient")),
        Column("state", N_("State"), "mark", marks=STATES),
        Column("error", N_("Why not")),
        Column("attempts", N_("Attempts"), "number", shown=False),
        Column("next_at", N_("Next attempt"), "time", shown=False),
        Column("sent_at", N_("Sent at"), "time", shown=False),
        Column("read_at", N_("Read"), "time", shown=False),
        Column("severity", N_("Severity"), "mark", marks=status.SEVERITY, shown=False),
        Column("language", N_("Language"), choices=LANGUAGES, shown=False),
        Column("body", N_("Text"), shown=False),
    ),
    filters=(
        FilterField("created_at", N_("Written"), first=True),
        FilterField("state", first=True),
        FilterField("channel", choices=CHANNELS, first=True),
        FilterField("rule", N_("Rule"), hint=N_("Its whole name")),
        FilterField("recipient", hint=N_("The whole address or name")),
    ),
    actions=(
        Action(
            "retry",
            N_("Send again"),
            _retry,
            icon="refresh",
            confirm=N_("It is tried at once, and as often as a new one."),
            applies=lambda row: row["state"] == "failed",
            audited=False,
        ),
        Action(
            "cancel",
            N_("Withdraw"),
            _cancel,
            permission="retry",
            icon="player-stop",
            confirm=N_("What waits is not sent any more."),
            applies=lambda row: row["state"] == "queued",
            audited=False,
        ),
    ),
    needs=("state",),
    list_context=_mail,
    template="resource/reminders.html.jinja",
    detail_template="resource/sent_message.html.jinja",
    export=False,
    empty=Empty(
        N_("Nothing was sent yet"), N_("Rules of fault reminders send what is listed here."), "send"
    ),
)


async def _read(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await notices.mark_read(work.connection, work.access, work.now, only=row["id"])


OWN_NOTICES: Final = Resource(
    id="notices",
    title=N_("My notices"),
    one=N_("notice"),
    many=N_("notices"),
    area="home",
    listing=NOTICES,
    columns=(
        Column("subject", N_("Subject")),
        Column("created_at", N_("Written"), "time"),
        Column("severity", N_("Severity"), "mark", marks=status.SEVERITY),
        Column("rule_name", N_("Rule")),
        Column("unread", N_("Unread"), "flag"),
        Column("read_at", N_("Read"), "time", shown=False),
        Column("body", N_("Text"), shown=False),
    ),
    filters=(
        FilterField("unread", first=True),
        FilterField("created_at", N_("Written"), first=True),
        FilterField("severity", choices=LEVELS, first=True),
    ),
    actions=(
        Action(
            "read",
            N_("Mark as read"),
            _read,
            icon="check",
            applies=lambda row: row["unread"],
            audited=False,
        ),
    ),
    needs=("unread",),
    detail_template="resource/sent_message.html.jinja",
    export=False,
    empty=Empty(
        N_("Nobody told you anything yet"),
        N_("Rules of fault reminders with you among their users tell you here."),
        "bell",
    ),
)

RESOURCES: Final = (SENT_MESSAGES, OWN_NOTICES)
