"""Site settings: what energy costs where a system stands, and what it was told because of that."""

from typing import Any, Final

from attrs import evolve
from msgspec import Struct
from msgspec.structs import replace

from core.access import Access
from core.commanding import commands
from core.commanding.grid_limits import limits_for
from core.commanding.records import Transition
from core.fleet import storm_warnings
from core.fleet.sites import Site
from core.tariffs import plans
from core.tariffs.plans import Plan
from portal.pages.at_site import model_of, path_of, site_of, today_at
from portal.pages.device import Device, TheDevice
from portal.pages.home_info import home_lines
from portal.pages.tabs import loaded_tab
from portal.presentation.commands import (
    CommandForm,
    CommandState,
    command_form,
    state_documents,
)
from portal.presentation.modes import MODES, ModeDocument, commands_of_mode, mode_document
from portal.presentation.storm import SEVERITIES, STATES, StormDocument, storm_document
from portal.presentation.tariffs import (
    COLUMNS,
    DAYS,
    PlanDocument,
    day_table,
    plan_documents,
    plan_rows,
)
from portal.services import Services, TheServices
from portal.signing_in import TheAccess
from portal.twins import Loaded

SHOWN: Final = 10
"""Commands that were sent from here."""


class SiteSettingsDocument(Struct, frozen=True):
    """What is set for the site of a system; `today` is the day there, by which plans hold.

    modes: the cards of how it works; none where its product model is not loaded.
    sent: the newest commands of those that can be given from here.
    storm: the warnings of severe weather for where it stands.
    """

    sn: str
    today: str
    timezone: str
    modes: list[ModeDocument]
    plans: list[PlanDocument]
    sent: list[CommandState]
    storm: StormDocument | None = None


async def live_site_settings(
    services: TheServices, device: TheDevice
) -> Loaded[SiteSettingsDocument]:
    """What changes while the page is open: how the commands that were sent are getting on."""
    steps: list[Transition] = []
    async with services.database.read() as connection:
        given = await commands.page(
            connection, system_id=device.record.id, names=_names(services, device), limit=SHOWN
        )
        if given:
            steps = await commands.transitions_of(connection, given[0].id)
    sent = state_documents(device.parts, given)
    today, zone = str(today_at(services, device)), device.record.timezone
    document = SiteSettingsDocument(device.sn, today, zone, [], [], sent)
    return loaded_tab(device, document, "site-settings", (), COLUMNS, {"steps": steps})


async def site_settings(
    services: TheServices, access: TheAccess, device: TheDevice
) -> Loaded[SiteSettingsDocument]:
    """How a system works, the tariff plans of the site at which it stands, and that site."""
    loaded = await live_site_settings(services, device)
    async with services.database.read() as connection:
        site = await site_of(connection, access, device)
        concerns = await storm_warnings.of_system(connection, device.record.id, services.clock())
        kept: list[Plan] = []
        if site is not None and access.may("tariffs:read"):
            kept = await plans.of_site(connection, access, site.id)
    listed = plan_documents(kept, today_at(services, device))
    view: dict[str, Any] = {
        "site": site,
        "base": path_of(device),
        "plans": [(d, _days(plan)) for d, plan in zip(listed, kept, strict=True)],
        "days": DAYS,
        "may": _may(access, site),
        "forms": await _forms(services, device),
        "may_command": access.may("systems:command"),
        "home": home_lines(site) if site else [],
        "may_install": access.may("installations:create"),
        "may_edit_site": site is not None and access.may("sites:edit"),
    }
    model = model_of(services, device)
    storm = storm_document(concerns, model, device.readings, services.clock())
    view |= {"storm": storm, "severities": SEVERITIES, "storm_states": STATES}
    modes = [mode_document(model, mode, device.readings) for mode in MODES] if model else []
    document = replace(loaded.document, modes=modes, plans=listed, storm=storm)
    return evolve(
        loaded, document=document, rows=list(plan_rows(listed)), view={**loaded.view, **view}
    )


def _names(services: Services, device: Device) -> set[str]:
    """The commands that can be given from here: those of the cards, and those with windows."""
    model = model_of(services, device)
    told = [each for mode in MODES for each in commands_of_mode(model, mode)] if model else []
    return {command.name for _part, command in told} | {
        command.name
        for part in device.parts.values()
        for command in part.commands.values()
        if command.windows
    }


async def _forms(services: Services, device: Device) -> dict[tuple[str, str], CommandForm]:
    """The forms of the cards' commands that are offered, by slot and name."""
    if (model := model_of(services, device)) is None:
        return {}
    told = [
        (part, command)
        for mode in MODES
        for part, command in commands_of_mode(model, mode)
        if model.offers(command.name)
    ]
    id_ = device.record.id
    async with services.database.read() as connection:
        limits = await limits_for(connection, services.registry, [id_], told)
    return {
        (part.slot, command.name): command_form(
            part, command, device.readings, held=limits.of(id_, part, command)
        )
        for part, command in told
    }


def _days(plan: Plan) -> dict[str, Any]:
    return {day: day_table(plan.tariff, day) for day in DAYS}


def _may(access: Access, site: Site | None) -> dict[str, bool]:
    """What somebody may do with the plans of a site."""
    actions = ("read", "create", "edit", "delete")
    return {each: site is not None and access.may(f"tariffs:{each}") for each in actions}
