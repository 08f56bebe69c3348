"""The immutable result of loading: what any device of any product model has and how it speaks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from attrs import define, evolve, field, frozen

from core.plugin import Plugin
from core.thing_model.command import Command
from core.thing_model.component import Component
from core.thing_model.datapoint import Datapoint
from core.thing_model.decoder import Decoder
from core.thing_model.fault import Fault
from core.thing_model.function import Function
from core.thing_model.grid_spec import GridSpec
from core.thing_model.layout.codec import Codec, implausible, outside
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.logs import LogRule
from core.thing_model.plausibility import Range
from core.thing_model.problems import DecodeError, Problem
from core.thing_model.product import Mounted, ProductModel
from core.thing_model.roles import POSITIONS, ROLES, house_sign
from core.thing_model.scope import applies, specificity
from core.thing_model.units import factor

Row = TypeVar("Row", Datapoint, Decoder, Fault, Command)


@frozen(eq=False)
class Channel:
    """One channel of a mounted component, ready to decode.

    `keys` names the values that `read` returns: those of the layout, then the computed ones.
    `rows` are their declarations.
    """

    name: str
    decoder: Decoder
    codec: Codec
    keys: tuple[str, ...]
    computed: tuple[Datapoint, ...]
    faults: tuple[Fault, ...]
    ranges: Mapping[str, Range]
    rows: Mapping[str, Datapoint]

    def read(self, data: bytes) -> tuple[Sequence[Value], tuple[DecodeError, ...]]:
        """Values in the order of `keys`, and the errors of values that are implausible.

        An implausible value is absent from the values; its error keeps the reason. A frame that
        cannot be read as a whole raises DecodeError.
        """
        values: Sequence[Value]
        refused: tuple[DecodeError, ...] = ()
        try:
            values = self.codec.decode_checked(data)
        except DecodeError:
            values, refused = self._plausible(data)
        if not self.computed:
            return values, refused
        return tuple(self._completed(values).values()), refused

    def all_values(self, data: bytes) -> dict[str, Value]:
        """As `read`, by key, with implausible values left as they are."""
        return self._completed(self.codec.decode(data))

    def without(self, values: Sequence[Value], keys: Collection[str]) -> list[Value]:
        """The values but for those of `keys`, which are not believed; what is computed follows."""
        gone = dict.fromkeys(keys)
        known = dict(zip(self.keys, values, strict=True)) | gone
        doubted = set(keys)
        for datapoint in self.computed:
            if doubted.intersection(datapoint.of) and datapoint.key not in self.codec.keys:
                known[datapoint.key] = datapoint.compute(known)
                doubted.add(datapoint.key)
        return [known[key] for key in self.keys]

    def _completed(self, values: Sequence[Value]) -> dict[str, Value]:
        known = dict(zip(self.codec.keys, values, strict=True))
        for datapoint in self.computed:
            if known.get(datapoint.key) is None:  # what the device sends comes before what follows
                known[datapoint.key] = datapoint.compute(known)
        return known

    def _plausible(self, data: bytes) -> tuple[Sequence[Value], tuple[DecodeError, ...]]:
        values = list(self.codec.decode(data))
        spans = self.codec.trace(data)
        refused: list[DecodeError] = []
        for n, key in enumerate(self.codec.keys):
            limits = self.ranges.get(key)
            if limits is not None and outside(values[n], limits):
                offset = spans[key].spans[0][0]
                refused.append(DecodeError(key, offset, implausible(values[n], limits)))
                values[n] = None
        return values, tuple(refused)


@frozen(eq=False)
class Part:
    """A component as mounted in a slot, for one variant and firmware: the rows that apply."""

    slot: str
    mounted: Mounted
    plugin: Plugin
    component: Component | None
    datapoints: Mapping[str, Datapoint]
    channels: Mapping[str, Channel]
    faults: tuple[Fault, ...]
    commands: Mapping[str, Command]
    log_rules: tuple[LogRule, ...]

    def named(self, name: str) -> Datapoint | None:
        """The datapoint of a key or alias, whatever its case."""
        return self.datapoints.get(name) or next(
            (d for d in self.datapoints.values() if name.lower() in map(str.lower, d.aliases)), None
        )


@frozen
class RoleSource:
    """Where a role's value is read, and the factor that gives it the house's unit and sign.

    `about` is the slot that it speaks of: an inverter may report a meter that it hears.
    """

    slot: str
    key: str
    factor: float
    about: str


@frozen(eq=False)
class System:
    """A product model with its parts: what ingest and pages look things up in."""

    product: ProductModel
    parts: Mapping[str, Part]
    roles: Mapping[str, tuple[RoleSource, ...]]

    def house(self, latest: Mapping[tuple[str, str], Value]) -> dict[str, float]:
        """Role readings in the house's sign from the latest values by (slot, key).

        Of several sources the first that has a value counts; photovoltaics of several slots add
        up. Load follows from the others where no device reports it and the grid's power is known.
        """
        readings: dict[str, float] = {}
        for role, sources in self.roles.items():
            found: dict[str, float] = {}
            for source in sources:
                if isinstance(value := latest.get((source.slot, source.key)), int | float):
                    found.setdefault(source.about, value * source.factor)
            if found:
                first = next(iter(found.values()))
                readings[role] = sum(found.values()) if role.startswith("pv.") else first
        if "load.power" not in readings and "grid.power" in readings:
            balance = readings.get("pv.power", 0) + readings["grid.power"]
            readings["load.power"] = max(0, balance - readings.get("battery.power", 0))
        return readings


@define(eq=False)
class Registry:
    """Plugins, product models and what follows from them. Nothing in it changes after loading.

    `products` has every version by id and version, also those `retired`, which systems may have
    had: what they sent stays readable.
    """

    plugins: Mapping[str, Plugin]
    products: Mapping[tuple[str, str], ProductModel]
    grid_specs: Mapping[str, GridSpec]
    functions: Mapping[str, Function]
    problems: tuple[Problem, ...]
    retired: frozenset[tuple[str, str]] = frozenset()
    _systems: dict[tuple[ProductModel, str], System] = field(
        factory=dict[tuple[ProductModel, str], System], repr=False
    )

    @classmethod
    def of(
        cls,
        plugins: Mapping[str, Plugin],
        products: Mapping[tuple[str, str], ProductModel],
        problems: tuple[Problem, ...],
    ) -> "Registry":
        return cls(
            MappingProxyType(dict(plugins)),
            MappingProxyType(dict(products)),
            MappingProxyType({g.id: g for p in plugins.values() for g in p.grid_specs}),
            MappingProxyType({f.id: f for p in plugins.values() for f in p.functions}),
            problems,
        )

    def with_products(
        self,
        products: Iterable[ProductModel],
        retired: Iterable[tuple[str, str]] = (),
        problems: Iterable[Problem] = (),
    ) -> "Registry":
        """A registry with these product models, too; all that is compiled already is shared."""
        added = {(product.id, product.version): product for product in products}
        return evolve(
            self,
            products=MappingProxyType({**self.products, **added}),
            retired=frozenset(retired),
            problems=tuple(dict.fromkeys((*self.problems, *problems))),  # each is said once
            systems=self._systems,
        )

    @cached_property
    def newest(self) -> Mapping[str, ProductModel]:
        """Each product model by id, in its newest version that is not retired."""
        known = sorted(self.products.values(), key=lambda p: p.release)
        return {p.id: p for p in known if (p.id, p.version) not in self.retired}

    def product(self, id_: str, version: str = "") -> ProductModel | None:
        """A product model; the newest version that is not retired, unless one is named."""
        return self.products.get((id_, version)) if version else self.newest.get(id_)

    def product_of_sn(self, sn: str) -> ProductModel | None:
        """The product model whose serial number rules fit, if exactly one does."""
        fitting = [p for p in self.newest.values() if p.accepts(sn)]
        return fitting[0] if len(fitting) == 1 else None

    def system_of(self, id_: str, version: str, firmware: str = "") -> System | None:
        """What a system of this model is made of; None where no such model is loaded.

        Where its version of the model is not loaded the newest one stands in.
        """
        product = self.product(id_, version) or self.product(id_)
        return None if product is None else self.system(product, firmware)

    def system(self, product: ProductModel, firmware: str = "") -> System:
        """The parts of a product model at a firmware version; resolved once and remembered."""
        key = (product, firmware)
        if key not in self._systems:
            parts = {
                slot: part_of(self.plugins[mounted.plugin], slot, mounted, firmware)
                for slot, mounted in product.slots()
            }
            self._systems[key] = System(product, parts, _roles(parts.values()))
        return self._systems[key]


def part_of(plugin: Plugin, slot: str, mounted: Mounted, firmware: str = "") -> Part:
    """What a plugin declares for one variant and firmware, compiled."""
    variant = mounted.variant

    def chosen(rows: Iterable[Row], name: str) -> dict[str, Row]:
        by_name: dict[str, Row] = {}
        fitting = [
            row
            for row in rows
            if applies(row.variants, row.firmware, variant=variant, version=firmware)
        ]
        for row in sorted(fitting, key=lambda r: specificity(r.variants, r.firmware)):
            by_name[getattr(row, name)] = row
        order = list(dict.fromkeys(getattr(row, name) for row in fitting))
        return {key: by_name[key] for key in order}

    datapoints = chosen(plugin.datapoints, "key")
    faults = tuple(chosen(plugin.faults, "code").values())
    return Part(
        slot,
        mounted,
        plugin,
        next((c for c in plugin.components if c.variant == variant), None),
        datapoints,
        {
            name: compile_channel(decoder, datapoints, faults)
            for name, decoder in chosen(plugin.decoders, "channel").items()
        },
        faults,
        chosen(plugin.commands, "name"),
        tuple(
            r
            for r in plugin.log_rules
            if applies(r.variants, r.firmware, variant=variant, version=firmware)
        ),
    )


def compile_channel(
    decoder: Decoder, datapoints: Mapping[str, Datapoint], faults: Sequence[Fault] = ()
) -> Channel:
    """A decoder with the ranges, computed datapoints and faults that belong to its values."""
    ranges = {key: d.range for key, d in datapoints.items() if d.range is not None}
    codec = compile_layout(decoder.layout, ranges)
    known, computed = set(codec.keys), list[Datapoint]()
    for datapoint in datapoints.values():
        enough = any if datapoint.partial else all
        if datapoint.computed is not None and enough(key in known for key in datapoint.of):
            computed.append(datapoint)
            known.add(datapoint.key)
    return Channel(
        decoder.channel,
        decoder,
        codec,
        codec.keys + tuple(d.key for d in computed if d.key not in codec.keys),
        tuple(computed),
        tuple(fault for fault in faults if fault.datapoint in known),
        ranges,
        {key: datapoints[key] for key in known if key in datapoints},
    )


def _roles(parts: Iterable[Part]) -> dict[str, tuple[RoleSource, ...]]:
    found: dict[str, list[tuple[int, RoleSource]]] = {}
    for part in parts:
        for datapoint in part.datapoints.values():
            if datapoint.role is None:
                continue
            declared = ROLES[datapoint.role]
            name = POSITIONS.get(part.slot, {}).get(declared.name, declared.name)
            sign = house_sign(declared, datapoint.positive) or 0
            scale = factor(datapoint.unit, declared.unit) or 0
            if name == "pv.power" and part.slot == "pv_meter":
                sign = -sign  # a PV meter imports nothing: what it exports is what it generates
            rank = 0 if part.slot.endswith("_meter") else 1
            about = datapoint.about or part.slot
            source = RoleSource(part.slot, datapoint.key, sign * scale, about)
            found.setdefault(name, []).append((rank, source))
    return {
        role: tuple(source for _, source in sorted(found[role], key=lambda ranked: ranked[0]))
        for role in ROLES
        if role in found and not role.startswith("meter.")
    }
