"""What every page needs: the engine's registry, the database, the live feed and the clock."""

from attrs import field, frozen
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from core.registry import Registry
from core.runtime.clock import Clock, now
from core.runtime.database import Database
from core.runtime.settings import Settings
from portal.live import Hub


@frozen(eq=False)
class Services:
    """One portal process. `secure` says that people reach it by https."""

    settings: Settings
    registry: Registry
    database: Database
    hub: Hub = field(factory=Hub)
    clock: Clock = now
    secure: bool = False


TheServices = SkipValidation[NamedDependency[Services]]
"""The services as a handler or loader asks for them."""
