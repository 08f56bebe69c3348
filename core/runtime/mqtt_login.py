"""Where an MQTT broker is, and how a client presents itself to it."""

import ssl
from typing import Final

import attrs

from core.runtime.transport import Outgoing, RefusedError, TransportError

KEEPALIVE: Final = 300


@attrs.frozen
class BrokerAddress:
    """Where the broker is and who we are to it; with a TLS context the connection is encrypted."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    tls: ssl.SSLContext | None = attrs.field(default=None, repr=False)

    def __str__(self) -> str:
        user = f"{self.username}@" if self.username else ""
        return f"{user}{self.host}:{self.port}"


@attrs.frozen
class Login:
    """How a client presents itself.

    persistent: the broker keeps the session, and queues for it, while the client is away.
    will: published by the broker when the connection ends without a goodbye.
    keepalive: seconds; a connection paused for twice as long is closed and made anew.
    """

    address: BrokerAddress
    client_id: str
    persistent: bool = False
    will: Outgoing | None = None
    keepalive: int = KEEPALIVE

    def __str__(self) -> str:
        return f"{self.client_id} at {self.address}"

    def refused(self, reason: str) -> RefusedError:
        """Return the error of a broker that says no."""
        return RefusedError(
            f"{self}: the broker refuses ({reason}): check user name, password and "
            "the rights of this account in the broker's credentials"
        )

    def unreachable(self, reason: str) -> TransportError:
        """Return the error of a broker that does not answer."""
        return TransportError(
            f"{self}: no MQTT broker answers ({reason}): "
            "check host and port, and that the broker runs"
        )
