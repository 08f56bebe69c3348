"""The second factor: codes of an authenticator app (TOTP), each good once, and recovery codes."""

import base64
import hmac
import re
import secrets
from typing import Final

from pyotp.totp import TOTP
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import Access
from core.accounts import sessions
from core.accounts.states import check_not_above, end_access, of_access
from core.accounts.tables import recovery_codes, users
from core.accounts.tokens import token_hash
from core.audit import entries
from core.records import CROCKFORD, RequestError
from core.sealing import Seal
from core.thing_model.problems import Problem

STEP: Final = 30
ISSUER: Final = "thingwright"
RECOVERY_CODES: Final = 10
RECOVERY_LENGTH: Final = 16
"""Letters of 5 bits: nobody guesses 80."""
TOTP_SHAPE: Final = re.compile(r"[0-9]{6}")


def _purpose(user_id: int) -> str:
    """What a secret is sealed for: it opens for no other user."""
    return f"second factor of {user_id}"


async def begin(connection: AsyncConnection, seal: Seal, access: Access) -> str:
    """A new secret as an otpauth:// address; it counts once a code of it was given (`confirm`)."""
    user_id = _person(access)
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    waiting = (users.c.id == user_id, users.c.totp_confirmed_at.is_(None))
    made = await connection.execute(
        update(users).where(*waiting).values(totp_secret=seal.seal(_purpose(user_id), secret))
    )
    if not made.rowcount:
        raise RequestError(Problem("code", "is asked for already", "remove the old app first"))
    return TOTP(secret).provisioning_uri(name=access.name, issuer_name=ISSUER)


async def pending(connection: AsyncConnection, seal: Seal, access: Access) -> str | None:
    """The otpauth:// address of a secret that no code was given of yet."""
    user_id = _person(access)
    query = select(users.c.totp_secret).where(
        users.c.id == user_id, users.c.totp_confirmed_at.is_(None)
    )
    sealed = (await connection.execute(query)).scalar_one_or_none()
    if sealed is None:
        return None
    return TOTP(seal.open(_purpose(user_id), sealed)).provisioning_uri(
        name=access.name, issuer_name=ISSUER
    )


async def confirm(
    connection: AsyncConnection,
    seal: Seal,
    access: Access,
    code: str,
    *,
    session_id: int | None = None,
    now: int,
    address: str = "",
) -> list[str]:
    """Ask for codes from now on; returns the recovery codes, which are shown this once.

    Sessions but the one of `session_id` end: they began without a code.
    """
    user_id = _person(access)
    if not await _take_totp(connection, seal, user_id, code, now):
        raise RequestError(Problem("code", "is not right", "wait for the app's next one"))
    await connection.execute(
        update(users).where(users.c.id == user_id).values(totp_confirmed_at=now)
    )
    await sessions.revoke_others(connection, user_id, session_id)
    fresh = await _recovery_codes(connection, user_id)
    await entries.record(
        connection, access, "accounts", "second_factor_on", user_id, now=now, address=address
    )
    return fresh


async def take(connection: AsyncConnection, seal: Seal, user_id: int, code: str, now: int) -> bool:
    """Whether a code is right, of the app or for recovery; a right one is used up by it."""
    plain = code.replace(" ", "").replace("-", "").upper()
    if TOTP_SHAPE.fullmatch(plain):
        return await _take_totp(connection, seal, user_id, plain, now)
    used = await connection.execute(
        delete(recovery_codes).where(
            recovery_codes.c.user_id == user_id, recovery_codes.c.code_hash == token_hash(plain)
        )
    )
    return bool(used.rowcount)


async def remove(
    connection: AsyncConnection,
    access: Access,
    user_id: int,
    *,
    reason: str = "",
    now: int,
    address: str = "",
) -> None:
    """Ask for no code any longer: one's own, or with `users:reset` another's.

    Another's sessions end with it. Raises RequestError where the other may do more.
    """
    if access.user_id != user_id:
        access.require("users:reset")
        check_not_above(access, await of_access(connection, access, user_id))
        await end_access(connection, user_id)
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    none = {"totp_secret": None, "totp_confirmed_at": None, "totp_step": None}
    await connection.execute(update(users).where(users.c.id == user_id).values(**none))
    await entries.record(
        connection, access, "accounts", "second_factor_off", user_id,
        reason=reason, now=now, address=address,
    )  # fmt: skip


async def codes_left(connection: AsyncConnection, user_id: int) -> int:
    """How many recovery codes a user still has."""
    query = select(func.count()).where(recovery_codes.c.user_id == user_id)
    return int((await connection.execute(query)).scalar_one())


async def _take_totp(
    connection: AsyncConnection, seal: Seal, user_id: int, code: str, now: int
) -> bool:
    """Compare with the codes of this step and its neighbours; a step is good once."""
    query = select(users.c.totp_secret).where(users.c.id == user_id)
    sealed = (await connection.execute(query)).scalar_one_or_none()
    if sealed is None:
        return False
    totp = TOTP(seal.open(_purpose(user_id), sealed), interval=STEP)
    current = now // 1000 // STEP
    for step in (current, current - 1, current + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return await _use_step(connection, user_id, step)
    return False


async def _use_step(connection: AsyncConnection, user_id: int, step: int) -> bool:
    unused = or_(users.c.totp_step.is_(None), users.c.totp_step < step)
    used = await connection.execute(
        update(users).where(users.c.id == user_id, unused).values(totp_step=step)
    )
    return bool(used.rowcount)


async def _recovery_codes(connection: AsyncConnection, user_id: int) -> list[str]:
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    plain = [
        "".join(secrets.choice(CROCKFORD) for _ in range(RECOVERY_LENGTH))
        for _ in range(RECOVERY_CODES)
    ]
    rows = [{"user_id": user_id, "code_hash": token_hash(code)} for code in plain]
    await connection.execute(insert(recovery_codes), rows)
    return ["-".join(code[n : n + 4] for n in range(0, RECOVERY_LENGTH, 4)) for code in plain]


def _person(access: Access) -> int:
    if access.user_id is None:
        raise RequestError(Problem("user", "is not a person", "sign in first"))
    return access.user_id
