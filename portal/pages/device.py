"""One system as all of its pages need it: what it is, how it is, and its newest readings."""

from collections.abc import Mapping
from typing import Annotated, Any

from attrs import frozen
from litestar import Request
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromQuery, PathParameter, SkipValidation

from core.access import Access
from core.fleet import glance, scope, systems
from core.fleet.glance import Glance
from core.fleet.systems import SystemRecord
from core.registry import Part, System
from core.telemetry.readings import Readings, house, latest_of
from core.thing_model.product import ProductModel
from portal.presentation.house import RoleReading, role_readings
from portal.presentation.times import Zone, zone_of
from portal.rendering import clock_of
from portal.services import Services, TheServices
from portal.signing_in import TheAccess
from portal.texts import _

Sn = Annotated[str, PathParameter(description="Serial number", pattern="^[A-Z0-9]{8,24}$")]


@frozen
class Device:
    """A system as somebody sees it, with its parts where its product model is loaded."""

    access: Access
    glance: Glance
    system: System | None
    readings: Readings
    zone: Zone

    @property
    def record(self) -> SystemRecord:
        return self.glance.record

    @property
    def sn(self) -> str:
        return self.record.sn

    @property
    def parts(self) -> Mapping[str, Part]:
        return self.system.parts if self.system else {}

    @property
    def product(self) -> ProductModel | None:
        return self.system.product if self.system else None

    @property
    def product_name(self) -> str:
        return self.product.name if self.product else self.record.product_id

    @property
    def last_frame_at(self) -> int | None:
        """When it was last heard: the fleet's own note of it is exact to half a minute only."""
        return last_heard(self.record, self.readings)

    @property
    def expected(self) -> float | None:
        """Seconds between frames, where a decoder says so."""
        given = [
            channel.decoder.interval
            for part in self.parts.values()
            for channel in part.channels.values()
            if channel.decoder.interval
        ]
        return min(given, default=None)

    def house(self) -> dict[str, RoleReading]:
        """Role readings in the house's sign."""
        return role_readings(house(self.system, self.readings)) if self.system else {}

    def part(self, slot: str) -> Part:
        """The part in a slot; a NotFoundException where there is none."""
        if (part := self.parts.get(slot)) is None:
            raise NotFoundException(_("%(sn)s has no slot %(slot)s", sn=self.sn, slot=repr(slot)))
        return part


def last_heard(record: SystemRecord, readings: Readings) -> int | None:
    """When a system was last heard, UTC milliseconds."""
    times = [reading.receive_time for reading in readings.values()]
    return max([*times, *filter(None, [record.last_frame_at])], default=None)


TheDevice = SkipValidation[NamedDependency[Device]]
"""The system of the path as a handler or loader asks for it."""


async def load_device(
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    sn: Sn,
    tz: FromQuery[str | None] = None,
) -> Device:
    """The system of the path; times on its clock unless `tz` is "utc" or "me"."""
    return await device_of(services, access, sn, *clock_of(request, tz))


async def device_of(
    services: Services, access: Access, sn: str, tz: str = "site", mine: str = ""
) -> Device:
    """Three look-ups, whatever the device has; raises NotFoundException, for a foreign one too.

    `tz` is the clock to show, `mine` the reader's own zone.
    """
    async with services.database.read() as connection:
        record = await scope.by_sn(connection, access, sn)
        if record is None:
            raise NotFoundException(_("No system has the serial number %(sn)s.", sn=sn))
        seen = await glance.of_system(connection, record)
        readings = await latest_of(connection, record.id)
    system = systems.model_of(services.registry, record)
    return Device(access, seen, system, readings, zone_of(record.timezone, tz, mine))
