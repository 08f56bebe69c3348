"""A portal with two companies, their people and an end user: for pages about people."""

from attrs import frozen
from sqlalchemy import update

from core.access import PLATFORM
from core.accounts import profiles, sessions, users
from core.accounts.profiles import Profile
from core.accounts.users import NewUser, User
from core.companies import companies, members
from core.companies.companies import Company
from core.companies.details import Details
from core.fleet.tables import systems
from core.runtime.database import Database
from tests.portal.conftest import PASSWORD

SUN = Details(
    "Sun & Söhne", "installer", "DE", "office@sun.example", "Mia Muster", "+49 30 1234",
    "Berlin", "Berlin", "Sonnenallee 1", "12045", "DE123456789", "L-1001",
)  # fmt: skip
MOON = Details("Moon Energy", "distributor", "AT", "hello@moon.example")
DAWN = Details("Dawn Solar", "installer", "AU", "dawn@example.org")
DAY = 86_400_000


@frozen
class People:
    """Who was made."""

    sun: Company
    moon: Company
    dawn: Company
    ben: User
    eve: User
    carl: User
    ida: User


async def populate(database: Database, now: int) -> People:
    """Ben leads Sun, Eve works at Moon, Carl is an end user, Ida was invited; Dawn is pending."""
    async with database.begin() as connection:
        made = [
            await companies.create(connection, PLATFORM, each, now=now - 90 * DAY)
            for each in (SUN, MOON, DAWN)
        ]
        sun, moon = [
            await companies.change_state(
                connection, PLATFORM, each.id, "approve", version=1, reason="", now=now - 80 * DAY
            )
            for each in made[:2]
        ]
    ben = await _user(database, NewUser("ben", PASSWORD, "B", ("administrator",), sun.id), now, 40)
    eve = await _user(database, NewUser("eve", PASSWORD, "B", ("l1",), moon.id), now, 3)
    carl = await _user(database, NewUser("carl", PASSWORD, "C", ("read_only",)), now, 3)
    invited = NewUser("ida", "", "A", ("l2", "product"), None, "ida@example.org")
    async with database.begin() as connection:
        ida = await users.add(connection, PLATFORM, invited, now - DAY)
        sun = await members.set_primary(
            connection, PLATFORM, sun.id, ben.id, version=sun.version, now=now - 30 * DAY
        )
        said = Profile("ben@sun.example", "+49 30 99", "Ben", "Berg", "DE", "en", "Europe/Berlin")
        ben = await profiles.edit(connection, PLATFORM, ben.id, said, version=1, now=now - DAY)
    return People(sun, moon, made[2], ben, eve, carl, ida)


async def _user(database: Database, given: NewUser, now: int, days: int) -> User:
    return await users.create(database.begin, PLATFORM, given, now - days * DAY)


async def session_of(database: Database, user: User, now: int) -> str:
    """The token of a session that somebody has."""
    async with database.begin() as connection:
        return await sessions.start(connection, user.id, "192.0.2.7", now, "Firefox")


async def give(database: Database, sn: str, company: Company) -> None:
    """Let a system belong to a company."""
    async with database.begin() as connection:
        await connection.execute(
            update(systems).where(systems.c.sn == sn).values(company_id=company.id)
        )
