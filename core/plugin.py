"""A plugin after loading: everything it declared, checked, and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Any, Literal

from attrs import field, frozen

from core.thing_model.command import Command
from core.thing_model.component import Component
from core.thing_model.datapoint import Datapoint
from core.thing_model.declaration import rows_for
from core.thing_model.decoder import Decoder
from core.thing_model.fault import Fault
from core.thing_model.function import Function
from core.thing_model.grid_spec import GridSpec
from core.thing_model.layout.layouts import Layout, layout_keys
from core.thing_model.layout.mistakes import mistakes
from core.thing_model.logs import LogRule
from core.thing_model.polling import MOST_REGISTERS, is_modbus_answer, register_read
from core.thing_model.problems import Problem
from core.thing_model.product import ProductModel
from core.thing_model.provenance import Source
from core.thing_model.roles import ROLES, house_sign
from core.thing_model.scope import FirmwareRange
from core.thing_model.traits import TRAITS
from core.thing_model.units import factor
from core.thing_model.version_line import version_line
from core.thing_model.view import View

KINDS = ("inverters", "batteries", "meters", "chargers", "grid_specs", "wifi", "functions")
"""The folders under `plugins/`, and the first half of every plugin's name."""


@frozen
class Plugin:
    """What one plugin declared. `name` is `kind.name`, `file` where it says so.

    version: of the distribution that it came in; of a folder what it says itself, if anything.
    load_seconds: how long the import and the checks took, in this process.
    """

    name: str
    file: Path
    origin: Literal["built in", "installed", "folder", "uploaded"]
    sources: tuple[Source, ...] = ()
    components: tuple[Component, ...] = ()
    datapoints: tuple[Datapoint, ...] = ()
    decoders: tuple[Decoder, ...] = field(default=(), repr=False)
    faults: tuple[Fault, ...] = field(default=(), repr=False)
    commands: tuple[Command, ...] = field(default=(), repr=False)
    log_rules: tuple[LogRule, ...] = field(default=(), repr=False)
    functions: tuple[Function, ...] = field(default=(), repr=False)
    grid_specs: tuple[GridSpec, ...] = field(default=(), repr=False)
    products: tuple[ProductModel, ...] = field(default=(), repr=False)
    views: tuple[View, ...] = field(default=(), repr=False)
    product_texts: Mapping[tuple[str, str], str] = field(
        factory=dict[tuple[str, str], str], repr=False
    )
    """TOML of the product models by id and version, as in their files."""
    version: str = field(default="", kw_only=True, eq=False)
    load_seconds: float = field(default=0.0, kw_only=True, eq=False, repr=False)

    @property
    def kind(self) -> str:
        return self.name.partition(".")[0]

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def variants(self) -> tuple[str, ...]:
        return tuple(component.variant for component in self.components)

    def source_of(self, row: Any) -> Source | None:
        """The source of a datapoint, fault or other row: its own, or the plugin's first."""
        known = {source.id: source for source in self.sources}
        return known.get(row.source) or next(iter(self.sources), None)

    def confidence_of(self, row: Any) -> str:
        """How far a row can be trusted: as it says itself, or as its source does."""
        source = self.source_of(row)
        return row.confidence or (source.confidence if source else "")


def inconsistencies(plugin: Plugin) -> Iterator[Problem]:
    """Everything in a plugin's declarations that does not fit together."""
    keys = {datapoint.key for datapoint in plugin.datapoints}
    yield from _overlapping(plugin, "datapoint", plugin.datapoints, "key")
    yield from _overlapping(plugin, "channel", plugin.decoders, "channel")
    yield from _overlapping(plugin, "command", plugin.commands, "name")
    yield from _overlapping(plugin, "fault", plugin.faults, "code")
    for datapoint in plugin.datapoints:
        yield from _datapoint_problems(plugin, datapoint, keys)
    for decoder in plugin.decoders:
        where = f"{plugin.name} channel {decoder.channel}"
        yield from _layout_problems(where, decoder.layout)
        yield from _reading_problems(where, decoder)
        yield from _unknown(where, layout_keys(decoder.layout), keys, "decodes")
    for fault in plugin.faults:
        yield from _unknown(f"{plugin.name} fault {fault.code}", (fault.datapoint,), keys, "reads")
    for command in plugin.commands:
        yield from _command_problems(plugin, command, keys)
    for view in plugin.views:
        yield from _unknown(f"{plugin.name} view {view.title}", view.datapoints, keys, "shows")
    yield from _unknown_scopes(plugin)


def _layout_problems(where: str, layout: Layout) -> Iterator[Problem]:
    for key, what in mistakes(layout):
        yield Problem(f"{where} {key}", what, "correct the layout")


def _reading_problems(where: str, decoder: Decoder) -> Iterator[Problem]:
    """What keeps a collector from asking for a channel."""
    modbus = is_modbus_answer(decoder.layout)
    read = register_read(decoder.layout)
    if decoder.sunspec is not None and modbus:
        what = "is both a SunSpec model and the answer to one Modbus read"
        yield Problem(where, what, "frame it by the model's head, or leave sunspec= out")
    if modbus and read is None:
        what = "does not say how many registers are read"
        yield Problem(where, what, "name them: registers(first, …, counts=…)")
    if read and read.counts[0] > MOST_REGISTERS:
        what = f"reads {read.counts[0]} registers, an answer holds {MOST_REGISTERS}"
        yield Problem(where, what, "make two channels of it")


