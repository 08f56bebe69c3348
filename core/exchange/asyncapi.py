"""The topics and messages of devices as an AsyncAPI 3.0 document, seen from the platform."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from attrs import frozen

from core.schemas import MESSAGES, closed

ENVELOPE: tuple[tuple[str, int, str, str], ...] = (
    ("version", 1, "u8", "1"),
    ("boot_id", 4, "u32", "chosen anew at each start of the device"),
    ("sequence", 8, "u64", "counts messages since that start"),
    ("device_time", 8, "i64", "the device's clock, UTC milliseconds since 1970"),
)
"""Name, bytes, type and meaning of every part of the header, in order; numbers are big-endian."""

CONTRACT = "1.1.0"

Action = Literal["receive", "send"]

_SN = ("sn", "Serial number of the system: 8 to 24 of A-Z and 0-9", "AL2002311234567")
_SLOT = ("slot", "Where the component sits: 1 to 32 of a-z, 0-9 and _", "battery1")
_CHANNEL = ("channel", "What kind of payload it is, as its plugin calls it: as a slot", "running")


@frozen
class _Topic:
    """A topic, what is said on it, and by whom: `receive` and `send` are the platform's."""

    name: str
    address: str
    message: str
    action: Action
    summary: str
    retained: bool = False
    qos: Literal[0, 1] = 1
    parameters: tuple[tuple[str, str, str], ...] = (_SN,)


_TOPICS = (
    _Topic(
        "frame",
        "ess/{sn}/up/frame/{slot}/{channel}",
        "frame",
        "receive",
        "A component's bytes as they are, at once",
        parameters=(_SN, _SLOT, _CHANNEL),
    ),
    _Topic(
        "backfill",
        "ess/{sn}/up/backfill/{slot}/{channel}",
        "frame",
        "receive",
        "The same, sent late: what was kept while the connection was down",
        parameters=(_SN, _SLOT, _CHANNEL),
    ),
    _Topic(
        "log",
        "ess/{sn}/up/log/{slot}",
        "log",
        "receive",
        "Lines of a component's log",
        parameters=(_SN, _SLOT),
    ),
    _Topic("ack", "ess/{sn}/up/ack", "acknowledgement", "receive", "How a command is getting on"),
    _Topic(
        "presence",
        "ess/{sn}/up/presence",
        "presence",
        "receive",
        "Birth message and last will",
        retained=True,
    ),
    _Topic(
        "backfill_request",
        "ess/{sn}/down/backfill",
        "backfill_request",
        "send",
        "Messages that did not arrive, to be sent again; a device may answer",
    ),
    _Topic("command", "ess/{sn}/down/command", "command", "send", "One instruction to a component"),
    _Topic(
        "live",
        "live/{sn}",
        "telemetry",
        "send",
        "What a batch of frames changed, for whoever watches; no device may read it",
        qos=0,
    ),
)

_DESCRIPTION = """
What devices and gateways send, and what they are sent. A device may write below ess/SN/up/ and
read below ess/SN/down/, SN being its own serial number and its user name. MQTT 3.1.1 is enough;
nothing is needed from the properties of MQTT 5.
"""

_SERVER = {
    "host": "{broker}",
    "protocol": "mqtt",
    "protocolVersion": "3.1.1",
    "description": "The broker. A session is kept, so that no message is lost between connections.",
    "variables": {"broker": {"description": "Host and port", "default": "localhost:1883"}},
    "security": [{"$ref": "#/components/securitySchemes/credentials"}],
    "bindings": {
        "mqtt": {
            "clientId": "SN",
            "cleanSession": False,
            "keepAlive": 60,
            "lastWill": {
                "topic": "ess/SN/up/presence",
                "qos": 1,
                "retain": True,
                "message": '{"online": false}',
            },
            "bindingVersion": "0.2.0",
        }
    },
}


def asyncapi() -> dict[str, Any]:
    """The document; its version is that of the contract, not of a release."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "thingwright devices",
            "version": CONTRACT,
            "description": " ".join(_DESCRIPTION.split()),
            "license": {
                "name": "Apache-2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": "application/octet-stream",
        "servers": {"broker": _SERVER},
        "channels": {topic.name: _channel(topic) for topic in _TOPICS},
        "operations": {f"{t.action}_{t.name}": _operation(t) for t in _TOPICS},
        "components": {
            "securitySchemes": {
                "credentials": {
                    "type": "userPassword",
                    "description": "The user name is the serial number.",
                }
            },
            "schemas": _schemas(),
            "messages": _messages(),
        },
    }


def _channel(topic: _Topic) -> dict[str, Any]:
    return {
        "address": topic.address,
        "summary": topic.summary,
        "messages": {topic.message: {"$ref": f"#/components/messages/{topic.message}"}},
        "parameters": {
            name: {"description": description, "examples": [example]}
            for name, description, example in topic.parameters
        },
    }


def _operation(topic: _Topic) -> dict[str, Any]:
    channel = f"#/channels/{topic.name}"
    binding = {"qos": topic.qos, "retain": topic.retained, "bindingVersion": "0.2.0"}
    return {
        "action": topic.action,
        "summary": topic.summary,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{topic.message}"}],
        "bindings": {"mqtt": binding},
    }


def _messages() -> dict[str, Any]:
    return {
        "frame": _binary("Frame", "the component's bytes exactly as it sent them"),
        "log": _binary("Log", "one or more lines of UTF-8 text"),
        "acknowledgement": _binary("Acknowledgement", "a JSON object", "Acknowledgement"),
        "presence": _json("Presence"),
        "command": _json("CommandMessage"),
        "backfill_request": _json("BackfillRequest"),
        "telemetry": _json("Live"),
    }


def _binary(title: str, body: str, schema: str = "") -> dict[str, Any]:
    """A message behind the envelope; `schema` is that of a JSON body."""
    message: dict[str, Any] = {
        "title": title,
        "contentType": "application/octet-stream",
        "description": f"{_envelope_text()} Then the body: {body}.",
        "payload": {"type": "string", "format": "binary", "minLength": _size()},
        "x-envelope": _envelope(),
    }
    if schema:
        message["x-body"] = {"$ref": f"#/components/schemas/{schema}"}
    return message


def _json(schema: str) -> dict[str, Any]:
    return {
        "title": schema,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{schema}"},
    }


def _size() -> int:
    return sum(size for _, size, _, _ in ENVELOPE)


def _envelope() -> list[dict[str, Any]]:
    """The header byte by byte."""
    parts: list[dict[str, Any]] = []
    offset = 0
    for name, size, type_, meaning in ENVELOPE:
        parts.append(
            {"offset": offset, "size": size, "name": name, "type": type_, "description": meaning}
        )
        offset += size
    return parts


def _envelope_text() -> str:
    parts = ", ".join(
        f"bytes {p['offset']} to {p['offset'] + p['size'] - 1} {p['name']} ({p['type']}: "
        f"{p['description']})"
        for p in _envelope()
    )
    return f"A header of {_size()} bytes, big-endian: {parts}."


def _schemas() -> Mapping[str, Any]:
    template = "#/components/schemas/{name}"
    _, found = msgspec.json.schema_components(MESSAGES.values(), ref_template=template)
    return {name: closed(found[name]) for name in sorted(found)}
