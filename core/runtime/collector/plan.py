"""What a collector reads of a site, how often and in which order: nothing is asked yet."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Literal, TypeVar

from attrs import frozen

from core.registry import Channel, Part
from core.site_files import KnownSite, polled_channels
from core.thing_model.datapoint import Datapoint
from core.thing_model.layout.fields import Field
from core.thing_model.layout.layouts import layout_values
from core.thing_model.polling import RegisterRead, register_read
from core.thing_model.site import SiteSlot

Pace = Literal["fast", "slow"]
T = TypeVar("T")


@frozen
class LineAddress:
    """Where a line is and how it is spoken: a TCP connection or a serial port."""

    host: str
    port: int = 0
    framing: Literal["tcp", "rtu"] = "tcp"
    baud: int = 9600
    parity: str = "N"
    stop_bits: int = 1

    @classmethod
    def of(cls, slot: SiteSlot) -> "LineAddress":
        if slot.serial:
            return cls(slot.serial, 0, "rtu", slot.baud, slot.parity, slot.stop_bits)
        return cls(slot.tcp, slot.port, slot.framing)

    @property
    def serial(self) -> bool:
        return self.port == 0

    def __str__(self) -> str:
        if self.serial:
            return f"{self.host} {self.baud} 8{self.parity}{self.stop_bits}"
        return f"{self.host}:{self.port}" + (" (RTU)" if self.framing == "rtu" else "")


@frozen(eq=False)
class PolledChannel:
    """A channel with the read that it means; `read` is None where it is a SunSpec model."""

    channel: Channel
    read: RegisterRead | None
    unit: int
    interval: float

    @property
    def name(self) -> str:
        return self.channel.name


@frozen(eq=False)
class PolledSlot:
    """A component and everything that is read of it."""

    part: Part
    given: SiteSlot
    line: LineAddress
    unit: int
    channels: tuple[PolledChannel, ...]

    @property
    def slot(self) -> str:
        return self.part.slot

    def holding(self, keys: Iterable[str]) -> tuple[PolledChannel, ...]:
        """The channels that show any of these datapoints."""
        wanted = set(keys)
        return tuple(c for c in self.channels if wanted & set(c.channel.keys))


def plan(known: KnownSite) -> tuple[PolledSlot, ...]:
    """Every slot of the site with its channels, in the order of the file and the plugin."""
    parts = known.system.parts
    return tuple(plan_of(parts[slot], given) for slot, given in known.site.slots.items())


def plan_of(part: Part, given: SiteSlot) -> PolledSlot:
    """What is read of one component."""
    channels = tuple(
        _polled(part.channels[name], part, given)
        for name in polled_channels(part)
        if _chosen(name, given)
    )
    unit = given.unit if given.unit is not None else _declared_unit(channels)
    return PolledSlot(part, given, LineAddress.of(given), unit, channels)


def _chosen(name: str, given: SiteSlot) -> bool:
    wanted = not given.channels or any(fnmatchcase(name, pattern) for pattern in given.channels)
    return wanted and not any(fnmatchcase(name, pattern) for pattern in given.skip)


def _declared_unit(channels: Iterable[PolledChannel]) -> int:
    """The unit id to write to: the one that most channels are read from."""
    units = [channel.unit for channel in channels] or [1]
    return max(units, key=units.count)


def _polled(channel: Channel, part: Part, given: SiteSlot) -> PolledChannel:
    read = register_read(channel.decoder.layout)
    declared = read.framing.unit if read else 1
    unit = _named(given.units, channel.name, declared if given.unit is None else given.unit)
    if channel.decoder.interval is not None:
        usual = channel.decoder.interval
    else:
        fast = pace(channel, part.datapoints) == "fast"
        usual = given.interval if fast else given.slow_interval
    return PolledChannel(channel, read, unit, _named(given.intervals, channel.name, usual))


def _named(choices: Mapping[str, T], name: str, usual: T) -> T:
    """The choice for a name: its own, else that of the first pattern that fits."""
    if name in choices:
        return choices[name]
    return next((v for pattern, v in choices.items() if fnmatchcase(name, pattern)), usual)


def pace(channel: Channel, datapoints: Mapping[str, Datapoint]) -> Pace:
    """Whether a channel is read often: if anything in it is measured, a state or a fault.

    Settings, texts, versions and the like change rarely.
    """
    faulty = {fault.datapoint for fault in channel.faults}
    for key, item in layout_values(channel.decoder.layout):
        datapoint = datapoints.get(key)
        if datapoint is None or datapoint.access != "ro":
            continue
        said = datapoint.role or datapoint.unit or datapoint.enum or key in faulty
        if said and (not isinstance(item, Field) or item.numeric):
            return "fast"
    return "slow"
