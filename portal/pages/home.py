"""The first page: how the fleet is, and what needs a look."""

from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from litestar.params import FromQuery
from msgspec import Struct

from core.access import Access
from core.fleet import counters
from core.records import Connection
from core.telemetry import days, dead_letters
from core.telemetry.periods import EPOCH
from portal.presentation import status
from portal.services import Services, TheServices
from portal.signing_in import TheAccess
from portal.texts import N_, _
from portal.twins import Loaded, page

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


class FleetDocument(Struct, frozen=True):
    """How many systems there are, in all and by status, and how much could not be read."""

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
    energy: EnergyDocument | None


async def fleet(
    services: TheServices, access: TheAccess, period: FromQuery[Period] = "day"
) -> Loaded[FleetDocument]:
    """Counts of systems by status, of dead letters by code, of plugins and their problems.

    Beside them the energy of a period, null where no system told of any.
    """
    async with services.database.read() as connection:
        counts = await counters.counts_of(connection, access)
        may_look = access.may("dead_letters:read")
        letters = await dead_letters.counts(connection) if may_look else {}
        may_sum = access.may("systems:read")
        energy = await _energy(services, connection, access, period) if may_sum else None
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
        energy,
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
        | {"periods": PERIODS, "energies": ENERGIES, "may_sum": may_sum},
    )


async def _energy(
    services: Services, connection: Connection, access: Access, period: Period
) -> EnergyDocument | None:
    """The energy of all systems that somebody sees, in the period that it is now in UTC.

    The total holds the day that sites east of UTC have begun already.
    """
    today = datetime.fromtimestamp(services.clock() / 1000, UTC).date()
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


ROUTES: Final = page("/", "home.html.jinja", fleet, permission="home:read", twin="/home")
