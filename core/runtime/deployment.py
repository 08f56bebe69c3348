"""Files of an installation on systemd: units, and a broker's configuration with TLS.

Devices speak MQTT over TLS. To mosquitto they show a certificate whose common name, the serial
number, is their user name; to nats-server their password. Our own services come by the loopback
listener with a password. What a device publishes under another serial number is dropped.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

from attrs import frozen

from core.runtime.certificates import Authority
from core.runtime.credentials import Credentials, mosquitto_passwords
from core.runtime.nats_config import NatsListeners, nats_config
from core.runtime.settings import CREDENTIALS_FILE

Broker = Literal["mosquitto", "nats"]
MAX_PACKET: Final = 256 * 1024
QUEUE_BYTES: Final = 256 * 1024**2


@frozen
class Place:
    """Where an installation's parts are, as its units and configuration name them.

    host: under which devices reach the broker. state: folder of the broker's state.
    """

    host: str
    directory: Path = Path("/etc/thingwright")
    state: Path = Path("/var/lib/thingwright/broker")
    data: Path = Path("/var/lib/thingwright")
    command: Path = Path("/opt/thingwright/.venv/bin/thingwright")
    service_port: int = 1883
    device_port: int = 8883
    nats_port: int = 4222


def write(
    directory: Path, place: Place, broker: Broker, credentials: Credentials, devices: Iterable[str]
) -> list[Path]:
    """Write all files of an installation; keys and passwords only for their owner to read.

    The authority that is there already stays, so that devices' certificates go on to hold.
    """
    directory.mkdir(parents=True, exist_ok=True)
    authority = _authority(directory)
    authority.server([place.host]).save(directory / "server.pem", directory / "server.key")
    texts = units(place, broker) | {"thingwright.env": environment(place, broker)}
    secret = (
        {
            "mosquitto.conf": mosquitto(place),
            "mosquitto-passwords": mosquitto_passwords(credentials),
            "mosquitto-services.acl": _services_acl(credentials),
            "mosquitto-devices.acl": DEVICES_ACL,
        }
        if broker == "mosquitto"
        else {"nats.conf": nats(place, credentials, devices)}
    )
    for name, text in texts.items():
        (directory / name).write_text(text)
    for name, text in secret.items():
        path = directory / name
        path.touch(0o600)
        path.chmod(0o600)
        path.write_text(text)
    credentials.save(directory / CREDENTIALS_FILE)
    return sorted(directory.iterdir())


def _authority(directory: Path) -> Authority:
    certificate, key = directory / "authority.pem", directory / "authority.key"
    if key.exists():
        return Authority.load(certificate, key)
    authority = Authority.create()
    authority.issued().save(certificate, key)
    return authority


DEVICES_ACL: Final = "pattern write ess/%u/up/#\npattern read ess/%u/down/#\n"


def _services_acl(credentials: Credentials) -> str:
    return "".join(f"user {name}\ntopic readwrite #\n\n" for name in credentials.services)


def mosquitto(place: Place) -> str:
    """For mosquitto 2.0: every change of its store is on disk before it goes on.

    That survives kill -9 and costs speed (511 messages/s were measured): for more than some
    thousand devices use nats-server.
    """
    files = place.directory
    return f"""\
per_listener_settings true

# Our own services, on this machine only.
listener {place.service_port} 127.0.0.1
allow_anonymous false
password_file {files}/mosquitto-passwords
acl_file {files}/mosquitto-services.acl

# Devices, each with its own certificate.
listener {place.device_port}
cafile {files}/authority.pem
certfile {files}/server.pem
keyfile {files}/server.key
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {files}/mosquitto-devices.acl
allow_zero_length_clientid false

persistence true
persistence_location {place.state}/
autosave_on_changes true
autosave_interval 1
persistent_client_expiration 14d
max_inflight_messages 0
max_queued_messages 0
max_queued_bytes {QUEUE_BYTES}
max_packet_size {MAX_PACKET}
max_keepalive 1200
"""


def nats(place: Place, credentials: Credentials, devices: Iterable[str]) -> str:
    """For nats-server 2.9: what is confirmed is in its file, so that kill -9 loses nothing.

    A cut of power may lose what the operating system had not written yet.
    """
    files = place.directory
    listeners = NatsListeners(
        "0.0.0.0",  # noqa: S104  devices come from everywhere
        place.nats_port,
        place.device_port,
        files / "server.pem",
        files / "server.key",
    )
    return nats_config(listeners, place.state, credentials, devices)


def environment(place: Place, broker: Broker) -> str:
    """Settings of all units; the secret key is added by whoever installs."""
    url = (
        f"mqtt://127.0.0.1:{place.service_port}"
        if broker == "mosquitto"
        else f"tls://{place.host}:{place.nats_port}?mqtt={place.device_port}"
    )
    return f"""\
THINGWRIGHT_DATA={place.data}
THINGWRIGHT_DATABASE=postgresql://thingwright@127.0.0.1/thingwright
THINGWRIGHT_BROKER={url}
SSL_CERT_FILE={place.directory}/authority.pem
# THINGWRIGHT_SECRET_KEY= and 64 hex digits belong in thingwright.secret beside this (mode 0600)
"""


def units(place: Place, broker: Broker) -> dict[str, str]:
    """The systemd units, by file name."""
    serve = "serve --host 127.0.0.1 --port 8080"
    return {
        "thingwright-broker.service": _broker_unit(place, broker),
        "thingwright-ingest@.service": _unit(place, "ingest %i", _ingest(broker)),
        "thingwright-worker.service": _unit(place, "worker", "worker"),
        "thingwright-portal.service": _unit(place, "portal", serve),
    }


def _ingest(broker: Broker) -> str:
    shared = " --shared" if broker == "mosquitto" else ""
    return f"ingest --slot %i{shared}"


def _broker_unit(place: Place, broker: Broker) -> str:
    binary = "/usr/sbin/mosquitto" if broker == "mosquitto" else "/usr/sbin/nats-server"
    return f"""\
[Unit]
Description=thingwright broker ({broker})
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={binary} -c {place.directory}/{broker}.conf
User={"mosquitto" if broker == "mosquitto" else "nats"}
Restart=always
RestartSec=1
LimitNOFILE=1048576

[Install]
WantedBy=multi-user.target
"""


def _unit(place: Place, what: str, arguments: str) -> str:
    return f"""\
[Unit]
Description=thingwright {what}
After=network-online.target thingwright-broker.service postgresql.service
Wants=network-online.target

[Service]
EnvironmentFile={place.directory}/thingwright.env
EnvironmentFile=-{place.directory}/thingwright.secret
ExecStart={place.command} {arguments}
User=thingwright
Restart=always
RestartSec=2
TimeoutStopSec=30
LimitNOFILE=65536
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true
ReadWritePaths={place.data}

[Install]
WantedBy=multi-user.target
"""
