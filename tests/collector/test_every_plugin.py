"""Every shipped plugin that speaks Modbus is read from its declarations alone.

The registers of each vector are served by pymodbus, and what the collector makes of them has to
read as the vector's values do.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from core.registry import Channel, Part, Registry, part_of
from core.runtime.collector.line import Line
from core.runtime.collector.plan import LineAddress, plan_of
from core.runtime.collector.reading import SlotReader
from core.site_files import polled_channels
from core.thing_model.polling import register_read
from core.thing_model.product import Mounted
from core.thing_model.site import SiteSlot
from core.vectors import FrameVector, read_vectors
from tests.collector.devices import REGISTRY, Image, served
from tests.servers import HOST

Read = tuple[Part, Channel, FrameVector]


def speaking(registry: Registry) -> list[str]:
    """Plugins with a channel that can be polled."""
    return [
        name
        for name, plugin in registry.plugins.items()
        for variant in [next((c.variant for c in plugin.components), "")]
        if polled_channels(mounted(name, variant))
    ]


def mounted(name: str, variant: str, firmware: str = "") -> Part:
    model = f"{name}.{variant}" if variant else name
    return part_of(REGISTRY.plugins[name], "slot", Mounted(model), firmware)


def frames(name: str) -> Iterator[tuple[Part, str, FrameVector]]:
    parts: dict[tuple[str, str], Part] = {}
    for vector in read_vectors(REGISTRY.plugins[name].file.parent).frames:
        key = (vector.variant, vector.firmware)
        if key not in parts:
            parts[key] = mounted(name, *key)
        if vector.data and vector.channel in polled_channels(parts[key]):
            yield parts[key], vector.channel, vector


def body_of(part: Part, channel: str, vector: FrameVector) -> tuple[int, int, bytes] | None:
    """Function, first register and registers of a vector."""
    read = register_read(part.channels[channel].decoder.layout)
    if read is None:
        return None
    return read.function, read.start, read.framing.unwrap(vector.data)


def test_most_of_the_catalogue_is_polled():
    assert len(speaking(REGISTRY)) > 50


@pytest.mark.parametrize("name", speaking(REGISTRY))
async def test_frames_read_as_the_vectors_say(name: str) -> None:
    proven: set[str] = set()
    cases = list(frames(name))
    for unit in range(0, len(cases), 200):
        proven |= await _read(cases[unit : unit + 200])
    assert proven == {channel for _, channel, _ in cases}
    assert proven


async def _read(cases: list[tuple[Part, str, FrameVector]]) -> set[str]:
    """Each vector is a unit of its own at one gateway."""
    devices = [_image(*case).device(unit) for unit, case in enumerate(cases, 1)]
    proven: set[str] = set()
    async with served(devices) as port:
        line = Line(LineAddress(HOST, port))
        for unit, (part, channel, vector) in enumerate(cases, 1):
            given = SiteSlot(tcp=HOST, port=port, unit=unit, channels=(channel,))
            reader = SlotReader(plan_of(part, given), line)
            (polled,) = reader.polled.channels
            frame = await reader.frame(polled)
            said = part.channels[channel].all_values(frame)
            for key, value in vector.values.items():
                assert said[key] == _value(value), (vector.where, key)
            proven.add(channel)
        line.close()
    return proven


def _value(value: Any) -> Any:
    return pytest.approx(value) if isinstance(value, float) else value


def _image(part: Part, channel: str, vector: FrameVector) -> Image:
    image = Image()
    if (body := body_of(part, channel, vector)) is not None:
        image.put(*body)
    else:
        image.put(3, 40_000, b"SunS" + vector.data + b"\xff\xff\0\0")
    return image
