"""Random layouts of every kind that can be declared, and payloads that fit them."""

from collections.abc import Sequence
from random import Random

from hypothesis import strategies as st

from core.thing_model.layout.binary import Binary, octet_string, registers, walk
from core.thing_model.layout.fields import STRUCT_CODES, Field, Repeat, repeat
from core.thing_model.layout.framing import Framed, modbus_rtu, modbus_tcp, modbus_write
from core.thing_model.layout.tagged import Tagged, can_frames, tlv

Items = tuple[Field | Repeat, ...]

SCALES = st.sampled_from([1, 0.1, 0.01, 0.001, 0.5, 10, 3, -1, -0.1])
OFFSETS = st.sampled_from([0, 0, -40, 0.5, -273.15, 1000])
WHOLE = ("u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64")
ODD = (*WHOLE, "u24")
NARROW = ("u16", "i16", "u32", "i32")
FLOATS = ("f32", "f64")


@st.composite
def linear(draw: st.DrawFn, type_: str) -> dict[str, float]:
    """Scale and offset; 64-bit numbers keep theirs whole, because a double cannot hold the rest."""
    if type_ in ("u64", "i64"):
        return {"scale": draw(st.sampled_from([1, 2, 10])), "offset": draw(st.sampled_from([0, 7]))}
    if type_ == "f64":
        return {"scale": draw(st.sampled_from([1, 0.1, -1]))}
    return {"scale": draw(SCALES), "offset": draw(OFFSETS)}


@st.composite
def whole_numbers(draw: st.DrawFn, key: str, types: Sequence[str] = WHOLE) -> Field:
    """A whole number: plain, with sentinels, masked or divided."""
    type_ = draw(st.sampled_from(types))
    bits = 8 * STRUCT_CODES[type_][1]
    attributes = draw(linear(type_))
    form = draw(st.sampled_from(["plain", "absent", "masked", "divided"]))
    top = (1 << bits) - 1 if type_[0] == "u" else (1 << bits - 1) - 1
    if form == "absent":
        attributes["absent"] = tuple(draw(st.sets(st.sampled_from([0, 1, top]), min_size=1)))
    if form == "masked":
        attributes["mask"] = draw(masks(bits))
        attributes["absent"] = draw(st.sampled_from([(), *sentinels(attributes["mask"], top)]))
    if form == "divided" and type_[0] == "u":
        attributes["divide"] = draw(st.sampled_from([10, 1000]))
    if STRUCT_CODES[type_][1] in (4, 8):
        attributes["words"] = draw(st.sampled_from(["big", "little"]))
    return Field(key, type_, **attributes)


def masks(bits: int) -> st.SearchStrategy[int]:
    """A run of bits somewhere in the number."""
    ends = st.tuples(st.integers(1, bits), st.integers(0, bits - 1))
    return ends.map(lambda e: ((1 << e[0]) - 1 << e[1]) & (1 << bits) - 1)


def sentinels(mask: int, top: int) -> list[tuple[int]]:
    """Raw numbers that a masked value alone can never be."""
    return [(top,)] if top & ~mask else []


@st.composite
def floats(draw: st.DrawFn, key: str) -> Field:
    type_ = draw(st.sampled_from(FLOATS))
    words = draw(st.sampled_from(["big", "little"]))
    return Field(key, type_, words=words, **draw(linear(type_)))


@st.composite
def texts(draw: st.DrawFn, key: str) -> Field:
    type_ = draw(st.sampled_from(["text", "octets", "clock"]))
    return Field(key, type_, size=2 * draw(st.integers(1, 6)))


def field(key: str, types: Sequence[str] = ODD) -> st.SearchStrategy[Field]:
    numbers = whole_numbers(key, types)
    return st.one_of(numbers, numbers, floats(key), texts(key))


