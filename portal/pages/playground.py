"""The decode playground: a payload or a log line tried on a plugin, byte by byte."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from attrs import frozen
from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, SkipValidation
from msgspec import Struct

from core.plugin import Plugin
from core.registry import Part
from core.thing_model.logs import LogRecord, read_line
from core.thing_model.problems import DecodeError, ModelError
from core.trial import Trial, TriedValue, part_alone, tried
from core.vectors import BadFrame, FrameVector, LogVector, Vector, read_vectors, written
from portal.presentation.frames import field_runs, hue_of, is_text
from portal.services import TheServices
from portal.signing_in import needs
from portal.texts import N_, _
from portal.twins import Loaded, page

FORMS: Final[Mapping[str, str]] = {
    "hex": N_("Hex"),
    "base64": N_("Base64"),
    "text": N_("Text, such as JSON"),
    "line": N_("A line of the device's log"),
}
"""How a payload is written."""
LONGEST: Final = 16_384
"""Characters that are taken."""
SHORT: Final = 600
"""Bytes of an example, so that its link stays short."""
PERMISSION: Final = "plugins:read"
PATH: Final = "/plugins/{name:str}/playground"
_BETWEEN: Final = re.compile(r"0x|[\s,;:]+", re.IGNORECASE)
UNKNOWN_LINE: Final = N_("No rule of this plugin knows this line.")
NO_CHANNEL: Final = N_("This plugin reads no frames.")
HEADER: Final = ("key", "value", "unit", "raw", "meaning")
ABOUT: Final = """Made in the playground by what the plugin reads today.
Compare it with the device or its manual, then say the origin: captured, vendor, library, derived.
"""


class TriedDocument(Struct, frozen=True):
    """One value of a payload; null is absent. `spans` are the first byte and the one behind."""

    key: str
    label: str
    value: str | float | bool | None
    unit: str
    meaning: str | None
    raw: str | float | bool | None
    spans: list[tuple[int, int]]
    implausible: str | float | bool | None
    reason: str


class FaultDocument(Struct, frozen=True):
    """A fault that the values raise."""

    code: str
    name: str
    severity: str
    advice: str


class RecordDocument(Struct, frozen=True):
    """What a line of a log says."""

    kind: str
    name: str
    old: str
    new: str
    code: str
    message: str
    time: str


class Playground(Struct, frozen=True):
    """What was tried and what it says.

    `problem` tells why a payload cannot be read, and `offset` at which byte where that is known.
    """

    plugin: str
    variant: str
    firmware: str
    channel: str
    form: str
    frame: str
    problem: str
    offset: int | None
    values: list[TriedDocument]
    faults: list[FaultDocument]
    records: list[RecordDocument]


@frozen
class Asked:
    """What to try: the plugin's part, the channel's name, and the payload as it was written."""

    plugin: Plugin
    part: Part
    variant: str
    firmware: str
    channel: str
    form: str
    written: str

    @property
    def address(self) -> Mapping[str, str]:
        """The query that asks the same."""
        names = ("channel", "variant", "firmware", "form")
        return {name: getattr(self, name) for name in names} | {"payload": self.written}

    @property
    def payload(self) -> bytes:
        """The bytes; raises ValueError with a sentence where they are not what they are said."""
        if self.form == "base64":
            try:
                return base64.b64decode(self.written, validate=False)
            except binascii.Error as error:
                raise ValueError(_("This is not Base64: %(why)s.", why=error)) from None
        if self.form in ("text", "line"):
            return self.written.encode()
        digits = _BETWEEN.sub("", self.written)
        for place, digit in enumerate(digits):
            if digit not in "0123456789abcdefABCDEF":
                said = _("This is not hex: %(sign)s stands at digit %(place)s.")
                raise ValueError(said % {"sign": repr(digit), "place": place + 1})
        if len(digits) % 2:
            raise ValueError(_("Half a byte is missing: %(count)s digits.", count=len(digits)))
        return bytes.fromhex(digits)


TheAsked = SkipValidation[NamedDependency[Asked]]
"""What the address asks to try, as a handler or loader asks for it."""


async def _asked(  # noqa: PLR0917  all that the address says
    services: TheServices,
    name: FromPath[str],
    channel: FromQuery[str] = "",
    variant: FromQuery[str] = "",
    firmware: FromQuery[str] = "",
    form: FromQuery[str] = "hex",
    payload: FromQuery[str] = "",
) -> Asked:
    if (plugin := services.registry.plugins.get(name)) is None:
        raise NotFoundException(_("No plugin is named %(name)s.", name=repr(name)))
    variant = variant if variant in plugin.variants else ""
    part = part_alone(plugin, variant, firmware)
    if channel not in part.channels:
        channel = next(iter(part.channels), "")
    form = form if form in FORMS else "hex"
    return Asked(plugin, part, variant, firmware, channel, form, payload[:LONGEST].strip())


@frozen
class Attempt:
    """What came of it: a trial, or the records of a line, or why there is neither."""

    payload: bytes = b""
    trial: Trial | None = None
    records: tuple[LogRecord, ...] = ()
    refused: DecodeError | None = None
    problem: str = ""


def _attempt(asked: Asked) -> Attempt:
    try:
        payload = asked.payload
    except ValueError as error:
        return Attempt(problem=str(error))
    if not payload:
        return Attempt()
    if asked.form == "line":
        records = tuple(read_line(asked.part.log_rules, asked.written) or ())
        return Attempt(payload, None, records, None, "" if records else _(UNKNOWN_LINE))
    if not asked.channel:
        return Attempt(payload, problem=_(NO_CHANNEL))
    try:
        trial = tried(asked.part, asked.part.channels[asked.channel], payload)
    except DecodeError as error:
        return Attempt(payload, refused=error, problem=str(error))
    return Attempt(payload, trial)


async def try_payload(asked: TheAsked) -> Loaded[Playground]:
    """Read a payload or a log line as a plugin does; nothing is stored."""
    attempt = _attempt(asked)
    fields = {value.key: value.spans for value in attempt.trial.values} if attempt.trial else {}
    document = _document(asked, attempt)
    view = {
        "asked": asked,
        "address": urlencode(asked.address),
        "forms": FORMS,
        "runs": field_runs(attempt.payload, fields),
        "is_text": is_text(attempt.payload),
        "hues": {key: hue_of(place) for place, key in enumerate(fields)},
        "examples": {} if asked.written else _examples(asked),
    }
    rows = [[v.key, v.value, v.unit, v.raw, v.meaning] for v in document.values]
    name = asked.plugin.name
    crumbs = ((_("Plugins"), "/plugins"), (name, f"/plugins/{name}"))
    return Loaded(document, _("Playground of %(plugin)s", plugin=name), rows, HEADER, crumbs, view)


def _document(asked: Asked, attempt: Attempt) -> Playground:
    trial = attempt.trial or Trial((), ())
    return Playground(
        asked.plugin.name,
        asked.variant,
        asked.firmware,
        asked.channel,
        asked.form,
        attempt.payload.hex(),
        attempt.problem,
        attempt.refused.offset if attempt.refused else None,
        [_value(value) for value in trial.values],
        [FaultDocument(f.code, f.name, f.severity, f.advice) for f in trial.faults],
        [
            RecordDocument(r.kind, r.name, r.old, r.new, r.code, r.message, r.time)
            for r in attempt.records
        ],
    )


def _value(value: TriedValue) -> TriedDocument:
    row, known = value.row, value.value
    return TriedDocument(
        value.key,
        row.name if row else value.key,
        known,
        row.unit if row else "",
        row.enum.label(known) if row and row.enum and known is not None else None,
        value.raw,
        list(value.spans),
        value.implausible,
        value.reason,
    )


def _examples(asked: Asked) -> dict[str, str]:
    """A short frame of each channel, in hex, out of the plugin's own vectors."""
    try:
        vectors = read_vectors(asked.plugin.folder)
    except ModelError:
        return {}  # `thingwright check` tells of it
    found: dict[str, str] = {}
    for vector in vectors.frames:
        if vector.variant == asked.variant and 0 < len(vector.data) <= SHORT:
            found.setdefault(vector.channel, vector.data.hex())
    return {name: found[name] for name in asked.part.channels if name in found}


