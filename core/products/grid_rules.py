"""Rules of the grid: those that grid specifications declare, and those that were made here.

A rule that was made here comes before the declared ones of its country or operator. Those who make
product models edit and retire it.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, Literal, get_args

import attrs
from attrs import frozen
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.audit import entries
from core.products.tables import grid_rules
from core.records import ConflictError, RequestError, change_row, printable
from core.registry import Registry
from core.thing_model.grid_rules import CONNECTION, INSTALLED_PV, GridRule
from core.thing_model.problems import Problem
from core.thing_model.provenance import CONFIDENCE
from core.thing_model.traits import RuleKind

AREA: Final = "grid_rules"
"""Of the audit."""
State = Literal["active", "retired"]
STATES: Final[tuple[State, ...]] = get_args(State)
KINDS: Final[tuple[RuleKind, ...]] = get_args(RuleKind)
UNITS: Final = ("%", "W", "kW")
GRADES: Final = tuple(filter(None, CONFIDENCE))
LONGEST: Final = {"operator": 128, "source": 255, "note": 2_000}


@frozen
class Said:
    """What is said of a rule; without an operator it holds for the country.

    unit: "%" is of the installed PV, W and kW are at the connection point.
    """

    country: str
    kind: RuleKind
    value: float
    unit: str
    operator: str = ""
    source: str = ""
    confidence: str = "unverified"
    note: str = ""


@frozen
class Made:
    """A rule as kept; `version` grows with each change."""

    id: int
    said: Said
    state: State
    created_at: int
    changed_at: int
    version: int


async def create(
    connection: AsyncConnection, access: Access, said: Said, *, now: int, address: str = ""
) -> Made:
    """Make a rule; needs `products:create`. Raises RequestError."""
    access.require("products:create")
    await _check(connection, said)
    times = {"created_at": now, "changed_at": now}
    row = {**_row(said), **times, "state": "active", "version": 1}
    made = _made(
        (await connection.execute(insert(grid_rules).values(**row).returning(*_ALL))).one()
    )
    about = (AREA, "create", made.id)
    new = attrs.asdict(made.said)
    await entries.record(connection, access, *about, new=new, now=now, address=address)
    return made


async def edit(
    connection: AsyncConnection,
    access: Access,
    rule_id: int,
    said: Said,
    *,
    version: int,
    reason: str = "",
    now: int,
    address: str = "",
) -> Made:
    """Change a rule; needs `products:edit`. ConflictError, RequestError."""
    access.require("products:edit")
    before = await _known(connection, rule_id)
    if before.state != "active":
        raise RequestError(Problem("id", "is retired", "make another rule"))
    await _check(connection, said, rule_id)
    return await _change(
        connection, access, "edit", before, _row(said), version=version, reason=reason, now=now,
        address=address,
    )  # fmt: skip


async def retire(
    connection: AsyncConnection,
    access: Access,
    rule_id: int,
    *,
    version: int,
    reason: str,
    now: int,
    address: str = "",
) -> Made:
    """Let a rule hold no more, so that what it came before holds again; needs `products:edit`."""
    access.require("products:edit")
    before = await _known(connection, rule_id)
    return await _change(
        connection, access, "retire", before, {"state": "retired"}, version=version,
        reason=reason, now=now, address=address,
    )  # fmt: skip


async def all_of(connection: AsyncConnection, registry: Registry) -> tuple[GridRule, ...]:
    """Every rule that may hold somewhere: those made here, then the declared ones."""
    query = select(*_ALL).where(grid_rules.c.state == "active").order_by(grid_rules.c.id)
    made = [_rule(_made(row)) for row in await connection.execute(query)]
    return (*made, *declared(registry))


@lru_cache(maxsize=2)
def declared(registry: Registry) -> tuple[GridRule, ...]:
    """The rules of grid specifications by country, those that several say alike once."""
    found: dict[GridRule, list[str]] = {}
    for name, rule in _declared(registry):
        names = found.setdefault(rule, [])
        if name not in names:
            names.append(name)
    return tuple(attrs.evolve(rule, name=", ".join(names)) for rule, names in found.items())


def _declared(registry: Registry) -> Iterator[tuple[str, GridRule]]:
    for plugin in registry.plugins.values():
        for spec in plugin.grid_specs:
            for rule in spec.export_rules:
                source = plugin.source_of(rule)
                for country in rule.countries or spec.countries:
                    yield (
                        spec.name,
                        GridRule(
                            "max_export",
                            rule.value,
                            rule.unit,
                            rule.relative_to,
                            country,
                            rule.operator,
                            source=source.title if source else "",
                            confidence=plugin.confidence_of(rule),
                            note=rule.note.removeprefix(f"holds in {country}: "),
                        ),
                    )


async def _change(
    connection: AsyncConnection,
    access: Access,
    action: str,
    before: Made,
    values: dict[str, Any],
    *,
    version: int,
    reason: str,
    now: int,
    address: str,
) -> Made:
    row = {**values, "changed_at": now}
    changed = await change_row(connection, grid_rules.c.id, before.id, version, row)
    if changed is None:
        raise ConflictError(await _known(connection, before.id))
    after = _made(changed)
    await entries.record(
        connection, access, AREA, action, before.id, old=_values(before), new=_values(after),
        reason=reason, now=now, address=address,
    )  # fmt: skip
    return after


async def _known(connection: AsyncConnection, rule_id: int) -> Made:
    row = (await connection.execute(select(*_ALL).where(grid_rules.c.id == rule_id))).one_or_none()
    if row is None:
        raise RequestError(Problem("id", f"there is no rule {rule_id}", "look in the list"))
    return _made(row)


async def _check(connection: AsyncConnection, said: Said, own: int | None = None) -> None:
    """Raises RequestError with everything that is wrong; two of one kind would contradict."""
    problems = list(_problems(said))
    if not problems:
        same = select(grid_rules.c.id, grid_rules.c.operator).where(
            grid_rules.c.country == said.country,
            grid_rules.c.kind == said.kind,
            grid_rules.c.state == "active",
            grid_rules.c.id != (own or 0),
        )
        wanted = said.operator.strip().casefold()
        for id_, operator in await connection.execute(same):
            if operator.casefold() == wanted:
                what = f"has such a rule already, number {id_}"
                problems.append(Problem("operator" if wanted else "country", what, "edit that one"))
    if problems:
        raise RequestError(*problems)


def _problems(said: Said) -> Iterator[Problem]:
    if len(said.country) != 2 or not (said.country.isascii() and said.country.isupper()):
        yield Problem("country", f"{said.country!r} is not a country", "two letters, such as DE")
    if said.kind not in KINDS:
        yield Problem("kind", f"{said.kind!r} is no kind of rule", ", ".join(KINDS))
    yield from _amount_problems(said)
    if said.confidence not in GRADES:
        yield Problem("confidence", f"{said.confidence!r} is none", ", ".join(GRADES))
    if not said.source.strip():
        yield Problem("source", "is missing", "say where the rule can be read")
    for name, longest in LONGEST.items():
        if len(getattr(said, name)) > longest:
            yield Problem(name, f"is longer than {longest} characters", "shorten it")


def _amount_problems(said: Said) -> Iterator[Problem]:
    if said.unit not in UNITS:
        yield Problem("unit", f"{said.unit!r} cannot be used", ", ".join(UNITS))
    elif said.unit == "%" and not 0 <= said.value <= 100:
        yield Problem("value", f"{said.value:g} % is no share of the installed PV", "0 to 100")
    elif said.value < 0:
        yield Problem("value", "is below zero", "say the most that is allowed")
    if said.unit == "%" and said.kind == "max_import":
        yield Problem("unit", "of bought power is W or kW", "there is no share of the installed PV")


def _row(said: Said) -> dict[str, Any]:
    return {
        name: printable(value.strip()) if isinstance(value, str) else value
        for name, value in attrs.asdict(said).items()
    }


def _made(row: Any) -> Made:
    said = Said(**{each.name: getattr(row, each.name) for each in attrs.fields(Said)})
    return Made(row.id, said, row.state, row.created_at, row.changed_at, row.version)


def _values(made: Made) -> dict[str, Any]:
    return {**attrs.asdict(made.said), "state": made.state}


def _rule(made: Made) -> GridRule:
    said = made.said
    return GridRule(
        said.kind,
        said.value,
        said.unit,
        INSTALLED_PV if said.unit == "%" else CONNECTION,
        said.country,
        said.operator,
        source=said.source,
        confidence=said.confidence,
        note=said.note,
        id=made.id,
    )


_ALL: Final = tuple(grid_rules.c)
