"""What a country's grid asks of an inverter."""

from typing import Annotated, Literal

from attrs import field, frozen, validators
from msgspec import Meta

from core.thing_model.provenance import Confidence

Basis = Annotated[
    Literal["read", "recalled"], Meta(description="Read in a document, or recalled and unverified")
]
SourceId = Annotated[str, Meta(description="Id of the source it was read from")]


@frozen
class GridLimit:
    """A protection stage: beyond `value` the inverter leaves the grid.

    `time` in seconds is the `timing`: a "delay" before it trips, a "maximum" within which it must
    have, or an "average" window over which the value is taken.
    """

    protection: Annotated[
        str, Meta(min_length=1, description="Stage: uv1, ov2, uf1, of1 …; o acts above, u below")
    ]
    quantity: Literal["voltage", "frequency"] = field(
        validator=validators.in_(("voltage", "frequency"))
    )
    value: float
    unit: str
    time: Annotated[float | None, Meta(description="Seconds")] = None
    timing: Annotated[
        Literal["delay", "maximum", "average"],
        Meta(description="Delay before it trips, maximum within which it has, averaging window"),
    ] = "delay"
    basis: Basis = "recalled"
    source: SourceId = ""
    confidence: Confidence = "unverified"

    @property
    def above(self) -> bool:
        """Whether the stage acts above its value (ov, of) or below it (uv, uf)."""
        return self.protection.startswith("o")


@frozen
class GridParameter:
    """A setting of a grid function: reconnection, ramp, P(f), power factor."""

    function: Annotated[str, Meta(min_length=1, description="reconnect, ramp, power_factor …")]
    name: Annotated[str, Meta(min_length=1, description="delay, gradient, minimum …")]
    value: float | bool | str
    unit: str = ""
    basis: Basis = "recalled"
    source: SourceId = ""
    confidence: Confidence = "unverified"


@frozen
class GridCurve:
    """A characteristic such as volt-var: points (x, y) in order, in the units of its axes."""

    name: Annotated[str, Meta(min_length=1, description="volt_var, volt_watt, freq_watt …")]
    x_unit: str
    y_unit: str
    points: Annotated[
        tuple[tuple[float, float], ...], Meta(min_length=2, description="x and y, in order")
    ]
    basis: Basis = "recalled"
    source: SourceId = ""
    confidence: Confidence = "unverified"


@frozen
class ExportRule:
    """The most that may be fed into the grid, in percent of installed PV or as a power."""

    value: float
    unit: str
    relative_to: Annotated[str, Meta(description="Installed PV power, connection point …")]
    operator: Annotated[str, Meta(description="Grid operator that asks for it; all if empty")] = ""
    source: SourceId = ""
    confidence: Confidence = "unverified"
    note: str = ""
    countries: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Z]{2}$")], ...],
        Meta(description="Those of the specification's where it holds; all if empty"),
    ] = ()


@frozen
class GridSpec:
    """A grid specification of one edition for one region."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9_]+$", description="Unique: de_vde_ar_n_4105_2018")]
    name: Annotated[str, Meta(min_length=1, description="What people call the document")]
    edition: Annotated[str, Meta(description="Year and month, or the document's own mark")]
    region: Annotated[str, Meta(description="Where it holds, as people say it")]
    countries: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Z]{2}$")], ...], Meta(description="ISO 3166-1")
    ]
    nominal_voltage: Annotated[float, Meta(gt=0, description="V, line to neutral")]
    nominal_frequency: Annotated[float, Meta(gt=0, description="Hz")]
    limits: tuple[GridLimit, ...] = field(default=(), kw_only=True)
    parameters: tuple[GridParameter, ...] = field(default=(), kw_only=True)
    curves: tuple[GridCurve, ...] = field(default=(), kw_only=True)
    export_rules: tuple[ExportRule, ...] = field(default=(), kw_only=True)
    vendor_codes: Annotated[
        tuple[tuple[str, int], ...],
        Meta(description="Maker and the number by which its inverters know the specification"),
    ] = field(default=(), kw_only=True)
    confidence: str = field(default="", kw_only=True)
    doc: str = field(default="", kw_only=True)
