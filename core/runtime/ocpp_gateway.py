"""The OCPP gateway: the central system (CSMS) of many chargers, in a process of its own."""

import asyncio
import logging
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from core.runtime import bus
from core.runtime.database import Database
from core.runtime.ocpp_charger import Charger, Surroundings
from core.runtime.ocpp_identity import FILE, Doorkeeper, IdentityError, OcppFileError
from core.runtime.ocpp_wire import Wire, listening
from core.runtime.settings import Settings
from core.runtime.transport import RefusedError

LOGGER = logging.getLogger(__name__)
REFRESH: Final = 1.0
TAKEN_OVER: Final = "another connection of this charger took over"


class GatewayError(ValueError):
    """The gateway cannot start as it is configured."""


@frozen
class Listening:
    """Where chargers connect.

    certificate, key: PEM files; with them the socket speaks TLS only (security profile 2).
    anyone: let chargers in without a password, which an installation without accounts needs.
    """

    host: str = "127.0.0.1"
    port: int = 9000
    certificate: Path | None = None
    key: Path | None = None
    anyone: bool = False
    heartbeat: int = 300

    def tls(self) -> ssl.SSLContext | None:
        """Raises GatewayError where certificate or key cannot be used."""
        if self.certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise GatewayError(
                f"{self.certificate}: cannot be used as a certificate: {error}"
            ) from error
        return context


@define(eq=False)
class Gateway:
    """The chargers that are connected, by serial number."""

    around: Surroundings
    chargers: dict[str, Charger] = field(factory=dict[str, Charger])

    async def attend(self, wire: Wire) -> None:
        """Serve one connection; an older one of the same charger ends first."""
        try:
            sn = self.around.doorkeeper.sn_of(wire.path)
        except IdentityError as error:  # it was let in, and taken out of the file since
            await wire.close(str(error)[:120])
            return
        charger = Charger(sn, wire, self.around)
        former = self.chargers.get(sn)
        self.chargers[sn] = charger
        try:
            if former is not None:
                LOGGER.info("%s: %s", sn, TAKEN_OVER)
                await former.wire.close(TAKEN_OVER)
                await former.ended.wait()
            LOGGER.info("%s: connected, OCPP %s", sn, wire.version)
            await charger.attend()
        except RefusedError as error:
            LOGGER.error("%s: %s", sn, error)  # noqa: TRY400
        finally:
            charger.ended.set()
            if self.chargers.get(sn) is charger:
                del self.chargers[sn]
            LOGGER.info("%s: gone", sn)

    async def watch(self) -> None:
        """Notice what changes in the file of identities and tokens."""
        while True:
            await asyncio.sleep(REFRESH)
            try:
                self.around.doorkeeper.refresh()
            except OcppFileError as error:
                LOGGER.error("still as before: %s", error)  # noqa: TRY400


def doorkeeper_of(settings: Settings, *, anyone: bool) -> Doorkeeper:
    """Who is let in; raises GatewayError where that would be everybody and nobody said so."""
    credentials = settings.credentials()
    if credentials is None and not anyone:
        raise GatewayError(
            f"{settings.data} holds no credentials, so no charger has a password: start "
            "`thingwright demo` once, or let everybody in with --anyone"
        )
    return Doorkeeper(settings.data / FILE, None if anyone else credentials)


async def run_ocpp_gateway(settings: Settings, place: Listening) -> None:
    """Serve chargers until cancelled."""
    database, tls = Database(settings.database_url), place.tls()
    doorkeeper = doorkeeper_of(settings, anyone=place.anyone)
    async with AsyncExitStack() as stack:
        await database.open()
        stack.push_async_callback(database.close)
        broker = bus.mqtt_address(settings, "gateway")
        gateway = Gateway(Surroundings(database, broker, doorkeeper, place.heartbeat))
        port = await stack.enter_async_context(
            listening(place.host, place.port, tls, doorkeeper.admit, gateway.attend)
        )
        scheme = "wss" if tls else "ws"
        LOGGER.info("chargers connect to %s://%s:%d/ocpp/ID", scheme, place.host, port)
        await gateway.watch()
