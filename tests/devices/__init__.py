"""Devices for tests, their registry, and their messages."""

import struct
from pathlib import Path

from core.host import Host
from core.registry import Registry
from core.runtime import topics
from core.runtime.envelope import Envelope
from core.runtime.transport import Message

SN = "BENCH0000001"
OTHER = "BENCH0000002"
MINUTE = 60_000
START = 1_800_000_000_000
"""2027-01-15: when tests take place."""


def bench_registry() -> Registry:
    """The plugins of this folder, and no others."""
    host = Host(strict=True)
    host.load_folder(Path(__file__).parent, "folder")
    return host.registry()


def running(pv: int = 1000, battery: int = -500, soc: int = 805, faults: int = 0) -> bytes:
    """The bytes of channel "running": W, W (+ is discharging), 0.1 %, bits."""
    return struct.pack(">HhHH", pv, battery, soc, faults)


def settings(limit: int = 5000, mode: int = 0, current: int = 40) -> bytes:
    """The bytes of channel "settings": W, number, 0.5 A."""
    return struct.pack(">HHH", limit, mode, current)


def meters(pv: int = 1000, charged: int = 100, temperature: int = 250) -> bytes:
    """The bytes of channel "meters": Wh, Wh that roll over at 65,536, 0.1 degC."""
    return struct.pack(">IHh", pv, charged, temperature)


def frame(
    sequence: int,
    body: bytes | None = None,
    *,
    sn: str = SN,
    slot: str = "inverter",
    channel: str = "running",
    boot_id: int = 1,
    device_time: int | None = None,
    late: bool = False,
) -> Message:
    """A frame as it comes, by default one per second since START."""
    topic = (topics.backfill if late else topics.frame)(sn, slot, channel)
    time = START + 1000 * sequence if device_time is None else device_time
    payload = Envelope(boot_id, sequence, time, running() if body is None else body)
    return Message(topic, payload.pack(), sequence)
