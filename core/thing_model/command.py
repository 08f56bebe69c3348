"""What a device can be told to do."""

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen, validators

from core.thing_model.declaration import Declaration
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import Layout
from core.thing_model.plausibility import Range
from core.thing_model.scope import names
from core.thing_model.traits import RuleKind

Risk = Literal["read", "safe", "reversible", "disruptive", "irreversible"]
Delivery = Literal["idempotent", "at_most_once"]
Offline = Literal["queue", "refuse"]
WindowAction = Literal["charge", "discharge"]


@frozen
class WindowEdge:
    """What a value of a command says of a daily window: when it starts or ends, by local time.

    `window` counts from 1. Where hours and minutes are two values, perhaps of two commands, each
    says its part. A window that starts when it ends is not used.
    """

    action: WindowAction
    window: int = field(validator=validators.ge(1))
    edge: Literal["start", "end"] = field(validator=validators.in_(("start", "end")))
    unit: Literal["hour", "minute"] = field(validator=validators.in_(("hour", "minute")))


@frozen
class Command(Declaration):
    """An instruction: `writes` is the layout of what is sent, its values are the parameters.

    `constants` are values that the command always sends; the other values of the layout are asked
    for, with unit, range and choices of the datapoint of the same key. `limits` narrow a range.
    `defaults` are what a form starts with. `reads_back` names the datapoints that show that it was
    applied. `timeout` is how many seconds until no answer is called one.

    `risk`: "read" changes nothing; "safe" nothing that matters; "reversible" can be set back;
    "disruptive" takes something out of service for a while; "irreversible" cannot be undone or
    breaks the rules of the grid if it is wrong (factory reset, cleared counters, grid code), so
    that a second person has to approve it.
    `delivery`: an "idempotent" command is sent again where it is not known whether it went out, an
    "at_most_once" one never. `offline`: whether it waits in a "queue" for a device that is away, or
    is to be "refuse"d, because later it would say something else.

    `windows` names the values that say when a battery is charged or discharged day by day, so that
    they can follow a tariff. `lifts` is the kind of limit at the grid that it gives up: where a
    rule of the grid asks for that limit, it is refused.
    """

    name: str
    writes: Layout = field(hash=False)
    label: str = field(default="", kw_only=True)
    doc: str = field(default="", kw_only=True)
    risk: Risk = field(
        default="reversible",
        kw_only=True,
        validator=validators.in_(("read", "safe", "reversible", "disruptive", "irreversible")),
    )
    constants: Mapping[str, Value] = field(factory=dict[str, Value], kw_only=True, hash=False)
    limits: Mapping[str, Range] = field(factory=dict[str, Range], kw_only=True, hash=False)
    defaults: Mapping[str, Value] = field(factory=dict[str, Value], kw_only=True, hash=False)
    reads_back: tuple[str, ...] = field(default=(), kw_only=True, converter=names)
    delivery: Delivery = field(
        default="idempotent",
        kw_only=True,
        validator=validators.in_(("idempotent", "at_most_once")),
    )
    offline: Offline = field(
        default="queue", kw_only=True, validator=validators.in_(("queue", "refuse"))
    )
    timeout: float = field(default=60, kw_only=True)
    needs: tuple[str, ...] = field(default=(), kw_only=True, converter=names)
    windows: Mapping[str, WindowEdge] = field(
        factory=dict[str, WindowEdge], kw_only=True, hash=False
    )

    lifts: RuleKind | None = field(
        default=None,
        kw_only=True,
        validator=validators.optional(validators.in_(("max_export", "max_import"))),
    )

    @property
    def title(self) -> str:
        return self.label or self.name.replace("_", " ").capitalize()
