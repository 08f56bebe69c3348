"""Raw number <-> value, exactly: value = raw * scale + offset, kept as whole numbers."""

from fractions import Fraction
from functools import cache
from math import lcm

from attrs import frozen


@frozen
class Linear:
    """value = (raw * a + b) / d. Division by whole numbers rounds right: 2393 / 10 is 239.3."""

    a: int = 1
    b: int = 0
    d: int = 1

    @classmethod
    @cache
    def of(cls, scale: float, offset: float) -> "Linear":
        scale_, offset_ = Fraction(str(scale)), Fraction(str(offset))
        d = lcm(scale_.denominator, offset_.denominator)
        return cls(int(scale_ * d), int(offset_ * d), d)

    def value(self, raw: float) -> float:
        x = raw * self.a + self.b
        return x if self.d == 1 else x / self.d

    def raw(self, value: float) -> float:
        return float(self.exact_raw(value))

    def whole_raw(self, value: float) -> int:
        """The raw number of a value for whole-number types, rounded."""
        return round(self.exact_raw(value))

    def exact_raw(self, value: float) -> Fraction:
        number = Fraction(str(+value))  # a flag becomes a number
        return (number * self.d - self.b) / self.a

    def source(self, raw: str) -> str:
        """The same arithmetic as an expression of Python source."""
        if self.a != 1:
            raw = f"{raw} * {self.a}"
        if self.b:
            raw = f"{raw} {'-' if self.b < 0 else '+'} {abs(self.b)}"
        if self.d == 1:
            return raw
        return f"({raw}) / {self.d}" if self.b else f"{raw} / {self.d}"
