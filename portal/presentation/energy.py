"""Energy, its renewable share and its money over a period: documents, and charts of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from attrs import frozen
from msgspec import Struct

from core.tariffs.profit import Flows, Profit
from core.telemetry.correcting import Added
from core.telemetry.days import Total
from portal.presentation.bars import Bars, Kind, Place, bars
from portal.presentation.period import Period, query_of
from portal.presentation.quantities import quantity
from portal.texts import N_, translated

ENERGIES: Final = (
    Kind("generation", N_("Generation"), "pv"),
    Kind("consumption", N_("Consumption"), "load"),
    Kind("feed_in", N_("Feed-in"), "grid", hollow=True),
    Kind("purchase", N_("Purchase"), "grid"),
)
MONEY: Final = (
    Kind("saved", N_("Saved"), "load"),
    Kind("income", N_("Income"), "grid", hollow=True),
    Kind("cost", N_("Cost"), "grid"),
)
FIGURES: Final[Mapping[str, str]] = {
    "generation": N_("Generation"),
    "consumption": N_("Consumption"),
    "charged": N_("Charged"),
    "discharged": N_("Discharged"),
    "feed_in": N_("Feed-in"),
    "purchase": N_("Purchase"),
}
FLOWS: Final = ("generation", "consumption", "charged", "discharged", "feed_in", "purchase")
COLUMNS: Final[Mapping[str, str]] = {
    "time": N_("Time"),
    "day": N_("Day"),
    "generation": N_("Generation (kWh)"),
    "consumption": N_("Consumption (kWh)"),
    "charged": N_("Charged (kWh)"),
    "discharged": N_("Discharged (kWh)"),
    "feed_in": N_("Feed-in (kWh)"),
    "purchase": N_("Purchase (kWh)"),
    "renewable": N_("Share not bought"),
    "currency": N_("Currency"),
    "cost": N_("Cost"),
    "income": N_("Income"),
    "saved": N_("Saved"),
    "unpriced_purchase": N_("Purchase without a price (kWh)"),
    "unpriced_feed_in": N_("Feed-in without a price (kWh)"),
    "unpriced_own": N_("Own use without a price (kWh)"),
}
"""What the tables call their columns."""
STEPS: Final = 5
"""Steps of the calendar's colour."""


class EnergyRow(Struct, frozen=True):
    """kWh of an hour ("07:00"), day or month; null is not known."""

    time: str
    generation: float | None = None
    consumption: float | None = None
    charged: float | None = None
    discharged: float | None = None
    feed_in: float | None = None
    purchase: float | None = None


class CorrectionDocument(Struct, frozen=True):
    """kWh that were added to a figure over days, the last one too, by an approved correction."""

    id: int
    figure: str
    first: str
    last: str
    kwh: float


class EnergyDocument(Struct, frozen=True):
    """The energy of a period at the site, by hours, days or months.

    `corrections` are in its days and months; the hours of a day are as the device told them.
    """

    sn: str
    range: str
    first: str
    last: str
    rows: list[EnergyRow]
    corrections: list[CorrectionDocument]

    @property
    def corrected(self) -> list[tuple[int, str, str]]:
        """The corrections for people: number, days, and what was added to which figure."""
        return [(each.id, _days_of(each), _added_to(each)) for each in self.corrections]


class CalendarDay(Struct, frozen=True):
    """How much of a day's consumption (kWh) was not bought: `renewable`, 0 to 1."""

    day: str
    renewable: float | None
    generation: float | None
    consumption: float | None
    purchase: float | None


class CalendarDocument(Struct, frozen=True):
    """The days of a year that anything is known of."""

    sn: str
    year: int
    days: list[CalendarDay]


class ProfitRow(Struct, frozen=True):
    """Exact amounts of a currency by hour, day or month; null is not known.

    The unpriced kWh are those of times for which no tariff holds; then the currency is empty.
    """

    time: str
    currency: str
    cost: str | None = None
    income: str | None = None
    saved: str | None = None
    unpriced_purchase: float | None = None
    unpriced_feed_in: float | None = None
    unpriced_own: float | None = None


class ProfitDocument(Struct, frozen=True):
    """What energy cost, earned and saved in a period, by the tariffs of the site."""

    sn: str
    range: str
    first: str
    last: str
    plans: int
    rows: list[ProfitRow]


@frozen
class Cell:
    """A day of the calendar: its percentage, and in which of STEPS that lies."""

    text: str
    step: int
    address: str
    words: str


@frozen
class Sum:
    """The amounts of a currency over the period, and their chart."""

    currency: str
    amounts: tuple[tuple[Kind, str], ...]
    chart: Bars | None


def correction_documents(added: Iterable[Added]) -> list[CorrectionDocument]:
    return [
        CorrectionDocument(
            each.id, each.figure, each.first.isoformat(), each.last.isoformat(), each.wh / 1000
        )
        for each in added
    ]


def _days_of(each: CorrectionDocument) -> str:
    return each.first if each.first == each.last else f"{each.first} – {each.last}"


def _added_to(each: CorrectionDocument) -> str:
    sign = "+" if each.kwh > 0 else "\u2212"
    return f"{translated(FIGURES[each.figure])} {sign}{quantity(abs(each.kwh), 'kWh')}"


def energy_row(time: str, energy: object) -> EnergyRow:
    values = {name: getattr(energy, name, None) for name in FLOWS}
    return EnergyRow(time, **{n: None if v is None else round(v, 3) for n, v in values.items()})


