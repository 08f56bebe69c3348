"""System settings: what is kept of a system, what it reports of itself, and what it may feed in."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import evolve
from litestar import Request, Response, post
from litestar.di import Provide
from litestar.response import Redirect
from msgspec import Struct

from core.access import Access
from core.fleet import sites
from core.fleet.connections import connections_of
from core.fleet.settings import Kept, kept_of
from core.fleet.sites import LONGEST
from core.products import grid_rules
from core.records import ConflictError, RequestError
from core.thing_model.grid_rules import GridRule, rules_of, rules_of_operators
from portal.pages.at_site import model_of
from portal.pages.device import Device, TheDevice, load_device
from portal.pages.tabs import TABS, loaded_tab
from portal.presentation.grid_rules import RuleDocument, rule_document
from portal.presentation.settings import (
    MODES,
    PARAMETERS,
    Ask,
    LimitsDocument,
    PartDocument,
    SettingDocument,
    basics,
    limit_documents,
    part_documents,
    reported,
)
from portal.rendering import render_page
from portal.resources.systems import MODES as INSTALL_MODES
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, address_of, needs
from portal.texts import _, translated
from portal.twins import Loaded

COLUMNS: Final = ("section", "name", "label", "value", "unit", "origin", "slot", "key")


class SettingsDocument(Struct, frozen=True):
    """A system's settings; what nobody knows is null.

    rules: those of the grid that hold where it stands. asked_by_operators: those of operators of
    its country, which would hold if its site named one of them.
    """

    sn: str
    basic: list[SettingDocument]
    parameters: list[SettingDocument]
    limits: list[LimitsDocument]
    rules: list[RuleDocument]
    asked_by_operators: list[RuleDocument]
    components: list[PartDocument]


async def system_settings(
    services: TheServices, access: TheAccess, device: TheDevice
) -> Loaded[SettingsDocument]:
    """What a system is, and what it is set to."""
    return await settings_of(services, access, device)


async def settings_of(
    services: Services, access: Access, device: Device, wrong: str = ""
) -> Loaded[SettingsDocument]:
    """The settings; `wrong` is said of the network operator that was typed."""
    id_ = device.record.id
    async with services.database.read() as connection:
        kept = await kept_of(connection, access, id_)
        rules = await grid_rules.all_of(connection, services.registry)
        at = (await connections_of(connection, [id_]))[id_]
    theirs = () if at.operator else rules_of_operators(rules, at)
    document = SettingsDocument(
        device.sn,
        [*(basics(kept, _texts(device, kept)) if kept else ()), *_modes(device)],
        list(reported(device.parts, device.readings, PARAMETERS)),
        limit_documents(model_of(services, device), device.readings, rules, at),
        [rule_document(rule) for rule in rules_of(rules, at)],
        [rule_document(rule) for rule in theirs],
        list(part_documents(device.parts, device.readings)),
    )
    view = {
        "kept": kept,
        "operators": _operators(rules, at.country),
        "wrong": wrong,
        "may_edit_site": bool(kept and kept.site and access.may("sites:edit")),
        "may_reveal": bool(kept and kept.given_out and access.may("serial_numbers:reveal")),
        "may_compare": access.may("telemetry:read"),
        "may_see_rules": access.may("products:read"),
    }
    rows = list(_sheet(document))
    return loaded_tab(device, document, "settings", rows, COLUMNS, view, streams=False)


@post(
    "/systems/{sn:str}/settings/operator",
    dependencies={"device": Provide(load_device)},
    guards=[needs("sites:edit")],
    include_in_schema=False,
)
async def set_operator(
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    device: TheDevice,
) -> Response[Any]:
    """Say whose grid the site of a system is at."""
    form = await request.form()
    said, version = str(form.get("network_operator", "")).strip(), str(form.get("version", ""))
    try:
        async with services.database.begin() as connection:
            kept = await kept_of(connection, access, device.record.id)
            if kept is None or kept.site is None:
                return await _again(request, services, device, _("The system stands at no site."))
            place = evolve(kept.site.place, network_operator=said)
            await sites.edit(
                connection,
                access,
                kept.site.id,
                place,
                version=int(version) if version.isdecimal() else 0,
                now=services.clock(),
                address=address_of(request),
            )
    except RequestError:
        long = _("is longer than %(longest)s characters", longest=LONGEST["network_operator"])
        return await _again(request, services, device, long)
    except ConflictError:
        changed = _("Somebody else changed the site meanwhile; look at it again.")
        return await _again(request, services, device, changed, 409)
    return Redirect(f"/systems/{device.sn}/settings#operator", status_code=303)


async def _again(
    request: Request[Any, Any, Any],
    services: Services,
    device: Device,
    wrong: str,
    status: int = 422,
) -> Response[str]:
    loaded = await settings_of(services, request.user.access, device, wrong)
    context = {"document": loaded.document, "crumbs": loaded.crumbs, **loaded.view}
    return render_page(request, TABS["settings"].template, loaded.title, context, status)


def _texts(device: Device, kept: Kept) -> dict[str, str]:
    mode = kept.listed.install_mode
    return {
        "product_model": f"{device.product_name} {device.record.product_version}".strip(),
        "install_mode": translated(INSTALL_MODES.get(mode, mode)),
        "changed_at": device.zone.shown(device.record.changed_at),
    }


def _modes(device: Device) -> Iterator[SettingDocument]:
    yield from reported(device.parts, device.readings, [Ask(trait) for trait in MODES])


def _operators(rules: tuple[GridRule, ...], country: str) -> list[str]:
    """Operators of the country for which rules were made here."""
    return sorted({r.operator for r in rules if r.country == country and r.operator and r.id})


def _sheet(document: SettingsDocument) -> Iterator[tuple[str | float | bool | None, ...]]:
    settings: Mapping[str, list[SettingDocument]] = {
        "basic": document.basic,
        "parameters": document.parameters,
        "limits": [each.setting for limits in document.limits for each in limits.settings],
        "components": [
            each
            for part in document.components
            for each in (part.serial_number, part.firmware)
            if each is not None
        ],
    }
    for section, listed in settings.items():
        for each in listed:
            where = (each.origin, each.slot, each.key)
            yield (section, each.name, each.label, each.value, each.unit, *where)


ROUTES: Final = [set_operator]
