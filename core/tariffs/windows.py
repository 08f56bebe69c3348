"""When a battery should be charged and discharged by a tariff, and the commands that say so.

It is charged while buying is cheapest and discharged while it is dearest. What a system can be told
follows from its commands (`Command.windows`). Nothing is sent here: `commanding.dry_run` shows what
a request would change. Windows never reach into a dearer or cheaper time: where a device cannot be
told one exactly it becomes shorter, or is left out, and that is said.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, get_args

from attrs import frozen

from core.commanding.parameters import parameters_of
from core.commanding.records import CommandRequest
from core.effective import EffectiveModel
from core.registry import Part
from core.tariffs.tariff import DayType, Tariff, stretches
from core.thing_model.command import WindowAction, WindowEdge
from core.thing_model.layout.fields import Value
from core.thing_model.problems import Problem

HOUR: Final = 60
DAY: Final = 24 * HOUR
ACTIONS: Final[tuple[WindowAction, ...]] = get_args(WindowAction)


@frozen
class Window:
    """A time of every day in which a battery is charged or discharged: minutes since 00:00."""

    action: WindowAction
    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}–{_clock(self.end)}"


@frozen
class Schedule:
    """The windows of a tariff, and the requests that tell a system of them.

    `notes` says what the requests do not say, or what else has to be looked at; `problems` why
    there is no request for an action, or for none.
    """

    windows: tuple[Window, ...]
    requests: tuple[CommandRequest, ...]
    notes: tuple[Problem, ...]
    problems: tuple[Problem, ...]


def windows_of(tariff: Tariff, day_type: DayType) -> tuple[Window, ...]:
    """When buying is cheapest (charge) and dearest (discharge); none where it is always the same.

    Bands of the same price count as one. No window reaches past midnight.
    """
    prices = [tariff.bands[band].buy for band in tariff.cells(day_type)]
    low, high = min(prices), max(prices)
    if low == high:
        return ()
    actions: dict[object, WindowAction] = {low: "charge", high: "discharge"}
    found = [
        Window(actions[price], 30 * start, 30 * end)
        for start, end, price in stretches(prices)
        if price in actions
    ]
    return tuple(sorted(found, key=lambda window: (window.action, window.start)))


def schedule(tariff: Tariff, model: EffectiveModel, day_type: DayType = "weekday") -> Schedule:
    """The requests that make a system follow the windows of a type of day."""
    windows = windows_of(tariff, day_type)
    if not windows:
        what = f"has one buying price on a {day_type}"
        problem = Problem(tariff.name, what, "there is no time to charge or discharge for")
        return Schedule((), (), (), (problem,))
    notes: list[Problem] = []
    problems: list[Problem] = []
    requests: list[CommandRequest] = []
    for action in ACTIONS:
        tables = [table for slot in model.system.parts for table in _tables(model, slot, action)]
        if not tables:
            name = model.system.product.name
            what = f"{name} has no command with windows to {action} a battery in"
            problems.append(Problem(action, what, "set it at the device, or choose another mode"))
        wanted = [window for window in windows if window.action == action]
        for table in tables:
            if table.withheld:
                problems += table.withheld
            else:
                requests += table.requests(wanted, notes)
    if requests:
        other: DayType = "weekend" if day_type == "weekday" else "weekday"
        if windows_of(tariff, other) != windows:
            what = f"has other windows on a {other}"
            notes.append(Problem(tariff.name, what, "the device knows one day: they hold daily"))
        notes += _companions(model, requests)
    return Schedule(windows, tuple(requests), tuple(notes), tuple(problems))


@frozen(eq=False)
class _Table:
    """The windows of an action that the commands of a part can say.

    `keys` has the command and its value for each edge.
    """

    slot: str
    part: Part
    action: WindowAction
    keys: Mapping[WindowEdge, tuple[str, str]]
    withheld: tuple[Problem, ...]

    @property
    def numbers(self) -> list[int]:
        """The windows that have an hour to start and one to end."""
        known = {(e.window, e.edge) for e in self.keys if e.unit == "hour"}
        return sorted({n for n, _ in known if {(n, "start"), (n, "end")} <= known})

    def requests(self, wanted: Sequence[Window], notes: list[Problem]) -> list[CommandRequest]:
        numbers = self.numbers
        said = [each for window in wanted if (each := self._sayable(window, notes)) is not None]
        kept = sorted(said, key=lambda each: each.start - each.end)[: len(numbers)]
        for each in said:
            if each not in kept:
                what = f"{each} is left out: the device knows {len(numbers)} windows"
                notes.append(Problem(self._where, what, "the longest are kept"))
        times = dict(zip(numbers, sorted(kept, key=lambda each: each.start), strict=False))
        values: dict[str, dict[str, Value]] = {}
        for edge, (command, key) in self.keys.items():
            window = times.get(edge.window)
            minutes = 0 if window is None else window.start if edge.edge == "start" else window.end
            parameters = values.setdefault(command, dict(self.part.commands[command].defaults))
            parameters[key] = minutes // HOUR if edge.unit == "hour" else minutes % HOUR
        return [CommandRequest(self.slot, name, each) for name, each in values.items()]

    def _sayable(self, window: Window, notes: list[Problem]) -> Window | None:
        """The window as the device can be told it, within the one that is wanted."""
        start, end = window.start, window.end
        if not self._has("minute"):
            start, end = -(-start // HOUR) * HOUR, end // HOUR * HOUR
        if end == DAY and self._last_hour < DAY // HOUR:
            end = DAY - 1 if self._has("minute") else DAY - HOUR
        if (start, end) == (window.start, window.end):
            return window
        if start >= end:
            notes.append(Problem(self._where, f"{window} is left out", "it is told whole hours"))
            return None
        shorter = Window(window.action, start, end)
        hint = "the device cannot be told these times exactly"
        notes.append(Problem(self._where, f"{window} becomes {shorter}", hint))
        return shorter

    @property
    def _where(self) -> str:
        return f"{self.slot} {self.action}"

    @property
    def _last_hour(self) -> float:
        """The last hour at which all windows can end."""
        ends = [edge for edge in self.keys if edge.edge == "end" and edge.unit == "hour"]
        return min(self._last(*self.keys[edge]) for edge in ends)

    def _last(self, command: str, key: str) -> float:
        parameters = parameters_of(self.part, self.part.commands[command])
        high = next(each.range[1] for each in parameters if each.key == key)
        return DAY // HOUR if high is None else high

    def _has(self, unit: str) -> bool:
        """Whether every edge of every window has such a part."""
        known = {(edge.window, edge.edge) for edge in self.keys if edge.unit == unit}
        return all((n, edge) in known for n in self.numbers for edge in ("start", "end"))


def _tables(model: EffectiveModel, slot: str, action: WindowAction) -> Iterator[_Table]:
    part = model.system.parts[slot]
    keys: dict[WindowEdge, tuple[str, str]] = {}
    withheld: list[Problem] = []
    for name, command in part.commands.items():
        mine = {edge: (name, key) for key, edge in command.windows.items() if edge.action == action}
        keys |= mine
        if mine and not model.offers(name):
            reasons = {str(each) for state in model.withheld[name] for each in state.missing}
            hint = "; ".join(sorted(reasons))
            withheld.append(Problem(f"{slot} {name}", "is not offered for this system", hint))
    table = _Table(slot, part, action, keys, tuple(withheld))
    if table.numbers:
        yield table


def _companions(model: EffectiveModel, requests: Sequence[CommandRequest]) -> Iterator[Problem]:
    """Commands that serve the same functions and are in none of the requests."""
    asked = {request.name for request in requests}
    slots = {request.slot for request in requests}
    for state in model.functions.values():
        if not asked.isdisjoint(state.function.commands):
            for name in state.function.commands:
                for slot in sorted(slots):
                    command = model.system.parts[slot].commands.get(name)
                    if name not in asked and command is not None and not command.windows:
                        what = "belongs to the same function and is not among the requests"
                        yield Problem(f"{slot} {name}", what, command.doc)


def _clock(minutes: int) -> str:
    return f"{minutes // HOUR:02}:{minutes % HOUR:02}"
