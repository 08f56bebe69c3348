"""The portal as an ASGI application: routes, sessions, headers and the live feed."""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from typing import Any, Final

from litestar import Litestar, Request
from litestar.config.compression import CompressionConfig
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.static_files import (
    create_static_files_router,  # pyright: ignore[reportUnknownVariableType]
)
from litestar.types import (
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Message,
    Receive,
    Scope,
    Send,
)

from core.access import AccessError
from core.records import RequestError
from core.registry import Registry
from core.runtime.clock import Clock, now
from core.runtime.database import Database
from core.runtime.settings import Settings
from portal import errors
from portal.along import led_along
from portal.assets import STATIC
from portal.pages import ROUTES
from portal.rendering import YEAR
from portal.resource.declared import Resource
from portal.resource.routes import routes
from portal.resources import ALL
from portal.services import Services, following
from portal.signing_in import SESSIONLESS, SessionMiddleware, access_of
from portal.texts import SOURCE, chosen, speaking
from portal.twins import routed

BODY_LIMIT: Final = 65_536
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
UNCACHED: Final = {"cache-control": "no-store"}


class Portal(Litestar):
    """Litestar with our headers on every response, and twins found by the suffix of a path."""

    async def __call__(
        self,
        scope: Scope | LifeSpanScope,
        receive: Receive | LifeSpanReceive,
        send: Send | LifeSpanSend,
    ) -> None:
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        path = scope["path"]
        scope["path"] = routed(path)
        scope["state"] = {"twin": scope["path"] != path}
        if scope["path"] != path:
            scope["raw_path"] = scope["path"].encode()

        request: Request[Any, Any, Any] = Request(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = _with_ours(message["headers"])
                if request.method == "POST":
                    given = led_along(path, request.headers.get("referer", ""), given)
                message["headers"] = list(given)
            await send(message)  # type: ignore[arg-type]

        with speaking(language_of(request)):
            await super().__call__(scope, receive, send_with_headers)


def language_of(request: Request[Any, Any, Any]) -> str:
    """English for machines; for people what `?lang=`, the cookie or the browser says."""
    if errors.wants_json(request):
        return SOURCE
    accepted = request.headers.get("accept-language", "")
    return chosen(request.query_params.get("lang"), request.cookies.get("lang"), accepted)


def _with_ours(given: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """The headers of a response, and those of ours that it does not set itself."""
    said: set[bytes] = set()
    for name, value in given:
        said.add(name.lower())
        yield name, value
    for ours, text in (HEADERS | UNCACHED).items():
        if ours.encode() not in said:
            yield ours.encode(), text.encode()


def create_app(
    settings: Settings,
    registry: Registry,
    database: Database,
    *,
    clock: Clock = now,
    secure: bool = False,
    feed: bool = True,
    resources: Sequence[Resource] = ALL,
) -> Portal:
    """The portal; `database` is opened and closed by whoever calls.

    `secure` says that people reach it by https, `feed` whether it listens to the broker.
    """
    services = Services(settings, registry, database, clock=clock, secure=secure)
    static = create_static_files_router(
        "/static",
        directories=[STATIC],
        cache_control=CacheControlHeader(max_age=YEAR, public=True, immutable=True),
        opt={SESSIONLESS: True},
        include_in_schema=False,
    )
    listed = [route for resource in resources for route in routes(resource)]
    return Portal(
        [*ROUTES, *listed, static],
        state=State({"services": services}),
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "access": Provide(access_of),
        },
        middleware=[DefineMiddleware(SessionMiddleware)],
        csrf_config=_csrf(services),
        compression_config=CompressionConfig(
            "gzip", gzip_compress_level=6, exclude=["/live$", "^/static"]
        ),
        exception_handlers={
            HTTPException: errors.http_error,
            AccessError: errors.denied,
            RequestError: errors.refused,
            Exception: errors.broken,
        },
        after_exception=[errors.note_denied],
        openapi_config=openapi_config(),
        logging_config=None,
        request_max_body_size=BODY_LIMIT,
        lifespan=[following, _watching, *([_listening] if feed else [])],
        signature_namespace={"Services": Services},
    )


def openapi_config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="thingwright",
        version="0.1.0",
        description="The JSON twins of the portal's pages. Times are UTC milliseconds.",
        path="/schema",
        render_plugins=[JsonRenderPlugin()],
    )


def _csrf(services: Services) -> CSRFConfig:
    name = "__Host-csrf" if services.secure else "csrf"
    return CSRFConfig(
        secret=_csrf_secret(services.settings),
        cookie_name=name,
        cookie_secure=services.secure,
        cookie_httponly=True,
        cookie_samesite="lax",
    )


def _csrf_secret(settings: Settings) -> str:
    """Derived from the installation's key, so that all portal processes agree."""
    accounts = settings.credentials()
    key = settings.secret_key or (accounts.secret_key if accounts else "")
    if not key:
        return secrets.token_hex(32)
    return hmac.new(bytes.fromhex(key), b"csrf", hashlib.sha256).hexdigest()


@contextlib.asynccontextmanager
async def _watching(app: Litestar) -> AsyncGenerator[None, None]:
    """Look now and then whether all is well, while the application runs."""
    services: Services = app.state.services
    ended = asyncio.Event()
    task = asyncio.create_task(services.watch.keep(services.database, services.clock, ended))
    try:
        yield
    finally:
        ended.set()
        await task


@contextlib.asynccontextmanager
async def _listening(app: Litestar) -> AsyncGenerator[None, None]:
    """Listen to the live feed while the application runs."""
    services: Services = app.state.services
    listening = services.hub.listen(services.settings, secrets.token_hex(4))
    task = asyncio.create_task(listening)
    try:
        yield
    finally:
        services.hub.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
