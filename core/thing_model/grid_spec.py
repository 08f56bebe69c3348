"""What a country's grid asks of an inverter."""

from typing import Literal

from attrs import field, frozen, validators

from core.thing_model.provenance import Confidence

Basis = Literal["read", "recalled"]


@frozen
class GridLimit:
    """A protection stage: beyond `value` the inverter leaves the grid.

    `time` in seconds is the `timing`: a "delay" before it trips, a "maximum" within which it must
    have, or an "average" window over which the value is taken.
    """

    protection: str
    quantity: Literal["voltage", "frequency"] = field(
        validator=validators.in_(("voltage", "frequency"))
    )
    value: float
    unit: str
    time: float | None = None
    timing: Literal["delay", "maximum", "average"] = "delay"
    basis: Basis = "recalled"
    source: str = ""
    confidence: Confidence = "unverified"

    @property
    def above(self) -> bool:
        """Whether the stage acts above its value (ov, of) or below it (uv, uf)."""
        return self.protection.startswith("o")


@frozen
class GridParameter:
    """A setting of a grid function: reconnection, ramp, P(f), power factor."""

    function: str
    name: str
    value: float | bool | str
    unit: str = ""
    basis: Basis = "recalled"
    source: str = ""
    confidence: Confidence = "unverified"


@frozen
class GridCurve:
    """A characteristic such as volt-var: points (x, y) in order, in the units of its axes."""

    name: str
    x_unit: str
    y_unit: str
    points: tuple[tuple[float, float], ...]
    basis: Basis = "recalled"
    source: str = ""
    confidence: Confidence = "unverified"


@frozen
class ExportRule:
    """The most that may be fed into the grid, in percent of installed PV or as a power."""

    value: float
    unit: str
    relative_to: str
    operator: str = ""
    source: str = ""
    confidence: Confidence = "unverified"
    note: str = ""


@frozen
class GridSpec:
    """A grid specification of one edition for one region."""

    id: str
    name: str
    edition: str
    region: str
    countries: tuple[str, ...]
    nominal_voltage: float
    nominal_frequency: float
    limits: tuple[GridLimit, ...] = field(default=(), kw_only=True)
    parameters: tuple[GridParameter, ...] = field(default=(), kw_only=True)
    curves: tuple[GridCurve, ...] = field(default=(), kw_only=True)
    export_rules: tuple[ExportRule, ...] = field(default=(), kw_only=True)
    vendor_codes: tuple[tuple[str, int], ...] = field(default=(), kw_only=True)
    confidence: str = field(default="", kw_only=True)
    doc: str = field(default="", kw_only=True)
