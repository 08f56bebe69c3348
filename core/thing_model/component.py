"""The parts that a system is made of, and what is written on their nameplates."""

from typing import Annotated, Literal

from attrs import field, frozen, validators
from msgspec import Meta

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

    name: Annotated[str, Meta(min_length=1, description="usable_capacity, rated_power …")]
    value: float | str
    unit: Annotated[str, Meta(description="Symbol of a known unit; empty for text and ratios")] = ""
    source: Annotated[str, Meta(description="Id of the source it was read from")] = field(
        default="", kw_only=True
    )
    confidence: Confidence = field(default="", kw_only=True)


@frozen
class Component:
    """A part as it is sold. `variant` is how product models name it inside its plugin.

    The empty variant is the plugin's own name. A component may have ratings only and no decoder:
    a battery that is heard through its inverter.
    """

    kind: ComponentKind = field(validator=validators.in_(COMPONENT_KINDS))
    label: Annotated[str, Meta(min_length=1, description="As it is sold")]
    variant: Annotated[
        str,
        Meta(pattern=r"^[a-z0-9_]*$", description="Third part of kind.name.variant, if any"),
    ] = ""
    vendor: Annotated[str, Meta(description="Maker")] = field(default="", kw_only=True)
    ratings: tuple[Rating, ...] = field(default=(), kw_only=True)
    doc: str = field(default="", kw_only=True)
