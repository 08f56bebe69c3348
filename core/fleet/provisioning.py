"""Check codes: what a device or its installer shows to get the device's credentials.

The answer is the same, and takes as long, for a serial number that has no code and for a wrong
code. Five wrong codes lock a serial number for a day; where a person says them, that account too.
An address is locked after fifty, of devices and of people apart.
"""

import hmac
import secrets
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from attrs import field, frozen
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.fleet.systems import SN_SHAPE
from core.fleet.tables import check_codes, provisioning_attempts
from core.records import RequestError, insert_new
from core.sealing import Seal
from core.thing_model.problems import Problem

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0 and O, 1, I and L, and U, which are taken for each other or make words."""
LENGTH: Final = 10
PURPOSE: Final = "check code"
WINDOW: Final = 86_400_000
MOST_PER_SN: Final = 5
MOST_PER_ACCOUNT: Final = 5
MOST_PER_ADDRESS: Final = 50
"""Many devices ask from one address, as do all people of an office; each kind counts apart."""
_NONE: Final = "-" * LENGTH


class Begin(Protocol):
    """Opens a transaction: `Database.begin`."""

    def __call__(self) -> AbstractAsyncContextManager[AsyncConnection]: ...


class ProvisioningError(ValueError):
    """Serial number and check code do not belong together, or were tried too often."""

    def __init__(self) -> None:
        super().__init__(
            "serial number and check code do not belong together, or were tried too often: "
            "compare both with the label, and try again tomorrow after five attempts"
        )


class LockedError(ProvisioningError):
    """They were tried too often: no code is looked at before `until`, UTC milliseconds."""

    def __init__(self, until: int) -> None:
        super().__init__()
        self.until = until


@frozen
class Claim:
    """What somebody says is on the label; `address` is where the request came from.

    user_id: who says it; None where it is the device itself.
    """

    sn: str
    code: str = field(repr=False)
    address: str
    user_id: int | None = None


def new_code() -> str:
    """A new check code: 49 bits of chance."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


async def issue(
    connection: AsyncConnection, seal: Seal, access: Access, sns: Iterable[str], now: int
) -> dict[str, str]:
    """Codes for serial numbers that have none yet; returns the codes of all of them.

    Needs `serial_numbers:create`. Raises RequestError with all that are no serial numbers.
    """
    access.require("serial_numbers:create")
    wanted = list(dict.fromkeys(sns))
    problems = [
        Problem("sn", f"{sn!r} is not a serial number", "8 to 24 of A-Z and 0-9")
        for sn in wanted
        if not SN_SHAPE.fullmatch(sn)
    ]
    if problems:
        raise RequestError(*problems)
    rows = [(sn, seal.seal(PURPOSE, new_code()), now) for sn in wanted]
    await insert_new(connection, check_codes, ("sn", "code", "issued_at"), rows)
    query = select(check_codes.c.sn, check_codes.c.code).where(check_codes.c.sn.in_(wanted))
    return {sn: seal.open(PURPOSE, code) for sn, code in await connection.execute(query)}


async def renew(connection: AsyncConnection, seal: Seal, access: Access, sn: str, now: int) -> str:
    """Another code in place of the one that there is, as after a system changed hands."""
    access.require("serial_numbers:edit")
    await connection.execute(delete(check_codes).where(check_codes.c.sn == sn))
    await _forgive(connection, sn)
    return (await issue(connection, seal, access, [sn], now))[sn]


async def reveal(connection: AsyncConnection, seal: Seal, access: Access, sn: str) -> str | None:
    """The code of a serial number, None if it has none. Needs `serial_numbers:reveal`."""
    access.require("serial_numbers:reveal")
    sealed = await connection.scalar(select(check_codes.c.code).where(check_codes.c.sn == sn))
    return None if sealed is None else seal.open(PURPOSE, sealed)


async def prove(begin: Begin, seal: Seal, claim: Claim, now: int) -> None:
    """Returns where the code is that of the serial number; raises ProvisioningError, LockedError.

    An attempt counts before the code is looked at, so that many at once gain nothing. A success
    gives the serial number its attempts back, and a person this one.
    """
    sn = claim.sn
    async with begin() as connection:
        until = [await _charge(connection, *limit, now) for limit in _limits(claim)]
        sealed = await connection.scalar(select(check_codes.c.code).where(check_codes.c.sn == sn))
    # An unknown serial number costs as much: the same is sealed, opened and compared.
    nothing = seal.seal(PURPOSE, _NONE)
    expected = seal.open(PURPOSE, nothing if sealed is None else sealed)
    right = hmac.compare_digest(expected.encode(), claim.code.strip().upper().encode())
    if any(until):
        raise LockedError(max(until))
    if not right or sealed is None:
        raise ProvisioningError
    async with begin() as connection:
        await _forgive(connection, sn)
        await _give_back(connection, claim)
        await connection.execute(
            update(check_codes).where(check_codes.c.sn == sn).values(provisioned_at=now)
        )


def _limits(claim: Claim) -> Iterator[tuple[str, int]]:
    """What an attempt counts for, and how many are let pass; always in this order."""
    yield f"sn:{claim.sn[:24]}", MOST_PER_SN
    if claim.user_id is None:
        yield f"address:{claim.address[:64]}", MOST_PER_ADDRESS
    else:
        yield from _of_person(claim)


def _of_person(claim: Claim) -> Iterator[tuple[str, int]]:
    yield f"account:{claim.user_id}", MOST_PER_ACCOUNT
    yield f"people:{claim.address[:64]}", MOST_PER_ADDRESS


async def _give_back(connection: AsyncConnection, claim: Claim) -> None:
    """Take back the attempt of a person that was right.

    Their others go on to count: one right label gives nobody more guesses at others.
    """
    if claim.user_id is None:
        return
    for subject, _ in _of_person(claim):
        await connection.execute(
            update(provisioning_attempts)
            .where(provisioning_attempts.c.subject == subject)
            .values(count=provisioning_attempts.c.count - 1)
        )


async def _forgive(connection: AsyncConnection, sn: str) -> None:
    subject = provisioning_attempts.c.subject
    await connection.execute(delete(provisioning_attempts).where(subject == f"sn:{sn}"))


async def _charge(connection: AsyncConnection, subject: str, most: int, now: int) -> int:
    """Count an attempt; where it is one too many, until when the subject is locked, otherwise 0."""
    said = {"subject": subject, "now": now, "old": now - WINDOW}
    count, began_at = (await connection.execute(_CHARGE, said)).one()
    return int(began_at) + WINDOW if count > most else 0


_CHARGE: Final = text(
    "INSERT INTO provisioning_attempts (subject, began_at, count) VALUES (:subject, :now, 1) "
    "ON CONFLICT (subject) DO UPDATE SET "
    "count = CASE WHEN provisioning_attempts.began_at <= :old THEN 1 "
    "ELSE provisioning_attempts.count + 1 END, "
    "began_at = CASE WHEN provisioning_attempts.began_at <= :old THEN excluded.began_at "
    "ELSE provisioning_attempts.began_at END "
    "RETURNING count, began_at"
)