def energy_chart(document: EnergyDocument, period: Period, path: str) -> Bars | None:
    """Four bars for each row; each leads to its own day or month, an hour nowhere."""
    return bars(
        ENERGIES,
        [
            Place(
                _short(row.time),
                _said(row.time, [(k, _kwh(getattr(row, k.name))) for k in ENERGIES]),
                finer(period, row.time, path),
                tuple(getattr(row, kind.name) for kind in ENERGIES),
            )
            for row in document.rows
        ],
    )


def totals(document: EnergyDocument) -> list[tuple[Kind, str]]:
    """The sums of the period, of what is known."""
    found: list[tuple[Kind, str]] = []
    for kind in ENERGIES:
        known = [v for row in document.rows if (v := getattr(row, kind.name)) is not None]
        found.append((kind, _kwh(sum(known) if known else None)))
    return found


def calendar_document(sn: str, year: int, found: Iterable[Total]) -> CalendarDocument:
    return CalendarDocument(
        sn,
        year,
        [
            CalendarDay(
                each.first.isoformat(),
                None if each.renewable is None else round(each.renewable, 4),
                *(_digits(getattr(each, n)) for n in ("generation", "consumption", "purchase")),
            )
            for each in found
        ],
    )


def calendar_cells(document: CalendarDocument, path: str) -> list[tuple[str, list[Cell | None]]]:
    """The months of the year with a cell for each day, None where nothing is known of it."""
    by_day = {each.day: each for each in document.days}
    months: list[tuple[str, list[Cell | None]]] = []
    for month in range(1, 13):
        begin = f"{document.year}-{month:02}"
        cells = [_cell(by_day.get(f"{begin}-{day:02}"), path) for day in range(1, 32)]
        months.append((begin, cells))
    return months


def profit_rows(found: Iterable[Profit], step: str) -> list[ProfitRow]:
    """A row for each currency of each time, and one for what has no price."""
    rows: list[ProfitRow] = []
    for each in found:
        time = time_text(each.first, step) if each.hour is None else f"{each.hour:02}:00"
        for m in each.money:
            amounts = (_exact(m.cost), _exact(m.income), _exact(m.saved))
            rows.append(ProfitRow(time, m.currency, *amounts))
        free = each.unpriced
        if free != Flows():
            flows = (free.purchase, free.feed_in, free.own)
            rows.append(ProfitRow(time, "", None, None, None, *flows))
    return rows


def profit_sums(
    document: ProfitDocument, times: Sequence[str], period: Period, path: str
) -> list[Sum]:
    """For each currency its sums and bars, over these times."""
    sums: list[Sum] = []
    for currency in sorted({row.currency for row in document.rows if row.currency}):
        own = {row.time: row for row in document.rows if row.currency == currency}
        places = [_money_place(time, own.get(time), period, path) for time in times]
        sums.append(Sum(currency, _amounts(own, currency), bars(MONEY, places)))
    return sums


def unpriced(document: ProfitDocument) -> str:
    """The purchase for which no tariff holds, as people read it; empty where there is none."""
    kwh = sum(row.unpriced_purchase or 0 for row in document.rows)
    return _kwh(kwh) if kwh else ""


def time_text(first: date, step: str) -> str:
    """A day or month as a row calls it."""
    return first.isoformat()[:7] if step == "month" else first.isoformat()


def finer(period: Period, time: str, path: str) -> str:
    """Where the bar of a time leads to: its month, its day, or nowhere."""
    if period.range == "day":
        return ""
    if period.range == "year":
        return f"{path}?{query_of('month', date.fromisoformat(f'{time}-01'))}#charts"
    return f"{path}?{query_of('day', date.fromisoformat(time))}#charts"


def _money_place(time: str, row: ProfitRow | None, period: Period, path: str) -> Place:
    given = tuple(None if row is None else getattr(row, kind.name) for kind in MONEY)
    currency = row.currency if row else ""
    said = [(k, _money(v, currency)) for k, v in zip(MONEY, given, strict=True)]
    values = tuple(None if v is None else float(v) for v in given)
    return Place(_short(time), _said(time, said), finer(period, time, path), values)


def _amounts(own: Mapping[str, ProfitRow], currency: str) -> tuple[tuple[Kind, str], ...]:
    found: list[tuple[Kind, str]] = []
    for kind in MONEY:
        known = [v for row in own.values() if (v := getattr(row, kind.name)) is not None]
        total = str(sum(map(Decimal, known), Decimal())) if known else None
        found.append((kind, _money(total, currency)))
    return tuple(found)


def _cell(day: CalendarDay | None, path: str) -> Cell | None:
    if day is None:
        return None
    address = f"{path}?{query_of('day', date.fromisoformat(day.day))}#charts"
    if day.renewable is None:
        return Cell("–", 0, address, day.day)
    percent = round(100 * day.renewable)
    step = min(int(day.renewable * STEPS) + 1, STEPS)
    return Cell(str(percent), step, address, f"{day.day}: {percent} %")


def _said(time: str, values: Iterable[tuple[Kind, str]]) -> str:
    return f"{time}: " + ", ".join(f"{translated(kind.label)} {text}" for kind, text in values)


def _short(time: str) -> str:
    """What is below the plot: "07" of 07:00, "22" of 2026-11-22, "11" of 2026-11."""
    return time[:2] if ":" in time else time.rpartition("-")[2]


def _kwh(value: float | None) -> str:
    return str(quantity(None if value is None else round(value, 2), "kWh"))


def _money(value: str | None, currency: str) -> str:
    if value is None:
        return "–"
    text = f"{Decimal(value):,.2f}".replace(",", "\u202f").replace("-", "\u2212")
    return f"{text} {currency}"


def _exact(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _digits(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
