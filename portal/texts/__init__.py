"""Texts that people read: marked where they are declared, translated where they are shown.

English is the source and its own key. Other languages are catalogues in `portal/locales`, read as
they are at first use. `python -m portal.texts` brings them up to date with the code.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final

from babel.core import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

SOURCE: Final = "en"
LANGUAGES: Final[Mapping[str, str]] = {SOURCE: "English", "zh_Hans": "中文"}
"""The languages of the portal by locale, each in its own name."""
ALIASES: Final[Mapping[str, str]] = {
    "en": SOURCE,
    "zh": "zh_Hans",
    "zh_cn": "zh_Hans",
    "zh_sg": "zh_Hans",
    "zh_hans": "zh_Hans",
    "zh_hans_cn": "zh_Hans",
}
"""The locales that a language is asked for by, in small letters."""
LOCALES: Final = Path(__file__).parents[1] / "locales"
_LANGUAGE: Final[ContextVar[str]] = ContextVar("language", default=SOURCE)


def N_(text: str) -> str:  # noqa: N802  gettext's own name
    """Mark a text of a declaration for translation; it is English, and its own key."""
    return text


def _(text: str, /, **values: object) -> str:
    """The text in the reader's language, its `%(name)s` filled in; it is marked by this too."""
    return translated(text) % values if values else translated(text)


def translated(text: str) -> str:
    """A text that was marked elsewhere, in the reader's language; as it is where none is known."""
    return texts_of(_LANGUAGE.get()).get(text, text) if text else ""


def said_in(language: str, text: str) -> str:
    """A text that was marked elsewhere, in a language that is named, such as that of a message."""
    return texts_of(known(language) or SOURCE).get(text, text)


def plural(one: str, many: str, number: int) -> str:
    """The form for a number of things, not yet filled in; Chinese has one for all."""
    source = one if number == 1 else many
    return texts_of(_LANGUAGE.get()).get(one, source)


def language() -> str:
    """The reader's language: one of `LANGUAGES`."""
    return _LANGUAGE.get()


@contextmanager
def speaking(wanted: str) -> Generator[None]:
    """Texts within are in this language."""
    token = _LANGUAGE.set(wanted)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def known(name: str | None) -> str | None:
    """The language that a locale's name means, whether `zh-CN` or `zh_Hans`; None if not ours."""
    return ALIASES.get((name or "").strip().replace("-", "_").lower())


def chosen(asked: str | None, kept: str | None, accepted: str) -> str:
    """The language of a request: what it asks for, what was kept, what its browser prefers."""
    return known(asked) or known(kept) or _preferred(accepted)


def _preferred(accepted: str) -> str:
    """The first language of an Accept-Language header that there is, else English."""
    ranked = sorted(_weighted(accepted), key=lambda each: -each[1])
    wanted = [name.replace("-", "_") for name, weight in ranked if weight > 0]
    found = negotiate_locale(wanted, list(ALIASES), aliases={})
    return known(found) or SOURCE


def _weighted(accepted: str) -> Iterator[tuple[str, float]]:
    """Names and weights as a browser sends them; a weight that is no number counts as none."""
    for part in accepted.split(","):
        name, _semicolon, weight = part.strip().partition(";")
        try:
            yield name.strip(), float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            yield name.strip(), 0.0


@cache
def catalogue_of(name: str) -> Catalog:
    """The committed catalogue of a language."""
    with catalogue_file(name).open("rb") as file:
        return read_po(file, locale=name, domain="portal")


def catalogue_file(name: str) -> Path:
    return LOCALES / name / "LC_MESSAGES" / "portal.po"


@cache
def texts_of(name: str) -> Mapping[str, str]:
    """Translations by English text; of a plural by its singular, as no language here has two."""
    if name == SOURCE:
        return {}
    return {
        str(message.id[0] if message.pluralizable else message.id): said
        for message in catalogue_of(name)
        if message.id and not message.fuzzy and (said := _said(message.string))
    }


def _said(string: str | Sequence[str] | None) -> str:
    return string if isinstance(string, str) else (string or ("",))[0]
