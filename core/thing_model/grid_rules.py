"""What the grid allows a setting to be: rules of a country or a network operator, and their bounds.

A rule is said in percent of the installed PV or as a power; a setting is told in either. Where one
cannot be turned into the other, because something is not known, the bound says what is missing.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from core.thing_model.datapoint import Datapoint
from core.thing_model.traits import TRAITS, RuleKind
from core.thing_model.units import factor

INSTALLED_PV: Final = "installed_pv_power"
CONNECTION: Final = "connection_point"
WHOLE: Final = 100
"""Percent of the installed PV from which on a rule holds nothing back."""


@frozen
class GridRule:
    """The most that may be fed in or bought, in a country or in the network of an operator.

    id: of a rule that was made in this installation; None where a grid specification says it.
    name: of the specification, or of the operator's document. relative_to: the installed PV, for
    percent, or the connection point.
    """

    kind: RuleKind
    value: float
    unit: str
    relative_to: str
    country: str
    operator: str = ""
    name: str = ""
    source: str = ""
    confidence: str = "unverified"
    note: str = ""
    id: int | None = None

    @property
    def holds_back(self) -> bool:
        """Whether it is a limit at all: all of the installed PV is none."""
        return self.unit != "%" or self.value < WHOLE

    @property
    def said(self) -> str:
        """The rule in a line: "VDE-AR-N 4105, DE: at most 70 % of the installed PV"."""
        who = ", ".join(filter(None, (self.name, self.country, self.operator)))
        of = " of the installed PV" if self.unit == "%" else ""
        return f"{who}: at most {self.value:g} {self.unit}{of}"


@frozen
class GridConnection:
    """Where a system meets the grid; a country or operator that is not known is empty.

    pv_power: installed PV in watts, None where nobody said it.
    """

    country: str = ""
    operator: str = ""
    pv_power: float | None = None


@frozen
class Bound:
    """What a rule allows a setting to be at most, in the setting's unit.

    `highest` is None where it cannot be told, and `missing` says what for.
    """

    rule: GridRule
    unit: str
    highest: float | None
    missing: str = ""


def rules_of(rules: Iterable[GridRule], at: GridConnection) -> tuple[GridRule, ...]:
    """Those that hold at a connection: of each kind the most specific ones.

    A rule of the operator comes before the country's, one made here before one that is declared.
    """
    found: dict[RuleKind, list[GridRule]] = {}
    for rule in rules:
        if rule.country == at.country and rule.operator.casefold() in ("", at.operator.casefold()):
            found.setdefault(rule.kind, []).append(rule)
    return tuple(rule for some in found.values() for rule in _most_specific(some))


def rules_of_operators(rules: Iterable[GridRule], at: GridConnection) -> tuple[GridRule, ...]:
    """Those of operators in the country, which hold where the connection is known to be theirs."""
    return tuple(r for r in rules if r.country == at.country and r.operator)


def bounds_of(
    rules: Iterable[GridRule], at: GridConnection, datapoint: Datapoint
) -> tuple[Bound, ...]:
    """What the rules that hold there allow a setting, the strictest first."""
    trait = TRAITS.get(datapoint.trait or "")
    if trait is None or trait.rule is None:
        return ()
    kind = trait.rule
    found = [bound(r, at, datapoint) for r in rules_of(rules, at) if r.kind == kind]
    return tuple(sorted(found, key=lambda b: (b.highest is None, b.highest or 0)))


def bound(rule: GridRule, at: GridConnection, datapoint: Datapoint) -> Bound:
    """What one rule allows a setting."""
    unit, share = datapoint.unit, datapoint.unit == "%"
    if share and datapoint.share_of != INSTALLED_PV:
        of = datapoint.share_of.replace("_", " ") or "something that is not published"
        return Bound(rule, unit, None, f"the setting is a share of {of}")
    if share and rule.unit == "%":
        return Bound(rule, unit, rule.value)
    if not share and rule.unit != "%":
        times = factor(rule.unit, unit)
        missing = "" if times else f"{rule.unit} cannot be told in {unit}"
        return Bound(rule, unit, rule.value * times if times else None, missing)
    if at.pv_power is None or (share and not at.pv_power):
        return Bound(rule, unit, None, "the installed PV is not known")
    if share:
        watts = rule.value * (factor(rule.unit, "W") or 0)
        return Bound(rule, unit, watts / at.pv_power * 100)
    times = factor("W", unit)
    highest = at.pv_power * rule.value / 100 * times if times else None
    return Bound(rule, unit, highest, "" if times else f"W cannot be told in {unit}")


def lifted(rules: Iterable[GridRule], at: GridConnection, kind: RuleKind) -> Iterator[GridRule]:
    """The rules that a limit cannot be given up for."""
    return (rule for rule in rules_of(rules, at) if rule.kind == kind and rule.holds_back)


def _most_specific(rules: list[GridRule]) -> list[GridRule]:
    def rank(rule: GridRule) -> tuple[bool, bool]:
        return bool(rule.operator), rule.id is not None

    best = max(map(rank, rules))
    return [rule for rule in rules if rank(rule) == best]
