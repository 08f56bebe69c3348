"""Which variables of a generated decoder one Struct can read together."""

import struct

from attrs import define, field


@define
class Layer:
    """Variables that one Struct reads: by offset the code and the name, and the bytes they take."""

    parts: dict[int, tuple[str, str]] = field(factory=dict[int, tuple[str, str]])
    taken: set[int] = field(factory=set[int])

    @property
    def targets(self) -> str:
        """The left side of the assignment that unpacks them."""
        names = [self.parts[offset][1] for offset in sorted(self.parts)]
        return ", ".join(names) if len(names) > 1 else f"({names[0]},)"

    def struct(self, order: str) -> struct.Struct:
        codes, cursor = [order], 0
        for offset in sorted(self.parts):
            if offset > cursor:
                codes.append(f"{offset - cursor}x")
            codes.append(self.parts[offset][0])
            cursor = offset + struct.calcsize(order + self.parts[offset][0])
        return struct.Struct("".join(codes))


def variable_at(offset: int, code: str, size: int, layers: list[Layer]) -> str:
    """The variable that holds `code` read at `offset`, in the first layer without overlap."""
    place = range(offset, offset + size)
    for layer in layers:
        known = layer.parts.get(offset)
        if known and known[0] == code:
            return known[1]
        if layer.taken.isdisjoint(place):
            break
    else:
        layers.append(layer := Layer())
    name = f"at{offset}"
    if any(offset in other.parts for other in layers):
        name = f"at{offset}_{code}"
    layer.parts[offset] = (code, name)
    layer.taken.update(place)
    return name


def padded(reader: struct.Struct, size: int) -> struct.Struct:
    return struct.Struct(f"{reader.format}{size - reader.size}x")
