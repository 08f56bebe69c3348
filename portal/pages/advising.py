"""What helps with the faults of a system: articles, and the commands that can be given to it."""

from collections.abc import Iterable, Mapping

from attrs import frozen

from core.commanding.offers import offered
from core.journal import articles
from core.journal.articles import Article, Code
from core.journal.faults import FaultRecord
from core.records import Connection
from core.registry import Registry
from portal.pages.device import Device


@frozen
class AdviceFor:
    """Articles by code, and which commands whoever looks may give: "slot/name"."""

    written: Mapping[Code, list[Article]]
    offered: frozenset[str]


async def advice_for(
    connection: Connection, registry: Registry, device: Device, records: Iterable[FaultRecord]
) -> AdviceFor:
    """What is known of the codes of these faults, for whoever looks at the system."""
    if not device.access.may("knowledge:read"):
        return AdviceFor({}, frozenset())
    codes = {
        (device.parts[record.slot].plugin.name, record.code)
        for record in records
        if record.slot in device.parts
    }
    written = await articles.of_codes(connection, codes)
    if not written or not device.access.may("systems:command"):
        return AdviceFor(written, frozenset())
    found = await offered(connection, registry, device.access, [device.sn])
    return AdviceFor(written, frozenset(offer.id for offer in found.offers))
