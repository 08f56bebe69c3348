"""For whoever watches the portal: whether it can do its work."""

from typing import Final

from litestar import Response, get
from msgspec import Struct

from core.accounts import users
from portal.services import Services, TheServices
from portal.signing_in import SESSIONLESS


class Health(Struct, frozen=True):
    """`feed` is whether the live feed is subscribed; `ingest_lag_ms` how old its last news was."""

    status: str
    database: bool
    feed: bool
    feed_heard_at: int | None
    ingest_lag_ms: int | None
    plugin_problems: int


@get("/healthz", opt={SESSIONLESS: True})
async def healthz(services: TheServices) -> Response[Health]:
    """200 while the database answers, 503 while it does not."""
    database = await _answers(services)
    hub = services.hub
    status = "ok" if database and hub.listening else "degraded" if database else "down"
    problems = len(services.registry.problems)
    health = Health(status, database, hub.listening, hub.heard_at, hub.lag, problems)
    return Response(health, status_code=200 if database else 503)


async def _answers(services: Services) -> bool:
    try:
        async with services.database.read() as connection:
            await users.count(connection)
    except Exception:  # noqa: BLE001  whatever a driver raises, the answer is no
        return False
    return True


ROUTES: Final = [healthz]
