"""The form of a reminder's rule: what it is about, whom it tells, when and in which words."""

from collections.abc import Mapping
from typing import Final

from core.notifications import texts
from core.thing_model.fault import SEVERITIES
from portal.presentation import status
from portal.resource.declared import Field
from portal.resources.systems import models
from portal.texts import N_

LEVELS: Final[Mapping[str, str]] = {level: status.SEVERITY[level].text for level in SEVERITIES}
CHANNELS: Final = {
    "portal": N_("In the portal"),
    "mail": N_("Mail"),
    "service": N_("Other services"),
}
LANGUAGES: Final = {"en": "English", "zh": "中文"}
SUBJECT: Final = "{state}: {fault} ({level}), {sn}{others}"
BODY: Final = "{list}\n\n{link}"
FIELDS: Final = (
    Field("name", N_("Name"), required=True),
    Field(
        "severities",
        N_("Levels"),
        "choices",
        choices=LEVELS,
        help=N_("None leaves all"),
    ),
    Field(
        "codes",
        N_("Codes"),
        longest=1_000,
        help=N_("As in Code analysis, with commas between; over* is all that begin so"),
    ),
    Field("countries", N_("Countries"), help=N_("Two letters each, such as DE, AT")),
    Field(
        "company",
        N_("Company"),
        help=N_("Its whole name; empty is the systems of all that you may see"),
    ),
    Field(
        "delay",
        N_("Open for"),
        "number",
        required=True,
        low=0,
        high=10_080,
        unit="min",
        initial=5,
        help=N_("A fault that is over sooner is not told of"),
    ),
    Field(
        "grouping",
        N_("Gathered for"),
        "number",
        required=True,
        low=0,
        high=1_440,
        unit="min",
        initial=5,
        help=N_("All faults of this time are told in one message, with a list and a link"),
    ),
    Field("tells_resolved", N_("Tell when a fault is over, too"), "flag"),
    Field("channels", N_("Channels"), "choices", choices=CHANNELS, initial=("portal",)),
    Field(
        "users",
        N_("Users"),
        longest=2_000,
        help=N_("User names; each is told in the portal, or at the mail of the account"),
    ),
    Field("mails", N_("Other mail addresses"), longest=2_000),
    Field(
        "targets",
        N_("Addresses of other services"),
        "long",
        longest=8_000,
        help=N_(
            "One a line, as Apprise writes them: ntfys://host/topic, slack://…, "
            "jsons://host/path. They are kept sealed and shown masked; a masked line "
            "stays as it is."
        ),
    ),
    Field(
        "language",
        N_("Language"),
        "choice",
        required=True,
        choices=LANGUAGES,
        initial="en",
        help=N_("Of whoever has no own, or one without a text"),
    ),
    Field("subject_en", N_("Subject, English"), longest=texts.LONGEST_SUBJECT, initial=SUBJECT),
    Field(
        "body_en",
        N_("Text, English"),
        "long",
        longest=texts.LONGEST_BODY,
        initial=BODY,
        help=N_(
            "{state} {count} {others} {sn} {system} {fault} {level} {since} "
            "{country} {list} {link} {rule} are replaced by what they name"
        ),
    ),
    Field(
        "subject_zh",
        N_("Subject, Chinese"),
        longest=texts.LONGEST_SUBJECT,
        initial="{state}：{fault}（{level}），{sn}{others}",
    ),
    Field("body_zh", N_("Text, Chinese"), "long", longest=texts.LONGEST_BODY, initial=BODY),
    Field(
        "timezone",
        N_("Time zone"),
        required=True,
        longest=64,
        initial="UTC",
        help=N_("Of the quiet hours, and of times in messages; such as Europe/Berlin"),
    ),
    Field("quiet_from", N_("Quiet from"), longest=5, help=N_("Such as 22:00")),
    Field("quiet_until", N_("Quiet until"), longest=5),
    Field("wakes", N_("Critical faults break the quiet"), "flag", initial=True),
    Field("products", N_("Product models"), "choices", choices=models),
)
