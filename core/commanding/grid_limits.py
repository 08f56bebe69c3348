"""The rules of the grid that bind what is commanded: refused above, and named where they hold."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import field, frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.commanding.parameters import Checked
from core.fleet.connections import connections_of
from core.products.grid_rules import all_of
from core.registry import Part, Registry
from core.thing_model.command import Command
from core.thing_model.grid_rules import Bound, GridConnection, GridRule, bounds_of, lifted
from core.thing_model.layout.layouts import layout_keys
from core.thing_model.problems import Problem
from core.thing_model.traits import TRAITS

AT_NO_GRID = GridConnection()


@frozen(eq=False)
class Held:
    """What the rules allow of a command: bounds by datapoint, and rules that it would give up."""

    bounds: Mapping[str, tuple[Bound, ...]] = field(factory=dict[str, tuple[Bound, ...]])
    lifted: tuple[GridRule, ...] = ()


@frozen(eq=False)
class GridLimits:
    """Rules of the grid, and where systems (by id) meet it."""

    rules: tuple[GridRule, ...] = ()
    at: Mapping[int, GridConnection] = field(factory=dict[int, GridConnection])

    def bounds(self, system_id: int, part: Part, command: Command) -> dict[str, tuple[Bound, ...]]:
        """What the rules allow of what a command says, by datapoint; those of none are left out."""
        at = self.at.get(system_id, AT_NO_GRID)
        found = {
            key: bounds_of(self.rules, at, part.datapoints[key])
            for key in layout_keys(command.writes)
            if key in part.datapoints
        }
        return {key: bounds for key, bounds in found.items() if bounds}

    def of(self, system_id: int, part: Part, command: Command) -> Held:
        """All that the rules say of a command."""
        bounds = self.bounds(system_id, part, command)
        return Held(bounds, self.lifted(system_id, command))

    def lifted(self, system_id: int, command: Command) -> tuple[GridRule, ...]:
        """The rules that the command would give up."""
        at = self.at.get(system_id, AT_NO_GRID)
        return tuple(lifted(self.rules, at, command.lifts)) if command.lifts else ()

    def problems(self, system_id: int, part: Part, checked: Checked) -> Iterator[Problem]:
        """Values above what a rule allows, and limits that are not to be given up."""
        for rule in self.lifted(system_id, checked.command):
            yield Problem(
                "command", f"gives up a limit that the grid asks for ({rule.said})", _HINT
            )
        for key, bounds in self.bounds(system_id, part, checked.command).items():
            value = checked.values.get(key)
            if not isinstance(value, int | float):
                continue
            for bound in bounds:
                if bound.highest is not None and value > bound.highest:
                    what = (
                        f"{value:g} {bound.unit} is more than the grid allows ({bound.rule.said})"
                    )
                    yield Problem(key, what, f"at most {bound.highest:g} {bound.unit}")
                    break

    def notes(self, system_id: int, part: Part, command: Command) -> tuple[str, ...]:
        """The rules that hold for what a command says, in sentences for dry run and journal."""
        return tuple(
            said_of(bound)
            for bounds in self.bounds(system_id, part, command).values()
            for bound in bounds
        )


async def limits_for(
    connection: AsyncConnection,
    registry: Registry,
    system_ids: Sequence[int],
    commands: Sequence[tuple[Part, Command]],
) -> GridLimits:
    """The rules for these commands of these systems; nothing is looked up where none binds any."""
    if not any(is_bound(part, command) for part, command in commands):
        return GridLimits()
    rules = await all_of(connection, registry)
    return GridLimits(rules, await connections_of(connection, system_ids))


def is_bound(part: Part, command: Command) -> bool:
    """Whether some kind of rule can bind the command."""
    traits = (part.datapoints[k].trait for k in layout_keys(command.writes) if k in part.datapoints)
    return bool(command.lifts) or any(trait and TRAITS[trait].rule for trait in traits)


def said_of(bound: Bound) -> str:
    """A bound in a sentence."""
    if bound.highest is None:
        return f"not checked by a grid rule, {bound.missing} ({bound.rule.said})"
    doubt = ", unverified" if bound.rule.confidence in ("C", "unverified", "name_only") else ""
    return f"grid rule: at most {bound.highest:g} {bound.unit} ({bound.rule.said}{doubt})"


_HINT = "a network operator's own rule can be made under Grid rules"
