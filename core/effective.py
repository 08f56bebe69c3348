"""What one system really has: its product model at its firmware, in its country, and why not more.

A product model lists the functions that it is sold with; firmware, country and the codes that the
device reports decide which of them are there. A command that serves functions is offered if one of
them is; a command that serves none is always offered.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Literal

from attrs import frozen

from core.overlays import Overlay, overlays
from core.registry import Part, Registry, System
from core.thing_model.declaration import Declaration
from core.thing_model.function import Function
from core.thing_model.product import ProductModel
from core.thing_model.scope import FirmwareRange

Cause = Literal["model", "firmware", "country", "code"]


@frozen
class Missing:
    """One reason why a function is not there: what it needs, and what the system has."""

    cause: Cause
    needs: str
    has: str

    def __str__(self) -> str:
        if self.cause == "model":
            return f"function missing on {self.has}"
        if self.cause == "firmware":
            return f"needs EMS {self.needs}, device has {self.has or 'not said which'}"
        if self.cause == "country":
            return f"not sold in {self.has or 'a country that is not known'}, only in {self.needs}"
        return f"the device does not report {self.needs}"


@frozen
class FunctionState:
    """A function of a system's family; it is there if nothing speaks against it."""

    function: Function
    missing: tuple[Missing, ...] = ()

    @property
    def available(self) -> bool:
        return not self.missing


@frozen(eq=False)
class Standing:
    """What of an overlay holds for a component of the system, at its firmware and because of it."""

    slot: str
    overlay: Overlay
    firmware: str

    @property
    def row(self) -> Declaration | None:
        return self.overlay.row(self.firmware)

    @property
    def needs(self) -> tuple[FirmwareRange, ...]:
        """At which firmware there is anything of the name."""
        return tuple(stretch.firmware for stretch in self.overlay.line if stretch.row)

    def __str__(self) -> str:
        has = f"the system has {self.firmware or 'not said which'}"
        what = f"{self.overlay.what} {self.overlay.name} of {self.slot}"
        if (stretch := self.overlay.stretch(self.firmware)) and stretch.row:
            return f"{what} is that of firmware {stretch.firmware}, {has}"
        if self.row:
            return f"{what} is that of unknown firmware, {has}"
        return f"{what} needs firmware {' or '.join(map(str, self.needs))}, {has}"


@frozen(eq=False)
class EffectiveModel:
    """A system with what it can do: functions by id, and why some of its commands are not offered.

    `withheld` has the functions that would each be enough for a command, by the command's name.
    """

    system: System
    functions: Mapping[str, FunctionState]
    withheld: Mapping[str, tuple[FunctionState, ...]]
    firmware: str = ""

    @cached_property
    def standings(self) -> tuple[Standing, ...]:
        """All that firmware decides in its components."""
        return standings(self.system.parts.values(), self.firmware)

    def outdated(self, slot: str, command: str) -> Standing | None:
        """Why a component does not have a command that it has at other firmware."""
        found = (s for s in self.standings if s.slot == slot and s.overlay.what == "command")
        return next((s for s in found if s.overlay.name == command and s.row is None), None)

    def offers(self, command: str) -> bool:
        return command not in self.withheld


@lru_cache(maxsize=8192)
def effective_model(
    registry: Registry,
    product: ProductModel,
    firmware: str = "",
    country: str = "",
    codes: frozenset[str] | None = None,
) -> EffectiveModel:
    """What a system of this product model has; `codes` is None where the device reported none."""
    used = {use.id for use in (*product.hardware_functions, *product.software_functions)}
    states: dict[str, FunctionState] = {}
    for function in _family(registry, used):
        missing = tuple(_missing(function, firmware, country, codes))
        if function.id not in used:
            missing = (Missing("model", function.label, product.name), *missing)
        states[function.id] = FunctionState(function, missing)
    return EffectiveModel(
        registry.system(product, firmware),
        MappingProxyType(states),
        MappingProxyType(dict(_withheld(states.values()))),
        firmware,
    )


def standings(parts: Iterable[Part], firmware: str) -> tuple[Standing, ...]:
    """All that firmware decides in components that are mounted."""
    return tuple(
        Standing(part.slot, overlay, firmware)
        for part in parts
        for overlay in overlays(part.plugin, part.mounted.variant)
    )


def _family(registry: Registry, used: Iterable[str]) -> Iterator[Function]:
    """The functions of the plugins that declare some function of the model."""
    names = set(used)
    for plugin in registry.plugins.values():
        if any(function.id in names for function in plugin.functions):
            yield from plugin.functions


def _missing(
    function: Function, firmware: str, country: str, codes: frozenset[str] | None
) -> Iterator[Missing]:
    if firmware not in function.firmware:
        yield Missing("firmware", str(function.firmware), firmware)
    if function.countries and country not in function.countries:
        yield Missing("country", ", ".join(function.countries), country)
    if codes is not None and function.codes and codes.isdisjoint(function.codes):
        yield Missing("code", " or ".join(function.codes), "")


def _withheld(
    states: Iterable[FunctionState],
) -> Iterator[tuple[str, tuple[FunctionState, ...]]]:
    serving: dict[str, list[FunctionState]] = {}
    for state in states:
        for command in state.function.commands:
            serving.setdefault(command, []).append(state)
    for command, functions in serving.items():
        if not any(state.available for state in functions):
            yield command, tuple(functions)
