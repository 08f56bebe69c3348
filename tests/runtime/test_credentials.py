"""Accounts and rights on the broker."""

import hashlib
import hmac
from pathlib import Path

import pytest

from core.runtime.credentials import Action, Credentials, CredentialsError

SN = "AL2002321010043"
KEYS = Credentials("00" * 32, {"ingest": "secret"})


def test_a_file_keeps_them_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    fresh = Credentials.generate()
    fresh.save(path)
    assert Credentials.load(path) == fresh
    assert path.stat().st_mode & 0o777 == 0o600
    KEYS.save(path)
    assert Credentials.load(path) == KEYS


def test_a_generated_account_has_a_password_of_its_own() -> None:
    one, two = Credentials.generate(["a", "b"]), Credentials.generate(["a", "b"])
    assert len({*one.services.values(), *two.services.values()}) == 4
    assert one.secret_key != two.secret_key


def test_secrets_do_not_show_in_logs() -> None:
    assert "secret" not in repr(KEYS)
    assert KEYS.secret_key not in repr(KEYS)


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"secret_key": 1, "services": {}}'])
def test_a_bad_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "credentials.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CredentialsError, match=r"credentials\.json"):
        Credentials.load(path)


def test_a_device_secret_is_derived_from_key_and_serial_number() -> None:
    key = KEYS.secret_key.encode()
    expected = hmac.new(key, f"device:{SN}".encode(), hashlib.sha256).hexdigest()
    assert KEYS.device_secret(SN) == expected
    assert KEYS.password(SN) == expected
    assert KEYS.password("ingest") == "secret"


def test_a_name_that_is_neither_service_nor_device_has_no_password() -> None:
    with pytest.raises(CredentialsError, match="neither"):
        KEYS.password("ingset")


@pytest.mark.parametrize(
    ("username", "password", "known"),
    [
        ("ingest", "secret", True),
        ("ingest", "other", False),
        ("ingest", "", False),
        ("ingest", None, False),
        (None, "secret", False),
        ("", "", False),
        (SN, KEYS.device_secret(SN), True),
        ("AL2002321010044", KEYS.device_secret(SN), False),
        ("+", KEYS.device_secret("+"), False),
        (SN, "pässword", False),
    ],
)
def test_only_the_right_password_lets_in(
    username: str | None, password: str | None, *, known: bool
) -> None:
    assert KEYS.verify(username, password) is known


@pytest.mark.parametrize(
    ("username", "action", "topic", "permitted"),
    [
        ("ingest", "publish", "live/X", True),
        ("ingest", "subscribe", "#", True),
        (None, "publish", "live/X", False),
        (SN, "publish", f"ess/{SN}/up/ack", True),
        (SN, "publish", f"ess/{SN}/down/command", False),
        (SN, "publish", f"ess/{SN}0/up/ack", False),
        (SN, "subscribe", f"ess/{SN}/down/#", True),
        (SN, "receive", f"ess/{SN}/down/command", True),
        (SN, "receive", f"ess/{SN}/up/ack", False),
        (SN, "subscribe", "ess/+/down/#", False),
        (SN, "subscribe", "#", False),
    ],
)
def test_rights(username: str | None, action: Action, topic: str, *, permitted: bool) -> None:
    assert KEYS.permits(username, action, topic) is permitted


def test_client_ids_are_stable_and_cannot_be_guessed() -> None:
    assert KEYS.client_id("ingest", "1") == KEYS.client_id("ingest", "1")
    assert KEYS.client_id("ingest", "1") != KEYS.client_id("ingest", "2")
    assert KEYS.client_id("ingest", "1") != Credentials.generate().client_id("ingest", "1")
