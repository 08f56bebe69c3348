"""Words for declaring how a device lays out its values; see `docs/write-a-plugin.md`."""

from core.thing_model.layout.binary import octet_string, registers
from core.thing_model.layout.documents import flag, json_object, number, string, whole
from core.thing_model.layout.fields import (
    clock,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    octets,
    repeat,
    text,
    u8,
    u16,
    u32,
    u64,
)
from core.thing_model.layout.framing import (
    Framing,
    framed,
    modbus_rtu,
    modbus_tcp,
    modbus_write,
)
from core.thing_model.layout.tagged import can_frames, tlv

__all__ = [
    "Framing",
    "can_frames",
    "clock",
    "f32",
    "f64",
    "flag",
    "framed",
    "i8",
    "i16",
    "i32",
    "i64",
    "json_object",
    "modbus_rtu",
    "modbus_tcp",
    "modbus_write",
    "number",
    "octet_string",
    "octets",
    "registers",
    "repeat",
    "string",
    "text",
    "tlv",
    "u8",
    "u16",
    "u32",
    "u64",
    "whole",
]
