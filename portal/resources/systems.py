"""ESS Systems: every system that somebody may see."""

from collections.abc import Mapping
from typing import Final

from core.fleet.listed import LISTING
from core.listing.query import Occasion
from core.listing.tables import Row
from core.telemetry.readings import house, latest_of_all
from portal.presentation import status
from portal.presentation.house import role_readings
from portal.resource.declared import Column, Empty, FilterField, Menu, Resource
from portal.services import Services
from portal.texts import N_

ROLES: Final = {
    "pv_power": "pv.power",
    "load_power": "load.power",
    "battery_power": "battery.power",
    "battery_soc": "battery.soc",
    "grid_power": "grid.power",
}


def models(services: Services) -> dict[str, str]:
    """The names of product models by their ids."""
    return {product.id: product.name for product in services.registry.newest.values()}


async def _with_readings(services: Services, _: Occasion, rows: list[Row]) -> None:
    """The role readings of the systems of a page."""
    async with services.database.read() as connection:
        latest = await latest_of_all(connection, [row["id"] for row in rows])
    for row in rows:
        readings = latest.get(row["id"], {})
        model = (row["product_id"], row["product_version"], row["firmware"])
        system = services.registry.system_of(*model)
        said = role_readings(house(system, readings)) if system else {}
        row |= {column: said.get(role) for column, role in ROLES.items()}
        times = [row["last_frame_at"], *(reading.receive_time for reading in readings.values())]
        row["last_frame_at"] = max((time for time in times if time is not None), default=None)


async def _may_instruct(_: Services, occasion: Occasion) -> Mapping[str, bool]:
    access = occasion.access
    return {"may_instruct": access.may("systems:command") and access.may("commands:bulk")}


SYSTEMS: Final = Resource(
    id="systems",
    title=N_("ESS systems"),
    one=N_("system"),
    many=N_("systems"),
    area="systems",
    listing=LISTING,
    menu=Menu(order=20, icon="solar-panel", key="g s"),
    columns=(
        Column("sn", N_("Serial number"), "code", link="/systems/{sn}"),
        Column("name", N_("Name")),
        Column("status", N_("Status"), "mark", marks=status.SYSTEM),
        Column("last_frame_at", N_("Last communication"), "ago"),
        Column("product_id", N_("Product model"), choices=models, link="/products/{product_id}"),
        Column("country", N_("Country")),
        Column("pv_power", N_("Solar"), "reading"),
        Column("load_power", N_("Load"), "reading"),
        Column("battery_power", N_("Battery"), "reading"),
        Column("battery_soc", N_("Charge"), "reading"),
        Column("grid_power", N_("Grid"), "reading"),
        Column("product_version", N_("Product version"), shown=False),
        Column("firmware", N_("Firmware"), shown=False),
        Column("timezone", N_("Time zone"), shown=False),
        Column("online", N_("Says it is online"), "flag", shown=False),
        Column("first_frame_at", N_("First communication"), "time", shown=False),
        Column("registered_at", N_("Registered"), "time", shown=False),
        Column("changed_at", N_("Changed"), "time", shown=False),
    ),
    filters=(
        FilterField(
            "q", N_("Serial number"), hint=N_("Its beginning, or 3 characters"), first=True
        ),
        FilterField("status", first=True),
        FilterField("product", N_("Product model"), choices=models, first=True),
        FilterField("country", N_("Country")),
        FilterField("company", N_("Company"), hint=N_("Part of its name")),
    ),
    complete=_with_readings,
    list_context=_may_instruct,
    needs=("id", "product_id", "product_version", "firmware", "last_frame_at"),
    detail=False,
    zone="timezone",
    refresh=5,
    template="resource/systems.html.jinja",
    empty=Empty(
        N_("No system has reported yet"),
        N_("A device that sends its birth message, naming its product model, registers itself."),
        "plug-connected",
    ),
)

RESOURCES: Final = (SYSTEMS,)
