"""Plausible ranges as conditions of a generated decoder, on raw numbers where that can be."""

from core.thing_model.layout.codec import outside
from core.thing_model.layout.fields import Field
from core.thing_model.plausibility import Range


def raw_condition(item: Field, raw: str, limits: Range) -> str | None:
    """The range check on the raw whole number; "" if it always holds, None if not possible."""
    if not item.whole or item.mask is not None or item.divide != 1 or item.scaled_by:
        return None
    ends = [_last_inside(item, (limits[0], None)), _last_inside(item, (None, limits[1]))]
    low, high = ends if item.linear.a > 0 else ends[::-1]
    smallest, largest = item.bounds
    lowest = None if low is None or low <= smallest else low
    highest = None if high is None or high >= largest else high
    return condition_on(raw, (lowest, highest), [f"{raw} == {n}" for n in item.absent])


def _last_inside(item: Field, half: Range) -> int | None:
    """The raw number farthest out whose value is inside a range with one end.

    Where the wire type holds no such number it is one beyond its bounds. The end is a float that
    was rounded: what it is turned into is a first guess.
    """
    limit = half[0] if half[1] is None else half[1]
    if limit is None:
        return None
    smallest, largest = item.bounds
    outward = 1 if (half[0] is None) == (item.linear.a > 0) else -1
    raw = min(max(item.linear.whole_raw(limit), smallest), largest)
    while smallest <= raw <= largest and outside(item.linear.value(raw), half):
        raw -= outward
    while smallest <= raw + outward <= largest and not outside(
        item.linear.value(raw + outward), half
    ):
        raw += outward
    return raw


def condition_on(variable: str, limits: Range, otherwise: list[str]) -> str:
    low, high = limits
    if low is None and high is None:
        return ""
    left = "" if low is None else f"{low!r} <= "
    right = "" if high is None else f" <= {high!r}"
    return f"({' or '.join([*otherwise, left + variable + right])})"
