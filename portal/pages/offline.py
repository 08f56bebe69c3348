"""Why a system is offline: what is known of its silence, gathered when somebody looks."""

from typing import Final

from core.commanding import commands
from core.commanding.states import UNDER_WAY, UNSENT
from core.fleet import beside
from core.journal import faults, logs
from core.records import Connection
from core.registry import Registry
from core.telemetry import dead_letters
from portal.pages.device import Device
from portal.presentation import offline
from portal.presentation.device import fault_documents
from portal.presentation.offline import Fact
from portal.presentation.status import COMMAND
from portal.texts import _

LATEST: Final = 20
"""So many of the newest commands are looked at."""


async def facts_of(connection: Connection, registry: Registry, device: Device) -> list[Fact]:
    """What is known of the silence of a system that is offline; empty for any other."""
    record, access, path = device.record, device.access, f"/systems/{device.sn}"
    if device.glance.status != "offline":
        return []
    heard = device.last_frame_at
    after = device.product.offline_after if device.product else None
    found = [
        offline.last_frame(path, heard, device.expected, after),
        offline.session(path, record.online, record.online_at),
    ]
    if record.is_upgrading:
        found.append(Fact(_("An upgrade of it is under way."), path, telling=True))
    if access.may("faults:read"):
        found += await _faults(connection, device, path)
    if access.may("logs:read") and (said := await logs.last_line(connection, record.id)):
        line, at = said
        found.append(Fact(_("Its last line of log: %(line)s", line=line), f"{path}/logs", at))
    if access.may("dead_letters:read"):
        read = max((reading.receive_time for reading in device.readings.values()), default=0)
        number = await dead_letters.count_since(connection, device.sn, read)
        text = _("Messages that could not be read since the last one that could: %(n)s", n=number)
        found.append(Fact(text, f"/dead-letters?sn={device.sn}", telling=number > 0))
    if access.may("commands:read"):
        found += await _commands(connection, device, path)
    found.append(
        offline.of_site(f"{path}/settings", await beside.at_site(connection, access, record))
    )
    if device.product is not None:
        found.append(await _plugin(connection, registry, device))
    return found


async def _faults(connection: Connection, device: Device, path: str) -> list[Fact]:
    last = await faults.history(connection, device.record.id, limit=1)
    if not last:
        return [Fact(_("No fault of it was ever heard."), f"{path}/faults")]
    (fault,) = fault_documents(device.parts, last)
    text = _("Its last fault: %(fault)s", fault=fault.label)
    if fault.closed_at is None:
        text = _("Its last fault, not gone when it fell silent: %(fault)s", fault=fault.label)
    is_open = fault.closed_at is None
    return [Fact(text, f"{path}/faults", fault.opened_at, telling=is_open)]


async def _commands(connection: Connection, device: Device, path: str) -> list[Fact]:
    newest = await commands.page(connection, system_id=device.record.id, limit=LATEST)
    waiting = [each for each in newest if each.state in UNSENT | UNDER_WAY]
    if not waiting:
        return [Fact(_("No command to it is waiting or under way."), f"{path}/commands")]
    return [
        Fact(
            _("Command %(name)s: %(state)s", name=each.name, state=COMMAND[each.state].word),
            f"{path}/commands",
            each.created_at,
            telling=True,
        )
        for each in waiting
    ]


async def _plugin(connection: Connection, registry: Registry, device: Device) -> Fact:
    """How the other systems of the plugin are that speaks for the system's first part."""
    plugin = next(iter(device.parts.values())).plugin.name
    products = {
        product.id
        for product in registry.products.values()
        if any(f"{mounted.model}.".startswith(f"{plugin}.") for _slot, mounted in product.slots())
    }
    others = await beside.of_products(connection, device.access, device.record, products)
    return offline.of_plugin(f"/plugins/{plugin}", plugin, others)
