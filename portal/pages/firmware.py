"""Firmware versions of a system: what each component runs, since when, and who runs the same."""

from typing import Final

from litestar.params import FromQuery
from msgspec import Struct

from core.effective import standings
from core.fleet import firmware
from core.fleet.firmware_search import alike
from portal.pages.device import TheDevice
from portal.pages.tabs import loaded_tab
from portal.presentation.firmware import (
    COLUMNS,
    ChangeDocument,
    VersionDocument,
    change_documents,
    counted,
    links,
    version_documents,
)
from portal.presentation.overlays import OverlayDocument, system_overlays
from portal.services import TheServices
from portal.signing_in import TheAccess
from portal.twins import Loaded

LIMIT: Final = 50


class FirmwareDocument(Struct, frozen=True):
    """What the components run now, what that decides, and what they ran before, newest first."""

    sn: str
    versions: list[VersionDocument]
    overlays: list[OverlayDocument]
    history: list[ChangeDocument]
    next: int | None


async def system_firmware(
    services: TheServices,
    access: TheAccess,
    device: TheDevice,
    before: FromQuery[int | None] = None,
) -> Loaded[FirmwareDocument]:
    """Firmware versions of a system's components, and how they changed."""
    record = device.record
    async with services.database.read() as connection:
        current = await firmware.current(connection, record.id)
        past = await firmware.history(connection, record.id, before=before, limit=LIMIT + 1)
        counts = await alike(connection, access, record.product_id, current)
    document = FirmwareDocument(
        device.sn,
        list(version_documents(device.parts, device.readings, current, counts)),
        system_overlays(standings(device.parts.values(), record.firmware)),
        change_documents(device.parts, past[:LIMIT]),
        past[LIMIT - 1].id if len(past) > LIMIT else None,
    )
    rows = [[getattr(each, name) for name in COLUMNS] for each in document.versions]
    view = {"links": links(record.product_id, current), "counted": counted, "before": before}
    return loaded_tab(device, document, "firmware", rows, COLUMNS, view, streams=False)
