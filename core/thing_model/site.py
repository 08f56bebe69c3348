"""A site that a collector reads: which system it is, and how each of its components is reached."""

from collections.abc import Mapping
from typing import Annotated, Literal

from attrs import field, frozen
from msgspec import Meta

Parity = Literal["N", "E", "O"]
Wrapping = Literal["tcp", "rtu"]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Pattern = Annotated[str, Meta(pattern=r"^[a-z0-9_*?]+$")]
Unit = Annotated[int, Meta(ge=0, le=255)]

FAST, SLOW = 10.0, 300.0


@frozen
class SiteBroker:
    """The MQTT broker that frames are sent to, and who the site is to it."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^mqtts?://[^/@\s]+$",
            description="mqtt://host:1883, or mqtts://host:8883 for an encrypted connection",
        ),
    ] = "mqtt://127.0.0.1:1883"
    username: Annotated[str, Meta(description="The serial number, unless the broker differs")] = ""
    password_file: Annotated[
        str,
        Meta(description="File with the password, seen from the site file; none if empty"),
    ] = ""
    ca_file: Annotated[
        str, Meta(description="Certificates to trust instead of the system's, for mqtts")
    ] = ""


@frozen
class SiteOutbox:
    """Where frames are kept until the broker has them, and for some time after."""

    file: Annotated[
        str, Meta(description="Database file, seen from the site file; named like it if empty")
    ] = ""
    max_mb: Annotated[
        int, Meta(ge=1, description="Frames not yet sent: above this the oldest are dropped")
    ] = 512
    keep_mb: Annotated[
        int, Meta(ge=0, description="Frames already sent: above this the oldest are forgotten")
    ] = 64


@frozen
class SiteSlot:
    """How the component in a slot is reached, and how often it is asked."""

    tcp: Annotated[str, Meta(description="Host name or address of the device or gateway")] = ""
    port: Annotated[int, Meta(ge=1, le=65_535, description="TCP port of `tcp`")] = 502
    framing: Annotated[
        Wrapping,
        Meta(description="rtu where a gateway passes serial frames through TCP as they are"),
    ] = "tcp"
    serial: Annotated[str, Meta(description="Serial port, such as /dev/ttyUSB0")] = ""
    baud: Annotated[int, Meta(ge=300, le=4_000_000, description="Bits per second")] = 9600
    parity: Annotated[Parity, Meta(description="N none, E even, O odd")] = "N"
    stop_bits: Annotated[Literal[1, 2], Meta(description="Stop bits")] = 1
    unit: Annotated[
        Unit | None, Meta(description="Modbus unit id; the plugin's own if not given")
    ] = None
    units: Annotated[
        Mapping[Pattern, Unit],
        Meta(description="Unit ids of channels that differ, by name or pattern such as vebus_*"),
    ] = field(factory=dict[str, int])
    interval: Annotated[Seconds, Meta(description="Seconds between reads of measured values")] = (
        FAST
    )
    slow_interval: Annotated[
        Seconds, Meta(description="Seconds between reads of settings, texts and ratings")
    ] = SLOW
    intervals: Annotated[
        Mapping[Pattern, Seconds],
        Meta(description="Seconds of channels that differ, by name or pattern"),
    ] = field(factory=dict[str, float])
    channels: Annotated[
        tuple[Pattern, ...],
        Meta(description="Names or patterns of the channels that are read; all if empty"),
    ] = ()
    skip: Annotated[
        tuple[Pattern, ...], Meta(description="Names or patterns of channels left out")
    ] = ()
    max_registers: Annotated[
        int, Meta(ge=1, le=125, description="Registers that one answer may hold at most")
    ] = 125
    timeout: Annotated[
        float, Meta(gt=0, le=60, description="Seconds until no answer is called one")
    ] = 2.0
    retries: Annotated[
        int, Meta(ge=0, le=5, description="Times that a request is repeated in vain")
    ] = 1
    pause: Annotated[
        float, Meta(ge=0, le=10, description="Seconds of silence before each request")
    ] = 0.0


@frozen
class Site:
    """A system whose components are read and commanded by a collector."""

    sn: Annotated[str, Meta(pattern=r"^[A-Z0-9]{8,24}$", description="Serial number of the system")]
    product_model: Annotated[
        str, Meta(pattern=r"^[a-z0-9][a-z0-9-]*$", description="Id of its product model")
    ]
    slots: Annotated[
        Mapping[Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,32}$")], SiteSlot],
        Meta(min_length=1, description="How each component is reached, by slot"),
    ]
    broker: SiteBroker = SiteBroker()
    outbox: SiteOutbox = SiteOutbox()
    name: Annotated[str, Meta(max_length=128, description="What people call the system")] = ""
    firmware: Annotated[
        str, Meta(max_length=64, description="Firmware version that decides how frames are read")
    ] = ""
    timezone: Annotated[
        str, Meta(max_length=64, description="IANA name, such as Europe/Berlin")
    ] = ""
    country: Annotated[
        str, Meta(pattern=r"^([A-Z]{2})?$", description="ISO 3166-1, such as DE")
    ] = ""
    commands: Annotated[
        bool, Meta(description="Whether commands are carried out; false only reads")
    ] = True
