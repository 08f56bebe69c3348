"""How this installation is set up: environment variables that begin with THINGWRIGHT_."""

import os
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Self, cast
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from core.access import UserType
from core.runtime import mail_settings
from core.runtime.credentials import Credentials
from core.runtime.database import DatabaseError, database_url
from core.runtime.mail_settings import MailServer
from core.runtime.mqtt_login import BrokerAddress
from core.sealing import Seal
from core.thing_model.problems import Problem
from core.thing_model.product import OFFLINE_AFTER

PREFIX: Final = "THINGWRIGHT_"
KEY_BYTES: Final = 32
FLAGS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
PORTS: Final = {"mqtt": 1883, "mqtts": 8883, "nats": 4222, "tls": 4222}
OPEN_ID: Final = (
    ("ISSUER", ""), ("CLIENT_ID", ""), ("CLIENT_SECRET", ""), ("UNKNOWN", "refuse"),
)  # fmt: skip
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
ENCRYPTED: Final = ("mqtts", "tls")
NEW_DAYS: Final = 7
LONGEST: Final = 10_000_000
FEWEST_HOT_DAYS: Final = 2
MOST_CO2: Final = 10
_FACTOR: Final = re.compile(r"\d{1,2}(\.\d{1,9})?", re.ASCII)
_DAYS_OF_MESSAGES: Final = "365"
_DAYS: Final = re.compile(r"\d{1,5}")
CREDENTIALS_FILE: Final = "credentials.json"


class SettingsError(ValueError):
    """Some settings cannot be used; `problems` lists all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


@frozen
class OpenId:
    """An OpenID provider. unknown: what becomes of people nobody here knows: refuse, read_only."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    unknown: str = "refuse"


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
    open_id: the OpenID provider by which people sign in, too (THINGWRIGHT_OIDC_ISSUER, _CLIENT_ID,
    _CLIENT_SECRET and _UNKNOWN); None without one.
    offline_after: seconds without anything from a system until it is offline, where its product
    model says nothing else (THINGWRIGHT_OFFLINE_AFTER, 900).
    new_days: days after its first frame for which a system is new (THINGWRIGHT_NEW_DAYS, 7).
    hot_days: frames of older days are compacted, without loss; at least 2 (THINGWRIGHT_HOT_DAYS,
    14).
    retention_days: frames of older days are deleted for good; 0 keeps all
    (THINGWRIGHT_RETENTION_DAYS, 0).
    co2_factor: kg of CO2 that a kWh of generation spares (THINGWRIGHT_CO2_FACTOR); None without
    one, and then no page tells of CO2.
    metrics_token: what a request from another machine has to show for /metrics; empty lets only
    this machine ask (THINGWRIGHT_METRICS_TOKEN).
    mail: the server that sends mail (THINGWRIGHT_SMTP, THINGWRIGHT_MAIL_FROM); None without one.
    portal_url: how people reach the portal, for links in messages (THINGWRIGHT_PORTAL_URL).
    notify_private: whether messages may go to services in private networks
    (THINGWRIGHT_NOTIFY_PRIVATE, no).
    notification_days: messages to people that are older are deleted, unless they still wait to be
    sent; 0 keeps all (THINGWRIGHT_NOTIFICATION_DAYS, 365).
    """

    data: Path = Path("data")
    database: str = ""
    broker: str = "mqtt://127.0.0.1:1883"
    secret_key: str = field(default="", repr=False)
    plugins: tuple[Path, ...] = ()
    plug_and_play: bool = True
    open_to: frozenset[UserType] = frozenset({"A"})
    second_factor: bool = False
    offline_after: int = OFFLINE_AFTER
    new_days: int = NEW_DAYS
    hot_days: int = 14
    retention_days: int = 0
    metrics_token: str = field(default="", repr=False)
    open_id: OpenId | None = None
    co2_factor: float | None = None
    mail: MailServer | None = None
    portal_url: str = ""
    notify_private: bool = False
    notification_days: int = int(_DAYS_OF_MESSAGES)

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
        open_id = OpenId(*(said(f"OIDC_{name}", usual) for name, usual in OPEN_ID))
        problems += _open_id_problems(open_id)
        whole: dict[str, int] = {}
        for name, usual in (("OFFLINE_AFTER", OFFLINE_AFTER), ("NEW_DAYS", NEW_DAYS)):
            text = said(name, str(usual))
            if text.isascii() and text.isdigit() and 0 < int(text) < LONGEST:
                whole[name] = int(text)
            else:
                hint = f"write a whole number from 1 on, such as {usual}"
                problems.append(Problem(PREFIX + name, f"{text!r} is not a whole number", hint))
        problems += _day_problems(said)
        problems += _factor_problems(said("CO2_FACTOR"))
        problems += mail_settings.problems(PREFIX, said("SMTP"), said("MAIL_FROM"))
        problems += _portal_problems(said("PORTAL_URL"))
        notify_private = FLAGS.get(said("NOTIFY_PRIVATE", "no").lower())
        if notify_private is None:
            problems.append(Problem(PREFIX + "NOTIFY_PRIVATE", "is neither yes nor no", "say one"))
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
            whole["OFFLINE_AFTER"],
            whole["NEW_DAYS"],
            int(said("HOT_DAYS", "14")),
            int(said("RETENTION_DAYS", "0")),
            said("METRICS_TOKEN"),
            open_id if open_id.issuer else None,
            float(said("CO2_FACTOR")) if said("CO2_FACTOR") else None,
            mail_settings.read(said("SMTP"), said("MAIL_FROM")),
            said("PORTAL_URL").rstrip("/"),
            notify_private is True,
            int(said("NOTIFICATION_DAYS", _DAYS_OF_MESSAGES)),
        )

    @property
    def database_url(self) -> str:
        """The database's URL, SQLite in the data folder unless another is set."""
        return self.database or f"sqlite:///{self.data.resolve() / 'thingwright.db'}"

    @property
    def seal(self) -> Seal | None:
        """What small secrets are sealed with; None where the installation has no secret key."""
        accounts = self.credentials()
        key = self.secret_key or (accounts.secret_key if accounts else "")
        return Seal(key) if key else None

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


