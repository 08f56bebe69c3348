"""The number line of firmware versions: which row holds from where to where, without overlaps."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Generic

from attrs import field, frozen

from core.thing_model.declaration import Declaration, Row
from core.thing_model.scope import FirmwareRange, Version, specificity


@frozen(order=True)
class Cut:
    """A place between two versions: just before `version`, or just `behind` it."""

    version: Version
    behind: bool
    text: str = field(eq=False)

    @classmethod
    def of(cls, text: str, *, behind: bool) -> "Cut":
        return cls(Version.of(text), behind, text)


@frozen
class Stretch(Generic[Row]):
    """Versions between two cuts, of which all that apply are `rows`, the one that counts last.

    start, end: None where it goes on without end.
    """

    start: Cut | None
    end: Cut | None
    rows: tuple[Row, ...]

    @property
    def row(self) -> Row | None:
        """The row that counts; None where none applies."""
        return self.rows[-1] if self.rows else None

    @property
    def contested(self) -> tuple[Row, ...]:
        """Rows of which none is more specific than the other, so that luck decides."""
        if not self.rows:
            return ()
        best = _rank(self.rows[-1])
        rows = tuple(row for row in self.rows if _rank(row) == best)
        return rows if len(rows) > 1 else ()

    @property
    def firmware(self) -> FirmwareRange:
        """The stretch as people write a range."""
        if self.start and self.end and self.start.version == self.end.version:
            return FirmwareRange((("==", self.end.text),))
        low = ((">" if self.start.behind else ">=", self.start.text),) if self.start else ()
        high = (("<=" if self.end.behind else "<", self.end.text),) if self.end else ()
        return FirmwareRange((*low, *high))


def version_line(rows: Sequence[Row]) -> tuple[Stretch[Row], ...]:
    """Stretches in order, which together are all versions; neighbours differ in their rows.

    The most specific row counts, of equally specific ones the last. A version that is not known
    stands nowhere on the line: for it only rows without a range hold.
    """
    places = sorted(set(_cuts(rows)))
    ordered = sorted(rows, key=_rank)
    line: list[Stretch[Row]] = []
    for start, end in pairwise((None, *places, None)):
        holding = tuple(row for row in ordered if _holds(row.firmware, start, end))
        if line and _same(line[-1].rows, holding):
            line[-1] = Stretch(line[-1].start, end, holding)
        else:
            line.append(Stretch(start, end, holding))
    return tuple(line)


def _rank(row: Declaration) -> tuple[int, int]:
    return specificity(row.variants, row.firmware)


def _cuts(rows: Sequence[Declaration]) -> Iterator[Cut]:
    for row in rows:
        for sign, limit in row.firmware.clauses:
            if sign in {">=", "<", "==", "!="}:
                yield Cut.of(limit, behind=False)
            if sign in {">", "<=", "==", "!="}:
                yield Cut.of(limit, behind=True)


def _holds(firmware: FirmwareRange, start: Cut | None, end: Cut | None) -> bool:
    """Whether all versions between two neighbouring cuts lie in a range: none or all of them do."""
    return all(_fits(sign, limit, start, end) for sign, limit in firmware.clauses)


def _fits(sign: str, limit: str, start: Cut | None, end: Cut | None) -> bool:
    before, behind = Cut.of(limit, behind=False), Cut.of(limit, behind=True)
    at_least, above = start is not None and start >= before, start is not None and start >= behind
    at_most, below = end is not None and end <= behind, end is not None and end <= before
    return {
        ">=": at_least,
        ">": above,
        "<=": at_most,
        "<": below,
        "==": at_least and at_most,
        "!=": above or below,
    }[sign]


def _same(some: Sequence[object], others: Sequence[object]) -> bool:
    return [id(row) for row in some] == [id(row) for row in others]