@get(
    f"{PATH}/vector",
    dependencies={"asked": Provide(_asked)},
    guards=[needs(PERMISSION)],
    include_in_schema=False,
)
async def vector_file(asked: TheAsked) -> Response[str]:
    """The attempt as a file for the folder `vectors` of the plugin."""
    if (vector := _vector(asked, _attempt(asked))) is None:
        raise NotFoundException(_("There is nothing to make a test case of."))
    name = "log" if asked.form == "line" else asked.channel
    headers = {"Content-Disposition": f'attachment; filename="{name}.toml"'}
    return Response(written(vector, ABOUT), media_type="application/toml", headers=headers)


def _vector(asked: Asked, attempt: Attempt) -> Vector | None:
    common: dict[str, Any] = {
        "where": "",
        "origin": "captured",
        "variant": asked.variant,
        "firmware": asked.firmware,
    }
    if attempt.records:
        return LogVector(line=asked.written, records=attempt.records, **common)
    common |= {"channel": asked.channel, "data": attempt.payload}
    if attempt.trial is not None:
        return FrameVector(values=attempt.trial.said, **common)
    if (refused := attempt.refused) is not None:
        common |= {"datapoint": refused.datapoint, "offset": refused.offset}
        return BadFrame(reason=refused.reason, **common)
    return None


ROUTES: Final = [
    *page(PATH, "playground.html.jinja", try_payload, permission=PERMISSION, asked=_asked),
    vector_file,
]
