"""Rules of the grid in words: what they ask for, where that is said, and what it means here."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from core.thing_model.grid_rules import Bound, GridRule
from core.thing_model.provenance import CONFIDENCE
from portal.presentation.device import is_doubtful
from portal.presentation.quantities import quantity
from portal.texts import N_, _, translated

KINDS: Final[Mapping[str, str]] = {
    "max_export": N_("Most feed-in"),
    "max_import": N_("Most bought power"),
}
MISSING: Final = (
    N_("the installed PV is not known"),
    N_("the setting is a share of something that is not published"),
    N_("the setting is a share of rated power"),
)


class RuleDocument(Struct, frozen=True):
    """A rule of the grid; `id` is that of one that was made in this installation, else null."""

    id: int | None
    kind: str
    kind_text: str
    value: float
    unit: str
    said: str
    country: str
    operator: str
    name: str
    source: str
    grade: str
    confidence: str
    doubtful: bool
    note: str


class BoundDocument(Struct, frozen=True):
    """What a rule allows a setting; `highest` is null where something is `missing`."""

    rule: RuleDocument
    highest: float | None
    unit: str
    shown: str
    missing: str


def rule_document(rule: GridRule) -> RuleDocument:
    return RuleDocument(
        rule.id,
        rule.kind,
        translated(KINDS[rule.kind]),
        rule.value,
        rule.unit,
        _said(rule),
        rule.country,
        rule.operator,
        rule.name,
        rule.source,
        rule.confidence,
        translated(CONFIDENCE.get(rule.confidence, rule.confidence)),
        is_doubtful(rule.confidence),
        rule.note,
    )


def bound_documents(bounds: Iterable[Bound]) -> list[BoundDocument]:
    return [
        BoundDocument(
            rule_document(bound.rule),
            bound.highest,
            bound.unit,
            str(quantity(bound.highest, bound.unit)) if bound.highest is not None else "",
            translated(bound.missing) if bound.missing else "",
        )
        for bound in bounds
    ]


def _said(rule: GridRule) -> str:
    value = quantity(rule.value, rule.unit)
    if rule.unit == "%":
        return _("at most %(value)s of the installed PV", value=value)
    return _("at most %(value)s at the grid connection", value=value)
