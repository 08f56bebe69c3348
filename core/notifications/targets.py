"""Addresses of other services, which hold their secrets: kept sealed, and shown masked."""

import hashlib
import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import parse_qs, urlsplit

from attrs import frozen

from core.sealing import Seal
from core.thing_model.problems import Problem

PURPOSE: Final = "notification target"
MOST: Final = 10
LONGEST: Final = 1_000
ANY_HOST: Final = (
    "form", "forms", "gotify", "gotifys", "json", "jsons", "matrix", "matrixs", "mmost", "mmosts",
    "ntfy", "ntfys", "rocket", "rockets", "xml", "xmls",
)  # fmt: skip
"""Schemes whose address names the host that is spoken to."""
OWN_HOST: Final = (
    "dingtalk", "discord", "feishu", "gchat", "lark", "opsgenie", "pagerduty", "pover", "signl4",
    "slack", "tgram", "twilio", "vonage", "wecombot", "workflows", "wxteams",
)  # fmt: skip
"""Schemes that speak to the service's own host."""
READS_FILES: Final = ("template", "attach")
"""Parameters that would make the server read a file of its own."""
_SCHEME: Final = re.compile(r"([a-z0-9]+)://.+", re.ASCII)


@frozen
class Target:
    """One address: what is shown of it, and itself, sealed."""

    masked: str
    sealed: str


def read(
    lines: Iterable[str], seal: Seal | None, known: Iterable[Target], *, private: bool
) -> tuple[list[Target], list[Problem]]:
    """Targets of what was typed; a line that shows a known one masked is that one.

    private: whether the operator lets services of private networks be spoken to.
    """
    kept = {target.masked: target for target in known}
    found: dict[str, Target] = {}
    problems: list[Problem] = []
    for line in lines:
        if line in kept:
            found[line] = kept[line]
        elif wrong := list(problems_of(line, private=private)):
            problems += wrong
        elif seal is None:
            problems.append(Problem("targets", "cannot be kept sealed", "set a secret key"))
        else:
            target = Target(mask(line), seal.seal(PURPOSE, line).decode())
            found[target.masked] = target
    if len(found) > MOST:
        problems.append(Problem("targets", f"are more than {MOST}", "name fewer"))
    return list(found.values()), problems


def problems_of(line: str, *, private: bool) -> Iterator[Problem]:
    """What is wrong with an address, without saying it again: it may hold a secret."""
    shape = _SCHEME.fullmatch(line)
    known = (*ANY_HOST, *OWN_HOST)
    if shape is None or shape[1] not in known or len(line) > LONGEST:
        what = f"{shape[1] if shape else 'that'} is no service that is spoken to"
        yield Problem("targets", what, f"begin with one of {', '.join(known)}, and ://")
        return
    try:
        parts = urlsplit(line)
        host, asked = parts.hostname or "", parse_qs(parts.query)
        _ = parts.port
    except ValueError:
        yield Problem("targets", "cannot be read as an address", "look at its host and port")
        return
    if any(name.lower() in READS_FILES for name in asked):
        yield Problem("targets", "names a file of the server", f"leave out {READS_FILES[0]}")
    if shape[1] in ANY_HOST and not private and is_private(host):
        yield Problem("targets", "is in a private network", "THINGWRIGHT_NOTIFY_PRIVATE allows it")


def is_private(host: str) -> bool:
    """Whether an address is not one of the public internet; a name says nothing by itself."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not mapped.is_global or mapped.is_multicast


def mask(url: str) -> str:
    """Its scheme, the host where that is no secret, and what tells it from others."""
    scheme, _, _ = url.partition("://")
    host = (urlsplit(url).hostname or "") if scheme in ANY_HOST else ""
    sign = hashlib.sha256(url.encode()).hexdigest()[:6]
    return f"{scheme}://{host}/•••{sign}"


def opened(sealed: str, seal: Seal) -> str:
    """The address itself; raises SealError."""
    return seal.open(PURPOSE, sealed.encode())
