"""What every page needs: the engine's registry, the database, the live feed and the clock."""

from attrs import field, frozen
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from core.accounts.policy import Policy
from core.accounts.sealing import Seal
from core.fleet.listed import offline_after
from core.fleet.overview import Moment
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

    @property
    def policy(self) -> Policy:
        """What the installation decided about signing in."""
        return Policy(self.settings.open_to, self.settings.second_factor)

    @property
    def seal(self) -> Seal | None:
        """What second factors are sealed with; None where the installation has no secret key."""
        accounts = self.settings.credentials()
        key = self.settings.secret_key or (accounts.secret_key if accounts else "")
        return Seal(bytes.fromhex(key)) if key else None

    def moment(self) -> Moment:
        """Now, and after how long the systems of each product model count as offline."""
        return Moment(self.clock(), offline_after(self.registry))


TheServices = SkipValidation[NamedDependency[Services]]
"""The services as a handler or loader asks for them."""
