"""Captured frames of a real device, sent once through the broker as the device would."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.registry import Registry, System
from core.runtime import topics
from core.runtime.envelope import Envelope
from core.runtime.mqtt import MqttPublisher
from core.runtime.simulator import Playback, serial_number
from core.runtime.transport import Outgoing
from core.thing_model.messages import Presence
from core.thing_model.problems import DecodeError, ModelError, Problem


def captured_frames(folder: Path) -> dict[str, bytes]:
    """The hex files of a folder by the name that `expected.json` gives them, or their own."""
    listed = _listed(folder) or {p.stem.lower(): p.name for p in sorted(folder.glob("*.hex"))}
    if not listed:
        raise ModelError([Problem(str(folder), "holds no .hex file", "name a folder of captures")])
    try:
        return {
            name: bytes.fromhex((folder / file).read_text(encoding="ascii"))
            for name, file in listed.items()
        }
    except (OSError, ValueError) as error:
        raise ModelError([Problem(str(folder), f"cannot be replayed: {error}")]) from None


def _listed(folder: Path) -> dict[str, str]:
    path = folder / "expected.json"
    cases: list[Mapping[str, Any]] = msgspec.json.decode(path.read_bytes()) if path.exists() else []
    return {name: file for case in cases for name, file in case.get("frames", {}).items()}


def places(
    registry: Registry, frames: Mapping[str, bytes], plugins: Sequence[str]
) -> tuple[System, list[tuple[str, str, bytes]]]:
    """The product model whose channels read all of the frames, and where each of them goes."""
    candidates = [
        registry.system(product)
        for product in registry.products.values()
        if not plugins or {mounted.plugin for _, mounted in product.slots()} & set(plugins)
    ]
    found = [(system, list(_places(system, frames))) for system in candidates]
    best = max(found, key=lambda pair: len(pair[1]), default=None)
    if best is None or len(best[1]) < len(frames):
        what = f"no product model reads all of {', '.join(frames)}"
        raise ModelError([Problem("replay", what, "name the plugin with --plugin")])
    return best


def _places(system: System, frames: Mapping[str, bytes]) -> Iterator[tuple[str, str, bytes]]:
    """A frame goes to the channel of its name if that reads it, or to the only one that does."""
    for name, frame in frames.items():
        reading = [
            (slot, channel.name)
            for slot, part in system.parts.items()
            for channel in part.channels.values()
            if _reads(channel.codec.decode, frame)
        ]
        named = [place for place in reading if place[1] == name]
        if named or len(reading) == 1:
            slot, channel_name = (named or reading)[0]
            yield slot, channel_name, frame


def _reads(decode: Any, frame: bytes) -> bool:
    try:
        decode(frame)
    except DecodeError:
        return False
    return True


async def replay(
    registry: Registry,
    folder: Path,
    playback: Playback,
    *,
    sn: str = "",
    plugins: Sequence[str] = (),
) -> int:
    """Send every captured frame once; how many were sent. Raises ModelError."""
    system, placed = places(registry, captured_frames(folder), plugins)
    sn = sn or serial_number(system.product, 1)
    born = Presence(online=True, product_model=system.product.id, version=system.product.version)
    birth = Outgoing(topics.presence(sn), msgspec.json.encode(born), retain=True)
    boot_id, now = int(time.time()) & 0xFFFF_FFFF, int(time.time() * 1000)
    async with MqttPublisher(playback.address(sn), sn, birth=lambda: birth) as device:
        await device.publish_many(
            Outgoing(topics.frame(sn, slot, channel), Envelope(boot_id, n, now, frame).pack())
            for n, (slot, channel, frame) in enumerate(placed, 1)
        )
    return len(placed)
