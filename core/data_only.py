"""Plugins without Python: `plugin.toml` and tables, read as the hooks that a module would have."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import cattrs
from attrs import evolve, field, frozen
from cattrs.strategies import configure_union_passthrough
from jsonschema import Draft202012Validator

from core.hookspecs import hookimpl
from core.product_files import document_of, document_problems, text_of
from core.schemas import plugin_schema
from core.tables import (
    RegisterTable,
    enumerations,
    fault_table,
    product_files,
    range_of,
    register_table,
)
from core.thing_model.command import Command
from core.thing_model.datapoint import Datapoint
from core.thing_model.decoder import Decoder
from core.thing_model.fault import Fault
from core.thing_model.layout.binary import registers
from core.thing_model.layout.documents import json_object
from core.thing_model.layout.framing import modbus_write
from core.thing_model.logs import LogRule
from core.thing_model.plugin_file import JsonMessage, PluginFile, RegisterRead, RegisterWrite
from core.thing_model.problems import ModelError, Problem

FILE = "plugin.toml"
"""What makes a folder a plugin without Python."""

_converter = cattrs.Converter(forbid_extra_keys=True)
configure_union_passthrough(float | int | str, _converter)


def read_plugin_file(path: Path) -> PluginFile:
    """Raises ModelError with a Problem for everything that is wrong with the file or its folder."""
    document = document_of(text_of(path), str(path))
    problems = [*document_problems(document, _validator(), str(path)), *_code_beside(path)]
    expected = (path.parent.parent.name, path.parent.name)
    for key, wanted in zip(("kind", "name"), expected, strict=True):
        if document.get(key, wanted) != wanted:
            what = f"is {document[key]!r}, its folder is {'/'.join(expected)}"
            problems.append(Problem(f"{path}: {key}", what, "rename one of them"))
    if problems:
        raise ModelError(problems)
    try:
        return _converter.structure(document, PluginFile)
    except cattrs.BaseValidationError as error:
        said = cattrs.transform_error(error, "", lambda each, _type: str(each.args[0]))
        raise ModelError(Problem(str(path), each.removesuffix(" @ ")) for each in said) from None


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(plugin_schema())


def _code_beside(path: Path) -> Iterator[Problem]:
    for code in sorted(path.parent.rglob("*.py")):
        hint = f"remove it, or declare everything in Python and remove {FILE}"
        yield Problem(str(code), f"is Python beside {FILE}, which is for plugins without", hint)


def module_of(name: str, path: Path) -> ModuleType:
    """A module whose hooks declare what the folder of a `plugin.toml` says; raises ModelError."""
    said = read_plugin_file(path)
    tables = _Tables(path, said)
    tables.check()
    module = ModuleType(name, f"{said.kind}.{said.name}, read from {FILE}")
    module.__file__ = str(path)
    vars(module)["__version__"] = said.version
    hooks: dict[str, Callable[[], Iterable[Any]]] = {
        "declare_sources": lambda: said.sources,
        "declare_components": lambda: said.components,
        "declare_datapoints": tables.datapoints,
        "declare_decoders": tables.decoders,
        "declare_faults": tables.faults,
        "declare_commands": tables.commands,
        "declare_log_parsers": tables.log_rules,
        "declare_portal_views": lambda: said.views,
        "declare_products": lambda: product_files(str(path)),
    }
    for hook, declare in hooks.items():
        setattr(module, hook, _hook(declare))
    return module


def _hook(declare: Callable[[], Iterable[Any]]) -> Callable[[], Iterable[Any]]:
    @hookimpl
    def declared() -> Iterable[Any]:
        return declare()

    return declared


@frozen
class _Tables:
    """The tables beside a `plugin.toml`, read when a hook asks for them."""

    path: Path
    said: PluginFile = field(repr=False)

    @cached_property
    def _registers(self) -> RegisterTable:
        return register_table(str(self.path), enums="enums.csv" if self._has("enums.csv") else "")

    def _has(self, name: str) -> bool:
        return self.path.with_name(name).exists()

    def check(self) -> None:
        """Raises ModelError with a Problem for every wrong row of every table."""
        wrong = dict[str, tuple[Problem, ...]]()
        tables: dict[str, Callable[[], object]] = {
            "enums.csv": lambda: enumerations(str(self.path)),
            "registers.csv": lambda: self._sound_registers(enums="enums.csv" not in wrong),
            "faults.csv": self._faults,
        }
        for name, read in tables.items():
            if self._has(name):
                try:
                    read()
                except ModelError as error:
                    wrong[name] = error.problems
        if wrong:
            raise ModelError(chain.from_iterable(wrong.values()))

    def _sound_registers(self, *, enums: bool) -> None:
        (self._registers if enums else register_table(str(self.path))).check()

    def _faults(self) -> list[Fault]:
        return list(fault_table(str(self.path)))

    def datapoints(self) -> Iterator[Datapoint]:
        """Of the rows; a plugin without a table has ratings only."""
        return self._registers.datapoints() if self._has("registers.csv") else iter(())

    def decoders(self) -> Iterator[Decoder]:
        yield from map(self._answer, self.said.registers)
        yield from map(self._message, self.said.json)

    def _answer(self, read: RegisterRead) -> Decoder:
        table = self._registers
        decoder = table.answer(
            read.channel,
            read.first,
            *read.counts,
            table=read.table,
            unit=read.unit,
            doc=read.doc,
        )
        layout: Any = decoder.layout
        if read.variant:
            last = read.first + max(read.counts) - 1
            own = table.fields(read.first, last, table=read.table, variant=read.variant)
            layout = layout.overridden(*own)
        return evolve(
            decoder,
            layout=layout,
            interval=read.interval,
            variants=_only(read.variant),
            firmware=read.firmware,
        )

    def _message(self, message: JsonMessage) -> Decoder:
        fields = self._registers.json_fields(message.channel, inside=message.inside)
        if not fields:
            where = f"{self._registers.path}: channel {message.channel}"
            raise ModelError([Problem(where, f"has no row whose table is {message.channel!r}")])
        return Decoder(
            message.channel,
            json_object(*fields),
            interval=message.interval,
            firmware=message.firmware,
            doc=message.doc,
        )

    def faults(self) -> Iterable[Fault]:
        """Of faults.csv, whose bit fields are datapoints."""
        return self._faults() if self._has("faults.csv") else ()

    def commands(self) -> Iterator[Command]:
        return map(self._command, self.said.commands)

    def _command(self, write: RegisterWrite) -> Command:
        last = write.first + write.count - 1
        fields = self._registers.fields(write.first, last, table=write.table)
        if not fields:
            what = f"writes {write.table} registers {write.first} to {last}, where no row is"
            raise ModelError([Problem(f"{self._registers.path}: command {write.name}", what)])
        block = registers(write.first, *fields, counts=write.count)
        return Command(
            write.name,
            modbus_write(block, unit=write.unit, function=write.function),
            label=write.label,
            doc=write.doc,
            risk=write.risk,
            constants=write.constants,
            limits={key: range_of(text) or (None, None) for key, text in write.limits.items()},
            defaults=write.defaults,
            reads_back=write.reads_back,
            delivery=write.delivery,
            offline=write.offline,
            timeout=write.timeout,
            needs=write.needs,
            variants=_only(write.variant),
            firmware=write.firmware,
        )

    def log_rules(self) -> Iterator[LogRule]:
        for log in self.said.logs:
            yield LogRule(log.kind, log.line, time_format=log.time_format, doc=log.doc)


def _only(variant: str) -> tuple[str, ...]:
    return (variant,) if variant else ()
