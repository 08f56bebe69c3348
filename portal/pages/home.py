"""The first page: how the fleet is, and what needs a look; and its stream."""

import asyncio
import contextlib
from datetime import date, timedelta
from typing import Any, Final, Literal

from litestar import Request, get
from litestar.params import FromQuery
from litestar.response import ServerSentEvent
from msgspec import Struct

from core.access import Access
from core.fleet import counters, groups
from core.fleet.installed import KINDS, installed
from core.records import Connection
from core.telemetry import days, dead_letters, fleet_hours
from core.telemetry.periods import EPOCH
from portal.live import Hub
from portal.presentation import status
from portal.presentation.fleet_map import PlaceDocument, fleet_map, places_of
from portal.presentation.last_day import HourDocument, hour_documents, last_day
from portal.presentation.times import Zone, zone_of
from portal.rendering import Parts, clock_of, render_parts
from portal.resources.systems import models
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, needs
from portal.streaming import KEEP_ALIVE, changes
from portal.texts import N_, _
from portal.twins import Loaded, page

TEMPLATE: Final = "home.html.jinja"
PERMISSION: Final = "home:read"
CALM: Final = 2.0
"""Seconds between two looks of the stream at least: the figures are those of all systems."""
CARDS: Final = ("normal", "fault", "offline", "protection", "upgrading", "new")
Period = Literal["day", "month", "year", "total"]
PERIODS: Final[dict[Period, str]] = {
    "day": N_("Today"),
    "month": N_("This month"),
    "year": N_("This year"),
    "total": N_("Total"),
}
ENERGIES: Final = (
    ("generation", N_("Generation"), "solar-panel"),
    ("consumption", N_("Consumption"), "home-bolt"),
    ("charged", N_("Charged"), "battery-charging"),
    ("discharged", N_("Discharged"), "battery"),
    ("feed_in", N_("Feed-in"), "arrow-up"),
    ("purchase", N_("Purchase"), "arrow-down"),
)
INSTALLED: Final = {
    "pv": (N_("Photovoltaics"), "solar-panel", ("Wp", "kWp", "MWp", "GWp")),
    "battery": (N_("Batteries"), "battery", ("Wh", "kWh", "MWh", "GWh")),
    "inverter": (N_("Inverters"), "bolt", ("W", "kW", "MW", "GW")),
}


class EnergyDocument(Struct, frozen=True):
    """kWh of all systems from a day to another, as the sites' days go.

    self_sufficiency: percent of the consumption that was not bought, null without consumption.
    co2_spared: kg, null where the installation has no factor.
    """

    first: date
    last: date
    generation: float
    consumption: float
    charged: float
    discharged: float
    feed_in: float
    purchase: float
    self_sufficiency: float | None
    co2_spared: float | None


class FigureDocument(Struct, frozen=True):
    """W, of batteries Wh, of `known` systems together; `unknown` have such a part but no figure."""

    amount: int
    known: int
    unknown: int


class InstalledDocument(Struct, frozen=True):
    """What is installed in all systems of a country and product model, or of any."""

    country: str
    product: str
    pv: FigureDocument
    battery: FigureDocument
    inverter: FigureDocument


class FleetDocument(Struct, frozen=True):
    """How many systems there are, in all and by status, and how much could not be read.

    today: the date by the clock of `zone`, which the period is counted from.
    """

    total: int
    normal: int
    fault: int
    offline: int
    protection: int
    upgrading: int
    new: int
    dead_letters: dict[str, int]
    plugins: int
    product_models: int
    problems: int
    period: Period
    today: date
    zone: str
    energy: EnergyDocument | None
    installed: InstalledDocument | None
    places: list[PlaceDocument]
    hours: list[HourDocument]


