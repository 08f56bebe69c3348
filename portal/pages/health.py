"""For whoever watches the portal: whether it can do its work, and the figures of all processes."""

import hmac
from ipaddress import ip_address
from typing import Any, Final

from litestar import Request, Response, get
from litestar.exceptions import PermissionDeniedException
from msgspec import Struct

from core.runtime.metrics import CONTENT_TYPE, Observed, exposition
from core.upkeep import background, heartbeats
from core.upkeep.conditions import Level, worst
from core.upkeep.health import UNREACHABLE
from portal.services import TheServices
from portal.signing_in import SESSIONLESS

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")


class Health(Struct, frozen=True):
    """`feed` is whether the live feed is subscribed; `ingest_lag_ms` how old its last news was.

    `level` is the worst of the `conditions`, which are their codes: what they mean in words is for
    those who are signed in.
    """

    status: str
    database: bool
    feed: bool
    feed_heard_at: int | None
    ingest_lag_ms: int | None
    plugin_problems: int
    level: Level
    conditions: list[str]


@get("/healthz", opt={SESSIONLESS: True})
async def healthz(services: TheServices) -> Response[Health]:
    """200 while the database answers, 503 while it does not."""
    found = await services.watch.look(services.database, services.clock())
    database = UNREACHABLE not in found
    hub = services.hub
    status = "ok" if database and hub.listening else "degraded" if database else "down"
    said = Health(
        status,
        database,
        hub.listening,
        hub.heard_at,
        hub.lag,
        len(services.registry.problems),
        worst(found),
        [each.code for each in found],
    )
    return Response(said, status_code=200 if database else 503)


@get("/metrics", opt={SESSIONLESS: True}, include_in_schema=False)
async def metrics(request: Request[Any, Any, Any], services: TheServices) -> Response[bytes]:
    """For Prometheus: from this machine, or with the token of THINGWRIGHT_METRICS_TOKEN."""
    if not _may_scrape(request, services.settings.metrics_token):
        raise PermissionDeniedException("metrics are for this machine, or for who has the token")
    now = services.clock()
    found = await services.watch.look(services.database, now)
    async with services.database.read() as connection:
        observed = Observed(
            await heartbeats.known(connection),
            (await background.known(connection)).values(),
            found,
            now,
        )
    return Response(exposition(observed), media_type=CONTENT_TYPE)


def _may_scrape(request: Request[Any, Any, Any], token: str) -> bool:
    """A proxy on this machine speaks for others, which its headers show."""
    if token:
        shown = request.headers.get("authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
    if any(name in request.headers for name in _FORWARDED):
        return False
    return _is_loopback(request.client.host if request.client else "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


ROUTES: Final = [healthz, metrics]
