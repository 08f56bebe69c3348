"""National Metering Identifiers: their checksum, whose they can be, and their registration."""

from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import insert, select

from core.access import PLATFORM, AccessError
from core.fleet import nmi, nmi_registrations, nmi_rows
from core.fleet.nmi_registrations import Meter
from core.fleet.reports import Report
from core.fleet.tables import end_users, installations, sites, systems
from core.fleet.tables import nmi_registrations as table
from core.records import ConflictError, RequestError
from core.runtime.database import Database

NOW = 1_790_000_000_000
SNS = [f"NM{n:010}" for n in range(1, 6)]
PUBLISHED = """
2001985732 8, 2001985733 6, 3075621875 8, 3075621876 6, 4316854005 9, 4316854006 7, 6305888444 6,
6350888444 2, 7001888333 8, 7102000001 7, NAAAMYS582 6, NBBBX11110 0, NBBBX11111 8, NCCC519495 5,
NGGG000055 4, QAAAVZZZZZ 3, QCDWW00010 2, SMVEW00085 8, VAAA000065 7, VAAA000066 5, VAAA000067 2,
VAAASTY576 8, VCCCX00009 1, VEEEX00009 1, VKTS786150 2, VKTS867150 5, VKTS871650 7, VKTS876105 7,
VKTS876150 3, VKTS876510 8
"""


@pytest.fixture
async def fleet(database: Database) -> Database:
    """Five systems: 4 in Germany, the others in Australia, the first two of them at one site."""
    made = {"created_at": NOW, "changed_at": NOW, "version": 1}
    async with database.begin() as connection:
        for n, sn in enumerate(SNS, 1):
            country = {4: "DE", 5: ""}.get(n, "AU")
            await connection.execute(
                insert(systems).values(
                    id=n, sn=sn, product_id="x", product_version="1.0.0", name="",
                    country=country, timezone="Australia/Adelaide", firmware="", online=True,
                    company_id=7 if n == 3 else None, registered_at=NOW, changed_at=NOW,
                    status="normal", status_since=NOW, is_new=False, is_upgrading=False,
                )
            )  # fmt: skip
        texts = dict.fromkeys(("account", "mail", "phone", "given_name", "family_name"), "x")
        owner = await connection.scalar(
            insert(end_users).values(**texts, **made).returning(end_users.c.id)
        )
        texts = dict.fromkeys(
            ("address", "post_code", "city", "region", "timezone", "currency"), ""
        )
        for name, of in (("one", (1, 2)), ("two", (5,))):
            where = await connection.scalar(
                insert(sites)
                .values(
                    end_user_id=owner, name=name, folded_name=name, country="AU",
                    address_confirmed=False, **texts, **made,
                )
                .returning(sites.c.id)
            )  # fmt: skip
            texts_of = dict.fromkeys(
                ("installer", "install_user", "licence", "install_mode", "grid_regulation",
                 "installer_remark", "reseller_remark", "end_user_remark"), "",
            )  # fmt: skip
            for n in of:
                await connection.execute(
                    insert(installations).values(
                        system_id=n, end_user_id=owner, site_id=where, allow_auto_update=False,
                        changed_at=NOW, version=1, **texts_of,
                    )
                )  # fmt: skip
    return database


@pytest.mark.parametrize("published", PUBLISHED.split(","))
def test_the_published_checksums(published: str):
    text, digit = published.split()
    assert nmi.checksum(text) == int(digit)
    assert nmi.read(f" {text[:4].lower()} {text[4:]}{digit}") == text
    with pytest.raises(RequestError, match="checksum"):
        nmi.read(f"{text}{(int(digit) + 1) % 10}")


@pytest.mark.parametrize(
    "text", ["", "200198573", "200198573283", "OAAAVZZZZZ", "IAAAVZZZZZ", "2001-98573"]
)
def test_what_is_no_nmi(text: str):
    with pytest.raises(RequestError, match="is no NMI"):
        nmi.read(text)


async def make(database: Database, n: int, meter: str, operator: str = "SAPN") -> None:
    async with database.begin() as connection:
        await nmi_registrations.create(
            connection, PLATFORM, SNS[n - 1], Meter(meter, operator), now=NOW
        )


async def state_of(database: Database, n: int) -> dict[str, Any]:
    async with database.read() as connection:
        found = await connection.execute(select(table).where(table.c.system_id == n))
        return dict(found.mappings().one())