async def fleet(  # noqa: PLR0917  what the address says
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    period: FromQuery[Period] = "day",
    country: FromQuery[str] = "",
    product: FromQuery[str] = "",
) -> Loaded[FleetDocument]:
    """Counts of systems by status, of dead letters by code, of plugins and their problems.

    Beside them the energy of a period, null where no system told of any, what is installed of a
    country and product model, or of all, where systems are, and the last 24 hours.
    """
    zone = zone_of("", *clock_of(request))
    async with services.database.read() as connection:
        counts = await counters.counts_of(connection, access)
        may_look = access.may("dead_letters:read")
        letters = await dead_letters.counts(connection) if may_look else {}
        may_sum = access.may("systems:read")
        energy = await _energy(services, connection, access, period, zone) if may_sum else None
        by_country = await groups.groups(connection, access, ("country",)) if may_sum else []
        there = None
        if may_sum:
            there = await _installed(services, connection, access, country, product)
        now = services.clock()
        hours = await fleet_hours.last_hours(connection, access, now) if may_sum else []
        recent = await dead_letters.page(connection, limit=5) if may_look else []
    registry = services.registry
    document = FleetDocument(
        counts.total,
        counts.normal,
        counts.fault,
        counts.offline,
        counts.protection,
        counts.upgrading,
        counts.new,
        letters,
        len(registry.plugins),
        len(registry.products),
        len(registry.problems),
        period,
        zone.at(now).date(),
        zone.name,
        energy,
        there,
        places_of(by_country),
        hour_documents(hours),
    )
    by_status = {name: getattr(counts, name) for name in CARDS}
    cards = [("all", "/systems", counts.total)]
    cards += [(name, f"/systems?status={name}", number) for name, number in by_status.items()]
    return Loaded(
        document,
        _("Home"),
        rows=[(status.SYSTEM[name].word, number) for name, _where, number in cards],
        header=("status", "systems"),
        view={"cards": cards, "recent": recent, "hub": services.hub}
        | {"heard": bool(counts.normal + counts.fault + counts.protection)}
        | {"periods": PERIODS, "energies": ENERGIES, "may_sum": may_sum}
        | {"kinds": INSTALLED, "models": models(services), "map": fleet_map(document.places)}
        | {"last_day": last_day(hours, now, zone)},
    )


async def _installed(
    services: Services, connection: Connection, access: Access, country: str, product: str
) -> InstalledDocument:
    by = ("product_id", "product_version")
    found = await groups.groups(connection, access, by, country=country, product_id=product)
    said = installed(services.registry, found)
    figures = {kind: FigureDocument(f.amount, f.known, f.unknown) for kind, f in said.items()}
    return InstalledDocument(country, product, *(figures[kind] for kind in KINDS))


async def _energy(
    services: Services, connection: Connection, access: Access, period: Period, zone: Zone
) -> EnergyDocument | None:
    """The energy of all systems that somebody sees, in the period that it is now by a clock.

    The total holds the day that sites east of it have begun already.
    """
    today = zone.at(services.clock()).date()
    first = {
        "day": today,
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
        "total": EPOCH,
    }[period]
    last = today + timedelta(1) if period == "total" else today
    found = await days.fleet_sum(connection, access, first, last)
    if found is None:
        return None
    factor = services.settings.co2_factor
    said: dict[str, float] = {name: getattr(found, name) for name, _label, _icon in ENERGIES}
    return EnergyDocument(
        first=found.first,
        last=found.last,
        self_sufficiency=None if (share := found.self_sufficiency) is None else 100 * share,
        co2_spared=None if factor is None else found.generation * factor,
        **said,
    )


@get("/home/live", guards=[needs(PERMISSION)], include_in_schema=False)
async def live(
    request: Request[Any, Any, Any],
    services: TheServices,
    period: FromQuery[Period] = "day",
    country: FromQuery[str] = "",
    product: FromQuery[str] = "",
) -> ServerSentEvent:
    """The parts of the page as they change."""

    async def look(access: Access) -> Parts:
        loaded = await fleet(request, services, access, period, country, product)
        return render_parts(request, TEMPLATE, loaded.context)

    async def wait() -> None:
        await _news(services.hub)

    return ServerSentEvent(changes(services, request, PERMISSION, look, wait))


async def _news(hub: Hub) -> None:
    """Wait until any system said something, or long enough: some things change by silence."""
    before = hub.heard_at
    for _look in range(int(KEEP_ALIVE / CALM)):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(hub.closing.wait(), CALM)
        if hub.heard_at != before or hub.closing.is_set():
            return


ROUTES: Final = [*page("/", TEMPLATE, fleet, permission=PERMISSION, twin="/home"), live]
