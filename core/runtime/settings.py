"""How this installation is set up: environment variables that begin with THINGWRIGHT_."""

import os
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Self, cast
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from core.access import UserType
from core.runtime.credentials import Credentials
from core.runtime.database import DatabaseError, database_url
from core.runtime.mqtt_login import BrokerAddress
from core.thing_model.problems import Problem

PREFIX: Final = "THINGWRIGHT_"
KEY_BYTES: Final = 32
FLAGS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
PORTS: Final = {"mqtt": 1883, "mqtts": 8883, "nats": 4222, "tls": 4222}
ENCRYPTED: Final = ("mqtts", "tls")
CREDENTIALS_FILE: Final = "credentials.json"


class SettingsError(ValueError):
    """Some settings cannot be used; `problems` lists all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


@frozen
class Settings:
    """What a process needs to know to take its part.

    data: folder of everything that is kept in files (THINGWRIGHT_DATA, ./data).
    database: URL (THINGWRIGHT_DATABASE, SQLite in the data folder).
    broker: mqtt://, mqtts://, nats:// or tls:// URL, see `bus` (THINGWRIGHT_BROKER,
    mqtt://127.0.0.1:1883); where it names no user, the accounts of credentials.json in the data
    folder are used, if it is there.
    secret_key: hex, at least 32 bytes (THINGWRIGHT_SECRET_KEY); empty where none is set.
    plugins: folders with more plugins (THINGWRIGHT_PLUGINS, separated as in PATH).
    plug_and_play: whether a device that names a known product model registers itself
    (THINGWRIGHT_PLUG_AND_PLAY, yes).
    open_to: types of users who are let into the portal (THINGWRIGHT_PORTAL_OPEN_TO, A).
    second_factor: whether A users must have one (THINGWRIGHT_SECOND_FACTOR, no).
    """

    data: Path = Path("data")
    database: str = ""
    broker: str = "mqtt://127.0.0.1:1883"
    secret_key: str = field(default="", repr=False)
    plugins: tuple[Path, ...] = ()
    plug_and_play: bool = True
    open_to: frozenset[UserType] = frozenset({"A"})
    second_factor: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The settings of this process; raises SettingsError with everything that is wrong."""
        given = os.environ if environment is None else environment

        def said(name: str, default: str = "") -> str:
            return given.get(PREFIX + name, "").strip() or default

        problems = list(_problems(said("DATABASE"), said("BROKER"), said("SECRET_KEY")))
        flag = FLAGS.get(said("PLUG_AND_PLAY", "yes").lower())
        if flag is None:
            problems.append(Problem(PREFIX + "PLUG_AND_PLAY", "is neither yes nor no", "say one"))
        open_to = frozenset(said("PORTAL_OPEN_TO", "A").upper().replace(",", " ").split())
        if not open_to <= {"A", "B", "C"}:
            what = "names a type of user that there is not"
            problems.append(Problem(PREFIX + "PORTAL_OPEN_TO", what, "some of A, B and C"))
        second_factor = FLAGS.get(said("SECOND_FACTOR", "no").lower())
        if second_factor is None:
            problems.append(Problem(PREFIX + "SECOND_FACTOR", "is neither yes nor no", "say one"))
        if problems:
            raise SettingsError(problems)
        return cls(
            Path(said("DATA", "data")),
            said("DATABASE"),
            said("BROKER", "mqtt://127.0.0.1:1883"),
            said("SECRET_KEY"),
            tuple(Path(folder) for folder in said("PLUGINS").split(os.pathsep) if folder),
            flag is not False,
            cast("frozenset[UserType]", open_to),
            second_factor is True,
        )

    @property
    def database_url(self) -> str:
        """The database's URL, SQLite in the data folder unless another is set."""
        return self.database or f"sqlite:///{self.data.resolve() / 'thingwright.db'}"

    def credentials(self) -> Credentials | None:
        """The broker's accounts, if they are kept here; raises CredentialsError."""
        path = self.data / CREDENTIALS_FILE
        return Credentials.load(path) if path.exists() else None

    def broker_address(self, service: str) -> BrokerAddress:
        """Where the broker is, and what this service is to it; raises CredentialsError."""
        url = urlsplit(self.broker)
        user, password = url.username, url.password
        accounts = None if user else self.credentials()
        return BrokerAddress(
            url.hostname or "127.0.0.1",
            url.port or PORTS[url.scheme],
            service if accounts else user and unquote(user),
            accounts.password(service) if accounts else password and unquote(password),
            ssl.create_default_context() if url.scheme in ENCRYPTED else None,
        )

    def client_id(self, service: str, slot: str) -> str:
        """The stable name of a worker to the broker, which keeps its session under it."""
        accounts = self.credentials()
        return accounts.client_id(service, slot) if accounts else f"{service}-{slot}"


def _problems(database: str, broker: str, secret_key: str) -> Iterator[Problem]:
    if database:
        try:
            database_url(database)
        except DatabaseError as error:
            yield Problem(PREFIX + "DATABASE", str(error))
    if broker and not _is_broker(broker):
        hint = "write mqtt://host:1883, with user:password@ before the host if it asks for them"
        yield Problem(PREFIX + "BROKER", "is not an mqtt://, mqtts://, nats:// or tls:// URL", hint)
    if secret_key and not _is_key(secret_key):
        hint = 'python3 -c "import secrets; print(secrets.token_hex(32))" makes one'
        yield Problem(PREFIX + "SECRET_KEY", f"is not {KEY_BYTES} bytes or more of hex", hint)


def _is_broker(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) >= KEY_BYTES
    except ValueError:
        return False
