"""The configuration of a system at an instant, beside another instant or another system."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from attrs import evolve, frozen
from litestar import Request, Response, get
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, QueryParameter

from core.fleet import firmware
from core.journal import faults
from core.journal.comparing import STATES, Line, compared
from core.journal.origins import origins_of
from core.listing.moments import instant
from core.records import Connection, RequestError
from core.telemetry.backwards import first_of
from core.telemetry.configuration import Configuration, Told, addresses_of, configuration_at, turns
from core.telemetry.periods import DAY
from core.thing_model.problems import Problem
from portal.pages.device import Device, TheDevice, device_of, load_device
from portal.pages.tabs import device_view
from portal.presentation.configuration import (
    COLUMNS,
    FIRMWARE,
    MARKS,
    ConfigurationDocument,
    Found,
    frozen_query,
    line_documents,
    looked_documents,
    moment_field,
    sections,
    sheet,
)
from portal.presentation.times import iso
from portal.rendering import render_page
from portal.services import Services, TheServices
from portal.signing_in import needs
from portal.texts import _
from portal.twins import Loaded, page

PATH: Final = "/systems/{sn:str}/configuration"
TEMPLATE: Final = "system/configuration.html.jinja"
YESTERDAY: Final = "now-1d"
ENDS: Final = ("first", "second")
NOTHING: Final = Found({}, {})
DIFFERENT: Final = ("changed", "only_first", "only_second")
Show = Literal["differences", "all"]
First = Annotated[str, QueryParameter(description="An instant, or now-1d", max_length=40)]
Second = Annotated[str, QueryParameter(description="Another instant, or now", max_length=40)]
With = Annotated[
    str, QueryParameter(name="with", description="Another system's serial number", max_length=40)
]


@frozen
class Asked:
    """What an address asks for, as it was written; what is empty is as usual."""

    first: str = ""
    second: str = ""
    sn: str = ""
    show: Show = "differences"

    def instants(self, now: int, zone: str) -> tuple[int, int]:
        """Both instants; raises RequestError with everything that is wrong with them."""
        found: list[int] = []
        problems: list[Problem] = []
        for name, text in zip(ENDS, (self.first or "now", self.second or "now"), strict=True):
            try:
                found.append(instant(text, now, zone))
            except (ValueError, OverflowError):
                hint = _("write it as 2026-11-22T10:30")
                problems.append(Problem(name, _("is not a moment"), hint))
                continue
            if found[-1] > now:
                hint = _("choose one that has passed")
                problems.append(Problem(name, _("lies in the future"), hint))
        if problems:
            raise RequestError(*problems)
        return found[0], found[1]


async def system_configuration(  # noqa: PLR0917  what an address can say
    services: TheServices,
    device: TheDevice,
    first: First = "",
    second: Second = "",
    with_: With = "",
    show: FromQuery[Show] = "differences",
) -> Loaded[ConfigurationDocument]:
    """What a system was set to at two instants, or what two systems were set to.

    An instant is a time (on the page's clock without an offset), unix milliseconds, or now-24h.
    """
    return await configuration_of(services, device, Asked(first, second, with_.strip(), show))


async def configuration_of(
    services: Services, device: Device, asked: Asked
) -> Loaded[ConfigurationDocument]:
    """Both sides compared; raises RequestError for what cannot be compared."""
    other = await _other(services, device, asked.sn)
    async with services.database.read() as connection:
        usual = await _usual(connection, device, asked, services.clock())
        at = evolve(asked, first=usual).instants(services.clock(), device.zone.name)
        ends = tuple(zip(ENDS, (device, other), at, strict=True))
        first, second = [await _side(connection, *end) for end in ends]
        found = await _found(connection, device, first, second) if other is device else NOTHING
    lines = list(_lines(device, other, first, second))
    shown = [line for line in lines if asked.show == "all" or line.state in DIFFERENT]
    counts = Counter(line.state for line in lines)
    document = ConfigurationDocument(
        device.sn,
        other.sn,
        *at,
        {state: counts[state] for state in STATES},
        list(line_documents(device.sn, device.parts, shown, found)),
        [*looked_documents(ENDS[0], first.looked), *looked_documents(ENDS[1], second.looked)],
    )
    view = {
        **await _view(services, device, asked),
        "fields": [moment_field(each, device.zone) for each in at],
        "sections": list(sections(document.lines)),
        "frozen": frozen_query(document, everything=asked.show == "all"),
    }
    rows = sheet(document, device.zone)
    return Loaded(document, _title(device), rows, COLUMNS, _crumbs(device), view)


@get(
    PATH,
    dependencies={"device": Provide(load_device)},
    guards=[needs("telemetry:read")],
    include_in_schema=False,
)
async def configuration_page(  # noqa: PLR0917  what an address can say
    request: Request[Any, Any, Any],
    services: TheServices,
    device: TheDevice,
    first: First = "",
    second: Second = "",
    with_: With = "",
    show: FromQuery[Show] = "differences",
) -> Response[str]:
    """The page; what cannot be compared is said beside the field that asks for it."""
    asked = Asked(first, second, with_.strip(), show)
    try:
        loaded = await configuration_of(services, device, asked)
    except RequestError as error:
        view = {
            **await _view(services, device, asked),
            "fields": (asked.first, asked.second),
            "problems": {problem.where: problem for problem in error.problems},
            "document": None,
            "crumbs": _crumbs(device),
        }
        return render_page(request, TEMPLATE, _title(device), view, 400)
    view = {"document": loaded.document, "crumbs": loaded.crumbs, **loaded.view}
    return render_page(request, TEMPLATE, loaded.title, view)


async def _other(services: Services, device: Device, sn: str) -> Device:
    """The system to compare with; one that somebody may not see is as one that is not there."""
    if not sn or sn.upper() == device.sn:
        return device
    try:
        return await device_of(services, device.access, sn.upper())
    except NotFoundException as error:
        raise RequestError(Problem("with", error.detail, _("check the serial number"))) from None


async def _side(connection: Connection, name: str, device: Device, at: int) -> Configuration:
    """What a system was set to; raises RequestError where its first frame came later."""
    if device.system is None:
        return Configuration(at)
    id_, wanted = device.record.id, addresses_of(device.system)
    found = await configuration_at(connection, id_, device.system, wanted, at)
    if not found.told and (first := await first_of(connection, id_)) is not None and first > at:
        when = f"{device.zone.shown(first)} {device.zone.name}"
        early = _("lies before the first frame of %(sn)s that is kept", sn=device.sn)
        raise RequestError(Problem(name, early, _("it is of %(time)s", time=when)))
    if (own := await firmware.own_at(connection, id_, at)) is not None:
        found.told["", FIRMWARE.key] = Told(own.version, own.since)
    return found


async def _usual(connection: Connection, device: Device, asked: Asked, now: int) -> str:
    """The first instant where none is asked for: a day ago, or that of the first frame since."""
    if asked.first or asked.sn:
        return asked.first
    first = await first_of(connection, device.record.id)
    return YESTERDAY if first is None or first <= now - DAY else str(min(first, now))


async def _found(
    connection: Connection, device: Device, first: Configuration, second: Configuration
) -> Found:
    """When the settings of a system changed between two instants, and what may have done it."""
    if device.system is None:
        return NOTHING
    before, after = sorted((first, second), key=lambda side: side.at)
    id_, parts = device.record.id, device.parts
    turned = await turns(connection, id_, device.system, before.told, after.told)
    made = {address: turn for address, turn in turned.items() if address[0] in parts}
    return Found(made, await origins_of(connection, device.access, id_, parts, made))


def _lines(
    device: Device, other: Device, first: Configuration, second: Configuration
) -> Iterator[Line]:
    own = "", FIRMWARE.key
    yield Line("", FIRMWARE, first.told.get(own), second.told.get(own))
    systems = (each.system for each in (device, other))
    yield from compared(filter(None, systems), first, second)


async def _view(services: Services, device: Device, asked: Asked) -> dict[str, Any]:
    return {
        **device_view(device, "settings", streams=False),
        "asked": asked,
        "presets": await _presets(services, device),
        "marks": MARKS,
        "problems": {},
    }


async def _presets(services: Services, device: Device) -> list[tuple[str, str]]:
    """Instants that people ask for, as an address says them."""
    found = [(_("Now"), "now"), (_("A day ago"), YESTERDAY)]
    async with services.database.read() as connection:
        upgrade = await firmware.last_upgrade(connection, device.record.id)
        if upgrade is not None:
            found.append((_("Before the last upgrade"), iso(upgrade.since - 1)))
        if device.access.may("faults:read"):
            last = await faults.history(connection, device.record.id, limit=1)
            found += [(_("Before the last fault"), iso(each.opened_at - 1)) for each in last]
    return found


def _title(device: Device) -> str:
    return _("Configuration of %(sn)s over time", sn=device.sn)


def _crumbs(device: Device) -> tuple[tuple[str, str], ...]:
    return (
        (_("ESS systems"), "/systems"),
        (device.sn, f"/systems/{device.sn}"),
        (_("System settings"), f"/systems/{device.sn}/settings"),
    )


ROUTES: Final = [
    configuration_page,
    *page(PATH, TEMPLATE, system_configuration, permission="telemetry:read", device=load_device)[
        1:
    ],
]
