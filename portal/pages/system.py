"""The tabs of a system: each from declarations only."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, Final

from attrs import evolve
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from msgspec import Struct

from core.commanding import commands
from core.commanding.grid_limits import limits_for
from core.journal import faults
from portal.pages.advising import advice_for
from portal.pages.device import TheDevice, load_device
from portal.pages.figures import figures_of
from portal.pages.firmware import system_firmware
from portal.pages.logs import live_logs, system_logs
from portal.pages.offline import facts_of
from portal.pages.settings import system_settings
from portal.pages.site_settings import live_site_settings, site_settings
from portal.pages.tabs import TABS, loaded_tab
from portal.pages.telemetry import system_telemetry
from portal.presentation.commands import (
    CommandDocument,
    CommandState,
    command_documents,
    command_forms,
    state_documents,
)
from portal.presentation.device import (
    ComponentDocument,
    DeclaredFault,
    FaultDocument,
    alike,
    components,
    declared_faults,
    fault_documents,
)
from portal.presentation.flow import power_flow
from portal.presentation.house import RoleReading, tiles
from portal.presentation.period import Range
from portal.presentation.readings import ReadingDocument, reading_documents, sections
from portal.presentation.window import around_fault
from portal.services import TheServices
from portal.signing_in import TheAccess
from portal.twins import Load, Loaded, page

LIMIT: Final = 50
READING_COLUMNS: Final = (
    "slot", "key", "label", "value", "unit", "meaning", "role", "device_time", "receive_time",
)  # fmt: skip


class DeviceDocument(Struct, frozen=True):
    """A system: what it is, how it is, and everything that it last reported."""

    sn: str
    name: str
    product: str
    product_version: str
    country: str
    timezone: str
    firmware: str
    status: str
    last_frame_at: int | None
    house: dict[str, RoleReading]
    readings: dict[str, dict[str, ReadingDocument]]
    components: list[ComponentDocument]
    faults: list[FaultDocument]


class ReadingsDocument(Struct, frozen=True):
    """Readings by slot and datapoint key."""

    sn: str
    readings: dict[str, dict[str, ReadingDocument]]


class FaultsDocument(Struct, frozen=True):
    """Faults present now, those of the past, and all that the components can have."""

    sn: str
    open: list[FaultDocument]
    history: list[FaultDocument]
    declared: list[DeclaredFault]
    next: int | None


class CommandsDocument(Struct, frozen=True):
    """What the components can be told, and what they were told."""

    sn: str
    declared: list[CommandDocument]
    commands: list[CommandState]
    next: str | None


async def live_overview(services: TheServices, device: TheDevice) -> Loaded[DeviceDocument]:
    """A system with its role readings, readings, components and open faults."""
    async with services.database.read() as connection:
        present = await faults.open_of(connection, device.record.id)
        silence = await facts_of(connection, services.registry, device)
    record, house = device.record, device.house()
    document = DeviceDocument(
        record.sn,
        record.name,
        record.product_id,
        record.product_version,
        record.country,
        record.timezone,
        record.firmware,
        device.glance.status,
        device.last_frame_at,
        house,
        reading_documents(device.parts, device.readings),
        list(components(device.parts)),
        fault_documents(device.parts, present),
    )
    rows = _reading_rows(document.readings)
    view = {
        "tiles": list(tiles(house)),
        "flow": power_flow(house),
        "components": alike(document.components),
        "silence": silence,
    }
    return loaded_tab(device, document, "", rows, READING_COLUMNS, view)


async def system_readings(services: TheServices, device: TheDevice) -> Loaded[ReadingsDocument]:  # noqa: ARG001  the tabs share one signature
    """The newest reading of every datapoint."""
    document = ReadingsDocument(device.sn, reading_documents(device.parts, device.readings))
    view = {"sections": list(sections(device.parts, device.readings))}
    rows = _reading_rows(document.readings)
    return loaded_tab(device, document, "readings", rows, READING_COLUMNS, view)


async def system_faults(
    services: TheServices, device: TheDevice, before: FromQuery[int | None] = None
) -> Loaded[FaultsDocument]:
    """Faults of a system: open, past and declared."""
    async with services.database.read() as connection:
        present = await faults.open_of(connection, device.record.id)
        past = await faults.history(connection, device.record.id, before=before, limit=LIMIT + 1)
        advice = await advice_for(connection, services.registry, device, [*present, *past])
    document = FaultsDocument(
        device.sn,
        fault_documents(device.parts, present, advice.written),
        fault_documents(device.parts, past[:LIMIT], advice.written),
        declared_faults(device.parts, present),
        past[LIMIT - 1].id if len(past) > LIMIT else None,
    )
    header = ("slot", "code", "label", "severity", "opened_at", "closed_at", "advice")
    rows = [
        (f.slot, f.code, f.label, f.severity, f.opened_at, f.closed_at, f.advice)
        for f in document.history
    ]
    view = {
        "before": before,
        "offered": advice.offered,
        "around_fault": partial(around_fault, device.record.timezone, services.clock()),
    }
    return loaded_tab(device, document, "faults", rows, header, view)


async def system_commands(
    services: TheServices, device: TheDevice, before: FromQuery[str | None] = None
) -> Loaded[CommandsDocument]:
    """Commands of a system: declared, and given."""
    async with services.database.read() as connection:
        given = await commands.page(
            connection, system_id=device.record.id, before=before, limit=LIMIT + 1
        )
        steps = {c.id: await commands.transitions_of(connection, c.id) for c in given[:1]}
        told = [(p, c) for p in device.parts.values() for c in p.commands.values()]
        limits = await limits_for(connection, services.registry, [device.record.id], told)
    document = CommandsDocument(
        device.sn,
        command_documents(device.parts),
        state_documents(device.parts, given[:LIMIT]),
        given[LIMIT - 1].id if len(given) > LIMIT else None,
    )
    header = ("id", "slot", "command", "parameters", "state", "reason", "by", "created_at")
    rows = [
        (c.id, c.slot, c.name, _pairs(c.parameters), c.state, c.reason, c.by, c.created_at)
        for c in document.commands
    ]
    forms = list(command_forms(device.parts, device.readings, limits, device.record.id))
    view = {"forms": forms, "steps": steps, "preview": None, "before": before}
    return loaded_tab(device, document, "commands", rows, header, view)


async def system_overview(
    services: TheServices,
    device: TheDevice,
    access: TheAccess,
    range: FromQuery[Range] = "day",
    at: FromQuery[date | None] = None,
) -> Loaded[DeviceDocument]:
    """The overview as its page shows it: while it streams, the charts stay as they are."""
    loaded = await live_overview(services, device)
    figures = await figures_of(services, access, device, range, at)
    return evolve(loaded, view={**loaded.view, "figures": figures})


LOADS: Final[Mapping[str, Load]] = {
    "": live_overview,
    "readings": system_readings,
    "faults": system_faults,
    "commands": system_commands,
    "logs": live_logs,
    "site-settings": live_site_settings,
}
"""What each tab that streams loads meanwhile."""
PAGES: Final[Mapping[str, Load]] = {
    **LOADS,
    "": system_overview,
    "settings": system_settings,
    "site-settings": site_settings,
    "firmware": system_firmware,
    "logs": system_logs,
    "telemetry": system_telemetry,
}
"""What the page of each tab loads."""


def _reading_rows(
    readings: Mapping[str, Mapping[str, ReadingDocument]],
) -> Iterator[list[str | float | bool | None]]:
    for slot, lines in readings.items():
        for key, r in lines.items():
            times = (r.device_time, r.receive_time)
            yield [slot, key, r.label, r.value, r.unit, r.meaning, r.role, *times]


def _pairs(values: Mapping[str, Any]) -> str:
    return "; ".join(f"{key}={value}" for key, value in values.items())


def _routes() -> Iterator[HTTPRouteHandler]:
    for tab in TABS.values():
        yield from page(
            tab.address("{sn:str}"),
            tab.template,
            PAGES[tab.id],
            permission=tab.permission,
            device=load_device,
        )


ROUTES: Final = list(_routes())
