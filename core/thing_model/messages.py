"""The JSON messages between devices, ingest and portal; frames are no JSON of ours.

Unknown names are left alone, so that a newer device can say more.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from core.thing_model.layout.fields import Value

AckStatus = Literal["accepted", "running", "succeeded", "failed", "rejected"]


class Presence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """ess/{sn}/up/presence, retained and without envelope: birth message and last will."""

    online: Annotated[bool, Meta(description="true at birth, false in the last will")]
    sn: Annotated[
        str, Meta(max_length=24, description="The device's own serial number; the topic's, if said")
    ] = ""
    product_model: Annotated[
        str, Meta(max_length=64, description="Id of the product model; a birth message names it")
    ] = ""
    version: Annotated[
        str, Meta(max_length=32, description="Version of the product model; the newest if empty")
    ] = ""
    firmware: Annotated[
        str, Meta(max_length=64, description="Firmware version that decides how frames are read")
    ] = ""
    timezone: Annotated[
        str, Meta(max_length=64, description="IANA name, such as Europe/Berlin")
    ] = ""
    country: Annotated[str, Meta(max_length=2, description="ISO 3166-1 alpha-2")] = ""
    name: Annotated[str, Meta(max_length=128, description="What people call the system")] = ""


class CommandMessage(Struct, frozen=True):
    """ess/{sn}/down/command, without envelope: one instruction to one component."""

    id: Annotated[
        str, Meta(description="ULID; a device answers a repeated id with the same result")
    ]
    slot: Annotated[str, Meta(description="The component that is meant")]
    command: Annotated[str, Meta(description="Name of the declared command")]
    parameters: Annotated[dict[str, Value], Meta(description="Values by datapoint key")]
    expires_at: Annotated[
        int, Meta(description="UTC milliseconds; a device refuses the command from then on")
    ]
    frame: Annotated[str, Meta(description="The bytes for the component, in hex")]


class BackfillRequest(Struct, frozen=True):
    """ess/{sn}/down/backfill, without envelope: messages that did not arrive, to be sent again.

    A device may answer: it sends those that it still has, with the same header, frames on backfill
    and others on their own topic, and then says succeeded on ess/{sn}/up/ack.
    """

    id: Annotated[str, Meta(description="ULID; the acknowledgement names it")]
    boot_id: Annotated[int, Meta(description="The start of the device that is meant")]
    ranges: Annotated[
        list[tuple[int, int]],
        Meta(description="First and last sequence of what is missing, both included"),
    ]
    expires_at: Annotated[
        int, Meta(description="UTC milliseconds; nobody waits for an answer after that")
    ]


class Acknowledgement(Struct, frozen=True, omit_defaults=True):
    """ess/{sn}/up/ack, the body behind the envelope: how a command or request is getting on."""

    id: Annotated[
        str, Meta(min_length=26, max_length=26, description="Id of the command or request")
    ]
    status: Annotated[
        AckStatus,
        Meta(description="accepted and running come before the result, the others are one"),
    ]
    detail: Annotated[str, Meta(max_length=1000, description="What the device adds in words")] = ""


class Live(Struct, frozen=True):
    """live/{sn}: what a batch of frames changed, from ingest to whoever watches; never kept."""

    sn: str
    time: Annotated[int, Meta(description="UTC milliseconds of the newest frame")]
    house: Annotated[dict[str, float], Meta(description="Role readings in the house's sign")]
    changed: Annotated[
        dict[str, dict[str, Value]], Meta(description="By slot and key; null is absent")
    ]
    faults: Annotated[bool, Meta(description="Whether a fault opened or closed")] = False
