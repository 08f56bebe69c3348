"""Pictures of a grid specification: where in voltage, frequency and time it trips, and its curves.

Everything is in the pixels of a chart; the template only draws it. What nobody read in a source is
`doubtful` and drawn hatched.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import frozen

from core.plugin import Plugin
from core.thing_model.grid_spec import GridCurve, GridLimit, GridParameter, GridSpec
from portal.presentation.catalogue import beyond
from portal.presentation.charts import Area, Axis, Box, Chart, Label, Mark, Tick, corners, scale
from portal.presentation.device import is_doubtful
from portal.presentation.quantities import number, quantity
from portal.presentation.times import duration
from portal.texts import N_, _, translated

TEN_MINUTES: Final = 600.0
TIMES: Final = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
"""Decades of the time axis, in seconds."""
TRIP_BOX: Final = Box(700, 300, 48, 26, 380, 256)
CURVE_BOX: Final = Box(330, 240, 48, 26, 314, 196)
LABEL_STEP: Final = 15.0
"""Pixels between the labels beside a chart."""
QUANTITIES: Final = {"voltage": (N_("Voltage"), "V"), "frequency": (N_("Frequency"), "Hz")}
AXES: Final = {
    "V": N_("Voltage in V"),
    "pu": N_("Voltage, share of nominal"),
    "Hz": N_("Frequency in Hz"),
}


@frozen
class GridPicture:
    """Trip areas over time, then curves; `untimed` where a stage has no time."""

    trips: tuple[Chart, ...]
    curves: tuple[Chart, ...]

    @property
    def untimed(self) -> bool:
        return any(not mark.timed for chart in self.trips for mark in chart.marks)


def grid_picture(plugin: Plugin, spec: GridSpec) -> GridPicture:
    """The charts that the declared stages, curves and settings of a specification make."""
    trips = tuple(_trips(plugin, spec))
    curves = [_curve(curve, spec, _doubt(plugin, curve)) for curve in spec.curves]
    if derived := _frequency_watt(plugin, spec):
        curve, doubt = derived
        curves.append(_curve(curve, spec, doubt))
    return GridPicture(trips, tuple(curves))


def _doubt(plugin: Plugin, row: GridLimit | GridCurve | GridParameter) -> bool:
    return row.basis == "recalled" or is_doubtful(plugin.confidence_of(row))


# --- where it trips ------------------------------------------------------------------------------


def _trips(plugin: Plugin, spec: GridSpec) -> Iterator[Chart]:
    nominals = {"voltage": spec.nominal_voltage, "frequency": spec.nominal_frequency}
    for quantity_, nominal in nominals.items():
        limits = [limit for limit in spec.limits if limit.quantity == quantity_]
        if limits:
            doubts = [_doubt(plugin, limit) for limit in limits]
            yield _trip_chart(quantity_, nominal, limits, doubts)


def _trip_chart(
    quantity_: str, nominal: float, limits: list[GridLimit], doubts: list[bool]
) -> Chart:
    marked, unit = QUANTITIES[quantity_]
    name = translated(marked)
    box = TRIP_BOX
    x = Axis(TIMES[0], TIMES[-1], box.left, box.right, decades=True)
    low, high, ticks = scale([nominal, *(limit.value for limit in limits)])
    y = Axis(low, high, box.bottom, box.top)
    told = list(zip(limits, doubts, strict=True))
    stages = "; ".join(_words(limit, doubt) for limit, doubt in told)
    sentence = _(
        "%(name)s, nominal %(nominal)s, trips %(stages)s.",
        name=name,
        nominal=quantity(nominal, unit),
        stages=stages,
    )
    return Chart(
        _("%(name)s and time", name=name),
        _("Time in s (logarithmic)"),
        _("%(name)s in %(unit)s", name=name, unit=unit),
        sentence,
        box,
        tuple(Tick(x.at(time), f"{time:g}") for time in TIMES),
        tuple(Tick(y.at(value), number(value)) for value in ticks),
        tuple(sorted(_areas(told, x, y), key=lambda area: not area.doubtful)),
        any(doubts),
        marks=tuple(_mark(limit, x, y) for limit in limits),
        labels=tuple(_labels(told, y, box)),
        nominal=Tick(y.at(nominal), _("nominal")),
    )


def starts_after(limit: GridLimit) -> float | None:
    """Seconds that a steady excess lasts before the stage acts; a ten-minute mean needs these."""
    if limit.time is None or limit.timing == "average" or "10min" not in limit.protection:
        return limit.time
    return TEN_MINUTES + limit.time


def _areas(told: Iterable[tuple[GridLimit, bool]], x: Axis, y: Axis) -> Iterator[Area]:
    for limit, doubt in told:
        time = starts_after(limit)
        if time is None:
            continue
        left, right, edge = x.at(time), x.end, y.at(limit.value)
        far = y.end if limit.above else y.start
        yield Area(corners([(left, edge), (right, edge), (right, far), (left, far)]), doubt)


def _mark(limit: GridLimit, x: Axis, y: Axis) -> Mark:
    time = starts_after(limit)
    at = x.start if time is None else x.at(time)
    return Mark(at, y.at(limit.value), limit.above, time is not None)


def _labels(told: Iterable[tuple[GridLimit, bool]], y: Axis, box: Box) -> Iterator[Label]:
    """Beside the plot from top to bottom, moved apart as far as they need."""
    ordered = sorted(told, key=lambda one: y.at(one[0].value))
    places = _apart([y.at(limit.value) for limit, _doubtful in ordered], box.top, box.bottom)
    for place, (limit, doubt) in zip(places, ordered, strict=True):
        name = limit.protection.removesuffix("_10min").replace("_", " ")
        text = f"{name} {quantity(limit.value, limit.unit)}, {_time(limit)}"
        yield Label(
            place, y.at(limit.value), _("%(text)s, unverified", text=text) if doubt else text, doubt
        )


def _apart(wanted: list[float], low: float, high: float) -> list[float]:
    """Rising places, a label's height apart; those that leave the plot below push back up."""
    places: list[float] = []
    for at in wanted:
        places.append(max(at, places[-1] + LABEL_STEP if places else low))
    limit = high
    for index in reversed(range(len(places))):
        places[index] = round(min(places[index], limit), 1)
        limit = places[index] - LABEL_STEP
    return places


