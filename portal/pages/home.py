"""The first page: how the fleet is, and what needs a look."""

from typing import Final

from msgspec import Struct

from core.fleet import overview
from core.telemetry import dead_letters
from portal.presentation import status
from portal.services import TheServices
from portal.signing_in import TheAccess
from portal.twins import Loaded, page


class FleetDocument(Struct, frozen=True):
    """How many systems there are, in all and by status, and how much could not be read."""

    total: int
    normal: int
    fault: int
    offline: int
    new: int
    dead_letters: dict[str, int]
    plugins: int
    product_models: int
    problems: int


async def fleet(services: TheServices, access: TheAccess) -> Loaded[FleetDocument]:
    """Counts of systems by status, of dead letters by code, of plugins and their problems."""
    async with services.database.read() as connection:
        counts = await overview.counts(connection, services.moment(), access)
        may_look = access.may("dead_letters:read")
        letters = await dead_letters.counts(connection) if may_look else {}
        recent = await dead_letters.page(connection, limit=5) if may_look else []
    registry = services.registry
    document = FleetDocument(
        counts.total,
        counts.normal,
        counts.fault,
        counts.offline,
        counts.new,
        letters,
        len(registry.plugins),
        len(registry.products),
        len(registry.problems),
    )
    by_status = {name: getattr(counts, name) for name in ("normal", "fault", "offline", "new")}
    cards = [("all", "/systems", counts.total)]
    cards += [(name, f"/systems?status={name}", number) for name, number in by_status.items()]
    return Loaded(
        document,
        "Home",
        rows=[(status.SYSTEM[name].word, number) for name, _, number in cards],
        header=("status", "systems"),
        view={"cards": cards, "recent": recent, "hub": services.hub},
    )


ROUTES: Final = page("/", "home.html.jinja", fleet, permission="home:read", twin="/home")
