"""Where a number comes from: declaration, source, raw number, and its bytes in the stored frame."""

from collections.abc import Iterator
from typing import Any, Final

from attrs import frozen
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from msgspec import Struct

from core.effective import standings
from core.registry import Channel, Part
from core.telemetry.history import Frame
from core.telemetry.readings import frame_of
from core.thing_model.datapoint import Datapoint
from core.thing_model.layout.documents import JsonField
from core.thing_model.layout.fields import Field, Value
from core.thing_model.layout.layouts import layout_fields
from core.thing_model.problems import DecodeError
from core.thing_model.provenance import CONFIDENCE
from portal.pages.device import TheDevice, load_device
from portal.presentation.catalogue import file_of
from portal.presentation.device import is_doubtful
from portal.presentation.frames import Run, is_text, runs
from portal.presentation.overlays import reasons
from portal.presentation.quantities import limits
from portal.presentation.readings import UNPUBLISHED, ReadingDocument, reading_document
from portal.services import TheServices
from portal.texts import _, translated
from portal.twins import Loaded, page


class Explanation(Struct, frozen=True):
    """A datapoint's declaration, its newest reading, and the bytes that said it.

    `spans` are the first byte and the byte behind the last in `frame`, which is hex. `raw` is the
    number before scale, or hex text; all four are empty for a computed value. `because` tells why
    it is read so, where that depends on firmware.
    """

    sn: str
    slot: str
    key: str
    label: str
    unit: str
    role: str | None
    positive: str | None
    range: str
    doc: str
    plugin: str
    file: str
    source: str
    confidence: str
    computed_of: list[str]
    channel: str | None
    scale: str
    because: list[str]
    reading: ReadingDocument | None
    raw: str | float | bool | None
    spans: list[tuple[int, int]]
    frame: str


@frozen
class Origin:
    """What the stored frame says of the value."""

    raw: Value = None
    spans: tuple[tuple[int, int], ...] = ()
    error: str = ""


async def explain_datapoint(
    services: TheServices, device: TheDevice, slot: FromPath[str], key: FromPath[str]
) -> Loaded[Explanation]:
    """Where a reading comes from, down to its bytes."""
    part = device.part(slot)
    because = list(reasons(standings([part], device.record.firmware), slot, key))
    if (datapoint := part.datapoints.get(key)) is None:
        said = _(
            "%(slot)s of %(sn)s has no datapoint %(key)s", slot=slot, sn=device.sn, key=repr(key)
        )
        raise NotFoundException(". ".join([said, *because[:1]]))
    reading = device.readings.get((slot, key))
    channel = _channel(part, key, reading.channel if reading else "")
    frame = None
    if reading and channel:
        async with services.database.read() as connection:
            frame = await frame_of(connection, device.record.id, slot, channel.name)
    origin = _origin(channel, frame, key)
    source, confidence = part.plugin.source_of(datapoint), part.plugin.confidence_of(datapoint)
    document = Explanation(
        device.sn,
        slot,
        key,
        datapoint.name,
        datapoint.unit,
        datapoint.role,
        datapoint.positive,
        limits(*(datapoint.range or (None, None)), datapoint.unit),
        datapoint.doc,
        part.plugin.name,
        file_of(part.plugin),
        source.title if source else "",
        translated(CONFIDENCE.get(confidence, confidence)),
        list(datapoint.of),
        channel.name if channel else None,
        _scale(channel, key),
        because,
        reading_document(datapoint, reading) if reading else None,
        origin.raw,
        list(origin.spans),
        frame.body.hex() if frame else "",
    )
    view = {
        "device": device,
        "zone": device.zone,
        "datapoint": datapoint,
        "channel": channel,
        "frame": frame,
        "origin": origin,
        "runs": _runs(frame, origin),
        "is_text": frame is not None and is_text(frame.body),
        "source": source,
        "doubtful": is_doubtful(confidence),
        "unpublished": translated(UNPUBLISHED) if _is_unpublished(datapoint, reading) else "",
        "users": list(_users(part, key)),
    }
    crumbs = (
        (_("ESS systems"), "/systems"),
        (device.sn, f"/systems/{device.sn}"),
        (_("Readings"), f"/systems/{device.sn}/readings"),
    )
    title = _("%(what)s of %(sn)s", what=datapoint.name, sn=device.sn)
    names = tuple(n for n in Explanation.__struct_fields__ if n not in _NESTED)
    row = [_cell(getattr(document, name)) for name in names]
    return Loaded(document, title, [row], names, crumbs, view)


def _channel(part: Part, key: str, heard: str) -> Channel | None:
    """The channel that the reading came on, else the first that can say it."""
    if heard in part.channels:
        return part.channels[heard]
    return next((c for c in part.channels.values() if key in c.keys), None)


def _origin(channel: Channel | None, frame: Frame | None, key: str) -> Origin:
    if channel is None or frame is None:
        return Origin()
    try:
        trace = channel.codec.trace(frame.body).get(key)
    except DecodeError as error:
        return Origin(error=str(error))
    return Origin(trace.raw, trace.spans) if trace else Origin()


def _runs(frame: Frame | None, origin: Origin) -> list[Run]:
    return runs(frame.body, origin.spans) if frame else []


def _scale(channel: Channel | None, key: str) -> str:
    """How the raw number becomes the value, as the layout says."""
    if channel is None:
        return ""
    found = (f for f in layout_fields(channel.decoder.layout) if f.key == key)
    return next((", ".join(_steps(f)) for f in found), "")


def _steps(field: Field | JsonField) -> Iterator[str]:
    if isinstance(field, JsonField):
        yield f"JSON {field.kind}"
    else:
        yield field.type
        if field.mask is not None:
            yield _("bits %(mask)s", mask=f"{field.mask:#x}")
        if field.scaled_by:
            yield _("scaled by 10 to the power of %(key)s", key=field.scaled_by)
    if field.scale != 1:
        yield f"× {field.scale:g}"
    if offset := getattr(field, "offset", 0):
        yield f"{offset:+g}"


def _is_unpublished(datapoint: Datapoint, reading: Any) -> bool:
    if datapoint.enum is None or reading is None or reading.value is None:
        return False
    return datapoint.enum.label(reading.value) is None


def _users(part: Part, key: str) -> Iterator[str]:
    """What else the declarations do with the value."""
    for datapoint in part.datapoints.values():
        if key in datapoint.of:
            yield _("%(name)s is computed of it", name=datapoint.name)
    for fault in part.faults:
        if fault.datapoint == key:
            yield _("it tells of the fault %(name)s", name=fault.name)
    for command in part.commands.values():
        if key in command.reads_back:
            yield _("it proves the command %(name)s", name=command.title)


def _cell(value: str | float | list[Any] | None) -> str | float | None:
    return " ".join(map(str, value)) if isinstance(value, list) else value


_NESTED: Final = ("reading",)

ROUTES: Final = page(
    "/systems/{sn:str}/explain/{slot:str}/{key:str}",
    "explain.html.jinja",
    explain_datapoint,
    permission="telemetry:read",
    device=load_device,
)