def _overlapping(plugin: Plugin, what: str, rows: Sequence[Any], name: str) -> Iterator[Problem]:
    """Rows of one name must differ in scope; equally specific ones would be a matter of luck."""
    by_name: dict[str, list[Any]] = {}
    for row in rows:
        by_name.setdefault(getattr(row, name), []).append(row)
    for key, same in by_name.items():
        if len(same) > 1 or same[0].firmware.clauses:
            yield from _scope_problems(plugin, f"{plugin.name} {what} {key}", same)


def _scope_problems(plugin: Plugin, where: str, same: Sequence[Any]) -> Iterator[Problem]:
    lines = [version_line(rows_for(same, variant)) for variant in plugin.variants or ("",)]
    line = tuple(chain.from_iterable(lines))
    hint = "remove one, or tell them apart by variants= or firmware="
    for versions in dict.fromkeys(str(each.firmware) for each in line if each.contested):
        said = f"is declared twice for firmware {versions}" if versions else "is declared twice"
        yield Problem(where, said, hint)
    counting = {id(stretch.row) for stretch in line}
    shadowed = {id(row) for stretch in line for row in stretch.contested}
    for row in same:
        if row.firmware.clauses and id(row) not in counting | shadowed:
            what = f"holds at no version of {row.firmware}"
            yield Problem(where, what, "the range is empty, or more specific rows cover it")


def _datapoint_problems(plugin: Plugin, datapoint: Datapoint, keys: set[str]) -> Iterator[Problem]:
    where = f"{plugin.name} datapoint {datapoint.key}"
    yield from _unknown(where, datapoint.of, keys, "is computed of")
    if datapoint.trait and (units := TRAITS[datapoint.trait].units) and datapoint.unit not in units:
        what = f"has unit {datapoint.unit!r}, its trait {datapoint.trait} is told in {units}"
        yield Problem(where, what, "give the unit of the device or drop the trait")
    if datapoint.share_of and datapoint.unit != "%":
        yield Problem(where, "says a share of something, and is no percentage", "drop share_of")
    if datapoint.role is None:
        return
    role = ROLES[datapoint.role]
    if factor(datapoint.unit, role.unit) is None:
        what = f"has unit {datapoint.unit!r}, its role {role.name} is kept in {role.unit}"
        yield Problem(where, what, "give the unit of the device or drop the role")
    if house_sign(role, datapoint.positive) is None:
        what = f"has role {role.name}, but its sign is not stated"
        yield Problem(where, what, f"say positive={role.positive!r} or its opposite")


def _command_problems(plugin: Plugin, command: Command, keys: set[str]) -> Iterator[Problem]:
    where = f"{plugin.name} command {command.name}"
    yield from _layout_problems(where, command.writes)
    parameters = layout_keys(command.writes)
    yield from _unknown(where, parameters, keys, "writes")
    yield from _unknown(where, command.reads_back, keys, "reads back")
    for name in ("constants", "limits", "defaults", "windows"):
        yield from _unknown(f"{where} {name}", getattr(command, name), set(parameters), "names")
    for (key, edge), (other, same) in combinations(command.windows.items(), 2):
        if edge == same:
            part = f"{edge.edge} {edge.unit} of window {edge.window} to {edge.action}"
            hint = "number the windows from 1, and name hours and minutes apart"
            yield Problem(f"{where} windows", f"{key} and {other} both say the {part}", hint)
    ranges = {d.key: d.range for d in plugin.datapoints if d.range}
    for key, (low, high) in command.limits.items():
        widest_low, widest_high = ranges.get(key) or (None, None)
        if _below(low, widest_low) or _below(widest_high, high):
            what = f"limit {low}..{high} of {key} lies outside its range"
            yield Problem(where, what, f"stay within {widest_low}..{widest_high}")


def _below(value: float | None, limit: float | None) -> bool:
    return limit is not None and value is not None and value < limit


def _unknown(
    where: str, used: Sequence[str] | Mapping[str, Any], keys: set[str], verb: str
) -> Iterator[Problem]:
    for key in used:
        if key not in keys:
            yield Problem(where, f"{verb} {key!r}, which is not declared", "declare or rename it")


def _unknown_scopes(plugin: Plugin) -> Iterator[Problem]:
    known = set(plugin.variants)
    rows: tuple[Any, ...] = (
        *plugin.datapoints,
        *plugin.decoders,
        *plugin.faults,
        *plugin.commands,
        *plugin.log_rules,
    )
    for row in rows:
        for variant in row.variants:
            if variant not in known:
                name = getattr(row, "key", None) or getattr(row, "channel", None) or str(row)[:60]
                hint = f"declared components are {sorted(known)}"
                yield Problem(f"{plugin.name} {name}", f"is for variant {variant!r}", hint)


def scope_text(variants: tuple[str, ...], firmware: FirmwareRange) -> str:
    """How people read the scope of a row; empty where it applies to all."""
    version = f"firmware {firmware}" if firmware.clauses else ""
    return ", ".join(filter(None, (" ".join(variants), version)))
