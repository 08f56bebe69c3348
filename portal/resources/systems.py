"""ESS Systems: every system that somebody may see."""

from collections.abc import Mapping
from typing import Final

from core.fleet import listing
from core.fleet.listed import LISTING
from core.listing.query import Occasion
from core.listing.tables import Row
from core.telemetry.readings import house, latest_of_all
from portal.presentation import status
from portal.presentation.accounts import USER_STATES
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

INSTALLED: Final = (
    "site_name", "end_user", "end_user_state", "company", "address", "post_code", "city",
    "region", "installed_on", "installer", "install_user", "licence", "install_mode",
    "grid_regulation", "installer_remark", "reseller_remark", "end_user_remark",
)  # fmt: skip
MODES: Final = {"ac": "AC", "dc": "DC", "hybrid": N_("Hybrid")}
ACCOUNTS: Final = {name: mark.word for name, mark in USER_STATES.items()} | {"none": "–"}


def models(services: Services) -> dict[str, str]:
    """The names of product models by their ids."""
    return {product.id: product.name for product in services.registry.newest.values()}


async def _with_the_rest(services: Services, occasion: Occasion, rows: list[Row]) -> None:
    """What is known of the systems of a page: installation, site, end user, role readings."""
    ids = [row["id"] for row in rows]
    async with services.database.read() as connection:
        latest = await latest_of_all(connection, ids)
        installed = await listing.by_ids(connection, occasion.access, ids)
    for row in rows:
        if (said := installed.get(row["id"])) is not None:
            row |= {name: getattr(said, name) for name in INSTALLED}
            known = [kwp for kwp in (said.pv_at_storage, said.pv_at_inverter) if kwp is not None]
            row["pv_capacity"] = sum(known) if known else None
            row["installed_on"] = str(said.installed_on) if said.installed_on else None
        readings = latest.get(row["id"], {})
        model = (row["product_id"], row["product_version"], row["firmware"])
        system = services.registry.system_of(*model)
        roles = role_readings(house(system, readings)) if system else {}
        row |= {column: roles.get(role) for column, role in ROLES.items()}
        times = [row["last_frame_at"], *(reading.receive_time for reading in readings.values())]
        row["last_frame_at"] = max((time for time in times if time is not None), default=None)


async def _may(_: Services, occasion: Occasion) -> Mapping[str, bool]:
    access = occasion.access
    return {
        "may_instruct": access.may("systems:command") and access.may("commands:bulk"),
        "may_take_out": access.may("telemetry:export") and access.may("exports:create"),
    }


SYSTEMS: Final = Resource(
    id="systems",
    title=N_("ESS systems"),
    one=N_("system"),
    many=N_("systems"),
    area="systems",
    listing=LISTING,
    menu=Menu(order=20, icon="solar-panel", key="g s"),
    columns=(
        Column("sn", N_("Serial number"), "code", link="/systems/{sn}/settings"),
        Column("name", N_("Name"), shown=False),
        Column("status", N_("Status"), "mark", marks=status.SYSTEM),
        Column("last_frame_at", N_("Last communication"), "ago"),
        Column("product_id", N_("Product model"), choices=models, link="/products/{product_id}"),
        Column("site_name", N_("Site")),
        Column("end_user", N_("End user")),
        Column("country", N_("Country"), shown=False),
        Column("pv_power", N_("Solar"), "reading"),
        Column("load_power", N_("Load"), "reading"),
        Column("battery_power", N_("Battery"), "reading"),
        Column("battery_soc", N_("Charge"), "reading"),
        Column("grid_power", N_("Grid"), "reading"),
        Column("company", N_("Company"), shown=False),
        Column("end_user_state", N_("State of the account"), choices=ACCOUNTS, shown=False),
        Column("address", N_("Address"), shown=False),
        Column("post_code", N_("Post code"), shown=False),
        Column("city", N_("City"), shown=False),
        Column("region", N_("Region"), shown=False),
        Column("pv_capacity", N_("Installed PV"), "number", "kWp", shown=False),
        Column("installed_on", N_("Installed on"), shown=False),
        Column("installer", N_("Installer"), shown=False),
        Column("install_user", N_("Fitter"), shown=False),
        Column("licence", N_("Licence"), "code", shown=False),
        Column("install_mode", N_("Install mode"), choices=MODES, shown=False),
        Column("grid_regulation", N_("Grid regulation"), shown=False),
        Column("installer_remark", N_("Installer's remark"), shown=False),
        Column("reseller_remark", N_("Reseller's remark"), shown=False),
        Column("end_user_remark", N_("End user's remark"), shown=False),
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
        FilterField("end_user", N_("End user"), hint=N_("How the account begins"), first=True),
        FilterField("site", N_("Site"), hint=N_("How its name begins")),
        FilterField(
            "runs",
            N_("A component runs"),
            hint=N_("As its firmware page links it: plugin:datapoint:version"),
        ),
        FilterField(
            "stands_in",
            N_("Stands in"),
            hint=N_("As a storm warning links it: country/region/post codes"),
        ),
        FilterField("post_code", hint=N_("Its beginning")),
        FilterField("installer", hint=N_("The whole name")),
        FilterField("licence", hint=N_("The whole number")),
        FilterField("grid_regulation", hint=N_("The whole name")),
    ),
    complete=_with_the_rest,
    list_context=_may,
    needs=("id", "product_id", "product_version", "firmware", "last_frame_at"),
    detail=False,
    zone="timezone",
    passes_on=True,
    refresh=5,
    template="resource/systems.html.jinja",
    empty=Empty(
        N_("No system has reported yet"),
        N_("A device that sends its birth message, naming its product model, registers itself."),
        "plug-connected",
    ),
)

RESOURCES: Final = (SYSTEMS,)
