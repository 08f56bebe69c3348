"""Plays a system from its own declarations: what happens in its house, said in its own frames.

Values with a role follow the house. All others are those of the best proved plausible vector of
their channel, so that a simulated device says what a real one does; where nobody captured one, a
quantity without a declared range is 0. Faults are off, unless one is played: it comes and goes.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from attrs import define, field

from core.registry import Channel, Part, System
from core.simulation.house import Flow, House
from core.simulation.sky import Weather, place_of
from core.thing_model.datapoint import Datapoint, total
from core.thing_model.fault import Fault
from core.thing_model.layout.codec import Codec
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.problems import DecodeError, EncodeError
from core.vectors import ORIGINS, FrameVector, Vectors, read_vectors

FAULT_PERIOD: Final = 30
FAULT_LENGTH: Final = 20
"""Minutes from one beginning of a played fault to the next, and to its end."""


@define(eq=False)
class SimulatedSystem:
    """One system that speaks. `sn` seeds everything about it, so that it is the same every time."""

    sn: str
    system: System
    zone: str = "UTC"
    fault: tuple[str, Fault] | None = None
    flow: Flow = field(init=False)
    bases: dict[tuple[str, str], Mapping[str, Value]] = field(init=False, repr=False)
    written: dict[tuple[str, str], Value] = field(factory=dict[tuple[str, str], Value], repr=False)
    now: datetime | None = None

    def __attrs_post_init__(self) -> None:
        chance = random.Random(self.sn)  # noqa: S311  a simulated house, not a secret
        weather = Weather(place_of(self.zone), self.sn)
        self.flow = Flow(self._house(chance), weather, self.zone, chance, chance.uniform(20, 80))
        self.bases = {
            (slot, name): _base(part, channel)
            for slot, part in self.system.parts.items()
            for name, channel in part.channels.items()
        }

    def _house(self, chance: random.Random) -> House:
        roles, size = self.system.roles, chance.choice((0.6, 0.8, 1, 1.2))
        return House(
            pv_peak=8000 * size if "pv.power" in roles else 0,
            storage=10 * size if "battery.power" in roles else 0,
            storage_power=5000 * size,
            base_load=chance.uniform(150, 350),
            heating=chance.choice((0, 40, 80)),
            charger=7400 if "charger.power" in roles else 0,
        )

    def frames(self, now: datetime, *, settings: bool = True) -> Iterator[tuple[str, str, bytes]]:
        """Slot, channel and payload of what the system says at this moment (UTC).

        Without `settings` the channels are left out on which all values can be written.
        """
        since = self.now or now - timedelta(seconds=10)
        self.now = now
        self.flow.advance(since, now)
        for slot, part in self.system.parts.items():
            for name, channel in part.channels.items():
                if not settings and _is_settings(part, channel):
                    continue
                base = self.bases[slot, name]
                said = self._roles(slot, part, channel) | self._clocks(channel, base, now)
                said |= self._told(slot, channel, now)
                values = {**base, **said, **_in_other_words(channel, base, said)}
                yield slot, name, encode_nearest(channel.codec, values)

    def _roles(self, slot: str, part: Part, channel: Channel) -> dict[str, Value]:
        house = {**self.flow.readings, **self.flow.counters}
        said: dict[str, Value] = {}
        for role, sources in self.system.roles.items():
            places = len({source.about for source in sources})
            for source in sources:
                if source.slot != slot or role not in house or not source.factor:
                    continue
                value = house[role] / source.factor / (places if role.startswith("pv.") else 1)
                said |= _spread(part.datapoints[source.key], value, self.bases[slot, channel.name])
        return said

    def _clocks(
        self, channel: Channel, values: Mapping[str, Value], now: datetime
    ) -> dict[str, Value]:
        local = now.astimezone(ZoneInfo(self.zone)).replace(microsecond=0, tzinfo=None).isoformat()
        return {key: local for key in channel.codec.keys if _is_clock(values.get(key))}

    def _told(self, slot: str, channel: Channel, now: datetime) -> dict[str, Value]:
        """What commands have set, and the fault that is played, if it is there just now."""
        said = {k: v for (where, k), v in self.written.items() if where == slot}
        if self.fault and self.fault[0] == slot and self.is_faulty(now):
            said[self.fault[1].datapoint] = _said_by(self.fault[1])
        return {key: value for key, value in said.items() if key in channel.codec.keys}

    def is_faulty(self, now: datetime) -> bool:
        """Whether a played fault is there: for two thirds of each half-hour of its own."""
        minute = int(now.timestamp() // 60) + sum(self.sn.encode())
        return self.fault is not None and minute % FAULT_PERIOD < FAULT_LENGTH

    def log_lines(self) -> Iterator[tuple[str, str]]:
        """Slot and text of the lines that the vectors of its plugins hold."""
        for slot, part in self.system.parts.items():
            for vector in _vectors(part.plugin.folder).logs:
                yield slot, vector.line

    def obey(self, slot: str, command: str, frame: bytes) -> str | None:
        """Carry out a command as its bytes say; the reason if it is refused."""
        part = self.system.parts.get(slot)
        declared = part.commands.get(command) if part else None
        if declared is None:
            return f"{slot} knows no command {command!r}"
        codec = compile_layout(declared.writes)
        try:
            values = dict(zip(codec.keys, codec.decode(frame), strict=True))
        except DecodeError as error:
            return f"cannot read the command: {error}"
        self.written |= {(slot, key): value for key, value in values.items()}
        return None


@cache
def _vectors(folder: Path) -> Vectors:
    return read_vectors(folder)


@cache
def _base(part: Part, channel: Channel) -> Mapping[str, Value]:
    """The values of the channel's best plausible vector, faults cleared."""
    values = next(_plausible(part, channel), dict.fromkeys(channel.codec.keys))
    cleared = {fault.datapoint for fault in channel.faults}
    cleared.update(key for d in channel.computed if d.key in cleared for key in d.of)
    cleared.update(twin for key in list(cleared) for twin in _twins(channel).get(key, ()))
    return {k: _without_fault(channel, k, v) if k in cleared else v for k, v in values.items()}


