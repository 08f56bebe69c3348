"""The logs of a system on one timeline, and repairs that people note in it."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from attrs import frozen
from litestar import Request, Response, get, post
from litestar.di import Provide
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from msgspec import Struct

from core.journal import faults, repairs, timeline
from core.journal.repairs import Repair
from core.journal.timeline import STATUSES, Wanted
from core.listing.moments import instant
from core.records import RequestError
from core.telemetry.history import Frame, frames_between
from core.thing_model.problems import Problem
from portal.pages.device import Device, TheDevice, load_device
from portal.pages.tabs import TABS, loaded_tab
from portal.presentation.log_columns import columns_of, header_of, row_of
from portal.presentation.status import LOG
from portal.presentation.timeline import LogDocument, log_documents
from portal.presentation.times import iso
from portal.rendering import render_page
from portal.services import Services, TheServices
from portal.signing_in import TheAccess, address_of, needs
from portal.texts import N_, _
from portal.twins import Loaded

LIMIT: Final = 50
STATES: Final = dict(zip(STATUSES, (N_("Active"), N_("In progress"), N_("Resolved")), strict=True))

REPAIR: Final = ("slot", "started", "ended", "remark")
"""The fields of the form that notes a repair."""


class LogsDocument(Struct, frozen=True):
    """Entries newest first; `next` is the `before` of the page behind them."""

    sn: str
    records: list[LogDocument]
    next: str | None


@frozen
class Asked:
    """What the address asks for, as it was written."""

    kind: str = ""
    state: str = ""
    since: str = ""
    until: str = ""
    q: str = ""
    before: str = ""

    @property
    def filters(self) -> dict[str, str]:
        named = {
            "kind": self.kind,
            "status": self.state,
            "from": self.since,
            "to": self.until,
            "q": self.q,
        }
        return {name: text for name, text in named.items() if text}

    def query(self, **changes: str) -> str:
        """The query of the same filters with some of them changed, at the beginning."""
        kept = {name: text for name, text in (self.filters | changes).items() if text}
        return f"?{urlencode(kept)}"

    def wanted(self, now: int, zone: str) -> Wanted:
        """Raises ValidationException with what cannot be read."""
        wrong = [_("There is no kind %(name)s.", name=repr(self.kind))] * (
            self.kind not in ("", *LOG)
        ) + [_("There is no status %(name)s.", name=repr(self.state))] * (
            self.state not in ("", *STATUSES)
        )
        if wrong:
            raise ValidationException(" ".join(wrong))
        since, until = (
            _moment(text, now, zone, end=end)
            for text, end in ((self.since, False), (self.until, True))
        )
        return Wanted(self.kind, self.state, since, until, self.q.strip()).within(now)


async def live_logs(services: TheServices, device: TheDevice) -> Loaded[LogsDocument]:
    """The newest entries, while the page is open."""
    return await logs_of(services, device, Asked())


async def system_logs(  # noqa: PLR0917  a loader's parameters
    request: Request[Any, Any, Any],
    services: TheServices,
    device: TheDevice,
    kind: FromQuery[str] = "",
    status: FromQuery[str] = "",
    q: FromQuery[str] = "",
    before: FromQuery[str] = "",
) -> Loaded[LogsDocument]:
    """All logs of a system on one timeline. `from` and `to` are moments on the page's clock."""
    since, until = (request.query_params.get(name, "").strip() for name in ("from", "to"))
    asked = Asked(kind, status, since, until, q.strip(), before)
    return await logs_of(services, device, asked)


async def logs_of(
    services: Services,
    device: Device,
    asked: Asked,
    wrong: tuple[Problem, ...] = (),
    typed: Mapping[str, str] | None = None,
) -> Loaded[LogsDocument]:
    """The page; `wrong` is said of the repair that was noted, and `typed` stands in its form."""
    reader, now = device.access, services.clock()
    wanted = asked.wanted(now, device.zone.name)
    async with services.database.read() as connection:
        try:
            found = await timeline.page(
                connection, reader, device.record.id, wanted, behind=asked.before, limit=LIMIT + 1
            )
        except ValueError:
            raise ValidationException(_("There is no place like that in the logs.")) from None
        codes = (each.code for each in found if each.source == "faults")
        times = await faults.times_of(connection, device.record.id, codes)
    tries = reader.may("plugins:read")
    records = list(log_documents(device.sn, device.parts, found[:LIMIT], times, tries=tries))
    document = LogsDocument(
        device.sn, records, found[LIMIT - 1].place if len(found) > LIMIT else None
    )
    rows = [row_of(asked.kind, each) for each in records]
    view = {
        "asked": asked,
        "columns": columns_of(asked.kind),
        "frozen": asked.query(**_frozen(wanted, now)),
        "states": STATES,
        "reach": device.zone.shown(wanted.since) if wanted.text and wanted.since else "",
        "may_compare": reader.may("telemetry:read"),
        "may_note": reader.may("logs:edit"),
        "wrong": wrong,
        "typed": typed or dict.fromkeys(REPAIR, ""),
    }
    whole = not asked.filters and not asked.before
    return loaded_tab(device, document, "logs", rows, header_of(asked.kind), view, streams=whole)


