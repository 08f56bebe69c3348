"""Where a device or its installer changes a check code for the device's broker account."""

from typing import Annotated, Any, Final

from litestar import Request, post
from litestar.exceptions import PermissionDeniedException, ServiceUnavailableException
from litestar.params import JSONBody
from msgspec import Meta, Struct

from core.fleet import provisioning
from core.fleet.provisioning import Claim, ProvisioningError
from core.runtime.bus import mqtt_address
from core.sealing import Seal, SealError
from portal.services import TheServices
from portal.signing_in import SESSIONLESS, address_of


class Proof(Struct, frozen=True):
    """What is on the label of a device."""

    sn: Annotated[str, Meta(pattern="^[A-Z0-9]{8,24}$")]
    check_code: Annotated[str, Meta(min_length=1, max_length=32)]


class DeviceAccount(Struct, frozen=True):
    """How the device logs in to the broker; it publishes under `ess/{username}/up/` only."""

    host: str
    port: int
    tls: bool
    username: str
    password: str


@post(
    "/api/provision",
    opt={SESSIONLESS: True, "exclude_from_csrf": True},
    status_code=200,
    raises=[PermissionDeniedException],
)
async def provision(
    request: Request[Any, Any, Any], data: JSONBody[Proof], services: TheServices
) -> DeviceAccount:
    """The device's broker account; 403 for an unknown serial number and a wrong code alike."""
    accounts = services.settings.credentials()
    if accounts is None:
        raise ServiceUnavailableException("this installation has no device accounts")
    try:
        seal = Seal(services.settings.secret_key or accounts.secret_key)
        claim = Claim(data.sn, data.check_code, address_of(request))
        await provisioning.prove(services.database.begin, seal, claim, services.clock())
    except ProvisioningError as error:
        raise PermissionDeniedException(str(error)) from None
    except SealError as error:
        raise ServiceUnavailableException(str(error)) from None
    broker = mqtt_address(services.settings, "portal")
    return DeviceAccount(
        broker.host, broker.port, broker.tls is not None, data.sn, accounts.device_secret(data.sn)
    )


ROUTES: Final = [provision]
