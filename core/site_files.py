"""Sites from TOML files: what a collector is told, with every error of a file at once."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import cattrs
from attrs import frozen
from jsonschema import Draft202012Validator

from core.product_files import document_problems
from core.registry import Part, Registry, System
from core.schemas import site_schema
from core.thing_model.polling import register_read
from core.thing_model.problems import ModelError, Problem
from core.thing_model.site import Site, SiteSlot

_WITH_PORT = re.compile(r"[^:]+:\d+")
"""A host and a port; an IPv6 address has more colons."""

SERIAL_SETTINGS = ("baud", "parity", "stop_bits")

_converter = cattrs.Converter(forbid_extra_keys=True)


@frozen(eq=False)
class KnownSite:
    """A site whose every name has been found among plugins and product models."""

    site: Site
    system: System
    path: Path

    def beside(self, file: str) -> Path:
        """A file that the site names, seen from the site's own."""
        return self.path.parent / file

    @property
    def outbox_file(self) -> Path:
        given = self.site.outbox.file
        return self.beside(given) if given else self.path.with_suffix(".outbox")


def read_site_file(path: Path, registry: Registry) -> KnownSite:
    """Raises ModelError with a Problem for everything that is wrong with the file."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ModelError([Problem(str(path), f"is not TOML: {error}")]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError([Problem(str(path), f"cannot be read: {error}")]) from None
    return read_site(document, path, registry)


def read_site(document: Mapping[str, Any], path: Path, registry: Registry) -> KnownSite:
    """A site from a document of the same shape as its file."""
    if problems := list(document_problems(document, _validator(), str(path))):
        raise ModelError(problems)
    site = _converter.structure(document, Site)
    product = registry.product(site.product_model)
    problems = list(_problems_of_names(site, path))
    if product is None:
        known = ", ".join(sorted({id_ for id_, _ in registry.products}))
        what = f"no product model is named {site.product_model!r}"
        raise ModelError([Problem(f"{path}: product_model", what, f"known are {known}"), *problems])
    system = registry.system(product, site.firmware)
    for slot, given in site.slots.items():
        problems += _problems_of_slot(f"{path}: slots.{slot}", system, slot, given)
    problems += _problems_of_lines(site, path)
    if problems:
        raise ModelError(problems)
    return KnownSite(site, system, path)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(site_schema())


def _problems_of_names(site: Site, path: Path) -> Iterator[Problem]:
    if site.timezone and site.timezone not in available_timezones():
        hint = "write it as in the IANA list, such as Europe/Berlin"
        yield Problem(f"{path}: timezone", f"{site.timezone!r} is not a time zone", hint)
    for name in ("password_file", "ca_file"):
        given = getattr(site.broker, name)
        if given and not (path.parent / given).is_file():
            hint = f"put it at {path.parent / given}, or correct the name"
            yield Problem(f"{path}: broker.{name}", "the file is not there", hint)


def _problems_of_slot(where: str, system: System, slot: str, given: SiteSlot) -> Iterator[Problem]:
    if bool(given.tcp) == bool(given.serial):
        what = "is reached by both tcp and serial" if given.tcp else "says no way to reach it"
        yield Problem(where, what, 'write tcp = "host" or serial = "/dev/ttyUSB0"')
    if _WITH_PORT.fullmatch(given.tcp):
        host, _, port = given.tcp.rpartition(":")
        hint = f'write tcp = "{host}" and port = {port}'
        yield Problem(f"{where}.tcp", f"{given.tcp!r} has a port in it", hint)
    part = system.parts.get(slot)
    if part is None:
        speaking = ", ".join(s for s, p in system.parts.items() if polled_channels(p)) or "none"
        what = f"{system.product.id} has no slot {slot!r}"
        yield Problem(where, what, f"slots that can be read are {speaking}")
        return
    channels = polled_channels(part)
    if not channels:
        what = f"{part.mounted.model} has no channel that is read by Modbus"
        yield Problem(where, what, "leave this slot out")
        return
    for name in ("channels", "skip", "units", "intervals"):
        for pattern in getattr(given, name):
            if not any(fnmatchcase(channel, pattern) for channel in channels):
                what = f"{pattern!r} is no channel of {part.mounted.model}"
                yield Problem(f"{where}.{name}", what, f"channels are {', '.join(channels)}")


def polled_channels(part: Part) -> tuple[str, ...]:
    """The channels of a part that a collector can read."""
    return tuple(
        name
        for name, channel in part.channels.items()
        if channel.decoder.sunspec is not None or register_read(channel.decoder.layout)
    )


def _problems_of_lines(site: Site, path: Path) -> Iterator[Problem]:
    """Slots that share a line have to agree on how it is spoken."""
    first: dict[tuple[str, object], str] = {}
    for slot, given in site.slots.items():
        line = (given.serial, 0) if given.serial else (given.tcp, given.port)
        other = first.setdefault(line, slot)
        names = SERIAL_SETTINGS if given.serial else ("framing",)
        for name in names:
            ours, theirs = getattr(given, name), getattr(site.slots[other], name)
            if ours != theirs:
                what = f"is {ours} here, {theirs} in slots.{other} on the same line"
                yield Problem(f"{path}: slots.{slot}.{name}", what, "let both say the same")
