"""What a device can say about itself, one value at a time."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import Attribute, field, frozen, validators

from core.thing_model.declaration import Declaration
from core.thing_model.layout.fields import Value
from core.thing_model.plausibility import Counter, Plausibility, Range
from core.thing_model.provenance import Confidence
from core.thing_model.roles import ROLES, Direction
from core.thing_model.scope import names
from core.thing_model.traits import TRAITS, ShareOf
from core.thing_model.units import UNITS


@frozen
class Symbol:
    """One value of an enumeration: its short name and what people read."""

    name: str
    label: str
    confidence: Confidence = ""


def _symbols(given: Mapping[int, "str | Symbol"]) -> Mapping[int, Symbol]:
    return {
        int(value): s if isinstance(s, Symbol) else Symbol(s.lower().replace(" ", "_"), s)
        for value, s in given.items()
    }


@frozen
class Enumeration:
    """Numbers with meanings. A number that is not listed has no published meaning."""

    name: str
    symbols: Mapping[int, Symbol] = field(converter=_symbols, hash=False)

    def label(self, value: Value) -> str | None:
        """What a raw value means, or None where nobody published it."""
        if not isinstance(value, int | float) or (symbol := self.symbols.get(int(value))) is None:
            return None
        return symbol.label


def _known_unit(_instance: Any, attribute: "Attribute[str]", value: str) -> None:
    if value and value not in UNITS:
        raise ValueError(f"{attribute.name} {value!r} is not known; units are {', '.join(UNITS)}")


def _known_role(_instance: Any, _attribute: Any, value: str | None) -> None:
    if value is not None and value not in ROLES:
        raise ValueError(f"role {value!r} is not known; roles are {', '.join(ROLES)}")


def _known_trait(_instance: Any, _attribute: Any, value: str | None) -> None:
    if value is not None and value not in TRAITS:
        raise ValueError(f"trait {value!r} is not known; traits are {', '.join(TRAITS)}")


@frozen
class Datapoint(Declaration):
    """A value that a device reports, or that follows from others, in `unit`.

    The sign is the device's own; `positive` says which direction plus means, where it is known. A
    `role` makes the value a reading of the house (see `roles`), a `trait` what the system is or is
    held to (see `traits`); a trait in percent says what it is a `share_of`. `about` names another
    slot that the value speaks of ("battery1" in an inverter's frame). Plausible values lie within
    `range`, change by at most `step` per second, and a `counter` only grows: "total" for ever,
    unless it rolls over at `rollover` or `restarts` at no more than that; "daily" until midnight. A
    role that counts makes a "total". `writable` values can be set by a command. `aliases` are other
    names in logs and configuration dumps. `of` and `computed` derive the value from other
    datapoints, absent where one of them is absent unless `partial`; where a frame holds the value
    itself, that one counts.
    """

    key: str
    unit: str = field(default="", validator=_known_unit)
    role: str | None = field(default=None, validator=_known_role)
    trait: str | None = field(default=None, kw_only=True, validator=_known_trait)
    share_of: ShareOf = field(
        default="",
        kw_only=True,
        validator=validators.in_(("", "installed_pv_power", "rated_power")),
    )
    label: str = field(default="", kw_only=True)
    doc: str = field(default="", kw_only=True)
    group: str = field(default="", kw_only=True)
    positive: Direction | None = field(default=None, kw_only=True)
    about: str = field(default="", kw_only=True)
    range: Range | None = field(default=None, kw_only=True)
    step: float | None = field(default=None, kw_only=True)
    counter: Counter | None = field(default=None, kw_only=True)
    rollover: float | None = field(default=None, kw_only=True)
    restarts: float | None = field(default=None, kw_only=True)
    enum: Enumeration | None = field(default=None, kw_only=True)
    access: Literal["ro", "rw", "wo"] = field(
        default="ro", kw_only=True, validator=validators.in_(("ro", "rw", "wo"))
    )
    aliases: tuple[str, ...] = field(default=(), kw_only=True, converter=names)
    of: tuple[str, ...] = field(default=(), kw_only=True, converter=names)
    computed: Callable[..., Value] | None = field(default=None, kw_only=True)
    partial: bool = field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        self.plausibility  # noqa: B018  what is wrong with it is said at once

    @property
    def plausibility(self) -> Plausibility:
        """The rules by which its values are believed."""
        counts = self.role is not None and ROLES[self.role].counter
        counter = self.counter or ("total" if counts else None)
        return Plausibility(self.range, self.step, counter, self.rollover, self.restarts)

    @property
    def name(self) -> str:
        """What people read: the label, or the key spelt out."""
        return self.label or self.key.replace("_", " ")

    def compute(self, values: Mapping[str, Value]) -> Value:
        """The value that follows from other datapoints; None is absent."""
        if self.computed is None:
            raise TypeError(f"{self.key} is not computed")
        given = [values.get(key) for key in self.of]
        if self.partial:
            given = [value for value in given if value is not None]
        if not given or any(value is None for value in given):
            return None
        return self.computed(*given)


def total(*values: float) -> float:
    """The sum of what the device sends in parts; for `Datapoint(computed=total)`."""
    return sum(values)
