"""What changes between two tariffs: for a look before one replaces the other."""

from collections.abc import Iterator

from attrs import frozen

from core.tariffs.tariff import DAY_TYPES, DayType, Rate, Tariff, between, stretches

Priced = tuple[str, Rate] | None
"""The band of a half hour and what it costs; None where there was no tariff."""
TERMS = ("name", "currency", "valid_from", "valid_until")


@frozen
class TermChange:
    """A term that changes, as people read it; empty is none."""

    term: str
    old: str
    new: str


@frozen
class CellChange:
    """Half hours that change alike, from `start` to before `end` (0 to 48)."""

    day_type: DayType
    start: int
    end: int
    old: Priced
    new: Priced

    def __str__(self) -> str:
        return f"{self.day_type} {between(self.start, self.end)}"


@frozen
class Difference:
    """Everything that changes; nothing does where both are empty."""

    terms: tuple[TermChange, ...]
    cells: tuple[CellChange, ...]


def difference(old: Tariff | None, new: Tariff) -> Difference:
    """What `new` says otherwise than `old`, compared half hour by half hour; None is no tariff."""
    return Difference(tuple(_terms(old, new)), tuple(_cells(old, new)))


def _terms(old: Tariff | None, new: Tariff) -> Iterator[TermChange]:
    for term in TERMS:
        before, after = (
            str(value) if value is not None else ""
            for value in (getattr(old, term, None), getattr(new, term))
        )
        if before != after:
            yield TermChange(term, before, after)


def _cells(old: Tariff | None, new: Tariff) -> Iterator[CellChange]:
    for day_type in DAY_TYPES:
        after = _priced(new, day_type)
        before = _priced(old, day_type) if old else [None] * len(after)
        for start, end, (was, is_) in stretches(list(zip(before, after, strict=True))):
            if was != is_:
                yield CellChange(day_type, start, end, was, is_)


def _priced(tariff: Tariff, day_type: DayType) -> list[Priced]:
    return [(band, tariff.bands[band]) for band in tariff.cells(day_type)]