async def test_only_systems_in_australia_and_one_site_of_an_nmi(fleet: Database):
    await make(fleet, 1, "20019857328")
    await make(fleet, 2, "2001985732")
    await make(fleet, 5, "2001985733")
    for n, meter, said in (
        (4, "3075621875", "stands in DE"),
        (3, "2001985732", "another site"),
        (1, "3075621875", "has an NMI already"),
    ):
        with pytest.raises(RequestError, match=said):
            await make(fleet, n, meter)
    assert (await state_of(fleet, 1))["state"] == "unregistered"


async def move(database: Database, change: Any, reason: str = "") -> None:
    async with database.begin() as connection:
        await nmi_registrations.move(
            connection, PLATFORM, SNS[0], change, reason=reason, now=NOW + 1
        )


async def test_what_becomes_of_a_registration(fleet: Database):
    await make(fleet, 1, "2001985732", "")
    with pytest.raises(RequestError, match="operator"):
        await move(fleet, "submit")
    async with fleet.begin() as connection:
        said = Meter("2001985732", "SAPN", "ab" * 20)
        await nmi_registrations.edit(connection, PLATFORM, SNS[0], said, version=1, now=NOW)
        with pytest.raises(ConflictError):
            await nmi_registrations.edit(connection, PLATFORM, SNS[0], said, version=1, now=NOW)
    with pytest.raises(RequestError, match="is unregistered"):
        await move(fleet, "confirm")
    await move(fleet, "submit")
    await move(fleet, "fail", "no such meter")
    row = await state_of(fleet, 1)
    assert (row["state"], row["failure"], row["lfdi"]) == ("failed", "no such meter", "AB" * 20)
    await move(fleet, "submit")
    await move(fleet, "confirm")
    row = await state_of(fleet, 1)
    assert (row["state"], row["failure"], row["state_at"]) == ("registered", "", NOW + 1)
    async with fleet.begin() as connection:
        with pytest.raises(RequestError, match="withdraw it first"):
            await nmi_registrations.remove(connection, PLATFORM, SNS[0], reason="", now=NOW)
        other = Meter("2001985733", "SAPN", "ab" * 20)
        version = row["version"]
        await nmi_registrations.edit(connection, PLATFORM, SNS[0], other, version=version, now=NOW)
    assert (await state_of(fleet, 1))["state"] == "unregistered"
    async with fleet.begin() as connection:
        await nmi_registrations.remove(connection, PLATFORM, SNS[0], reason="gone", now=NOW)
        assert list(await connection.scalars(select(table.c.nmi))) == []


async def test_somebody_elses_system_is_not_found(fleet: Database):
    their = evolve(PLATFORM, user_type="B", company_id=7, grants=frozenset({"nmi:create"}))
    async with fleet.begin() as connection:
        with pytest.raises(RequestError, match="no system has"):
            await nmi_registrations.create(connection, their, SNS[0], Meter("2001985732"), now=NOW)
        await nmi_registrations.create(connection, their, SNS[2], Meter("2001985732"), now=NOW)
        with pytest.raises(AccessError):
            await nmi_registrations.remove(connection, their, SNS[2], reason="", now=NOW)


async def take(database: Database, *rows: tuple[str, ...], dry: bool = False) -> Report:
    report = Report()
    given = [dict(zip(nmi_rows.HEAD, row, strict=False)) for row in rows]
    async with database.begin() as connection:
        await nmi_rows.take_in(connection, PLATFORM, given, report, dry=dry, now=NOW)
    return report


async def test_a_file_is_taken_in_as_a_whole_or_not_at_all(fleet: Database):
    good = ((SNS[0].lower(), "20019857328", "SAPN"), (SNS[1], "2001985732"), (SNS[2], "QAAAVZZZZZ"))
    assert (await take(fleet, *good, dry=True)).wrong == 0
    wrong = await take(
        fleet,
        *good,
        (SNS[0], "2001985732"),
        (SNS[3], "3075621875"),
        (SNS[4], "QAAAVZZZZZ3"),
        ("NOBODY0000001", "3075621875"),
        (SNS[4], "20019857327", "Nobody"),
    )
    assert [str(problem).split(":")[0] for problem in wrong.problems] == [
        "row 5", "row 9", "row 9", "row 6", "row 7", "row 8",
    ]  # fmt: skip
    async with fleet.read() as connection:
        assert list(await connection.scalars(select(table.c.nmi))) == []
    assert (await take(fleet, *good)).good == 3
    async with fleet.read() as connection:
        assert sorted(await connection.scalars(select(table.c.system_id))) == [1, 2, 3]
    again = await take(fleet, (SNS[0], "2001985732"), (SNS[4], "2001985732"))
    assert [problem.what.split(": ")[1][:19] for problem in again.problems] == [
        f"{SNS[0]} has an", "2001985732 is that ",
    ]  # fmt: skip