@post(
    "/systems/{sn:str}/logs/repairs",
    dependencies={"device": Provide(load_device)},
    guards=[needs("logs:edit")],
    include_in_schema=False,
)
async def note_repair(
    request: Request[Any, Any, Any], services: TheServices, access: TheAccess, device: TheDevice
) -> Response[Any]:
    """Note a repair by hand."""
    form, now, zone = await request.form(), services.clock(), device.zone.name
    said = {name: str(form.get(name, "")).strip() for name in REPAIR}
    if said["slot"]:
        device.part(said["slot"])
    try:
        repair = Repair(
            _moment(said["started"], now, zone) or now,
            said["remark"],
            _moment(said["ended"], now, zone),
            said["slot"],
        )
        async with services.database.begin() as connection:
            of = (connection, access, device.sn, repair)
            await repairs.note(*of, now=now, address=address_of(request))
    except RequestError as error:
        loaded = await logs_of(services, device, Asked(), error.problems, said)
        context = {"document": loaded.document, "crumbs": loaded.crumbs, **loaded.view}
        return render_page(request, TABS["logs"].template, loaded.title, context, 422)
    return Redirect(f"/systems/{device.sn}/logs?kind=repair", status_code=303)


@post(
    "/systems/{sn:str}/logs/repairs/{repair:int}/end",
    dependencies={"device": Provide(load_device)},
    guards=[needs("logs:edit")],
    include_in_schema=False,
)
async def end_repair(
    request: Request[Any, Any, Any],
    services: TheServices,
    access: TheAccess,
    device: TheDevice,
    repair: FromPath[int],
) -> Response[Any]:
    """End a repair that goes on; one that has ended stays as it is."""
    try:
        async with services.database.begin() as connection:
            of = (connection, access, device.sn, repair)
            await repairs.finish(*of, now=services.clock(), address=address_of(request))
    except RequestError as error:
        raise NotFoundException(str(error)) from None
    return Redirect(f"/systems/{device.sn}/logs?kind=repair", status_code=303)


@get(
    "/systems/{sn:str}/logs/{fault:int}/frame",
    dependencies={"device": Provide(load_device)},
    guards=[needs("logs:read"), needs("plugins:read")],
    include_in_schema=False,
)
async def frame_of_fault(
    services: TheServices, device: TheDevice, fault: FromPath[int]
) -> Redirect:
    """The frame that told of a fault, on the playground."""
    async with services.database.read() as connection:
        past = await faults.history(connection, device.record.id, before=fault + 1, limit=1)
        if not past or past[0].id != fault:
            raise NotFoundException(_("This system has no such fault."))
        part = device.part(past[0].slot)
        keys = {each.datapoint for each in part.faults if each.code == past[0].code}
        for channel in part.channels.values():
            if keys.intersection(channel.keys):
                at = past[0].opened_at
                span = (device.record.id, part.slot, channel.name, at, at + 1)
                async for frame in frames_between(connection, *span):
                    asked = _tried(frame, part.mounted.variant, device.record.firmware)
                    return Redirect(f"/plugins/{part.plugin.name}/playground?{asked}")
    raise NotFoundException(_("The frame of that moment is not kept."))


def _tried(frame: Frame, variant: str, firmware: str) -> str:
    return urlencode(
        {
            "channel": frame.channel,
            "variant": variant,
            "firmware": firmware,
            "form": "hex",
            "payload": frame.body.hex(),
        }
    )


def _frozen(wanted: Wanted, now: int) -> dict[str, str]:
    """Both ends as they are now, whatever the clock of who opens it."""
    ends = {"from": wanted.since, "to": now if wanted.until is None else wanted.until}
    return {name: iso(at) for name, at in ends.items() if at is not None}


def _moment(text: str, now: int, zone: str, *, end: bool = False) -> int | None:
    if not text:
        return None
    try:
        return instant(text, now, zone, end=end)
    except ValueError:
        said = _("%(text)s is no moment: write 2026-11-22 or 2026-11-22T14:30.", text=repr(text))
        raise ValidationException(said) from None


ROUTES: Final = [note_repair, end_repair, frame_of_fault]
