"""Which systems a form is for: those that are named, and those that fit filters of their list."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from attrs import evolve

from core.access import Access
from core.listing import rows
from core.listing.filters import Clock
from core.listing.query import Occasion
from core.records import RequestError
from core.thing_model.problems import Problem
from portal.resource.state import read_state
from portal.resources.systems import SYSTEMS
from portal.services import Services
from portal.texts import _


async def chosen_sns(
    services: Services, access: Access, named: Iterable[str], filters: str, most: tuple[int, str]
) -> list[str]:
    """The serial numbers that are meant, each once; `filters` are those of the list of systems.

    `most` is how many there may be, and what to do where they are more. Raises RequestError where
    there are none or too many.
    """
    number, way_out = most
    found = dict[str, Any].fromkeys(named)
    if filters:
        clock = Clock(services.clock())
        state = read_state(SYSTEMS, parse_qsl(filters), clock, services.registry)
        if state.problems:
            raise RequestError(*state.problems)
        occasion = Occasion(access, services.clock(), services.registry)
        read, query = services.database.read, evolve(state.query, cursor="")
        async for batch in rows.batches(read, SYSTEMS.listing, query, occasion, ["sn"]):
            found |= dict.fromkeys(row["sn"] for row in batch.rows)
            if len(found) > number:
                break
    if not found:
        raise RequestError(Problem("sns", _("no system is named"), _("write a serial number")))
    if len(found) > number:
        what = _("more than %(most)s systems are meant", most=f"{number:,}")
        raise RequestError(Problem("sns", what, way_out))
    return list(found)
