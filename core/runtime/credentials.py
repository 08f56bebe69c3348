"""Who may speak on the broker: accounts, device secrets, rights, and mosquitto's form of them."""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, Self

import attrs
import msgspec

from core.runtime import topics

Action = Literal["publish", "subscribe", "receive"]

SERVICES: Final = ("ingest", "portal", "worker", "gateway")
ITERATIONS: Final = 101


class CredentialsError(ValueError):
    """The credentials file is missing or damaged."""


@attrs.frozen
class Credentials:
    """Broker accounts: services by name and password, devices by a secret derived from the key.

    secret_key: hex, at least 32 bytes; the file that holds it stays outside the database.
    """

    secret_key: str = attrs.field(repr=False)
    services: Mapping[str, str] = attrs.field(repr=False)

    @classmethod
    def generate(cls, services: Iterable[str] = SERVICES, secret_key: str | None = None) -> Self:
        """Make new accounts for the services; without a key, a new one."""
        passwords = {name: secrets.token_urlsafe(24) for name in services}
        return cls(secret_key or secrets.token_hex(32), passwords)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the JSON file that `save` wrote; raises CredentialsError."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError) as error:
            raise CredentialsError(_unreadable(path, error)) from error

    def save(self, path: Path) -> None:
        """Write a JSON file that only its owner can read."""
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(self))
        fresh.replace(path)

    def device_secret(self, sn: str) -> str:
        """Password of a device: HMAC-SHA256 of its serial number, hex."""
        return self._derive("device", sn)

    def password(self, username: str) -> str:
        """Password of a service or, by serial number, of a device; raises CredentialsError."""
        if username in self.services:
            return self.services[username]
        if not topics.is_serial_number(username):
            raise CredentialsError(_unknown(username, self.services))
        return self.device_secret(username)

    def client_id(self, service: str, slot: str = "1") -> str:
        """Stable client id of a service's worker; nobody else can guess it and take it over."""
        return f"{service}-{slot}-{self._derive('client', f'{service}/{slot}')[:12]}"

    def verify(self, username: str | None, password: str | None) -> bool:
        """Tell whether this name may log in with this password."""
        if not username or not password:
            return False
        try:
            expected = self.password(username)
        except CredentialsError:
            return False
        return hmac.compare_digest(expected.encode(), password.encode())

    def permits(self, username: str | None, action: Action, topic: str) -> bool:
        """Tell whether the account may publish on or receive a topic, or subscribe to a filter."""
        if not username:
            return False
        if username in self.services:
            return True
        direction = "up" if action == "publish" else "down"
        return topic.startswith(f"ess/{username}/{direction}/")

    def mosquitto_acl(self) -> str:
        """Return the same rights as a mosquitto ACL file."""
        services = "".join(f"user {name}\ntopic readwrite #\n\n" for name in self.services)
        return f"{services}pattern write ess/%u/up/#\npattern read ess/%u/down/#\n"

    def _derive(self, purpose: str, name: str) -> str:
        text = f"{purpose}:{name}".encode()
        return hmac.new(self.secret_key.encode(), text, hashlib.sha256).hexdigest()


def mosquitto_passwords(credentials: Credentials, devices: Iterable[str] = ()) -> str:
    """Return a mosquitto password file of all services and the given devices."""
    names = [*credentials.services, *devices]
    return "".join(_password_line(name, credentials.password(name)) for name in names)


def mosquitto_config(host: str, port: int, directory: Path, *, secured: bool = True) -> str:
    """Return a mosquitto configuration with its state, `passwords` and `acl` in the directory.

    Sessions outlive restarts and clean ends; what was queued in the last second before a crash of
    mosquitto is lost. Clients away for a fortnight are forgotten, queues end at 256 MiB each.
    """
    access = (
        f"allow_anonymous false\npassword_file {directory}/passwords\nacl_file {directory}/acl\n"
        if secured
        else "allow_anonymous true\n"
    )
    return (
        f"listener {port} {host}\n"
        f"{access}"
        "persistence true\n"
        f"persistence_location {directory}/\n"
        "autosave_interval 1\n"
        "persistent_client_expiration 14d\n"
        "max_inflight_messages 0\n"
        "max_queued_messages 0\n"
        "max_queued_bytes 268435456\n"
    )


def _password_line(name: str, password: str) -> str:
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{name}:$7${ITERATIONS}${'$'.join(encoded)}\n"


def _unreadable(path: Path, error: Exception) -> str:
    return (
        f"{path}: broker credentials cannot be read ({error}): "
        "restore the file, or generate new ones and give them to all services and devices"
    )


def _unknown(username: str, services: Iterable[str]) -> str:
    return (
        f"{username!r} is neither one of the services {', '.join(sorted(services))} "
        "nor a serial number: correct the name or add the service to the credentials"
    )
