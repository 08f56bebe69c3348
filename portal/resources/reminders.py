"""Fault Reminder: rules, who is told by which channel, and a sample of what they say."""

from collections.abc import Mapping
from typing import Any, Final

from attrs import fields as attributes

from core.accounts import directory
from core.listing.query import Occasion
from core.listing.tables import Row
from core.notifications import asked, rules, telling, texts
from core.notifications.asked import Asked, Ground, together
from core.notifications.composing import Composer
from core.notifications.listed import RULES
from core.records import RequestError
from core.runtime import services as speaking
from core.thing_model.problems import Problem
from portal.resource.declared import (
    Action,
    Column,
    Empty,
    FilterField,
    Form,
    Menu,
    Resource,
    Tool,
)
from portal.resource.work import Work
from portal.resources.faults import MENU
from portal.resources.reminder_fields import CHANNELS, FIELDS, LANGUAGES, LEVELS
from portal.resources.systems import models
from portal.services import Services
from portal.texts import N_, said_in, translated


async def _asked(work: Work, values: Mapping[str, Any], row: Row | None) -> rules.Reminder:
    """The rule that is typed; an address of a service is one that Apprise understands."""
    said = {field.name: values[field.name] for field in attributes(Asked)}
    kept = None if row is None else await rules.seen(work.connection, work.access, row["id"])
    owner = rules.owner_of(work.access) if kept is None else kept.owner_id
    known = () if kept is None else kept.reminder.targets
    private = work.services.settings.notify_private
    ground = Ground(work.services.seal, owner, known, private)
    masked = {target.masked for target in known}
    reminder = await asked.read(work.connection, work.access, Asked(**said), ground)
    typed = (line.strip() for line in said["targets"].splitlines())
    wrong = {speaking.problem(line) for line in typed if line and line not in masked} - {""}
    if wrong:
        raise RequestError(*(Problem("targets", each) for each in wrong))
    return reminder


async def _create(work: Work, values: Mapping[str, Any]) -> str:
    reminder = await _asked(work, values, None)
    made = await rules.create(
        work.connection, work.access, reminder, now=work.now, address=work.address
    )
    return str(made)


async def _edit(work: Work, row: Row, values: Mapping[str, Any]) -> None:
    await rules.edit(
        work.connection, work.access, row["id"], await _asked(work, values, row),
        version=row["version"], now=work.now, address=work.address,
    )  # fmt: skip


def _switching(*, on: bool) -> Tool:
    async def switched(work: Work, row: Row, _: Mapping[str, Any]) -> None:
        await rules.switch(
            work.connection, work.access, row["id"],
            on=on, version=row["version"], now=work.now, address=work.address,
        )  # fmt: skip

    return switched


