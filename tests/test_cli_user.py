"""`thingwright user`, from the invitation to the lock."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal.cli import main


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("THINGWRIGHT_DATA", str(tmp_path))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["user", *arguments])

    return invoke


def test_users_are_invited_listed_and_refused(said) -> None:
    invited = said("invite", "Bob", "--mail", "bob@example.org", "--role", "l2")
    assert invited.output.startswith("/open/invite?token="), invited.output
    assert said("list").output == "bob\tA\tnot_activated\tl2\n"
    taken = said("invite", "bob", "--mail", "other@example.org")
    assert (taken.exit_code, "is taken" in taken.output) == (1, True)
    locked = said("lock", "bob")
    assert (locked.exit_code, "is not_activated" in locked.output) == (1, True)
    nobody = said("reset", "eve")
    assert (nobody.exit_code, "'eve' is nobody" in nobody.output) == (1, True)
