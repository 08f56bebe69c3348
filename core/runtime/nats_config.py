"""nats-server's configuration: durable streams, an MQTT listener for devices, and who may what.

The rights are those of `Credentials.mosquitto_acl`: services may do all, a device publishes under
`ess/SN/up/` and reads under `ess/SN/down/`. What a device is not allowed to publish is dropped.
nats-server writes `/` of an MQTT topic as `.` in its subjects.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import attrs
import msgspec

from core.runtime.credentials import Credentials

MAX_PAYLOAD: Final = 256 * 1024
STORE: Final = 64 * 1024**3


@attrs.frozen
class NatsListeners:
    """Where nats-server listens: `port` for services, `mqtt_port` for devices.

    certificate, key: PEM files; with them both ports speak TLS only.
    """

    host: str
    port: int = 4222
    mqtt_port: int = 1883
    certificate: Path | None = None
    key: Path | None = None


def nats_config(
    listeners: NatsListeners,
    directory: Path,
    credentials: Credentials | None = None,
    devices: Iterable[str] = (),
    store: int = STORE,
) -> str:
    """Return a configuration with the state in the directory, at most `store` bytes of it.

    Without credentials everybody is let in. The text holds passwords as they are, because
    nats-server knows no fast hash: write it so that only the server's account can read it.
    After a change `nats-server --signal reload` takes it over without dropping connections.
    """
    tls = _tls(listeners)
    return (
        'server_name: "thingwright"\n'
        f"listen: {_quoted(f'{listeners.host}:{listeners.port}')}\n"
        f"max_payload: {MAX_PAYLOAD}\n"
        f"{tls}"
        f"jetstream {{ store_dir: {_quoted(str(directory))}, max_file_store: {store} }}\n"
        f"mqtt {{\n  listen: {_quoted(f'{listeners.host}:{listeners.mqtt_port}')}\n  {tls}}}\n"
        f"{_authorization(credentials, devices) if credentials else ''}"
    )


def _authorization(credentials: Credentials, devices: Iterable[str]) -> str:
    users = [*_services(credentials), *_devices(credentials, devices)]
    return f"authorization {{\n  users: [\n{''.join(users)}  ]\n}}\n"


def _services(credentials: Credentials) -> Iterator[str]:
    for name, password in credentials.services.items():
        yield f"    {{ user: {_quoted(name)}, password: {_quoted(password)} }}\n"


def _devices(credentials: Credentials, devices: Iterable[str]) -> Iterator[str]:
    # $MQTT.sub is how nats-server hands a QoS 1 subscription its messages; it refuses a client
    # that subscribes there itself, but only on the MQTT port.
    for sn in devices:
        yield (
            f'    {{ user: "{sn}", password: "{credentials.device_secret(sn)}", '
            'allowed_connection_types: ["MQTT"], permissions: { '
            f'publish: "ess.{sn}.up.>", '
            f'subscribe: ["ess.{sn}.down", "ess.{sn}.down.>", "$MQTT.sub.>"] }} }}\n'
        )


def _tls(listeners: NatsListeners) -> str:
    if listeners.certificate is None or listeners.key is None:
        return ""
    certificate, key = _quoted(str(listeners.certificate)), _quoted(str(listeners.key))
    return f"tls {{ cert_file: {certificate}, key_file: {key} }}\n"


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
