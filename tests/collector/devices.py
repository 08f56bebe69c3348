"""Devices to read: pymodbus serves register images, as a peer that knows nothing of us."""

import asyncio
import os
import threading
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import attrs
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from core.host import load
from tests.servers import HOST, free_port

REGISTRY = load(strict=True)
"""The built-in plugins, loaded once for all of these tests."""

Registers = dict[int, int]


@attrs.define
class Image:
    """Registers of one unit by table, holding (3) and input (4); what is not there is refused."""

    holding: Registers = attrs.field(factory=dict)
    input: Registers = attrs.field(factory=dict)

    def put(self, function: int, start: int, body: bytes) -> None:
        table = self.holding if function == 3 else self.input
        for n in range(0, len(body), 2):
            table[start + n // 2] = int.from_bytes(body[n : n + 2], "big")

    def device(self, unit: int, action: Any = None) -> SimDevice:
        coils = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        tables = (coils, coils, _blocks(self.holding), _blocks(self.input))
        return SimDevice(unit, simdata=tables, action=action)


def _blocks(table: Mapping[int, int]) -> list[SimData]:
    """Runs of registers; one at the far end stands in for a table without any."""
    runs: list[tuple[int, list[int]]] = []
    for address in sorted(table):
        if runs and runs[-1][0] + len(runs[-1][1]) == address:
            runs[-1][1].append(table[address])
        else:
            runs.append((address, [table[address]]))
    return [
        SimData(first, values=values, datatype=DataType.REGISTERS)
        for first, values in runs or [(65535, [0])]
    ]


@asynccontextmanager
async def served(
    devices: Iterable[SimDevice], *, framer: FramerType = FramerType.SOCKET, port: int = 0
) -> AsyncIterator[int]:
    """Serve devices by TCP; gives the port."""
    port = port or free_port()
    server = ModbusTcpServer(list(devices), framer=framer, address=(HOST, port))
    await server.serve_forever(background=True)
    try:
        yield port
    finally:
        await server.shutdown()


@contextmanager
def served_aside(devices: Iterable[SimDevice]) -> Iterator[int]:
    """Serve devices from a thread, for what has a loop of its own; gives the port."""
    loop, port = asyncio.new_event_loop(), free_port()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    context = served(devices, port=port)
    asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(10)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@asynccontextmanager
async def served_on_a_line(devices: Iterable[SimDevice], tmp_path: Path) -> AsyncIterator[Path]:
    """Serve devices on a serial line made of two pseudo terminals; gives the collector's end."""
    ends = [os.openpty() for _ in range(2)]
    for pair in ends:
        for descriptor in pair:
            tty.setraw(descriptor)
    ours, theirs = (os.ttyname(slave) for _, slave in ends)
    masters = [master for master, _ in ends]
    loop = asyncio.get_running_loop()
    for source, sink in (masters, reversed(masters)):
        loop.add_reader(source, lambda a=source, b=sink: os.write(b, os.read(a, 4096)))
    server = ModbusSerialServer(list(devices), port=theirs, framer=FramerType.RTU, baudrate=115200)
    await server.serve_forever(background=True)
    try:
        yield Path(ours)
    finally:
        await server.shutdown()
        for master, slave in ends:
            loop.remove_reader(master)
            os.close(master)
            os.close(slave)


Answer = Callable[[bytes], Awaitable[bytes | None] | bytes | None]


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[int]:
    """A TCP server that gives to each request the bytes that `answer` makes, or nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.read(300):
                said = answer(request)
                if said is not None and not isinstance(said, bytes):
                    said = await said
                if said:
                    writer.write(said)
                    await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
