"""The figures of a system over a day, week, month or year: each a page, and all on its overview."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from attrs import frozen
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery
from msgspec import Struct

from core.access import Access
from core.journal import faults
from core.records import Connection
from core.tariffs import plans
from core.tariffs.profit import Step, profits, profits_of_hours
from core.telemetry import corrections, days
from core.telemetry.curves import curve, energy_of_hours
from core.telemetry.periods import day
from portal.pages.device import Device, TheDevice, load_device
from portal.pages.tabs import device_view
from portal.presentation.curves import PowerDocument, lines_of, series_of, spans_of
from portal.presentation.device import fault_documents
from portal.presentation.energy import (
    COLUMNS,
    CalendarDay,
    CalendarDocument,
    EnergyDocument,
    EnergyRow,
    ProfitDocument,
    ProfitRow,
    calendar_cells,
    calendar_document,
    correction_documents,
    energy_chart,
    energy_row,
    profit_rows,
    profit_sums,
    time_text,
    totals,
    unpriced,
)
from portal.presentation.period import Period, Range, period_of, site_date
from portal.presentation.times import zone_of
from portal.services import Services, TheServices
from portal.signing_in import TheAccess
from portal.texts import N_, _, translated
from portal.twins import Loaded, page

TITLES: Final = {
    "power": N_("Power"),
    "energy": N_("Energy"),
    "calendar": N_("Achievement calendar"),
    "profit": N_("Profit"),
}


@frozen
class Figures:
    """What the charts of an overview show of a period; a part is None where one may not see it."""

    period: Period
    energy: Loaded[EnergyDocument] | None
    calendar: Loaded[CalendarDocument] | None
    profit: Loaded[ProfitDocument] | None


async def system_power(
    services: TheServices, device: TheDevice, at: FromQuery[date | None] = None
) -> Loaded[PowerDocument]:
    """Powers and states of charge of a day in steps of five minutes, with its faults."""
    period = _period(services, device, "day", at)
    span = day(period.at, device.record.timezone)
    async with services.database.read() as connection:
        points = []
        if device.system is not None:
            points = await curve(connection, device.record.id, device.system, span)
        present = await faults.present_in(connection, device.record.id, *span)
    series = series_of(points)
    document = PowerDocument(
        device.sn,
        period.at.isoformat(),
        device.zone.name,
        [point.start // 1000 for point in points],
        series,
        spans_of(fault_documents(device.parts, present), *span, services.clock()),
    )
    header = ("time", *(f"{each.role} ({each.unit})" for each in series))
    rows = list(lines_of(document, device.zone)) if series else []
    titles = [_("Time"), *(f"{each.label} ({each.unit})" for each in series)]
    return _loaded(device, period, "power", document, header, rows, titles=titles)


async def system_energy(
    services: TheServices,
    device: TheDevice,
    range: FromQuery[Range] = "day",
    at: FromQuery[date | None] = None,
) -> Loaded[EnergyDocument]:
    """The energy of a period, by hours, days or months of the site."""
    period = _period(services, device, range, at)
    async with services.database.read() as connection:
        return await _energy(connection, device, period)


async def system_calendar(
    services: TheServices, device: TheDevice, at: FromQuery[date | None] = None
) -> Loaded[CalendarDocument]:
    """The share of each day's consumption in a year that was not bought."""
    period = _period(services, device, "year", at)
    async with services.database.read() as connection:
        return await _calendar(connection, device, period)


async def system_profit(
    services: TheServices,
    device: TheDevice,
    access: TheAccess,
    range: FromQuery[Range] = "day",
    at: FromQuery[date | None] = None,
) -> Loaded[ProfitDocument]:
    """What energy cost, earned and saved in a period, by the tariffs of the site."""
    period = _period(services, device, range, at)
    async with services.database.read() as connection:
        return await _profit(connection, access, device, period)


async def figures_of(
    services: Services, access: Access, device: Device, range_: Range, at: date | None
) -> Figures:
    """Everything that the charts of the overview show, but for the curve, which is fetched."""
    period = _period(services, device, range_, at)
    energy = calendar = profit = None
    async with services.database.read() as connection:
        if access.may("telemetry:read"):
            energy = await _energy(connection, device, period)
            calendar = await _calendar(connection, device, period)
        if access.may("tariffs:read"):
            profit = await _profit(connection, access, device, period)
    return Figures(period, energy, calendar, profit)


