"""The register table, and the answers and writes that are cut out of it."""

from collections.abc import Iterator
from typing import Any

from thingwright import Command, Decoder, register_table
from thingwright.layout import modbus_rtu, modbus_write, registers

UNIT = 0x55
"""The Modbus address of every system as delivered (0x080F)."""
VARIANTS = ("smile_b3", "smile_b3_plus")

TABLE = register_table(__file__, enums="enums.csv", traits="traits.csv")


def answers(channel: str, start: int, *counts: int, doc: str = "") -> Iterator[Decoder]:
    """The answer to a read of one of `counts` registers from `start`, and what variants change."""
    end = start + max(counts) - 1
    block = registers(start, *TABLE.fields(start, end), counts=counts)
    layout = modbus_rtu(block, unit=UNIT)
    yield Decoder(channel, layout, doc=doc)
    for variant in VARIANTS:
        if changed := TABLE.fields(start, end, variant=variant):
            yield Decoder(channel, layout.overridden(*changed), doc=doc, variants=variant)


def write(name: str, first: int, last: int | None = None, **attributes: Any) -> Command:
    """A command that writes the registers `first` to `last` in one go."""
    fields = TABLE.fields(first, first if last is None else last)
    return Command(name, modbus_write(registers(first, *fields), unit=UNIT), **attributes)