@st.composite
def register_blocks(draw: st.DrawFn) -> Binary:
    """Registers with gaps, packed registers, halves, split numbers, powers of ten, two lengths."""
    start, items, address = draw(st.integers(0, 0xFF00)), list[Field](), 0
    start_address = start
    for n in range(draw(st.integers(1, 8))):
        address += draw(st.sampled_from([0, 0, 0, 1, 3]))
        drawn = draw(register_items(f"v{n}", start_address + address))
        items += drawn
        ends = [a - start_address + max(1, f.size // 2 // len(f.at)) for f in drawn for a in f.at]
        address = max(ends)
    items = draw(st.permutations(items))
    counts = sorted(draw(st.sets(st.integers(1, address + 2), max_size=1)) | {address + 2})
    return registers(start, *items, counts=tuple(counts))


@st.composite
def register_items(draw: st.DrawFn, key: str, at: int) -> list[Field]:
    """What stands at an address: mostly one number."""
    form = draw(st.sampled_from(["one", "one", "one", "split", "halves", "packed", "scaled"]))
    if form == "split":
        type_ = draw(st.sampled_from(["u32", "i32", "u64", "i64", "f32"]))
        words = STRUCT_CODES[type_][1] // 2
        places = draw(st.permutations(range(at, at + words + 2)))[:words]
        return [Field(key, type_, places, **draw(linear(type_)))]
    if form == "halves":
        types = st.sampled_from(["u8", "i8"])
        return [
            Field(f"{key}_{byte}", draw(types), at, byte=byte, scale=draw(SCALES))
            for byte in ("high", "low")
        ]
    if form == "packed":
        cut = draw(st.integers(1, 15))
        low, high = (1 << cut) - 1, 0xFFFF & ~((1 << cut) - 1)
        type_ = draw(st.sampled_from(["u16", "i16"]))
        return [Field(f"{key}_{n}", type_, at, mask=m) for n, m in enumerate((low, high))]
    if form == "scaled":
        point = Field(f"{key}_sf", "i16", at, absent=-0x8000)
        type_ = draw(st.sampled_from(NARROW))
        top = (1 << 8 * STRUCT_CODES[type_][1] - (type_[0] == "i")) - 1
        return [point, Field(key, type_, at + 1, scaled_by=point.key, absent=top)]
    return [draw(field(key, WHOLE[2:])).changed(at=at)]


@st.composite
def octet_strings(draw: st.DrawFn) -> Binary:
    """Bytes in either order, field after field."""
    items = [draw(field(f"v{n}")) for n in range(draw(st.integers(1, 8)))]
    block = octet_string(*items, order=draw(st.sampled_from(["big", "little"])))
    return draw(st.sampled_from([block, octet_string(*items, order=block.order, size=end(block))]))


def end(block: Binary) -> int:
    return max(placed.end for placed in walk(block, lambda _: 0))


def flat_blocks() -> st.SearchStrategy[Binary]:
    return st.one_of(register_blocks(), octet_strings())


@st.composite
def grouped_blocks(draw: st.DrawFn) -> Binary:
    """Groups of groups of bytes, each counted by a field before it."""
    order = draw(st.sampled_from(["big", "little"]))
    return octet_string(*draw(groups("", draw(st.integers(0, 1)))), order=order)


@st.composite
def groups(draw: st.DrawFn, suffix: str, depth: int) -> Items:
    plain = [draw(whole_numbers(f"a{suffix}{n}", ODD)) for n in range(draw(st.integers(0, 2)))]
    absent = draw(st.sampled_from([(), (0xFF,)]))
    count = Field(f"count{suffix}", "u8", absent=absent)
    index = f"i{depth}"
    inner_suffix = f"{suffix}_{{{index}}}"
    inner: Items = tuple(draw(whole_numbers(f"b{inner_suffix}{n}", ODD)) for n in range(2))
    if depth:
        inner += draw(groups(inner_suffix, depth - 1))
    more = draw(st.sampled_from([0, 0, 1]))
    group = repeat(index, *inner, count=count.key, limit=3, more=more)
    tail = [draw(field(f"z{suffix}{n}")) for n in range(draw(st.integers(0, 1)))]
    return (*plain, count, group, *tail)


@st.composite
def tagged(draw: st.DrawFn) -> Tagged:
    """CAN frames, or tag-length-value records."""
    tags = draw(st.lists(st.integers(1, 0xFF), min_size=1, max_size=3, unique=True))
    if draw(st.booleans()):
        tags = [draw(st.sampled_from([tag, tag | 0x1234_0000])) for tag in tags]
        sections = {tag: _fitting(draw, tag, 8) for tag in tags}
        return can_frames(sections, order=draw(st.sampled_from(["big", "little"])))
    sections = {tag: _fitting(draw, tag, 200) for tag in tags}
    length = draw(st.sampled_from(["u8", "u16"]))
    return tlv(sections, length=length, order=draw(st.sampled_from(["big", "little"])))


def _fitting(draw: st.DrawFn, tag: int, room: int) -> list[Field]:
    items: list[Field] = []
    for n in range(draw(st.integers(1, 4))):
        item = draw(whole_numbers(f"t{tag}_{n}", ODD))
        if sum(f.size for f in items) + item.size <= room:
            items.append(item)
    return items or [Field(f"t{tag}", "u16")]


@st.composite
def framed_blocks(draw: st.DrawFn) -> Framed:
    block = draw(register_blocks())
    unit = draw(st.integers(1, 247))
    return draw(
        st.sampled_from(
            [
                modbus_rtu(block, unit=unit),
                modbus_rtu(block, unit=unit, function=4, prefix=b"\xaa\x55"),
                modbus_tcp(block, unit=unit),
                modbus_write(block, unit=unit),
            ]
        )
    )


def payload(block: Binary, random: Random, size: int | None = None) -> bytes:
    """Random bytes of a right length: counts within their limits, texts that are texts."""
    counts = {item.count for item in _groups(block.items)}
    if not counts:
        return _filled(block, random, size or random.choice(block.sizes or (end(block),)))
    return b"".join(_grouped(block.items, random))


def _filled(block: Binary, random: Random, size: int) -> bytes:
    data = bytearray(random.randbytes(size))
    for placed in walk(block, lambda _: 0):
        start, after = placed.spans[0]
        if placed.field.type in ("text", "clock") and after <= size:
            data[start:after] = said(placed.field, random)
        if placed.key.endswith("_sf") and after <= size:
            data[start:after] = random.randint(-11, 11).to_bytes(2, "big", signed=True)
    return bytes(data)


def said(item: Field, random: Random) -> bytes:
    """Bytes that a text or clock can read."""
    if item.type == "clock":
        return bytes(
            (random.randrange(99), random.randint(1, 12), 28, 23, 59, random.randrange(60))
        )
    letters = bytes(random.randint(33, 126) for _ in range(random.randint(0, item.size)))
    return letters.ljust(item.size, random.choice((b"\0", b" ", b"\xff")))


def _groups(items: Items) -> list[Repeat]:
    return [item for item in items if isinstance(item, Repeat)]


def _grouped(items: Items, random: Random) -> list[bytes]:
    parts: list[bytes] = []
    groups_ = {group.count: group for group in _groups(items)}
    for item in items:
        if isinstance(item, Repeat):
            continue
        if item.key not in groups_:
            text = item.type in ("text", "clock")
            parts.append(said(item, random) if text else random.randbytes(item.size))
            continue
        group = groups_[item.key]
        count = random.choice([*range(group.limit - group.more + 1), *item.absent])
        parts.append(bytes((count,)))
        times = (0 if count in item.absent else count) + group.more
        parts += [part for _ in range(times) for part in _grouped(group.items, random)]
    return parts