def _without_fault(channel: Channel, key: str, value: Value) -> Value:
    """0 has no bit set; a text that tells of no fault may stay."""
    own = [fault for fault in channel.faults if fault.datapoint == key]
    if all(fault.names is None for fault in own):
        return 0
    return None if any(fault.raised(value) for fault in own) else value


def _plausible(part: Part, channel: Channel) -> Iterator[dict[str, Value]]:
    vectors = _vectors(part.plugin.folder).frames
    for vector in sorted(vectors, key=lambda v: ORIGINS.index(v.origin)):
        if vector.channel != channel.name or vector.unavailable or vector.partial:
            continue
        if vector.variant not in (channel.decoder.variants or ("",)):
            continue
        try:
            values = channel.codec.decode_checked(vector.data)
        except DecodeError:
            continue
        said = zip(channel.codec.keys, values, strict=True)
        yield {k: v if _is_likely(vector, part.datapoints[k], v) else 0 for k, v in said}


def _is_likely(vector: FrameVector, datapoint: Datapoint, value: Value) -> bool:
    """Whether a device would say it: vectors from tables hold patterns that tell fields apart."""
    if vector.origin in ("captured", "vendor") or not isinstance(value, int | float):
        return True
    return datapoint.range is not None or not datapoint.unit


@cache
def _twins(channel: Channel) -> Mapping[str, tuple[str, ...]]:
    """For each key the others that are said by the same bytes, as a number and as its label."""
    base = encode_nearest(channel.codec, dict.fromkeys(channel.codec.keys, 0))
    spans = {key: trace.spans for key, trace in channel.codec.trace(base).items()}
    return {k: tuple(o for o in spans if o != k and spans[o] == spans[k]) for k in spans}


def _in_other_words(
    channel: Channel, base: Mapping[str, Value], said: Mapping[str, Value]
) -> dict[str, Value]:
    """What is said, said alike under the other keys of the same bytes that said the same before."""
    twins = _twins(channel)
    return {
        twin: value
        for key, value in said.items()
        for twin in twins.get(key, ())
        if base.get(twin) == base.get(key) and twin not in said
    }


def _spread(datapoint: Datapoint, value: float, base: Mapping[str, Value]) -> dict[str, Value]:
    """The value where a frame holds it, and inputs from which it follows where it is computed.

    A total is shared out equally. Of any other function the last input is solved for; where that
    would be negative and the first can do it alone (charging less discharging), that one is.
    """
    said: dict[str, Value] = {datapoint.key: value} if datapoint.key in base else {}
    inputs = [key for key in datapoint.of if key in base]
    if datapoint.computed is total:
        return said | {key: value / len(inputs) for key in inputs}
    if datapoint.computed is None or inputs != list(datapoint.of):
        return said
    first, *_, last = (inputs[0], *inputs)
    solved = _solved(datapoint, value, last, base)
    if solved is None or solved >= 0:
        return said if solved is None else said | {last: solved}
    alone = _solved(datapoint, value, first, {**base, last: 0})
    return said | ({last: solved} if alone is None or alone < 0 else {first: alone, last: 0})


def _solved(
    datapoint: Datapoint, value: float, key: str, base: Mapping[str, Value]
) -> float | None:
    """What an input must be for a computed value, if the function is linear in it."""
    at_0, at_1 = (datapoint.compute({**base, key: x}) for x in (0, 1))
    if not isinstance(at_0, int | float) or not isinstance(at_1, int | float) or at_0 == at_1:
        return None
    return (value - at_0) / (at_1 - at_0)


def _said_by(fault: Fault) -> int | str:
    if fault.names is not None:
        return fault.names
    return 1 << fault.bit if fault.bit is not None else fault.equals or 0


def _is_settings(part: Part, channel: Channel) -> bool:
    return all(part.datapoints[key].access != "ro" for key in channel.codec.keys)


def _is_clock(value: Value) -> bool:
    return isinstance(value, str) and len(value) == 19 and value[10] == "T"


def encode_nearest(codec: Codec, values: Mapping[str, Value]) -> bytes:
    """The frame of these values; what the layout cannot say is said as 0 or left out."""
    sayable = dict(values)
    for fallback in (0, None):
        for _ in range(len(sayable)):
            try:
                return codec.encode(sayable)
            except EncodeError as error:
                if error.datapoint not in codec.keys or sayable.get(error.datapoint) == fallback:
                    break
                sayable[error.datapoint] = fallback
    return codec.encode(sayable)
