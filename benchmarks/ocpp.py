"""What a gateway costs: chargers that send meter values, and how much of the machine it takes.

    python -m benchmarks.ocpp PID ws://127.0.0.1:9000 --chargers 1000 --seconds 60

The gateway runs with --anyone; PID is its process. The chargers are plain sockets here, so that
they cost little.
"""

import argparse
import asyncio
import json
import time
from datetime import UTC, datetime
from itertools import count

import psutil
from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect

PHASES = ("L1", "L2", "L3")


@define
class Tally:
    """Seconds that each answer took, and messages that were refused."""

    waits: list[float] = field(factory=list[float])
    refused: int = 0


def meter_values(number: int) -> dict[str, object]:
    """Three phases of current and voltage, power and energy: what a charger usually says."""
    sampled = [
        {"value": f"{120500 + number}", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        {"value": "11040", "measurand": "Power.Active.Import", "unit": "W"},
        *(
            {"value": "16.1", "measurand": "Current.Import", "phase": phase, "unit": "A"}
            for phase in PHASES
        ),
        *(
            {"value": "231.5", "measurand": "Voltage", "phase": f"{phase}-N", "unit": "V"}
            for phase in PHASES
        ),
    ]
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    value = [{"timestamp": now, "sampledValue": sampled}]
    return {"connectorId": 1, "transactionId": 1, "meterValue": value}


async def said(socket: ClientConnection, number: int, action: str, payload: object) -> bool:
    await socket.send(json.dumps([2, str(number), action, payload]))
    return bool(json.loads(await socket.recv())[0] == 3)


async def charger(url: str, interval: float, delay: float, tally: Tally) -> None:
    await asyncio.sleep(delay)
    options = {"compression": None, "ping_interval": None, "open_timeout": 60}
    async with connect(url, subprotocols=["ocpp1.6"], **options) as socket:  # type: ignore[arg-type, list-item]
        boot = {"chargePointVendor": "Solora", "chargePointModel": "W11"}
        await said(socket, 0, "BootNotification", boot)
        for number in count(1):
            began = time.monotonic()
            if not await said(socket, number, "MeterValues", meter_values(number)):
                tally.refused += 1
            tally.waits.append(time.monotonic() - began)
            await asyncio.sleep(max(0, interval - (time.monotonic() - began)))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pid", type=int)
    parser.add_argument("url")
    parser.add_argument("--chargers", type=int, default=1000)
    parser.add_argument("--interval", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    process, tally = psutil.Process(given.pid), Tally()
    idle = process.memory_info().rss
    ramp = max(given.interval, given.chargers / 50)
    tasks = [
        asyncio.create_task(
            charger(
                f"{given.url}/ocpp/BENCH{n:07}", given.interval, ramp * n / given.chargers, tally
            )
        )
        for n in range(given.chargers)
    ]
    await asyncio.sleep(ramp + given.interval)
    tally.waits.clear()
    began, before = time.monotonic(), process.cpu_times()
    await asyncio.sleep(given.seconds)
    lasted, after = time.monotonic() - began, process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    waits = sorted(tally.waits)
    median, worst = (1e3 * waits[len(waits) * percent // 100] for percent in (50, 99))
    rss = process.memory_info().rss
    failed = [task for task in tasks if task.done()]
    print(f"{given.chargers} chargers, {len(waits) / lasted:.0f} messages/s for {lasted:.0f} s")
    print(f"processor {spent / lasted:.0%} of a core, {spent / len(waits) * 1e3:.2f} ms a message")
    print(f"memory {rss / 2**20:.0f} MiB, {(rss - idle) / given.chargers / 1024:.0f} KiB a charger")
    print(f"answers: median {median:.0f} ms, 99 % {worst:.0f} ms")
    reasons = {repr(task.exception()) for task in failed}
    print(f"{tally.refused} refused, {len(failed)} chargers lost {', '.join(reasons)}")
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


if __name__ == "__main__":
    asyncio.run(main())
