"""What there is to translate: read from templates and Python, and the words that core declares."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from core.notifications.words import WORDS
from core.telemetry.dead_letters import HINTS
from core.thing_model.provenance import CONFIDENCE
from core.thing_model.roles import OPPOSITE, ROLES
from core.thing_model.traits import TRAITS
from core.upkeep.conditions import MEANINGS
from portal.texts import LANGUAGES, SOURCE, catalogue_file, catalogue_of

PORTAL: Final = Path(__file__).parents[1]
METHODS: Final = [("templates/**.jinja", "jinja2"), ("**.py", "python")]
KEYWORDS: Final = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
}
OPTIONS: Final = {
    "templates/**.jinja": {
        "extensions": "jinja2.ext.do",
        "trimmed": "true",
        "trim_blocks": "true",
        "lstrip_blocks": "true",
        "silent": "false",
    }
}
WIDTH: Final = 100
FLEETING: Final = (
    b'"Report-Msgid-Bugs-To:',
    b'"POT-Creation-Date:',
    b'"PO-Revision-Date:',
    b'"Last-Translator:',
    b'"Language-Team:',
    b'"Generated-By:',
)
"""Lines of a catalogue's head that say when and by whom, which its history tells better."""


def extracted() -> Catalog:
    """Every text that the portal can show, without translations."""
    found = Catalog(project="thingwright", domain="portal", fuzzy=False)
    for file, _line, text, _comments, context in extract_from_dir(
        PORTAL, METHODS, OPTIONS, keywords=KEYWORDS
    ):
        found.add(text, locations=[(f"portal/{file}", None)], context=context)  # type: ignore[list-item]
    for file, text in _declared_below():
        found.add(text, locations=[(file, None)])  # type: ignore[list-item]
    return found


def _declared_below() -> Iterator[tuple[str, str]]:
    """Words of the thing model, of conditions and dead letters, which know no languages."""
    for role in ROLES.values():
        yield "core/thing_model/roles.py", role.label
    for trait in TRAITS.values():
        yield "core/thing_model/traits.py", trait.label
    for direction in OPPOSITE:
        yield "core/thing_model/roles.py", direction
        yield "core/thing_model/roles.py", direction.capitalize()
    for words in CONFIDENCE.values():
        yield "core/thing_model/provenance.py", words
    for meaning in MEANINGS.values():
        for text in meaning:
            yield "core/upkeep/conditions.py", text
    for text in WORDS:
        yield "core/notifications/words.py", text
    for code, hint in HINTS.items():
        yield "core/telemetry/dead_letters.py", code.replace("_", " ").capitalize()
        yield "core/telemetry/dead_letters.py", hint.capitalize()


def languages() -> list[str]:
    """Those that have a catalogue."""
    return [name for name in LANGUAGES if name != SOURCE]


def update(language: str) -> None:
    """Write the catalogue anew: new texts without translation, those no longer there left out."""
    catalogue, found = catalogue_of(language), extracted()
    catalogue.update(found, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue_file(language).write_bytes(written(catalogue))


def written(catalogue: Catalog) -> bytes:
    """The file of a catalogue: in order of the English, and the same whenever it is written."""
    text = BytesIO()
    write_po(text, catalogue, width=WIDTH, sort_output=True, include_lineno=False)
    lines = text.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(FLEETING))


def wrong(language: str) -> Iterator[str]:
    """What a translator or a programmer has to do about a catalogue, one sentence each."""
    catalogue, found = catalogue_of(language), extracted()
    for message in found:
        kept = catalogue.get(message.id) if message.id else message
        if kept is None:
            yield f"{message.id!r} is not in the catalogue; run python -m portal.texts"
        elif message.id and not _is_whole(kept.string):
            yield f"{message.id!r} is not translated"
    for message in catalogue:
        if message.id and message.fuzzy:
            yield f"{message.id!r} is fuzzy: look at its translation, then take the mark away"
        if message.id and found.get(message.id) is None:
            yield f"{message.id!r} is in no page any more; run python -m portal.texts"


def _is_whole(string: str | Sequence[str] | None) -> bool:
    return bool(string) and all(string or "")
