"""The message bus of an installation, chosen by the broker's URL.

`mqtt://` and `mqtts://` speak MQTT for everything. `nats://` and `tls://` name a nats-server: what
devices send is consumed from its streams and the live feed goes over its subjects, while devices,
and what is published to them, speak MQTT to its MQTT listener on `?mqtt=PORT` of the same host.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

import attrs

from core.runtime import topics
from core.runtime.jetstream import JetStreamConsumer, Queue
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.nats_feed import NatsListener, NatsPublisher
from core.runtime.settings import Settings
from core.runtime.transport import Consumer, Publisher

MQTT_PORTS: Final = {"nats": 1883, "tls": 8883}


def consumer(
    settings: Settings,
    service: str,
    purpose: str,
    filters: Sequence[str],
    slot: str = "1",
    *,
    shared: bool = False,
) -> Consumer:
    """Consume what devices send, queued while this worker is away.

    purpose: names the queue of the service; slot names the worker. With `shared` the workers of a
    purpose divide the messages; by NATS they always do.
    """
    address = settings.broker_address(service)
    name = settings.client_id(service, f"{purpose}-{slot}")
    if _is_nats(settings):
        return JetStreamConsumer(address, Queue(f"{service}_{purpose}", filters), name)
    divided = topics.shared(service, *filters) if shared else filters
    return MqttConsumer(address, name, divided)


def publisher(settings: Settings, service: str, slot: str) -> Publisher:
    """Publish to devices: queued for the absent, retained if wanted, confirmed."""
    return MqttPublisher(mqtt_address(settings, service), settings.client_id(service, slot))


def feed(settings: Settings, service: str, slot: str) -> Publisher:
    """Publish what only those hear who listen now."""
    if _is_nats(settings):
        name = settings.client_id(service, slot)
        return NatsPublisher(settings.broker_address(service), name)
    return publisher(settings, service, slot)


def listener(settings: Settings, service: str, slot: str, filters: Sequence[str]) -> Consumer:
    """Listen to a feed; nothing is queued for a listener that is away."""
    address = settings.broker_address(service)
    name = settings.client_id(service, slot)
    if _is_nats(settings):
        return NatsListener(address, filters, name)
    return MqttConsumer(address, name, filters, persistent=False, qos=0)


def mqtt_address(settings: Settings, service: str) -> BrokerAddress:
    """Where devices speak MQTT, and what this service is to it."""
    address = settings.broker_address(service)
    if not _is_nats(settings):
        return address
    url = urlsplit(settings.broker)
    said = parse_qs(url.query).get("mqtt", [])
    return attrs.evolve(address, port=int(said[-1]) if said else MQTT_PORTS[url.scheme])


def _is_nats(settings: Settings) -> bool:
    return urlsplit(settings.broker).scheme in MQTT_PORTS