async def _energy(connection: Connection, device: Device, period: Period) -> Loaded[EnergyDocument]:
    record = device.record
    if period.range == "day":
        hours = []
        if device.system is not None:
            hours = await energy_of_hours(
                connection, record.id, device.system, period.at, record.timezone
            )
        clock = zone_of(record.timezone, "site")
        found = [energy_row(f"{clock.at(each.start):%H:%M}", each) for each in hours]
    else:
        step = _step(period)
        read = days.months if step == "month" else days.system_days
        kept = {each.first: each for each in await read(connection, record.id, *_ends(period))}
        found = [energy_row(time_text(of, step), kept.get(of)) for of in period.steps()]
    added = await corrections.of_period(connection, record.id, *_ends(period))
    ends = _shown_ends(period)
    document = EnergyDocument(device.sn, period.range, *ends, found, correction_documents(added))
    view = {
        "chart": energy_chart(document, period, _path(device)),
        "totals": totals(document),
        "corrected": document.corrected,
    }
    return _listed(device, period, "energy", document, document.rows, view)


async def _calendar(
    connection: Connection, device: Device, period: Period
) -> Loaded[CalendarDocument]:
    year = period_of("year", period.at, period.today)
    found = await days.system_days(connection, device.record.id, *_ends(year))
    document = calendar_document(device.sn, year.at.year, found)
    known = any(each.renewable is not None for each in document.days)
    view = {"months": calendar_cells(document, _path(device)) if known else []}
    return _listed(device, year, "calendar", document, document.days, view)


async def _profit(
    connection: Connection, access: Access, device: Device, period: Period
) -> Loaded[ProfitDocument]:
    kept = await plans.of_system(connection, device.record.id)
    site_id = await plans.site_of(connection, device.record.id)
    step = _step(period)
    if period.range == "day":
        found = await profits_of_hours(connection, access, device.sn, period.at)
        times = [f"{hour:02}:00" for hour in range(24)]
    else:
        ends = _ends(period)
        found = await profits(connection, access, device.sn, *ends, step=step)
        times = [time_text(of, step) for of in period.steps()]
    rows = profit_rows(found, step) if kept else []
    document = ProfitDocument(device.sn, period.range, *_shown_ends(period), len(kept), rows)
    view = {
        "sums": profit_sums(document, times, period, _path(device)),
        "unpriced": unpriced(document),
        "site_id": site_id,
    }
    return _listed(device, period, "profit", document, document.rows, view)


def _listed(  # noqa: PLR0917  the parts of every page of figures
    device: Device,
    period: Period,
    name: str,
    document: Any,
    rows: list[Any],
    view: dict[str, Any],
) -> Loaded[Any]:
    """A page whose table has a line for each of these documents."""
    header = _COLUMNS[name].__struct_fields__
    lines = [[getattr(row, column) for column in header] for row in rows]
    titles = [translated(COLUMNS[column]) for column in header]
    return _loaded(device, period, name, document, header, lines, titles=titles, **view)


def _loaded(  # noqa: PLR0917  the parts of every page of figures
    device: Device,
    period: Period,
    name: str,
    document: Any,
    header: tuple[str, ...],
    rows: list[Any],
    **view: Any,
) -> Loaded[Any]:
    title = _("%(what)s of %(sn)s", what=translated(TITLES[name]), sn=device.sn)
    crumbs = ((_("ESS systems"), "/systems"), (device.sn, _path(device)))
    shown = {
        **device_view(device, "", streams=False),
        "period": period,
        "figure": name,
        "heading": translated(TITLES[name]),
        "lines": rows,
        **view,
    }
    return Loaded(document, title, rows, header, crumbs, shown)


def _period(services: Services, device: Device, range_: Range, at: date | None) -> Period:
    return period_of(range_, at, site_date(services.clock(), device.record.timezone))


def _step(period: Period) -> Step:
    return "month" if period.range == "year" else "day"


def _ends(period: Period) -> tuple[date, date]:
    return period.first, period.last


def _shown_ends(period: Period) -> tuple[str, str]:
    return period.first.isoformat(), period.last.isoformat()


def _path(device: Device) -> str:
    return f"/systems/{device.sn}"


_COLUMNS: Final[dict[str, type[Struct]]] = {
    "energy": EnergyRow,
    "calendar": CalendarDay,
    "profit": ProfitRow,
}


def _routes() -> Iterator[HTTPRouteHandler]:
    for name, load, permission in (
        ("power", system_power, "telemetry:read"),
        ("energy", system_energy, "telemetry:read"),
        ("calendar", system_calendar, "telemetry:read"),
        ("profit", system_profit, "tariffs:read"),
    ):
        yield from page(
            f"/systems/{{sn:str}}/{name}",
            "system/figures.html.jinja",
            load,
            permission=permission,
            device=load_device,
        )


ROUTES: Final = list(_routes())
