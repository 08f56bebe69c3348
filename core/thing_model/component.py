"""The parts that a system is made of, and what is written on their nameplates."""

from typing import Literal

from attrs import field, frozen, validators

from core.thing_model.provenance import Confidence

ComponentKind = Literal["inverter", "battery", "meter", "charger", "wifi", "ems"]
COMPONENT_KINDS: tuple[ComponentKind, ...] = (
    "inverter",
    "battery",
    "meter",
    "charger",
    "wifi",
    "ems",
)


@frozen
class Rating:
    """One figure of a nameplate or listing."""

    name: str
    value: float | str
    unit: str = ""
    source: str = field(default="", kw_only=True)
    confidence: Confidence = field(default="", kw_only=True)


@frozen
class Component:
    """A part as it is sold. `variant` is how product models name it inside its plugin.

    The empty variant is the plugin's own name. A component may have ratings only and no decoder:
    a battery that is heard through its inverter.
    """

    kind: ComponentKind = field(validator=validators.in_(COMPONENT_KINDS))
    label: str
    variant: str = ""
    vendor: str = field(default="", kw_only=True)
    ratings: tuple[Rating, ...] = field(default=(), kw_only=True)
    doc: str = field(default="", kw_only=True)
