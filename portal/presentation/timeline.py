"""Entries of a system's logs in words, and where the frame or line that told them can be tried."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from core.journal.logs import UNPARSED
from core.journal.timeline import Entry
from core.registry import Part
from portal.presentation.status import COMMAND, SEVERITY, SYSTEM
from portal.texts import N_, _, translated

CAUSES: Final = {
    "silence": N_("nothing was heard"),
    "frames": N_("it was heard again"),
    "fault": N_("a fault came"),
    "fault_closed": N_("a fault went"),
}


class LogDocument(Struct, frozen=True):
    """An entry of a system's logs. A meaning is null where nobody published one.

    source: "records" of its own log, "faults", "commands", "status", "firmware", "repairs".
    start and end: UTC milliseconds. status: active, in_progress, resolved, or empty for a line.
    count: how often the system had this fault, of a fault that its frames told; null of others.
    """

    id: str
    source: str
    slot: str
    kind: str
    start: int
    end: int | None
    status: str
    name: str
    label: str
    old: str
    new: str
    old_meaning: str | None
    new_meaning: str | None
    code: str
    count: int | None
    message: str
    by: str
    time: str
    extra: dict[str, Any]
    line: str
    link: str


COLUMNS: Final = LogDocument.__struct_fields__


def log_documents(
    sn: str,
    parts: Mapping[str, Part],
    entries: Iterable[Entry],
    times: Mapping[tuple[str, str], int],
    *,
    tries: bool,
) -> Iterator[LogDocument]:
    """The entries in words; with `tries` whoever reads them may open the playground.

    `times` says how often each fault came, by slot and code.
    """
    for entry in entries:
        words = _WORDS[entry.source](entry, parts.get(entry.slot))
        values: dict[str, Any] = {
            name: getattr(entry, name, None) for name in COLUMNS if name not in ("start", "end")
        }
        values |= {"start": entry.at, "end": entry.until, "extra": dict(entry.extra)}
        values["link"] = _link(sn, entry, parts.get(entry.slot), tries=tries)
        is_fault = entry.source == "faults"
        values["count"] = times.get((entry.slot, entry.code)) if is_fault else None
        yield LogDocument(**{**values, **words})


def _link(sn: str, entry: Entry, part: Part | None, *, tries: bool) -> str:
    """Where more is known: the line or the frame on the playground, the command's own page."""
    if entry.source == "commands":
        return f"/commands/{entry.id}"
    if not tries or part is None:
        return ""
    if entry.source == "records":
        asked = {"form": "line", "variant": part.mounted.variant, "payload": entry.line}
        known = entry.kind == UNPARSED
        return f"/plugins/{part.plugin.name}/playground?{urlencode(asked)}" if known else ""
    if entry.source == "faults" and _told_by(part, entry.code):
        return f"/systems/{sn}/logs/{entry.id}/frame"
    return ""


def _told_by(part: Part, code: str) -> str:
    return next((fault.datapoint for fault in part.faults if fault.code == code), "")


def _record(_entry: Entry, _part: Part | None) -> Mapping[str, Any]:
    return {}


def _fault(entry: Entry, part: Part | None) -> Mapping[str, Any]:
    fault = next((f for f in part.faults if f.code == entry.code), None) if part else None
    severity = SEVERITY.get(entry.name)
    label = fault.name if fault else entry.code
    return {"label": label, "name": "", "message": severity.word if severity else entry.name}


def _command(entry: Entry, part: Part | None) -> Mapping[str, Any]:
    command = part.commands.get(entry.name) if part else None
    state = COMMAND.get(entry.new)
    return {
        "label": command.title if command else entry.name,
        "new_meaning": state.word if state else None,
    }


def _status(entry: Entry, _part: Part | None) -> Mapping[str, Any]:
    words = {name: SYSTEM[name].word for name in (entry.old, entry.new) if name in SYSTEM}
    return {
        "label": _("Status"),
        "name": "",
        "old_meaning": words.get(entry.old),
        "new_meaning": words.get(entry.new),
        "message": translated(CAUSES.get(entry.name, entry.name)),
    }


def _firmware(entry: Entry, part: Part | None) -> Mapping[str, Any]:
    datapoint = part.datapoints.get(entry.name) if part else None
    return {
        "label": datapoint.name if datapoint else _("Firmware"),
        "old_meaning": entry.old,
        "new_meaning": entry.new,
    }


def _repair(_entry: Entry, _part: Part | None) -> Mapping[str, Any]:
    return {"label": _("Repair"), "name": ""}


_WORDS: Final = {
    "records": _record,
    "faults": _fault,
    "commands": _command,
    "status": _status,
    "firmware": _firmware,
    "repairs": _repair,
}
