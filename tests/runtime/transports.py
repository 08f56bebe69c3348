"""The same worker on both transports."""

from collections.abc import Callable, Mapping, Sequence

from core.runtime import topics
from core.runtime.jetstream import JetStreamConsumer, Queue
from core.runtime.mqtt import MqttConsumer
from core.runtime.mqtt_link import Backoff
from core.runtime.mqtt_login import BrokerAddress

HOST = "127.0.0.1"
FAST = Backoff(0.05, 0.2)
ACK_WAIT = 1.0
FILTERS = ("ess/+/up/+", "ess/+/up/+/+", "ess/+/up/frame/+/+")

Worker = MqttConsumer | JetStreamConsumer


def on_mosquitto(
    port: int,
    name: str,
    filters: Sequence[str] = FILTERS,
    high_water: int = 2000,
    *,
    shared: bool = False,
) -> MqttConsumer:
    """A worker alone or, if shared, a member of the group that divides the messages."""
    divided = topics.shared("ingest", *filters) if shared else filters
    address = BrokerAddress(HOST, port)
    return MqttConsumer(address, name, divided, high_water=high_water, backoff=FAST)


def on_jetstream(
    port: int,
    name: str,
    filters: Sequence[str] = FILTERS,
    high_water: int = 2000,
    *,
    shared: bool = True,
) -> JetStreamConsumer:
    """A worker of the queue that captures the filters; always shared."""
    queue = Queue("ingest_live" if filters == FILTERS else "ingest_backfill", filters, ACK_WAIT)
    address = BrokerAddress(HOST, port)
    return JetStreamConsumer(address, queue, name, high_water, FAST)


TRANSPORTS: Mapping[str, Callable[..., Worker]] = {
    "mosquitto": on_mosquitto,
    "jetstream": on_jetstream,
}
