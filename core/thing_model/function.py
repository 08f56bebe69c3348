"""What a system can do beyond its hardware: hardware and software functions, with versions."""

from typing import Literal

from attrs import field, frozen, validators

from core.thing_model.datapoint import Enumeration
from core.thing_model.declaration import Declaration
from core.thing_model.layout.fields import Value
from core.thing_model.plausibility import Range
from core.thing_model.scope import names


@frozen
class Parameter:
    """One setting of a function, enough to draw its form field."""

    key: str
    type: Literal["number", "whole", "text", "flag", "time"] = "number"
    unit: str = field(default="", kw_only=True)
    label: str = field(default="", kw_only=True)
    range: Range | None = field(default=None, kw_only=True)
    enum: Enumeration | None = field(default=None, kw_only=True)
    default: Value = field(default=None, kw_only=True)
    doc: str = field(default="", kw_only=True)


@frozen
class Function(Declaration):
    """A function that a product model may have; `firmware` is that of the EMS it needs.

    `commands` names the commands that serve it, `codes` the function codes by which a device
    reports it, `countries` where it is sold (everywhere if empty).
    """

    id: str
    kind: Literal["hardware", "software"] = field(
        validator=validators.in_(("hardware", "software"))
    )
    label: str
    version: str = field(default="1.0.0", kw_only=True)
    doc: str = field(default="", kw_only=True)
    parameters: tuple[Parameter, ...] = field(default=(), kw_only=True)
    commands: tuple[str, ...] = field(default=(), kw_only=True, converter=names)
    codes: tuple[str, ...] = field(default=(), kw_only=True, converter=names)
    countries: tuple[str, ...] = field(default=(), kw_only=True, converter=names)