def _time(limit: GridLimit) -> str:
    if limit.time is None:
        return _("time not stated")
    time = duration(limit.time)
    if limit.timing == "average":
        return _("%(time)s mean", time=time)
    text = _("at most %(time)s", time=time) if limit.timing == "maximum" else time
    if "10min" not in limit.protection:
        return text
    return _("10 min mean + %(time)s", time=text) if limit.time else _("10 min mean")


def _words(limit: GridLimit, doubt: bool) -> str:  # noqa: FBT001  a row and whether to trust it
    text = f"{beyond(limit)}, {_time(limit)}"
    return _("%(text)s (unverified)", text=text) if doubt else text


# --- curves --------------------------------------------------------------------------------------


def _curve(curve: GridCurve, spec: GridSpec, doubt: bool) -> Chart:  # noqa: FBT001
    box = CURVE_BOX
    x_low, x_high, x_ticks = scale([place[0] for place in curve.points])
    y_low, y_high, y_ticks = scale([0, *(place[1] for place in curve.points)])
    x = Axis(x_low, x_high, box.left, box.right)
    y = Axis(y_low, y_high, box.bottom, box.top)
    dots = [(x.at(px), y.at(py)) for px, py in curve.points]
    foot = [(x.at(curve.points[-1][0]), y.at(0)), (x.at(curve.points[0][0]), y.at(0))]
    places = ", ".join(
        _("%(x)s gives %(y)s", x=quantity(px, curve.x_unit), y=number(py))
        for px, py in curve.points
    )
    if doubt:
        places = _("%(text)s (unverified)", text=places)
    title = curve.name.replace("_", " ").capitalize()
    sentence = _(
        "%(title)s in %(unit)s: %(places)s.", title=title, unit=curve.y_unit, places=places
    )
    nominals = {"V": spec.nominal_voltage, "Hz": spec.nominal_frequency, "pu": 1.0}
    nominal = nominals.get(curve.x_unit)
    return Chart(
        title,
        translated(AXES.get(curve.x_unit, curve.x_unit)),
        curve.y_unit,
        sentence,
        box,
        tuple(Tick(x.at(value), number(value)) for value in x_ticks),
        tuple(Tick(y.at(value), number(value)) for value in y_ticks),
        (Area(corners([*dots, *foot]), doubt),),
        doubt,
        dots=tuple(dots),
        nominal=Tick(x.at(nominal), _("nominal")) if nominal and x_low < nominal < x_high else None,
    )


def _frequency_watt(plugin: Plugin, spec: GridSpec) -> tuple[GridCurve, bool] | None:
    """The change of power that the settings say, to the farthest stage or by 100 %."""
    rows = {p.name: p for p in spec.parameters if p.function == "frequency_watt"}
    nominal, stages = spec.nominal_frequency, [x for x in spec.limits if x.quantity == "frequency"]
    points: list[tuple[float, float]] = [(nominal, 0)]
    used: list[GridParameter] = []
    for side, sign in (("under", -1), ("over", 1)):
        reach = [stage.value for stage in stages if stage.above == (sign > 0)]
        if not reach or (said := _slope(rows, side, sign, nominal)) is None:
            continue
        start, slope, settings = said
        way = min(max(sign * (stage - start) for stage in reach), 100 / slope)
        if way <= 0:
            continue
        points += [(start, 0), (start + sign * way, -sign * way * slope)]
        used += settings
    if not used:
        return None
    doubt = any(_doubt(plugin, row) for row in used)
    name, unit = _("frequency_watt (from its settings)"), _("change of power, %Pn")
    return GridCurve(name, "Hz", unit, tuple(sorted(points))), doubt


def _slope(
    rows: Mapping[str, GridParameter], side: str, sign: int, nominal: float
) -> tuple[float, float, list[GridParameter]] | None:
    """Where power begins to change, %Pn per Hz, and the settings that say so; both above 0."""
    by_droop = [rows.get(f"{side}_deadband"), rows.get(f"{side}_droop")]
    by_slope = [rows.get("over_start"), rows.get("slope")] if sign > 0 else []
    for settings in (by_droop, by_slope):
        known = [row for row in settings if row is not None]
        values = [row.value for row in known if not isinstance(row.value, bool | str)]
        if len(values) < 2 or min(values) <= 0:
            continue
        first, second = values
        if settings is by_slope:
            return first, second, known
        return nominal + sign * first, 100 / (second * nominal), known
    return None
