"""To which variants and firmware of a device a declaration applies."""

import re
from collections.abc import Iterable
from functools import total_ordering
from typing import Any

from attrs import frozen

_ZERO = (0, "")
_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(\S+)\s*")


@total_ordering
@frozen(order=False)
class Version:
    """A firmware version as vendors write them: numbers count as numbers, "3.10" after "3.9"."""

    parts: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, text: str) -> "Version":
        found = re.findall(r"\d+|[A-Za-z]+", text)
        parts = [(int(p), "") if p.isdigit() else (-1, p.lower()) for p in found]
        while parts and parts[-1] == _ZERO:  # 3.6.0 is 3.6
            parts.pop()
        return cls(tuple(parts))

    def __lt__(self, other: "Version") -> bool:
        return self._padded(other) < other._padded(self)

    def _padded(self, other: "Version") -> tuple[tuple[int, str], ...]:
        return self.parts + (_ZERO,) * (len(other.parts) - len(self.parts))


@frozen
class FirmwareRange:
    """Versions such as ">=3.6,<4"; empty means every version, also an unknown one."""

    clauses: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, text: str) -> "FirmwareRange":
        """Raises ValueError for what is not a list of comparisons."""
        clauses: list[tuple[str, str]] = []
        for part in filter(None, text.split(",")):
            if not (match := _CLAUSE.fullmatch(part)):
                raise ValueError(f"{part!r} is not a comparison such as >=3.6")
            clauses.append((match[1], match[2]))
        return cls(tuple(clauses))

    def __contains__(self, firmware: str) -> bool:
        if not self.clauses:
            return True
        return bool(firmware) and all(
            _holds(Version.of(firmware), sign, Version.of(limit)) for sign, limit in self.clauses
        )

    def __str__(self) -> str:
        return ",".join(sign + limit for sign, limit in self.clauses)


def _holds(version: Version, sign: str, limit: Version) -> bool:
    below, same = version < limit, not version < limit and not limit < version
    return {
        ">=": not below,
        "<=": below or same,
        ">": not below and not same,
        "<": below,
        "==": same,
        "!=": not same,
    }[sign]


def names(given: str | Iterable[str]) -> tuple[str, ...]:
    """One name or several, as a tuple; an attrs converter."""
    return (given,) if isinstance(given, str) and given else tuple(given)


def firmware_range(given: Any) -> FirmwareRange:
    """A range, or its text; an attrs converter."""
    return given if isinstance(given, FirmwareRange) else FirmwareRange.of(given)


def applies(
    variants: tuple[str, ...], firmware: FirmwareRange, *, variant: str, version: str
) -> bool:
    """Whether a declaration scoped so is meant for this variant at this firmware version."""
    return (not variants or variant in variants) and version in firmware


def specificity(variants: tuple[str, ...], firmware: FirmwareRange) -> tuple[int, int]:
    """Higher wins where several declarations of the same name apply."""
    return len(firmware.clauses), 1 if variants else 0
