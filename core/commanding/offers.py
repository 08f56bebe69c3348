"""Which commands can be given to systems, whatever product models they are of."""

from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.commanding.orders import check_access
from core.commanding.policy import MOST
from core.commanding.targets import Target, find
from core.registry import Part, Registry
from core.thing_model.command import Command


@frozen(eq=False)
class Offer:
    """A command of a slot, as the first of the systems declares it; `systems` is how many have it.

    sn, system_id: of that first one.
    """

    part: Part
    command: Command
    systems: int
    sn: str
    system_id: int

    @property
    def id(self) -> str:
        return f"{self.part.slot}/{self.command.name}"


@frozen(eq=False)
class Offers:
    """What can be given to systems; `unknown` are serial numbers of which nobody knows, or not."""

    found: int
    unknown: tuple[str, ...]
    offers: tuple[Offer, ...]

    def of(self, id: str) -> Offer | None:
        return next((offer for offer in self.offers if offer.id == id), None)


async def offered(
    connection: AsyncConnection, registry: Registry, access: Access, sns: Sequence[str]
) -> Offers:
    """The commands of the systems with these serial numbers; needs what giving one needs."""
    check_access(access, len(sns))
    targets = await find(connection, registry, access, sns[:MOST])
    unknown = tuple(sn for sn in sns if sn not in targets)
    return Offers(len(targets), unknown, tuple(_offers(targets.values())))


def _offers(targets: Iterable[Target]) -> Iterator[Offer]:
    """Those that at least one of them is offered, each once."""
    first: dict[str, tuple[Part, Command, Target]] = {}
    numbers: dict[str, int] = {}
    for target in targets:
        if target.model is None:
            continue
        for part in target.model.system.parts.values():
            for command in part.commands.values():
                if command.name in target.model.withheld:
                    continue
                id_ = f"{part.slot}/{command.name}"
                first.setdefault(id_, (part, command, target))
                numbers[id_] = numbers.get(id_, 0) + 1
    for id_, (part, command, target) in first.items():
        yield Offer(part, command, numbers[id_], target.record.sn, target.record.id)
