"""The conformance kit: what every plugin has to prove, and how well it does."""

from core.conformance.budget import SECONDS, Budget, OverBudgetError
from core.conformance.cases import (
    RULES,
    Case,
    Report,
    chosen_plugins,
    conformance_cases,
    known_plugins,
    report,
)
from core.conformance.mutation import Score
from core.conformance.subject import Finding, NotHereError
from core.conformance.tiers import Tier

__all__ = [
    "RULES",
    "SECONDS",
    "Budget",
    "Case",
    "Finding",
    "NotHereError",
    "OverBudgetError",
    "Report",
    "Score",
    "Tier",
    "chosen_plugins",
    "conformance_cases",
    "known_plugins",
    "report",
]
