"""The list of systems."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from litestar.params import FromQuery, QueryParameter
from msgspec import Struct

from core.fleet import overview
from core.fleet.overview import Glance, Status, Wanted
from core.fleet.systems import COUNT_CAP, model_of
from core.telemetry.readings import Readings, house, latest_of_all
from portal.pages.device import last_heard
from portal.presentation.house import RoleReading, role_readings
from portal.services import Services, TheServices
from portal.signing_in import TheAccess
from portal.twins import Loaded, page

LIMIT: Final = 50
COLUMNS: Final = ("pv.power", "load.power", "battery.power", "battery.soc", "grid.power")
Filter = Literal["normal", "fault", "offline", "new", ""]
After = Annotated[str, QueryParameter(description="Serial number behind which the page begins")]
Search = Annotated[
    str, QueryParameter(name="q", description="Part of a serial number", max_length=24)
]


class SystemSummary(Struct, frozen=True):
    """A system in the list; `house` holds its role readings in the house's sign."""

    sn: str
    name: str
    product: str
    product_name: str
    country: str
    status: Status
    last_frame_at: int | None
    house: dict[str, RoleReading]


class SystemList(Struct, frozen=True):
    """A page of systems in order of serial number; `total` is counted up to a limit."""

    systems: list[SystemSummary]
    total: int
    total_is_capped: bool
    next: str | None


async def list_systems(
    services: TheServices,
    access: TheAccess,
    q: Search = "",
    product: FromQuery[str] = "",
    status: FromQuery[Filter] = "",
    after: After = "",
) -> Loaded[SystemList]:
    """Systems by part of a serial number, product model and status."""
    chosen: Status | None = status if status not in ("", "new") else None  # type: ignore[assignment]
    wanted = Wanted(product, chosen, status == "new", q.strip())
    async with services.database.read() as connection:
        moment = services.moment()
        found = await overview.page(
            connection, wanted, moment, access, after_sn=after, limit=LIMIT + 1
        )
        total = await overview.count(connection, wanted, moment, access)
        shown = found[:LIMIT]
        readings = await latest_of_all(connection, [g.record.id for g in shown])
    summaries = [summary(services, glance, readings.get(glance.record.id, {})) for glance in shown]
    following = shown[-1].record.sn if len(found) > LIMIT else None
    document = SystemList(summaries, total, total >= COUNT_CAP, following)
    filters = {"q": q, "product": product, "status": status}
    return Loaded(
        document,
        "ESS systems",
        rows=_rows(document),
        header=("sn", "name", "product", "country", "status", "last_frame_at", *COLUMNS),
        view={
            "filters": filters,
            "address": Address(filters),
            "products": {p.id: p.name for p in services.registry.products.values()},
            "after": after,
            "columns": COLUMNS,
        },
    )


class Address:
    """Builds addresses of the list from its filters with some of them changed."""

    def __init__(self, filters: Mapping[str, str]) -> None:
        self.filters = filters

    def __call__(self, suffix: str = "", **changes: str) -> str:
        query = {k: v for k, v in {**self.filters, **changes}.items() if v}
        return f"/systems{suffix}{'?' if query else ''}{urlencode(query)}"


def summary(services: Services, glance: Glance, readings: Readings) -> SystemSummary:
    record = glance.record
    system = model_of(services.registry, record)
    return SystemSummary(
        record.sn,
        record.name,
        record.product_id,
        system.product.name if system else record.product_id,
        record.country,
        glance.status,
        last_heard(record, readings),
        role_readings(house(system, readings)) if system else {},
    )


def _rows(document: SystemList) -> Iterator[list[str | float | None]]:
    for system in document.systems:
        house = [system.house[role].value if role in system.house else None for role in COLUMNS]
        yield [
            system.sn,
            system.name,
            system.product,
            system.country,
            system.status,
            system.last_frame_at,
            *house,
        ]


ROUTES: Final = page("/systems", "systems.html.jinja", list_systems, permission="systems:read")
