"""The topics devices and services speak on, built and read in one place."""

import re
from collections.abc import Mapping
from typing import Final, Literal, cast

import attrs

Kind = Literal["frame", "backfill", "log", "ack", "presence"]

SN: Final = "[A-Z0-9]{8,24}"
NAME: Final = "[a-z0-9_]{1,32}"
LIVE_FILTERS: Final = ("ess/+/up/frame/+/+", "ess/+/up/log/+", "ess/+/up/ack", "ess/+/up/presence")
BACKFILL_FILTERS: Final = ("ess/+/up/backfill/+/+",)
LIVE_FEED_FILTER: Final = "live/+"

_SN = re.compile(SN)
_NAME = re.compile(NAME)
_UPLINK = re.compile(f"ess/({SN})/up/(frame|backfill|log|ack|presence)(?:/({NAME}))?(?:/({NAME}))?")
_PARTS: Final[Mapping[Kind, int]] = {"frame": 2, "backfill": 2, "log": 1, "ack": 0, "presence": 0}


class TopicError(ValueError):
    """A topic, or a part of one, outside the contract."""


@attrs.frozen
class Uplink:
    """What a device's topic says.

    slot is None for "ack" and "presence", channel for all but "frame" and "backfill".
    """

    sn: str
    kind: Kind
    slot: str | None = None
    channel: str | None = None


def is_serial_number(text: str) -> bool:
    """Tell whether the text has the shape of a serial number."""
    return _SN.fullmatch(text) is not None


def parse(topic: str) -> Uplink:
    """Read a topic that a device published on; raises TopicError."""
    found = _UPLINK.fullmatch(topic)
    if found is None:
        raise TopicError(_unreadable(topic))
    uplink = Uplink(found[1], cast("Kind", found[2]), found[3], found[4])
    if (uplink.slot is not None) + (uplink.channel is not None) != _PARTS[uplink.kind]:
        raise TopicError(_unreadable(topic))
    return uplink


def frame(sn: str, slot: str, channel: str) -> str:
    """Topic of a live frame."""
    return f"ess/{_sn(sn)}/up/frame/{_name('slot', slot)}/{_name('channel', channel)}"


def backfill(sn: str, slot: str, channel: str) -> str:
    """Topic of a frame sent late."""
    return f"ess/{_sn(sn)}/up/backfill/{_name('slot', slot)}/{_name('channel', channel)}"


def log(sn: str, slot: str) -> str:
    """Topic of a device's log lines."""
    return f"ess/{_sn(sn)}/up/log/{_name('slot', slot)}"


def ack(sn: str) -> str:
    """Topic of a device's answers to commands."""
    return f"ess/{_sn(sn)}/up/ack"


def presence(sn: str) -> str:
    """Retained topic of a device's birth and last will."""
    return f"ess/{_sn(sn)}/up/presence"


def command(sn: str) -> str:
    """Topic on which a device receives commands."""
    return f"ess/{_sn(sn)}/down/command"


def backfill_request(sn: str) -> str:
    """Topic on which a device is asked to send again what did not arrive."""
    return f"ess/{_sn(sn)}/down/backfill"


def late(topic: str) -> str:
    """The topic on which a message of this topic is sent late."""
    return topic.replace("/up/frame/", "/up/backfill/", 1)


def live(sn: str) -> str:
    """Topic of the live feed of one system, from ingest to the portal."""
    return f"live/{_sn(sn)}"


def shared(group: str, *filters: str) -> tuple[str, ...]:
    """Make the filters ones whose messages the members of a group divide among themselves."""
    return tuple(f"$share/{_name('group', group)}/{each}" for each in filters)


def _sn(sn: str) -> str:
    if not is_serial_number(sn):
        message = (
            f"serial number {sn!r} is not 8 to 24 of A-Z and 0-9: correct it where it was entered"
        )
        raise TopicError(message)
    return sn


def _name(what: str, name: str) -> str:
    if _NAME.fullmatch(name) is None:
        message = f"{what} {name!r} is not 1 to 32 of a-z, 0-9 and _: rename it"
        raise TopicError(message)
    return name


def _unreadable(topic: str) -> str:
    return (
        f"topic {topic[:120]!r} is none of ess/SN/up/(frame|backfill)/slot/channel, "
        "ess/SN/up/log/slot, ess/SN/up/ack, ess/SN/up/presence with SN 8 to 24 of A-Z 0-9 and "
        "slot, channel 1 to 32 of a-z 0-9 _: let the device publish on one of these"
    )
