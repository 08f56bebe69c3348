"""What the `plugin.toml` of a plugin without Python says; values stand in the tables beside it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from attrs import field, frozen
from msgspec import Meta

from core.thing_model.command import Delivery, Offline, Risk
from core.thing_model.component import Component
from core.thing_model.logs import LogKind
from core.thing_model.product import SEMVER
from core.thing_model.provenance import Source
from core.thing_model.view import View

DataKind = Literal["inverters", "batteries", "meters", "chargers", "wifi"]
RegisterSpace = Literal["holding", "input"]

_Variant = Annotated[str, Meta(description="Only for this variant, whose rows replace the others")]
_Firmware = Annotated[str, Meta(description="Only for these firmware versions, such as >=3.6,<4")]
_Unit = Annotated[int, Meta(ge=0, le=255, description="Modbus unit id")]
_Address = Annotated[int, Meta(ge=0, le=65535, description="Zero-based address of the first one")]
_Channel = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", description="As in the topic")]
_Interval = Annotated[float, Meta(gt=0, description="Seconds between two frames")]


@frozen(kw_only=True)
class RegisterRead:
    """A channel: the Modbus answer to one read; its values are the rows at its addresses."""

    channel: _Channel
    first: _Address
    counts: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=125)], ...],
        Meta(min_length=1, description="Registers read; several numbers where firmware differs"),
    ]
    table: RegisterSpace = "holding"
    unit: _Unit = 1
    interval: _Interval | None = None
    variant: _Variant = ""
    firmware: _Firmware = ""
    doc: str = ""


@frozen(kw_only=True)
class JsonMessage:
    """A channel: a JSON object; its values are the rows whose table is named like the channel."""

    channel: _Channel
    inside: Annotated[
        tuple[str, ...], Meta(description="Objects in which the values may also stand")
    ] = ()
    interval: _Interval | None = None
    firmware: _Firmware = ""
    doc: str = ""


@frozen(kw_only=True)
class RegisterWrite:
    """A command: one Modbus write of the rows at its addresses; see `Command` for the rest."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    first: _Address
    count: Annotated[int, Meta(ge=1, le=123, description="Registers written")] = 1
    table: RegisterSpace = "holding"
    unit: _Unit = 1
    function: Literal[6, 16] = 16
    label: str = ""
    doc: str = ""
    risk: Risk = "reversible"
    constants: Mapping[str, float] = field(factory=dict[str, float])
    limits: Annotated[
        Mapping[str, str], Meta(description="Narrower ranges by key, as in the table: low..high")
    ] = field(factory=dict[str, str])
    defaults: Mapping[str, float] = field(factory=dict[str, float])
    reads_back: tuple[str, ...] = ()
    delivery: Delivery = "idempotent"
    offline: Offline = "queue"
    timeout: Annotated[float, Meta(gt=0)] = 60
    needs: tuple[str, ...] = ()
    variant: Annotated[str, Meta(description="Only for this variant")] = ""
    firmware: _Firmware = ""


@frozen(kw_only=True)
class LogLine:
    """How one kind of line of the log reads; see `LogRule`."""

    kind: LogKind
    line: Annotated[str, Meta(min_length=1)]
    time_format: str = ""
    doc: str = ""


@frozen(kw_only=True)
class PluginFile:
    """A plugin without Python: its name, what it is of, its channels and commands."""

    kind: DataKind
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", description="That of its folder")]
    version: Annotated[str, Meta(pattern=SEMVER, max_length=32)]
    sources: tuple[Source, ...] = ()
    components: tuple[Component, ...] = ()
    registers: tuple[RegisterRead, ...] = ()
    json: tuple[JsonMessage, ...] = ()
    commands: tuple[RegisterWrite, ...] = ()
    logs: tuple[LogLine, ...] = ()
    views: tuple[View, ...] = ()
