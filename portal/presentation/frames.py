"""A stored frame with the bytes of one value marked, as hex or as the text that it is."""

from collections.abc import Iterable, Mapping
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Final

from attrs import frozen

LONGEST: Final = 4096
"""Bytes of a frame that are shown."""
HUES: Final = 6
"""Colours that tell neighbouring fields apart."""


@frozen
class Run:
    """Some of the frame's bytes, written out; `marked` where they say the value."""

    text: str
    marked: bool


def runs(body: bytes, spans: Iterable[tuple[int, int]]) -> list[Run]:
    """The frame cut where a marked part begins or ends."""
    shown = body[:LONGEST]
    if not shown:
        return []
    marked = bytearray(len(shown))
    for start, end in spans:
        marked[start:end] = b"\1" * len(marked[start:end])
    cuts = [0, *(n for n in range(1, len(shown)) if marked[n] != marked[n - 1]), len(shown)]
    pieces = [(shown[a:b], bool(marked[a])) for a, b in pairwise(cuts)]
    written = _as_text if is_text(body) else _as_hex
    return [Run(written(piece), mark) for piece, mark in pieces]


@frozen
class FieldRun:
    """Some of the frame's bytes that say the same values; none where `keys` is empty.

    hue: which of the `HUES` colours they have, the same in the table of values.
    """

    text: str
    keys: tuple[str, ...]
    hue: int


def hue_of(place: int) -> int:
    """The colour of the value at a place of its channel."""
    return place % HUES


def field_runs(body: bytes, fields: Mapping[str, Iterable[tuple[int, int]]]) -> list[FieldRun]:
    """The frame cut wherever another field begins; `fields` are in the order of their colours."""
    shown = body[:LONGEST]
    owners: list[list[str]] = [[] for _ in shown]
    for key, spans in fields.items():
        for start, end in spans:
            for owner in owners[start:end]:
                owner.append(key)
    written = _as_text if is_text(body) else _as_hex
    hues = {key: hue_of(place) for place, key in enumerate(fields)}
    return [
        FieldRun(written(bytes(byte for byte, _ in group)), keys, hues[keys[0]] if keys else 0)
        for keys, group in groupby(zip(shown, map(tuple, owners), strict=True), itemgetter(1))
    ]


def is_text(body: bytes) -> bool:
    """Whether a frame reads as text: JSON, ASCII protocols."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return bool(text) and all(c.isprintable() or c in "\r\n\t" for c in text)


def _as_hex(piece: bytes) -> str:
    return piece.hex(" ")


def _as_text(piece: bytes) -> str:
    return piece.decode(errors="backslashreplace")
