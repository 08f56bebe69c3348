"""Who a charger is: its identity in the URL, its serial number here, and its password.

An identity that has the shape of a serial number is one. Any other is told in `ocpp.toml` in the
data folder, which may also say which tokens may charge:

    tokens = ["04A2B3C4"]

    [chargers]
    "garage/left" = "GARAGELEFT01"
"""

import base64
import binascii
import hmac
import tomllib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self, cast
from urllib.parse import unquote, urlsplit

from attrs import define, field, frozen

from core.runtime import topics
from core.runtime.credentials import Credentials
from core.runtime.ocpp_wire import Refusal
from core.thing_model.problems import Problem

FILE: Final = "ocpp.toml"
PREFIX: Final = "/ocpp/"


class IdentityError(ValueError):
    """No serial number belongs to this identity."""


class OcppFileError(ValueError):
    """`ocpp.toml` cannot be used; the message lists everything that is wrong."""


@frozen
class OcppFile:
    """What `ocpp.toml` says: serial numbers by identity, and the tokens that may charge.

    tokens: None where all of them may.
    """

    chargers: Mapping[str, str] = field(factory=dict[str, str])
    tokens: frozenset[str] | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """What the file says, if there is one; raises OcppFileError."""
        try:
            said = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise OcppFileError(f"{path}: cannot be read: {error}") from None
        if problems := _problems(path, said):
            raise OcppFileError("\n".join(map(str, problems)))
        tokens = said.get("tokens")
        return cls(said.get("chargers", {}), None if tokens is None else frozenset(tokens))


def _problems(path: Path, said: Mapping[str, Any]) -> list[Problem]:
    problems = [
        Problem(f"{path}: {name}", "is not known", "say tokens and [chargers]")
        for name in said.keys() - {"tokens", "chargers"}
    ]
    tokens, chargers = said.get("tokens", []), said.get("chargers", {})
    if not _are_texts(tokens):
        problems.append(Problem(f"{path}: tokens", "is not a list of texts", 'write ["04A2"]'))
    if not isinstance(chargers, dict):
        return [*problems, Problem(f"{path}: chargers", "is no table", "write [chargers]")]
    numbers = cast("dict[str, Any]", chargers)
    for identity, sn in numbers.items():
        if not isinstance(sn, str) or not topics.is_serial_number(sn):
            what = f"{sn!r} is not a serial number"
            problems.append(Problem(f"{path}: {identity}", what, "8 to 24 of A-Z and 0-9"))
    if taken := [sn for sn in numbers.values() if [*numbers.values()].count(sn) > 1]:
        what = f"{taken[0]} belongs to two identities"
        problems.append(Problem(f"{path}: chargers", what, "give each charger its own"))
    return problems


def _are_texts(given: Any) -> bool:
    listed = cast("Sequence[Any]", given) if isinstance(given, list) else (None,)
    return all(isinstance(text, str) for text in listed)


@define(eq=False)
class Doorkeeper:
    """Lets chargers in. Without credentials everybody is who they say."""

    path: Path
    credentials: Credentials | None
    said: OcppFile = field(init=False)
    _stamp: object = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.said = OcppFile.read(self.path)
        self._stamp = self._stamped()

    def refresh(self) -> None:
        """Read the file again if it has changed; raises OcppFileError, and keeps what it said."""
        if (stamp := self._stamped()) != self._stamp:
            self._stamp = stamp
            self.said = OcppFile.read(self.path)

    def sn_of(self, path: str) -> str:
        """The serial number of the charger that connects by this path; raises IdentityError."""
        identity = identity_in(path)
        sn = self.said.chargers.get(identity, identity)
        if not topics.is_serial_number(sn):
            raise IdentityError(
                f"charger {identity!r} is not known: give it an identity of 8 to 24 of A-Z and "
                f"0-9, or name its serial number in {self.path.name}"
            )
        return sn

    def admit(self, path: str, authorization: str | None) -> Refusal | None:
        """Why a charger is not let in; None where it is."""
        try:
            sn = self.sn_of(path)
        except IdentityError as error:
            return Refusal(HTTPStatus.NOT_FOUND, str(error))
        if self.credentials is None:
            return None
        name, password = _basic(authorization)
        expected = charger_password(self.credentials, sn)
        fits = hmac.compare_digest(password, expected.encode())
        fits |= hmac.compare_digest(password, bytes.fromhex(expected))  # 1.6-J, 6.2: as 20 bytes
        if fits and name == identity_in(path):
            return None
        return Refusal(HTTPStatus.UNAUTHORIZED, "user name (the identity) or password is wrong")

    def welcomes(self, token: str) -> bool:
        """Whether a token may charge."""
        return self.said.tokens is None or token in self.said.tokens

    def _stamped(self) -> object:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size


def identity_in(path: str) -> str:
    """The identity at the end of a charger's URL; empty where there is none."""
    plain = urlsplit(path).path
    return unquote(plain.removeprefix(PREFIX)) if plain.startswith(PREFIX) else ""


def charger_password(credentials: Credentials, sn: str) -> str:
    """The password of a charger: 40 hex digits, which both versions have room for."""
    return credentials.device_secret(sn)[:40]


def _basic(authorization: str | None) -> tuple[str, bytes]:
    """User name and password of an Authorization header, empty where it holds none."""
    kind, _, encoded = (authorization or "").partition(" ")
    try:
        name, _, password = base64.b64decode(encoded, validate=True).partition(b":")
        return (name.decode(), password) if kind.lower() == "basic" else ("", b"")
    except (binascii.Error, UnicodeDecodeError):
        return "", b""
