"""Product models: which components make a system, where they sit, and what it can do."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from attrs import field, frozen, validators
from msgspec import Meta

Position = Literal["grid", "pv", "load"]

MODEL = r"^[a-z_]+\.[a-z0-9_]+(\.[a-z0-9_]+)?$"
SLUG = r"^[a-z0-9][a-z0-9-]*$"
OFFLINE_AFTER = 900
LONGEST_OFFLINE_AFTER = 10_000_000
SEMVER = r"^\d+\.\d+\.\d+$"


@frozen
class Mounted:
    """A component in a product model; a plain string stands for its `model`."""

    model: Annotated[
        str,
        Meta(pattern=MODEL, description="kind.name of a plugin, or kind.name.variant"),
    ] = field(validator=validators.matches_re(MODEL))
    max_count: Annotated[
        int,
        Meta(ge=1, le=16, description="How many slots it takes at most: battery1, battery2 …"),
    ] = field(default=1, validator=[validators.ge(1), validators.le(16)])
    position: Annotated[
        Position | None, Meta(description="Where a meter sits; it gives the slot its name")
    ] = None

    @property
    def plugin(self) -> str:
        return ".".join(self.model.split(".")[:2])

    @property
    def variant(self) -> str:
        parts = self.model.split(".")
        return parts[2] if len(parts) > 2 else ""


@frozen
class FunctionUse:
    """A function that a product model has; a plain string stands for its `id`."""

    id: Annotated[str, Meta(description="Id of a declared function")]
    version: Annotated[
        str, Meta(description="Version of the function that this model has; empty for its newest")
    ] = ""


@frozen(cache_hash=True)  # it is a key wherever something follows from a product model
class ProductModel:
    """A product as it is sold: components in slots, functions, markets, grid specifications."""

    id: Annotated[
        str, Meta(pattern=SLUG, max_length=64, description="Unique among all product models")
    ] = field(validator=validators.matches_re(SLUG))
    name: Annotated[str, Meta(min_length=1, description="What people read")]
    version: Annotated[
        str, Meta(pattern=SEMVER, max_length=32, description="Semantic version of this model")
    ] = field(validator=validators.matches_re(SEMVER))
    series: Annotated[str, Meta(description="Family that the product belongs to")] = ""
    vendor: Annotated[str, Meta(description="Maker")] = ""
    description: Annotated[str, Meta(description="One or two sentences for the portal")] = ""
    markets: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Z]{2}$", description="Such as DE")], ...],
        Meta(description="Countries where it is sold, ISO 3166-1; everywhere if empty"),
    ] = ()
    sn_rules: Annotated[
        tuple[
            Annotated[
                str,
                Meta(pattern=r"^[A-Z0-9*?]+$", max_length=64, description="Such as AL7* or AB????"),
            ],
            ...,
        ],
        Meta(description="Shapes of serial numbers: * is any text, ? one character"),
    ] = ()
    inverter: Mounted | None = None
    batteries: tuple[Mounted, ...] = ()
    meters: tuple[Mounted, ...] = ()
    chargers: tuple[Mounted, ...] = ()
    wifi: Mounted | None = None
    ems: Mounted | None = None
    hardware_functions: tuple[FunctionUse, ...] = ()
    software_functions: tuple[FunctionUse, ...] = ()
    grid_specs: Annotated[
        tuple[str, ...], Meta(description="Ids of the grid specifications it can be set to")
    ] = ()
    offline_after: Annotated[
        int,
        Meta(
            ge=1,
            le=LONGEST_OFFLINE_AFTER,
            description="Seconds without a frame until it counts as offline",
        ),
    ] = field(default=OFFLINE_AFTER, validator=validators.ge(1))

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, which sort as versions do."""
        return tuple(map(int, self.version.split(".")))

    def slots(self) -> Iterator[tuple[str, Mounted]]:
        """Every slot and what is mounted in it, in the order in which people name them."""
        if self.inverter:
            yield "inverter", self.inverter
        if self.ems:
            yield "ems", self.ems
        yield from _numbered("battery", self.batteries)
        for meter in self.meters:
            yield f"{meter.position or 'grid'}_meter", meter
        yield from _numbered("charger", self.chargers)
        if self.wifi:
            yield "wifi", self.wifi

    def accepts(self, sn: str) -> bool:
        """Whether a serial number has one of the shapes of this model."""
        return any(fnmatchcase(sn, rule) for rule in self.sn_rules)


def _numbered(stem: str, mounted: tuple[Mounted, ...]) -> Iterator[tuple[str, Mounted]]:
    number = 0
    for component in mounted:
        for _ in range(component.max_count):
            number += 1
            yield f"{stem}{number}", component
