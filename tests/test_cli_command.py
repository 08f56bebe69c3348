"""`thingwright command`, from the dry run to the approval."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.access import PLATFORM
from core.accounts import users
from core.accounts.users import NewUser
from core.fleet import systems
from core.fleet.systems import Registration
from core.runtime.clock import now
from core.runtime.database import Database
from portal.cli import main
from tests import devices
from tests.devices import OTHER, SN, bench_registry
from tests.passwords import cheap_passwords

__all__ = ["cheap_passwords"]
AIM = ("--slot", "inverter", "--name")


async def _fill(data: Path) -> None:
    database = Database(f"sqlite:///{data / 'thingwright.db'}")
    await database.open()
    registry = bench_registry()
    async with database.begin() as connection:
        for sn in (SN, OTHER):
            given = Registration(sn, "bench", firmware="2.1")
            await systems.register(connection, registry, given, now())
    olga = NewUser("olga", "four words are enough", roles=("operations",))
    await users.create(database.begin, PLATFORM, olga, now())
    await database.close()


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("THINGWRIGHT_DATA", str(tmp_path))
    monkeypatch.setenv("THINGWRIGHT_DATABASE", f"sqlite:///{tmp_path / 'thingwright.db'}")
    monkeypatch.setenv("THINGWRIGHT_PLUGINS", str(Path(devices.__file__).parent))
    asyncio.run(_fill(tmp_path))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["command", *arguments])

    return invoke


def test_an_instruction_is_tried_given_listed_and_withdrawn(said) -> None:
    order = ("send", SN, OTHER, *AIM, "set_mode", "--set", "mode=backup", "--set")
    tried = said(*order, "charge_current=12.5", "--dry-run")
    assert f"{SN}\tcharge_current: None -> 12.5 A\n" in tried.output, tried.output
    assert f"{OTHER}\t01 10 00 11 00 02 04 00 01 00 19 a3 65\n" in tried.output
    assert said("list").output == ""
    wrong = said(*order, "charge_current=much")
    assert (wrong.exit_code, "'much' is not a number" in wrong.output) == (1, True)
    id_ = said(*order, "charge_current=12.5").output.strip()
    assert said("list").output == f"{id_}\tinverter set_mode\tplatform\tQUEUED=2\n"
    assert said("cancel", id_).output == "2 commands are withdrawn\n"
    again = said("cancel", id_)
    assert (again.exit_code, "none of its commands still waits" in again.output) == (1, True)
    usage = said("send", SN, *AIM, "set_mode", "--set", "mode")
    assert (usage.exit_code, "is not KEY=VALUE" in usage.output) == (2, True)


def test_what_is_dangerous_is_approved_by_somebody_with_a_name(said) -> None:
    made = said("send", SN, *AIM, "factory_reset")
    id_, _, rest = made.output.strip().partition(" ")
    assert rest == "waits for approval"
    nobody = said("approve", id_, "--user", "eve")
    assert (nobody.exit_code, "'eve' is nobody who is active" in nobody.output) == (1, True)
    assert said("approve", id_, "--user", "olga").output == f"{id_} is approved by olga\n"
    assert "QUEUED=1" in said("list").output
    twice = said("approve", id_, "--user", "olga")
    assert (twice.exit_code, "does not wait for approval" in twice.output) == (1, True)