def _open_id_problems(given: OpenId) -> Iterator[Problem]:
    if not given.issuer:
        return
    url = urlsplit(given.issuer)
    if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK):
        yield Problem(PREFIX + "OIDC_ISSUER", "is no https:// address", "as the provider says it")
    for name in ("client_id", "client_secret"):
        if not getattr(given, name):
            what = "is missing, and needed with an issuer"
            yield Problem(f"{PREFIX}OIDC_{name.upper()}", what, "the provider gives it")
    if given.unknown not in ("refuse", "read_only"):
        what = f"{given.unknown!r} is not known"
        yield Problem(PREFIX + "OIDC_UNKNOWN", what, "refuse or read_only")


def _day_problems(said: Callable[[str, str], str]) -> Iterator[Problem]:
    usual = {"HOT_DAYS": "14", "RETENTION_DAYS": "0", "NOTIFICATION_DAYS": _DAYS_OF_MESSAGES}
    given = {name: said(name, days) for name, days in usual.items()}
    days = {name: int(text) for name, text in given.items() if _DAYS.fullmatch(text)}
    for name in given.keys() - days.keys():
        yield Problem(PREFIX + name, "is not a number of days", "write a whole number")
    hot, kept = days.get("HOT_DAYS", FEWEST_HOT_DAYS), days.get("RETENTION_DAYS", 0)
    if hot < FEWEST_HOT_DAYS:
        hint = f"write {FEWEST_HOT_DAYS} or more: late frames are still coming in"
        yield Problem(PREFIX + "HOT_DAYS", f"{hot} days are too few", hint)
    if kept and kept < FEWEST_HOT_DAYS:
        hint = f"write 0 to keep all, or {FEWEST_HOT_DAYS} days or more"
        yield Problem(PREFIX + "RETENTION_DAYS", f"{kept} days are too few", hint)


def _factor_problems(text: str) -> Iterator[Problem]:
    if text and not (_FACTOR.fullmatch(text) and 0 < float(text) <= MOST_CO2):
        hint = f"write kg per kWh, above 0 and up to {MOST_CO2}, such as that of your grid's mix"
        yield Problem(PREFIX + "CO2_FACTOR", f"{text[:40]!r} is no such number", hint)


def _portal_problems(text: str) -> Iterator[Problem]:
    if text and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        what, hint = "is no http:// or https:// address", "such as https://portal.example.org"
        yield Problem(PREFIX + "PORTAL_URL", what, hint)


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
