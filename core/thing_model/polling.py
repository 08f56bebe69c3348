"""How a component is asked: what a declared channel or command means as Modbus requests.

Nothing here is declared twice: function, first register, counts and framing are those of the
layout. A channel without any of them (JSON, CAN, ASCII) is not polled, its device speaks by itself.
"""

from attrs import evolve, frozen

from core.thing_model.layout.binary import Binary, walk
from core.thing_model.layout.framing import Framed, ModbusRtu, ModbusTcp, ModbusWrite
from core.thing_model.layout.layouts import Layout

MOST_REGISTERS = 125
"""Registers in one answer (Modbus Application Protocol V1.1b3, sections 6.3 and 6.4)."""


@frozen
class RegisterRead:
    """A channel as a read.

    `counts` are the registers to ask for, most first, several where firmware differs.
    """

    function: int
    start: int
    counts: tuple[int, ...]
    framing: ModbusRtu | ModbusTcp
    block: Binary

    def frame(self, registers: bytes, unit: int) -> bytes:
        """The channel's payload: what the device answers, in the declared framing."""
        return evolve(self.framing, unit=unit).wrap(registers)

    def parts(self, count: int, most: int = MOST_REGISTERS) -> tuple[tuple[int, int], ...]:
        """The fewest reads (start, count) of at most `most` registers that tear no value."""
        cuts, last = [0], 0
        if count <= most:
            return ((self.start, count),)
        for border in (*(b for b in _borders(self.block) if b < count), count):
            if border - cuts[-1] > most and last > cuts[-1]:
                cuts.append(last)
            last = border
        return tuple(
            (self.start + first, end - first)
            for first, end in zip(cuts, (*cuts[1:], count), strict=True)
        )

    def halves(self, start: int, count: int) -> tuple[tuple[int, int], ...]:
        """A part cut in two at the border nearest to its middle; as it is if it has none inside."""
        first = start - self.start
        inside = [b for b in _borders(self.block) if first < b < first + count]
        if not inside:
            return ((start, count),)
        cut = min(inside, key=lambda b: abs(2 * (b - first) - count)) - first
        return (start, cut), (start + cut, count - cut)


def is_modbus_answer(layout: Layout) -> bool:
    return isinstance(layout, Framed) and isinstance(layout.framing, ModbusRtu | ModbusTcp)


def register_read(layout: Layout) -> RegisterRead | None:
    """What to ask for, if the layout is the answer to a read of Modbus registers."""
    if not isinstance(layout, Framed) or not isinstance(layout.framing, ModbusRtu | ModbusTcp):
        return None
    block = layout.layout
    if not isinstance(block, Binary) or block.width != 2 or not block.sizes:
        return None
    counts = tuple(sorted({size // 2 for size in block.sizes}, reverse=True))
    framing = layout.framing
    return RegisterRead(framing.function, block.start, counts, framing, block)


def register_write(layout: Layout) -> ModbusWrite | None:
    """The framing of a command that is one write of Modbus registers."""
    if isinstance(layout, Framed) and isinstance(layout.framing, ModbusWrite):
        return layout.framing
    return None


def _borders(block: Binary) -> tuple[int, ...]:
    """Registers, counted from the first, before which a read may be cut without tearing a value."""
    spans = [(min(placed.offsets) // 2, -(-placed.end // 2)) for placed in walk(block, lambda _: 0)]
    edges = {edge for span in spans for edge in span}
    torn = {edge for edge in edges for first, end in spans if first < edge < end}
    return tuple(sorted(edges - torn - {0}))
