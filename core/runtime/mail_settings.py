"""By which server mail is sent, and from whom: THINGWRIGHT_SMTP and THINGWRIGHT_MAIL_FROM."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from core.thing_model.problems import Problem

PORTS: Final = {"smtp": 587, "smtps": 465}
ADDRESS: Final = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,189}", re.ASCII)


@frozen
class MailServer:
    """Where mail is handed over. `encrypted` from the first byte, or else as soon as offered."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    encrypted: bool = False

    @property
    def is_here(self) -> bool:
        """Whether nothing leaves this machine on the way there."""
        return self.host in ("127.0.0.1", "localhost", "::1")


def read(url: str, sender: str) -> MailServer | None:
    """The server that is set; None where none is."""
    if not url:
        return None
    parts = urlsplit(url)
    return MailServer(
        parts.hostname or "",
        parts.port or PORTS[parts.scheme],
        sender,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parts.scheme == "smtps",
    )


def problems(prefix: str, url: str, sender: str) -> Iterator[Problem]:
    """What is wrong with the two settings; the address may hold a password and is not repeated."""
    if not url:
        return
    if not _is_server(url):
        hint = "write smtp://user:password@host:587, or smtps:// and 465"
        yield Problem(prefix + "SMTP", "is no smtp:// or smtps:// address", hint)
    if not ADDRESS.fullmatch(sender):
        what = "is missing, or no mail address" if not sender else "is no mail address"
        yield Problem(prefix + "MAIL_FROM", what, "write the address that mail comes from")


def _is_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
