"""What every page needs: the engine's registry, the database, the live feed and the clock."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from attrs import Factory, define, field
from litestar import Litestar
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from core.accounts.policy import Policy
from core.registry import Registry
from core.runtime.clock import Clock, now
from core.runtime.database import Database
from core.runtime.product_watch import ProductWatch
from core.runtime.settings import Settings
from core.sealing import Seal
from portal.live import Hub
from portal.watching import Watch


def _watch_of(services: "Services") -> Watch:
    return Watch(services.registry, services.hub, services.settings.data)


@define(eq=False)
class Services:
    """One portal process. `secure` says that people reach it by https.

    `registry` is replaced when product models are published: who asks twice may get two.
    """

    settings: Settings
    registry: Registry
    database: Database
    hub: Hub = field(factory=Hub)
    clock: Clock = now
    secure: bool = False
    watch: Watch = field(init=False, default=Factory(_watch_of, takes_self=True))

    async def adopt(self, registry: Registry) -> None:
        """Show what is in this registry."""
        self.registry = self.watch.registry = registry

    @property
    def policy(self) -> Policy:
        """What the installation decided about signing in."""
        return Policy(self.settings.open_to, self.settings.second_factor)

    @property
    def seal(self) -> Seal | None:
        """What second factors are sealed with; None where the installation has no secret key."""
        return self.settings.seal


TheServices = SkipValidation[NamedDependency[Services]]
"""The services as a handler or loader asks for them."""


@contextlib.asynccontextmanager
async def following(app: Litestar) -> AsyncGenerator[None, None]:
    """Know the product models that are published, while the application runs."""
    services: Services = app.state.services
    products = ProductWatch(services.registry, services.database)
    await products.try_look(services.adopt)
    task = asyncio.create_task(products.run(services.adopt))
    try:
        yield
    finally:
        products.ended.set()
        await task
