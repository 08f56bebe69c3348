"""Modbus requests by pymodbus, the only module that knows it.

pymodbus drops what it cannot make sense of and then reports that nobody answered. The bytes it was
given tell which of the two happened, so they are looked at when a request has failed.
"""

import asyncio
import logging
import struct
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from attrs import define, field
from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from core.runtime.collector.plan import LineAddress
from core.thing_model.layout.framing import MODBUS_EXCEPTIONS, crc16

Fault = Literal[
    "no connection",
    "no answer",
    "exception",
    "wrong CRC",
    "truncated",
    "wrong unit",
    "wrong function",
    "wrong answer",
]

ILLEGAL: Final = (2, 3)
"""Exceptions that say the block cannot be read so: illegal address, illegal value (count)."""
BUSY: Final = (5, 6)
"""Exceptions after which the same request may be answered."""

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what it logs is said here, once


class ModbusError(Exception):
    """A request that did not get its answer. `exception` is the code a device refused it with."""

    def __init__(self, fault: Fault, reason: str, exception: int = 0) -> None:
        self.fault: Fault = fault
        self.exception = exception
        super().__init__(reason)


@define(eq=False)
class ModbusConnection:
    """A line to devices, opened and closed by hand; one request at a time."""

    address: LineAddress
    timeout: float = 2.0
    _client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = field(init=False, default=None)
    _heard: bytes = field(init=False, default=b"")
    _unfit: ModbusError | None = field(init=False, default=None)

    @property
    def is_open(self) -> bool:
        return self._client is not None and self._client.connected

    def set_timeout(self, seconds: float) -> None:
        """How long the next answers are waited for."""
        self.timeout = seconds
        if self._client is not None:
            self._client.comm_params.timeout_connect = seconds
            self._client.ctx.comm_params.timeout_connect = seconds

    async def open(self, patience: float) -> None:
        """Connect within `patience` seconds; raises ModbusError."""
        self.close()
        self.timeout = patience
        client = self._new_client()
        try:
            opened = await client.connect()
        except (OSError, ModbusException) as error:
            raise ModbusError("no connection", f"{self.address}: {error}") from error
        if not opened:
            client.close()
            hint = "is it plugged in, and may this user open it" if self.address.serial else "is it"
            hint += "?" if self.address.serial else " switched on, and is its Modbus enabled?"
            raise ModbusError("no connection", f"{self.address} cannot be opened: {hint}")
        self._client = client

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def read(self, function: int, start: int, count: int, unit: int) -> bytes:
        """The registers as bytes, high byte first, two for each; raises ModbusError."""
        client = self._opened()
        ask = client.read_holding_registers if function == 3 else client.read_input_registers
        answer = await self._answered(
            lambda: ask(start, count=count, device_id=unit), function, unit
        )
        registers = answer.registers
        if len(registers) != count:
            what = f"{len(registers)} registers came, {count} were asked for"
            raise ModbusError("truncated", what)
        return struct.pack(f">{count}H", *registers)

    async def write(self, function: int, start: int, body: bytes, unit: int) -> None:
        """Write registers at once, function 6 for one, 16 for a block; raises ModbusError."""
        client = self._opened()
        values = list(struct.unpack(f">{len(body) // 2}H", body))
        if function == 6:
            answer = await self._answered(
                lambda: client.write_register(start, values[0], device_id=unit), function, unit
            )
            echoed = answer.address == start and list(answer.registers) == values
        else:
            answer = await self._answered(
                lambda: client.write_registers(start, values, device_id=unit), function, unit
            )
            echoed = answer.address == start and answer.count == len(values)
        if not echoed:
            raise ModbusError("wrong answer", "the device confirms another write than was sent")

    async def _answered(
        self, ask: Callable[[], Awaitable[ModbusPDU]], function: int, unit: int
    ) -> ModbusPDU:
        self._heard, self._unfit = b"", None
        try:
            answer = await ask()
        except (ModbusException, OSError, struct.error) as error:
            raise self._explained(error, function, unit) from error
        if answer.isError():
            code = answer.exception_code
            meaning = MODBUS_EXCEPTIONS.get(code, "not a standard code")
            raise ModbusError("exception", f"exception {code} ({meaning})", code)
        if answer.function_code != function:
            what = f"function {answer.function_code} was answered, {function} asked"
            raise ModbusError("wrong function", what)
        return answer

    def _explained(self, error: Exception, function: int, unit: int) -> ModbusError:
        if self._unfit is not None:
            return self._unfit
        if not self.is_open:
            return ModbusError("no connection", f"{self.address}: the connection was lost")
        if not self._heard:
            return ModbusError("no answer", f"no answer within {self.timeout:g} s")
        if self.address.framing == "tcp":
            return _unfit_tcp(self._heard, unit) or ModbusError("truncated", _ended(self._heard))
        return _unfit_rtu(self._heard, function, unit) or ModbusError("no answer", str(error))

    def _opened(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        if self._client is None or not self._client.connected:
            raise ModbusError("no connection", f"{self.address}: the connection was lost")
        return self._client

    def _trace(self, sending: bool, data: bytes) -> bytes:  # noqa: FBT001  pymodbus's signature
        """Remember what came; an answer on which pymodbus would trip is kept from it."""
        if sending:
            return data
        self._heard = data
        if self.address.framing == "tcp" and (unfit := _lying_tcp(data)):
            self._unfit = unfit
            return b""
        return data

    def _new_client(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        if self.address.serial:
            return AsyncModbusSerialClient(
                self.address.host,
                baudrate=self.address.baud,
                parity=self.address.parity,
                stopbits=self.address.stop_bits,
                timeout=self.timeout,
                retries=0,
                reconnect_delay=0,
                trace_packet=self._trace,
            )
        rtu = self.address.framing == "rtu"
        return AsyncModbusTcpClient(
            self.address.host,
            port=self.address.port,
            framer=FramerType.RTU if rtu else FramerType.SOCKET,
            timeout=self.timeout,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._trace,
        )


async def settle(seconds: float) -> None:
    """Wait for what may still come: a late answer must not pass for that of the next request."""
    await asyncio.sleep(seconds)


def _lying_tcp(data: bytes) -> ModbusError | None:
    """An answer that is complete by its header and says another count than it holds."""
    if len(data) < 9 or len(data) < 6 + int.from_bytes(data[4:6], "big"):
        return None
    room = int.from_bytes(data[4:6], "big") - 3
    if data[2:4] == b"\0\0" and data[7] in (3, 4) and data[8] != room:
        what = f"announces {data[8]} bytes, its header leaves room for another number"
        return ModbusError("truncated", what)
    return None


def _unfit_tcp(data: bytes, unit: int) -> ModbusError | None:
    if len(data) > 3 and data[2:4] != b"\0\0":
        return ModbusError("wrong answer", "what answers is not Modbus TCP")
    if len(data) > 6 and data[6] != unit:
        return ModbusError("wrong unit", f"unit {data[6]} answered, {unit} was asked")
    return None


def _unfit_rtu(data: bytes, function: int, unit: int) -> ModbusError | None:
    if len(data) < 5:
        return ModbusError("truncated", _ended(data))
    size = 5 if data[1] & 0x80 else 5 + data[2] if data[1] in (3, 4) else 8
    if len(data) < size:
        return ModbusError("truncated", _ended(data))
    said, computed = int.from_bytes(data[size - 2 : size], "little"), crc16(data[: size - 2])
    if said != computed:
        return ModbusError("wrong CRC", f"CRC is {said:04x}, should be {computed:04x}")
    if data[0] != unit:
        return ModbusError("wrong unit", f"unit {data[0]} answered, {unit} was asked")
    if data[1] & 0x7F != function:
        return ModbusError("wrong function", f"function {data[1]} answered, {function} was asked")
    return None


def _ended(data: bytes) -> str:
    return f"the answer ends after {len(data)} bytes: {data[:16].hex(' ')}"
