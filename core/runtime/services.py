"""Speaks to other services by Apprise, and to nothing in private networks.

What names a host was typed by people, and a name may mean another host at any time, and answers
may lead on to a third. So it is the connection itself that is looked at: while a message is sent, a
thread of ours may connect to public addresses only.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, cast

import apprise

from core.notifications.targets import is_private
from core.runtime.mailing import SendingError

KINDS: Final = {"critical": "failure", "protection": "warning", "warning": "warning"}
"""What Apprise calls a severity; all others are "info"."""
INCOMPLETE: Final = "is not complete, as Apprise reads it"
_here: Final = threading.local()


class PrivateError(OSError):
    """Somebody would have connected to an address of a private network."""


async def send(url: str, title: str, body: str, severity: str, *, private: bool) -> None:
    """Send by one service; raises SendingError. `private` lets it be in a private network."""
    await asyncio.to_thread(_send, url, title, body, severity, private)


def problem(url: str) -> str:
    """What Apprise has against an address; "" where it knows how to speak to it."""
    with _heard():
        return INCOMPLETE if _speaker(url) is None else ""


def _send(url: str, title: str, body: str, severity: str, private: bool) -> None:  # noqa: FBT001
    if not private:
        _watch_connections()
    with _heard() as said:
        service = _speaker(url)
        if service is None:
            raise SendingError(INCOMPLETE, final=True)
        _here.guarded, _here.refused = not private, ""
        try:
            kind = apprise.NotifyType(KINDS.get(severity, "info"))
            taken = service.notify(body=body, title=title, notify_type=kind)
        finally:
            _here.guarded = False
    if _here.refused:
        raise SendingError(f"{_here.refused} is in a private network", final=True)
    if not taken:
        raise SendingError("; ".join(said) or "the service did not take it")


def _speaker(url: str) -> Any:
    """What speaks to a service; None where its address is not complete."""
    return cast("Any", apprise.Apprise).instantiate(url)


@cache
def _watch_connections() -> None:
    """From now on this process looks at connections; only guarded threads are refused any."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect" or not getattr(_here, "guarded", False):
        return
    address = arguments[1]
    host = str(address[0]) if isinstance(address, tuple) else ""  # pyright: ignore[reportUnknownArgumentType]
    if not host or is_private(host):
        _here.refused = host or "a local socket"
        raise PrivateError(f"{host or 'a local socket'} is in a private network")


@contextmanager
def _heard() -> Generator[list[str]]:
    """What Apprise says in this thread, which is how it tells why it failed."""
    said: list[str] = []
    own = threading.get_ident()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == own and record.levelno >= logging.WARNING:
                said.append(record.getMessage())

    ear, logger = Ear(), logging.getLogger("apprise")
    logger.addHandler(ear)
    try:
        yield said
    finally:
        logger.removeHandler(ear)