async def _delete(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    await rules.remove(work.connection, work.access, row["id"], now=work.now, address=work.address)


async def _test(work: Work, row: Row, _: Mapping[str, Any]) -> None:
    kept = await rules.seen(work.connection, work.access, row["id"])
    settings = work.services.settings
    composer = Composer(work.services.registry, settings.portal_url, said_in)
    await telling.send_sample(
        work.connection, work.access, kept, composer, now=work.now, address=work.address
    )


async def _with_people(services: Services, occasion: Occasion, found: list[Row]) -> None:
    """What rules are about and whom they tell, as it is typed."""
    ids = {user_id for row in found for user_id in row["users"]}
    async with services.database.read() as connection:
        names = await directory.names(connection, occasion.access, ids)
    for row in found:
        row["users"] = together(names[user_id] for user_id in row["users"] if user_id in names)
        row["targets"] = "\n".join(target["masked"] for target in row["targets"])
        row |= {name: together(row[name]) for name in ("codes", "countries", "mails")}
        row["about"] = [translated(LEVELS[level]) for level in row["severities"]]
        row["by"] = [translated(CHANNELS[channel]) for channel in row["channels"]]
        row["quiet"] = f"{row['quiet_from']}–{row['quiet_until']}" if row["quiet_from"] else ""
        for language in texts.LANGUAGES:
            text = row["texts"].get(language, {})
            row[f"subject_{language}"] = text.get("subject", "")
            row[f"body_{language}"] = text.get("body", "")


async def _mail(services: Services, _: Occasion) -> Mapping[str, Any]:
    return {"mail_is_set": services.settings.mail is not None}


async def _mail_of(services: Services, occasion: Occasion, _: Row) -> Mapping[str, Any]:
    return await _mail(services, occasion)


REMINDERS: Final = Resource(
    id="reminders",
    title=N_("Fault reminder"),
    one=N_("rule"),
    many=N_("rules"),
    area="reminders",
    listing=RULES,
    menu=Menu(MENU, 80, icon="bell"),
    intro=N_("Who is told of which faults, by which channel and in which words."),
    columns=(
        Column("name", N_("Name")),
        Column("enabled", N_("Enabled"), "flag"),
        Column("about", N_("Levels"), "list", help=N_("None leaves all")),
        Column("codes", N_("Codes"), shown=False),
        Column("products", N_("Product models"), "list", choices=models, shown=False),
        Column("countries", N_("Countries")),
        Column("company", N_("Company")),
        Column("delay", N_("Open for"), "number", unit="min"),
        Column("grouping", N_("Gathered for"), "number", unit="min"),
        Column("by", N_("Channels"), "list"),
        Column("users", N_("Users")),
        Column("mails", N_("Mail addresses")),
        Column("targets", N_("Other services"), shown=False),
        Column("quiet", N_("Quiet hours"), shown=False),
        Column("timezone", N_("Time zone"), shown=False),
        Column("wakes", N_("Critical faults break the quiet"), "flag", shown=False),
        Column("tells_resolved", N_("Tells when it is over"), "flag", shown=False),
        Column("language", N_("Language"), choices=LANGUAGES, shown=False),
        Column("subject_en", N_("Subject, English"), shown=False),
        Column("body_en", N_("Text, English"), shown=False),
        Column("subject_zh", N_("Subject, Chinese"), shown=False),
        Column("body_zh", N_("Text, Chinese"), shown=False),
        Column("changed_at", N_("Changed"), "ago"),
    ),
    filters=(
        FilterField("q", N_("Name"), hint=N_("Its beginning"), first=True),
        FilterField("enabled", first=True),
    ),
    form=Form(
        fields=FIELDS,
        create=_create,
        edit=_edit,
        audited=False,
        new=N_("New rule"),
    ),
    actions=(
        Action(
            "test",
            N_("Send me a sample"),
            _test,
            icon="send",
            confirm=N_(
                "It goes to your own mail and notices, and to the rule's other services where you "
                "may set them. Sent messages tells how it went."
            ),
            bulk=False,
            audited=False,
        ),
        Action(
            "enable",
            N_("Enable"),
            _switching(on=True),
            permission="edit",
            icon="circle-check",
            confirm=N_("It tells of faults that open from now on."),
            applies=lambda row: not row["enabled"],
            audited=False,
        ),
        Action(
            "disable",
            N_("Disable"),
            _switching(on=False),
            permission="edit",
            icon="player-stop",
            confirm=N_("It tells nobody of anything any more, nor of what waits."),
            applies=lambda row: row["enabled"],
            audited=False,
        ),
        Action(
            "delete",
            N_("Delete"),
            _delete,
            icon="trash",
            risk="irreversible",
            needs_reason=False,
            confirm=N_("The rule is gone; what it sent stays in the list of sent messages."),
            audited=False,
        ),
    ),
    complete=_with_people,
    needs=(
        "enabled", "version", "users", "targets", "severities", "channels", "quiet_from",
        "quiet_until", "texts", "codes", "countries", "mails",
    ),
    list_context=_mail,
    detail_context=_mail_of,
    template="resource/reminders.html.jinja",
    detail_template="resource/reminder.html.jinja",
    export=False,
    empty=Empty(
        N_("Nobody is reminded of a fault yet"),
        N_("A rule says which faults somebody is told of, when and by which channel."),
        "bell",
    ),
)  # fmt: skip

RESOURCES: Final = (REMINDERS,)
