"""An installation that is being written: its steps, their fields, and what was typed so far."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from attrs import frozen
from babel import Locale

from core.fleet import places
from core.fleet.end_users import LONGEST as OF_CONTACT
from core.fleet.installation_terms import LONGEST_REMARK, MOST_PV
from core.fleet.sites import LONGEST as OF_SITE
from portal.resource.declared import Field
from portal.resources.systems import MODES
from portal.services import Services
from portal.texts import N_, language

STEPS: Final = {
    "device": N_("Device"),
    "owner": N_("End user"),
    "site": N_("Site"),
    "terms": N_("Installation"),
    "confirm": N_("Confirm"),
}
FIND: Final = "find"
"""Not a step on, but another look for end users."""
NEW: Final = "new"
CHOSEN: Final = {"owner": ("owner", FIND), "site": ("site",)}
"""Fields of a step that are not in the tables below."""


def countries(_: Services | None = None) -> dict[str, str]:
    """The names of all countries in the reader's language, in the order of these."""
    names = cast("Mapping[str, str]", Locale.parse(language()).territories)
    known = {code: names.get(code, code) for code in places.zones()}
    return dict(sorted(known.items(), key=lambda each: each[1].casefold()))


def country_name(code: str) -> str:
    """The name of a country in the reader's language."""
    names = cast("Mapping[str, str]", Locale.parse(language()).territories)
    return names.get(code, code)


def zones(_: Services | None = None, country: str = "") -> dict[str, str]:
    """All time zones; those of a country come first."""
    first = places.of_country(country)
    others = sorted({zone for of_one in places.zones().values() for zone in of_one})
    return {zone: zone.replace("_", " ") for zone in dict.fromkeys((*first, *others))}


DEVICE: Final = (
    Field(
        "sn",
        N_("Serial number"),
        required=True,
        longest=24,
        pattern="[A-Z0-9]{8,24}",
        help=N_("8 to 24 letters and digits, from the label"),
    ),
    Field(
        "check_code",
        N_("Check code"),
        required=True,
        longest=32,
        help=N_("From the label too. Five wrong ones lock the device and your account for a day."),
    ),
)
CONTACT: Final = (
    Field(
        "account",
        N_("Account"),
        required=True,
        longest=OF_CONTACT["account"],
        help=N_("What they sign in with, or will: a name or a mail address"),
    ),
    Field("mail", N_("Mail"), "mail", longest=OF_CONTACT["mail"]),
    Field("given_name", N_("Given name"), longest=OF_CONTACT["given_name"]),
    Field("family_name", N_("Family name"), longest=OF_CONTACT["family_name"]),
    Field("phone", N_("Phone"), longest=OF_CONTACT["phone"]),
)
PLACE: Final = (
    Field("name", N_("Name of the site"), required=True, longest=OF_SITE["name"]),
    Field("address", N_("Address"), required=True, longest=OF_SITE["address"]),
    Field("post_code", N_("Post code"), longest=OF_SITE["post_code"]),
    Field("city", N_("City"), longest=OF_SITE["city"]),
    Field("region", N_("Region"), longest=OF_SITE["region"]),
    Field("country", N_("Country"), "choice", required=True, choices=countries),
    Field(
        "timezone",
        N_("Time zone"),
        "choice",
        choices=zones,
        help=N_("Left empty, it is that of the country, if it has one alone."),
    ),
)
TERMS: Final = (
    Field("installed_on", N_("Installed on"), "date", required=True),
    Field(
        "installer",
        N_("Installer company"),
        required=True,
        help=N_("Its licence, or its whole name. A company without a licence cannot be chosen."),
    ),
    Field("install_user", N_("Fitter"), help=N_("Who of the company installed it")),
    Field("install_mode", N_("Install mode"), "choice", choices=MODES),
    Field(
        "pv_at_storage", N_("PV at the storage inverter"), "number", low=0, high=MOST_PV, unit="kWp"
    ),
    Field("pv_at_inverter", N_("PV at a PV inverter"), "number", low=0, high=MOST_PV, unit="kWp"),
    Field("installer_remark", N_("Remark"), "long", longest=LONGEST_REMARK),
)
FIELDS: Final[Mapping[str, tuple[Field, ...]]] = {
    "device": DEVICE,
    "owner": CONTACT,
    "site": PLACE,
    "terms": TERMS,
    "confirm": (),
}


@frozen
class Draft:
    """What was typed so far. `step` is the step that was sent, `back` one that is to be changed."""

    typed: Mapping[str, Sequence[str]]

    @property
    def step(self) -> str:
        return self.said("_step")

    @property
    def wanted(self) -> str:
        """The step to show, if those before it are right; "" after the last one."""
        if (back := self.said("_back")) in STEPS:
            return back
        if self.step == FIND:
            return "owner"
        order = [*STEPS, ""]
        return order[order.index(self.step) + 1] if self.step in STEPS else "device"

    def said(self, name: str) -> str:
        """What was typed into a field."""
        return (self.typed.get(name) or ("",))[-1].strip()

    def carried(self, step: str) -> Iterator[tuple[str, str]]:
        """What the other steps said, to be sent along with this one."""
        for each in STEPS:
            if each != step:
                for name in (*CHOSEN.get(each, ()), *(field.id for field in FIELDS[each])):
                    if said := self.said(name):
                        yield name, said
