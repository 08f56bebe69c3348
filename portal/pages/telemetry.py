"""Telemetry of a system: the newest value of everything it has, and any of it over time."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any, Final, Literal

from attrs import frozen
from litestar import get
from litestar.di import Provide
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from core.journal import faults
from core.spreadsheet import safe_cell
from core.telemetry import samples
from core.telemetry.samples import Columns
from portal.pages.device import Device, TheDevice, load_device
from portal.pages.tabs import TABS, loaded_tab
from portal.presentation import telemetry
from portal.presentation.curves import spans_of
from portal.presentation.device import fault_documents
from portal.presentation.telemetry import (
    COLUMNS,
    HistoryDocument,
    LatestValue,
    Point,
    TelemetryDocument,
    chosen_of,
    latest_values,
    points_of,
)
from portal.presentation.times import iso
from portal.presentation.window import Window, neighbours, other, window_of
from portal.services import Services, TheServices
from portal.signing_in import needs
from portal.texts import _
from portal.twins import Loaded, page, twin_route

Points = FromQuery[list[str] | None]
Range = Literal["day", "week"]
Begin = Annotated[str, QueryParameter(name="from", description="The first moment", max_length=40)]
End = Annotated[str, QueryParameter(name="to", description="The moment behind the last")]
OFFLINE_AFTER: Final = 900
"""Seconds of silence that break a curve, where no product model says."""


@frozen
class Wanted:
    """What is to be drawn: chosen datapoints of all that a system has, and when."""

    all: list[Point]
    chosen: list[Point]
    window: Window

    @property
    def query(self) -> str:
        return telemetry.query(self.chosen, self.window.query)


async def system_telemetry(  # noqa: PLR0917  what an address can say
    services: TheServices,
    device: TheDevice,
    points: Points = None,
    range: FromQuery[Range] = "day",
    at: FromQuery[date | None] = None,
    from_: Begin = "",
    to: End = "",
    q: FromQuery[str] = "",
) -> Loaded[TelemetryDocument]:
    """The newest value of every datapoint; `q` is in one of its names."""
    wanted = _wanted(services, device, points, range, at, (from_, to))
    words = q.lower().split()
    listed = [point for point in wanted.all if point.holds(words)]
    document = TelemetryDocument(device.sn, latest_values(listed))
    names = LatestValue.__struct_fields__
    rows = ([getattr(value, name) for name in names] for value in document.values)
    shown = {point.id for point in listed if point.numeric}
    view = {
        **_view(services, device, wanted),
        "points": listed,
        "kept": [point.id for point in wanted.chosen if point.id not in shown],
        "q": q,
        "most": telemetry.MOST_POINTS,
    }
    return loaded_tab(device, document, "telemetry", rows, names, view, streams=False)


async def system_history(  # noqa: PLR0917  what an address can say
    services: TheServices,
    device: TheDevice,
    points: Points = None,
    range: FromQuery[Range] = "day",
    at: FromQuery[date | None] = None,
    from_: Begin = "",
    to: End = "",
) -> Loaded[HistoryDocument]:
    """Chosen datapoints over time, with the faults of it: no extreme of any column is lost."""
    wanted = _wanted(services, device, points, range, at, (from_, to))
    window, width = wanted.window, wanted.window.width(COLUMNS)
    addresses = [point.address for point in wanted.chosen]
    found: dict[tuple[str, str], Columns] = {}
    async with services.database.read() as connection:
        present = await faults.present_in(connection, device.record.id, *window.span)
        if device.system is not None:
            found |= await samples.columns(
                connection, device.record.id, device.system, addresses, window.span, width
            )
    after = device.product.offline_after if device.product else OFFLINE_AFTER
    patience = {
        (slot, key): telemetry.patience_of(device.parts[slot], key, after)
        for slot, key in addresses
    }
    document = HistoryDocument(
        device.sn,
        device.zone.name,
        window.begin // 1000,
        window.end // 1000,
        width // 1000,
        list(telemetry.histories(wanted.chosen, found, patience)),
        spans_of(fault_documents(device.parts, present), *window.span, services.clock()),
    )
    lines = telemetry.lines_of(window, device.zone, [found[address] for address in addresses])
    view = {**_view(services, device, wanted), "lines": list(lines)}
    return loaded_tab(device, document, "telemetry", (), (), view, streams=False)


@get(
    twin_route("/systems/{sn:str}/history", "csv"),
    dependencies={"device": Provide(load_device)},
    guards=[needs("telemetry:read")],
    include_in_schema=False,
)
async def history_sheet(  # noqa: PLR0917  what an address can say
    services: TheServices,
    device: TheDevice,
    points: Points = None,
    range: FromQuery[Range] = "day",
    at: FromQuery[date | None] = None,
    from_: Begin = "",
    to: End = "",
) -> Stream:
    """Every value of chosen datapoints, frame by frame, channel after channel."""
    wanted = _wanted(services, device, points, range, at, (from_, to))
    name = f'attachment; filename="{device.sn}-history.csv"'
    lines = _lines(services, device, wanted)
    return Stream(lines, media_type="text/csv", headers={"Content-Disposition": name})


async def _lines(services: Services, device: Device, wanted: Wanted) -> AsyncIterator[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    titles = [f"{p.id} ({p.datapoint.unit})" if p.datapoint.unit else p.id for p in wanted.chosen]
    writer.writerow(["time", "time_shown", "slot", "channel", *titles])
    addresses = [point.address for point in wanted.chosen]
    if device.system is not None:
        async with services.database.read() as connection:
            async for sample in samples.samples(
                connection, device.record.id, device.system, addresses, wanted.window.span
            ):
                head = (iso(sample.time), device.zone.shown(sample.time))
                cells = (*head, sample.slot, sample.channel, *sample.values)
                writer.writerow([safe_cell(cell) for cell in cells])
                if text.tell() > PIECE:
                    yield text.getvalue()
                    text.seek(0)
                    text.truncate()
    yield text.getvalue()


def _wanted(  # noqa: PLR0917  what an address can say
    services: Services,
    device: Device,
    points: list[str] | None,
    range_: Range,
    at: date | None,
    ends: tuple[str, str],
) -> Wanted:
    listed = points_of(device.parts, device.readings)
    window = window_of(device.record.timezone, services.clock(), ends, range_, at)
    return Wanted(listed, chosen_of(listed, points or ()), window)


def _view(services: Services, device: Device, wanted: Wanted) -> dict[str, Any]:
    window, chosen, now = wanted.window, wanted.chosen, services.clock()
    before, after = neighbours(window)
    ways: list[tuple[Range, str]] = [("day", _("Day")), ("week", _("Week"))]

    def asked(said: dict[str, str]) -> str:
        return telemetry.query(chosen, said) if said else ""

    return {
        "drawn": chosen,
        "window": window,
        "wanted": wanted.query,
        "before": asked(before),
        "after": asked(after),
        "others": [(r, word, asked(other(window, r, now))) for r, word in ways],
        "bare": telemetry.query(chosen, {}),
        "here": f"/systems/{device.sn}",
    }


PIECE: Final = 64_000
"""Characters of a sheet that are sent at once."""
TAB: Final = TABS["telemetry"]
ROUTES: Final = [
    *page(
        "/systems/{sn:str}/history",
        "system/history.html.jinja",
        system_history,
        permission=TAB.permission,
        device=load_device,
    )[:2],
    history_sheet,
]
