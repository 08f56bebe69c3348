"""The rules in order, one case for each of them and each plugin, and the report of them all."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from attrs import field, frozen

from core.conformance import agreement, coverage, identity, limits, loading, mutation
from core.conformance.budget import Budget, OverBudgetError
from core.conformance.mutation import Score, mutation_score
from core.conformance.subject import Finding, NotHereError, Subject
from core.conformance.tiers import Tier, independence, tier
from core.host import load, plugin_files
from core.plugin import KINDS
from core.registry import Registry

Rule = Callable[[Subject], Iterator[Finding]]

RULES: Mapping[str, Rule] = {
    rule.__name__: rule
    for rule in (
        loading.loads,
        loading.imports,
        loading.consistency,
        loading.products,
        loading.order,
        loading.sources,
        loading.vector_files,
        coverage.datapoints,
        coverage.decoders,
        coverage.captures,
        agreement.frames,
        agreement.encoding,
        agreement.bad_frames,
        agreement.commands,
        agreement.faults,
        agreement.log_rules,
        limits.limits,
        identity.identity,
        mutation.mutations,
    )
}
"""Every rule by name; its docstring says what it asks for."""

_WITHOUT_VECTORS = ("loads", "imports", "consistency", "products", "order", "vector_files")


@frozen
class Case:
    """One rule for one plugin. `str(case)` names both, for test ids."""

    plugin: str
    rule: str
    registry: Registry = field(repr=False)

    def __str__(self) -> str:
        return f"{self.plugin}-{self.rule}"

    def findings(self) -> list[Finding]:
        """Everything wrong; NotHereError where the rule cannot be tried on this machine."""
        return findings_of(self.rule, self.plugin, self.registry)


@frozen
class Report:
    """What the rules found about one plugin. `proof` is the best origin of each decoder."""

    plugin: str
    tier: Tier = "none"
    mutation: Score = field(factory=Score)
    proof: Mapping[str, str] = field(factory=dict[str, str])
    findings: tuple[Finding, ...] = ()
    skipped: tuple[str, ...] = ()


def findings_of(rule: str, plugin: str, registry: Registry) -> list[Finding]:
    """What one rule finds about one plugin, loaded or not. Raises NotHereError."""
    if plugin not in registry.plugins:
        return [
            Finding("loads", problem.where, problem.what, problem.hint)
            for problem in registry.problems
            if problem.plugin == plugin
        ]
    return _findings(rule, _subject(plugin, registry))


def _findings(rule: str, subject: Subject) -> list[Finding]:
    """What one rule finds. Raises NotHereError, and OverBudgetError."""
    if subject.unread and rule not in _WITHOUT_VECTORS:
        raise NotHereError("its vector files cannot be read")
    try:
        return list(subject.budget.watched(RULES[rule](subject)))
    except (NotHereError, OverBudgetError):
        raise
    except Exception as error:  # noqa: BLE001  whatever a stranger's function or framing raises
        return [Finding(rule, subject.plugin.name, f"ends in {type(error).__name__}: {error}")]


@lru_cache
def _subject(plugin: str, registry: Registry) -> Subject:
    return Subject.of(registry.plugins[plugin], registry)


def known_plugins(registry: Registry) -> list[str]:
    """The names of all plugins, also of those that were refused."""
    refused = {problem.plugin for problem in registry.problems if problem.plugin}
    return sorted(refused | registry.plugins.keys())


def conformance_cases(*plugins: str, folder: Path | str | None = None) -> list[Case]:
    """One case per rule and plugin: of those named, of those in `folder`, or of all.

    A plugin that cannot be loaded has one case, which fails and says why.
    """
    registry = load([Path(folder)] if folder else ())
    return [
        Case(plugin, rule, registry)
        for plugin in chosen_plugins(registry, plugins, folder)
        for rule in (RULES if plugin in registry.plugins else ("loads",))
    ]


def chosen_plugins(
    registry: Registry, plugins: Iterable[str], folder: Path | str | None
) -> list[str]:
    """The plugins named, or those of a folder, or all. KeyError for a name that is not known."""
    known = known_plugins(registry)
    if chosen := list(plugins):
        for name in chosen:
            if name not in known:
                raise KeyError(name)
        return chosen
    if folder is None:
        return known
    inside = {name for kind in KINDS for name, _ in plugin_files(Path(folder), kind)}
    return [name for name in known if name in inside]


def report(plugin: str, registry: Registry, budget: Budget | None = None) -> Report:
    """Try every rule on a plugin; its tier, score and everything found.

    Raises OverBudgetError where there is a budget, and it is used up.
    """
    if plugin not in registry.plugins:
        return Report(plugin, findings=tuple(findings_of("loads", plugin, registry)))
    known = registry.plugins[plugin]
    subject = Subject.of(known, registry, budget) if budget else _subject(plugin, registry)
    findings, skipped = list[Finding](), list[str]()
    for rule in RULES:
        subject.budget.begin(f"the rule {rule}")
        try:
            findings += _findings(rule, subject)
        except NotHereError as reason:
            skipped.append(f"{rule}: {reason}")
    subject.budget.check()
    score = mutation_score(subject)
    return Report(
        plugin,
        tier(subject, findings, score),
        score,
        independence(subject),
        tuple(findings),
        tuple(skipped),
    )
