"""Check codes: who has the right one is let in, and nobody learns by trying."""

import pytest
from sqlalchemy import text

from core.access import PLATFORM, Access, AccessError
from core.fleet import provisioning
from core.fleet.provisioning import (
    ALPHABET,
    LENGTH,
    MOST_PER_ACCOUNT,
    MOST_PER_ADDRESS,
    MOST_PER_SN,
    WINDOW,
    Claim,
    LockedError,
    ProvisioningError,
)
from core.records import RequestError
from core.runtime.database import Database
from core.sealing import Seal, SealError
from tests.devices import OTHER, SN, START

SEAL = Seal("ab" * 32)
NOBODY = Access(1, "eve", "A", None, frozenset())


async def _issue(database: Database, *sns: str) -> dict[str, str]:
    async with database.begin() as connection:
        return await provisioning.issue(connection, SEAL, PLATFORM, sns or (SN,), START)


async def _prove(database: Database, code: str, *, sn: str = SN, at: int = START) -> bool:
    try:
        await provisioning.prove(database.begin, SEAL, Claim(sn, code, "10.0.0.1"), at)
    except ProvisioningError:
        return False
    return True


async def test_codes_differ_and_are_kept_sealed(database: Database) -> None:
    codes = await _issue(database, SN, OTHER)
    assert codes[SN] != codes[OTHER]
    assert all(len(c) == LENGTH >= 8 and set(c) <= set(ALPHABET) for c in codes.values())
    assert await _issue(database, SN, OTHER) == codes
    async with database.read() as connection:
        kept = await connection.scalar(text("SELECT code FROM check_codes LIMIT 1"))
        assert await provisioning.reveal(connection, SEAL, PLATFORM, SN) == codes[SN]
        assert await provisioning.reveal(connection, SEAL, PLATFORM, "UNKNOWN001") is None
    assert not any(code.encode() in kept for code in codes.values())


async def test_the_right_code_is_taken_as_people_type_it(database: Database) -> None:
    code = (await _issue(database))[SN]
    assert await _prove(database, f" {code.lower()} ")
    async with database.read() as connection:
        at = await connection.scalar(text("SELECT provisioned_at FROM check_codes"))
    assert at == START


async def test_five_wrong_codes_lock_for_a_day(database: Database) -> None:
    code = (await _issue(database))[SN]
    for _ in range(MOST_PER_SN):
        assert not await _prove(database, "WRONG")
    assert not await _prove(database, code)
    assert await _prove(database, code, at=START + WINDOW)


async def test_a_success_gives_the_attempts_back(database: Database) -> None:
    code = (await _issue(database))[SN]
    for _ in range(3):
        assert not await _prove(database, "WRONG")
        assert await _prove(database, code)


async def test_an_address_that_tries_many_serial_numbers_is_locked(database: Database) -> None:
    code = (await _issue(database))[SN]
    for n in range(provisioning.MOST_PER_ADDRESS):
        assert not await _prove(database, "WRONG", sn=f"GUESSED{n:05}")
    assert not await _prove(database, code)


async def test_five_wrong_codes_lock_a_person_and_fifty_their_address(database: Database) -> None:
    codes = await _issue(database, SN, OTHER)

    async def tried(sn: str, code: str, address: str, user_id: int) -> int | None:
        """Until when it is locked; 0 where the code is wrong, None where it is right."""
        claim = Claim(sn, code, address, user_id)
        try:
            await provisioning.prove(database.begin, SEAL, claim, START)
        except LockedError as error:
            return error.until
        except ProvisioningError:
            return 0
        return None

    for n in range(MOST_PER_ACCOUNT):
        assert await tried(SN, codes[SN], "10.0.0.1", 7) is None, "what is right does not count"
        assert await tried(f"GUESSED{n:05}", "WRONG", "10.0.0.1", 7) == 0
    assert await tried(SN, codes[SN], "10.0.0.9", 7) == START + WINDOW, "the account"
    for n in range(MOST_PER_ACCOUNT, MOST_PER_ADDRESS):
        assert await tried(f"GUESSED{n:05}", "WRONG", "10.0.0.1", 100 + n) == 0, "others go on"
    assert await tried(SN, codes[SN], "10.0.0.1", 8) == START + WINDOW, "the address"
    assert await tried(OTHER, codes[OTHER], "10.0.0.9", 9) is None
    assert await _prove(database, codes[OTHER], sn=OTHER), "devices at the address go on"


async def test_unknown_and_wrong_are_answered_alike(database: Database) -> None:
    await _issue(database)
    answers = set()
    for sn in (SN, OTHER):
        with pytest.raises(ProvisioningError) as refused:
            await provisioning.prove(database.begin, SEAL, Claim(sn, "WRONG", "10.0.0.1"), START)
        answers.add(str(refused.value))
    assert len(answers) == 1


async def test_a_renewed_code_makes_the_old_one_worthless(database: Database) -> None:
    code = (await _issue(database))[SN]
    async with database.begin() as connection:
        fresh = await provisioning.renew(connection, SEAL, PLATFORM, SN, START)
    assert not await _prove(database, code)
    assert await _prove(database, fresh)


async def test_permissions_and_shapes(database: Database) -> None:
    async with database.begin() as connection:
        with pytest.raises(AccessError):
            await provisioning.issue(connection, SEAL, NOBODY, [SN], START)
        with pytest.raises(AccessError):
            await provisioning.reveal(connection, SEAL, NOBODY, SN)
        with pytest.raises(RequestError, match="'ab' is not a serial number"):
            await provisioning.issue(connection, SEAL, PLATFORM, [SN, "ab"], START)


async def test_another_key_opens_nothing(database: Database) -> None:
    await _issue(database)
    with pytest.raises(SealError, match="sealed with another key"):
        await provisioning.prove(database.begin, Seal("cd" * 32), Claim(SN, "X", "10.0.0.1"), START)
    with pytest.raises(SealError, match="THINGWRIGHT_SECRET_KEY"):
        Seal("ab")
