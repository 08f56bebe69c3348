"""The list that a device page was opened from goes along where a form of that page leads.

Links take it along in the browser (`frontend/along.js`); what a form is answered with is here.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from portal.resource.state import LIST

_OWN: Final = re.compile(r"(/systems/[A-Z0-9]{8,24})(?=[/?#]|$)")

Headers = Iterable[tuple[bytes, bytes]]


def along(path: str, referer: str, location: str) -> str:
    """Where a form at `path` leads, with the list of the page it was sent from.

    Unchanged unless all three are pages of one device, and where the address names a list itself.
    """
    came, goes = urlsplit(referer), urlsplit(location)
    pages = {_device(each) for each in (path, came.path, goes.path)}
    named = parse_qs(came.query).get(LIST)
    if len(pages) > 1 or None in pages or goes.netloc or not named:
        return location
    if LIST in parse_qs(goes.query):
        return location
    query = "&".join(filter(None, (goes.query, urlencode({LIST: named[-1]}))))
    return goes._replace(query=query).geturl()


def led_along(path: str, referer: str, headers: Headers) -> Iterator[tuple[bytes, bytes]]:
    """The headers of an answer, its location with the list."""
    for name, value in headers:
        if name.lower() == b"location":
            yield name, along(path, referer, value.decode("latin-1")).encode("latin-1")
        else:
            yield name, value


def _device(path: str) -> str | None:
    found = _OWN.match(path)
    return found[1] if found else None
