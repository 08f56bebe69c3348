"""Settings from the environment."""

import os
from pathlib import Path

import pytest

from core.runtime.credentials import Credentials
from core.runtime.settings import Settings, SettingsError

KEY = "ab" * 32


def test_nothing_said_means_a_local_set_up() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert settings.database_url == f"sqlite:///{Path('data').resolve()}/thingwright.db"
    assert str(settings.broker_address("ingest")) == "127.0.0.1:1883"
    assert settings.client_id("ingest", "live-1") == "ingest-live-1"


def test_everything_can_be_said(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "THINGWRIGHT_DATA": str(tmp_path),
            "THINGWRIGHT_DATABASE": "postgresql://u:p@h/d",
            "THINGWRIGHT_BROKER": "mqtts://me:p%40ss@broker",
            "THINGWRIGHT_SECRET_KEY": KEY,
            "THINGWRIGHT_PLUGINS": os.pathsep.join(["/a", "/b"]),
            "THINGWRIGHT_PLUG_AND_PLAY": "no",
        }
    )
    assert settings.database_url == "postgresql://u:p@h/d"
    assert settings.plugins == (Path("/a"), Path("/b"))
    assert not settings.plug_and_play
    address = settings.broker_address("ingest")
    assert (address.host, address.port) == ("broker", 8883)
    assert (address.username, address.password) == ("me", "p@ss")
    assert address.tls is not None
    assert KEY not in repr(settings)


def test_accounts_of_the_data_folder_are_used(tmp_path: Path) -> None:
    credentials = Credentials.generate()
    credentials.save(tmp_path / "credentials.json")
    settings = Settings(data=tmp_path, broker="mqtt://127.0.0.1:1884")
    address = settings.broker_address("worker")
    assert (address.username, address.password) == ("worker", credentials.password("worker"))
    assert settings.client_id("worker", "x") == credentials.client_id("worker", "x")


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(
            {
                "THINGWRIGHT_DATABASE": "oracle://x",
                "THINGWRIGHT_BROKER": "http://x",
                "THINGWRIGHT_SECRET_KEY": "secret",
                "THINGWRIGHT_PLUG_AND_PLAY": "maybe",
                "THINGWRIGHT_HOT_DAYS": "1",
                "THINGWRIGHT_RETENTION_DAYS": "1",
            }
        )
    assert [problem.where for problem in refused.value.problems] == [
        "THINGWRIGHT_DATABASE",
        "THINGWRIGHT_BROKER",
        "THINGWRIGHT_SECRET_KEY",
        "THINGWRIGHT_PLUG_AND_PLAY",
        "THINGWRIGHT_HOT_DAYS",
        "THINGWRIGHT_RETENTION_DAYS",
    ]


def test_days_are_numbers() -> None:
    settings = Settings.from_environment({"THINGWRIGHT_RETENTION_DAYS": "400"})
    assert (settings.hot_days, settings.retention_days) == (14, 400)
    assert settings.notification_days == 365
    forever = Settings.from_environment({"THINGWRIGHT_NOTIFICATION_DAYS": "0"})
    assert forever.notification_days == 0
    with pytest.raises(SettingsError, match="THINGWRIGHT_NOTIFICATION_DAYS: is not a number"):
        Settings.from_environment({"THINGWRIGHT_NOTIFICATION_DAYS": "-1"})
    with pytest.raises(SettingsError, match="THINGWRIGHT_HOT_DAYS: is not a number of days"):
        Settings.from_environment({"THINGWRIGHT_HOT_DAYS": "a week"})


@pytest.mark.parametrize(
    "broker", ["mqtt://", "mqtt://h:0", "mqtt://h:99999", "h:1883", "mqtt://[::1"]
)
def test_a_wrong_broker_is_refused(broker: str) -> None:
    with pytest.raises(SettingsError, match="is not an mqtt://"):
        Settings.from_environment({"THINGWRIGHT_BROKER": broker})


def test_an_open_id_provider_is_whole_and_encrypted() -> None:
    given = {"THINGWRIGHT_OIDC_ISSUER": "http://login.example.org", "THINGWRIGHT_OIDC_UNKNOWN": "x"}
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(given)
    assert [problem.where for problem in refused.value.problems] == [
        f"THINGWRIGHT_OIDC_{name}" for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "UNKNOWN")
    ]
    good = {
        "THINGWRIGHT_OIDC_ISSUER": "https://login.example.org",
        "THINGWRIGHT_OIDC_CLIENT_ID": "portal",
        "THINGWRIGHT_OIDC_CLIENT_SECRET": "never shown",
    }
    settings = Settings.from_environment(good)
    assert settings.open_id is not None
    assert (settings.open_id.client_id, settings.open_id.unknown) == ("portal", "refuse")
    assert "never shown" not in repr(settings)
    assert Settings.from_environment({}).open_id is None


@pytest.mark.parametrize("said", ["0", "-1", "nan", "11", "0,4", "much"])
def test_a_factor_of_co2_is_a_number_or_none(said: str) -> None:
    assert Settings.from_environment({"THINGWRIGHT_CO2_FACTOR": "0.38"}).co2_factor == 0.38
    with pytest.raises(SettingsError, match="CO2_FACTOR"):
        Settings.from_environment({"THINGWRIGHT_CO2_FACTOR": said})


def test_mail_is_set_by_two_settings() -> None:
    said = {
        "THINGWRIGHT_SMTP": "smtp://me:p%40ss@mail.example.org",
        "THINGWRIGHT_MAIL_FROM": "portal@example.org",
        "THINGWRIGHT_PORTAL_URL": "https://portal.example.org/",
        "THINGWRIGHT_NOTIFY_PRIVATE": "yes",
    }
    settings = Settings.from_environment(said)
    server = settings.mail
    assert server is not None
    assert (server.host, server.port, server.encrypted) == ("mail.example.org", 587, False)
    assert (server.user, server.password) == ("me", "p@ss")
    assert "p@ss" not in repr(settings)
    assert settings.portal_url == "https://portal.example.org"
    assert settings.notify_private
    encrypted = Settings.from_environment({**said, "THINGWRIGHT_SMTP": "smtps://mail"}).mail
    assert encrypted is not None
    assert (encrypted.port, encrypted.encrypted) == (465, True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SMTP", "http://secret@mail"),
        ("SMTP", "smtp://"),
        ("MAIL_FROM", "no address"),
        ("MAIL_FROM", "a@b\nBcc: c@d"),
        ("MAIL_FROM", ""),
        ("PORTAL_URL", "portal.example.org"),
        ("NOTIFY_PRIVATE", "perhaps"),
    ],
)
def test_what_is_wrong_about_mail_is_said_without_its_secrets(name: str, text: str) -> None:
    said = {"THINGWRIGHT_SMTP": "smtp://mail", "THINGWRIGHT_MAIL_FROM": "portal@example.org"}
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({**said, f"THINGWRIGHT_{name}": text})
    (problem,) = refused.value.problems
    assert problem.where == f"THINGWRIGHT_{name}"
    assert "secret" not in str(problem)
