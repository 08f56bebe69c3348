"""Storm warnings: which systems stand in a region, whose a warning is, and what becomes of it."""

import pytest
from attrs import evolve
from sqlalchemy import insert, select

from core.access import PLATFORM, Access, AccessError
from core.audit import entries
from core.fleet import end_users, installations, regions, sites, storm_warnings
from core.fleet.end_users import Contact
from core.fleet.installation_terms import Terms
from core.fleet.installations import Ownership
from core.fleet.listed import LISTING as SYSTEMS
from core.fleet.regions import Place, Region
from core.fleet.sites import Place as Site
from core.fleet.storm_warning_list import LISTING
from core.fleet.storm_warnings import Said, StormWarning
from core.fleet.tables import serial_numbers, systems
from core.host import Host
from core.listing import rows
from core.listing.filters import Clock
from core.listing.query import Occasion, read_query
from core.records import ConflictError, RequestError, insert_new
from core.runtime.database import Database

NOW = 1_790_000_000_000
HOUR = 3_600_000
NO_PLUGINS = Host().registry()
OF_SEVEN = Access(5, "bea", "B", 7, frozenset({"storm_warnings:*", "systems:read"}))
OF_EIGHT = evolve(OF_SEVEN, user_id=6, company_id=8)
PLACES = {
    "STORM000001": Place("DE", "Thüringen", "07743"),
    "STORM000002": Place("DE", "THÜRINGEN ", "99084"),
    "STORM000003": Place("DE", "", "07745"),
    "STORM000004": Place("DE", "Bayern", ""),
    "STORM000005": Place("DE", "", ""),
    "STORM000006": Place("AT", "Thüringen", "07743"),
    "STORM000007": Place("PL", "Mazowieckie", "00-950"),
    "STORM000008": Place("", "Thüringen", "07743"),
}
"""Where systems stand, by serial number; the last one's site does not say the country."""
NOWHERE = "STORM000009"
"""Is installed nowhere and says itself that it is in Germany, as the last site's does."""
REGIONS = (
    Region("DE"),
    Region("DE", "thüringen"),
    Region("DE", " Thüringen", ("077",)),
    Region("DE", "", ("07 743", "99")),
    Region("DE", "", ("0",)),
    Region("DE", "Sachsen"),
    Region("PL", "", ("00950",)),
    Region("AT", "THÜRINGEN"),
    Region("GB"),
)


@pytest.fixture
async def fleet(database: Database) -> Database:
    """Nine systems; the first two and the last are company 7's."""
    async with database.begin() as connection:
        owner = await end_users.create(connection, PLATFORM, Contact("Eva"), now=NOW)
        for sn in (*PLACES, NOWHERE):
            owned = 7 if sn[-1] in "129" else None
            own = {"8": "DE", "9": "DE"}.get(sn[-1], "FR")
            await connection.execute(
                insert(systems).values(
                    sn=sn, product_id="x", product_version="1.0.0", name="", country=own,
                    timezone="UTC", firmware="", company_id=owned, registered_at=NOW,
                    changed_at=NOW, status="normal", status_since=NOW,
                )
            )  # fmt: skip
        for sn, at in PLACES.items():
            place = Site(sn, country=at.country, region=at.name, post_code=at.post_code)
            site = await sites.create(connection, PLATFORM, owner.id, place, now=NOW)
            columns = ("sn", "category", "state", "created_at", "version")
            number = [(sn, "residential", "activated", NOW, 1)]
            await insert_new(connection, serial_numbers, columns, number)
            belongs = Ownership(owner.id, site.id)
            await installations.create(connection, PLATFORM, sn, belongs, Terms(), now=NOW)
    return database


def told(region: Region) -> tuple[list[str], list[str]]:
    """Who stands in a region, and of whom it is not known, by `Region.holds`."""
    every = {sn: evolve(at, country=at.country or "DE") for sn, at in PLACES.items()}
    every[NOWHERE] = Place("DE", "", "")
    standing = {sn: region.holds(place) for sn, place in every.items()}
    return (
        [sn for sn, said in standing.items() if said == "inside"],
        [sn for sn, said in standing.items() if said == "unknown"],
    )


async def listed(database: Database, access: Access, **said: list[str]) -> list[str]:
    query, problems = read_query(SYSTEMS, said, Clock(NOW))
    assert problems == []
    occasion = Occasion(access, NOW, NO_PLUGINS)
    page = await rows.page(database.read, SYSTEMS, query, occasion, ("sn",), 50)
    return [row["sn"] for row in page.rows]


def test_a_place_stands_in_a_region_by_name_and_post_code():
    assert [len(inside) for inside, _ in map(told, REGIONS)] == [7, 3, 2, 3, 3, 0, 1, 1, 0]
    inside, unknown = told(Region("DE", "Thüringen", ("077",)))
    assert inside == ["STORM000001", "STORM000008"]
    assert unknown == ["STORM000003", "STORM000005", NOWHERE]


@pytest.mark.parametrize("few", [2_000, 1])
async def test_list_and_reach_say_what_each_place_says(
    fleet: Database, monkeypatch: pytest.MonkeyPatch, few: int
):
    monkeypatch.setattr(regions, "FEW", few)
    for region in REGIONS:
        inside, unknown = told(region)
        assert await listed(fleet, PLATFORM, stands_in=[region.address]) == inside, region
        async with fleet.read() as connection:
            reach = await regions.reach(connection, PLATFORM, region)
            assert (reach.inside, reach.unknown) == (len(inside), len(unknown)), region
            of_seven = await regions.reach(connection, OF_SEVEN, region)
        owned = [[sn for sn in sns if sn[-1] in "129"] for sns in (inside, unknown)]
        assert [of_seven.inside, of_seven.unknown] == [len(sns) for sns in owned], region
        assert await listed(fleet, OF_SEVEN, stands_in=[region.address]) == owned[0]


async def test_what_cannot_be_a_region_is_refused(fleet: Database):
    for address in ("DE", "DE/Bayern", "XX//", "DE//-", f"DE/{'x' * 65}/", "DE//" + "1," * 9):
        if address.endswith(","):
            assert regions.read(address).post_codes == ("1",)
            continue
        with pytest.raises(RequestError):
            await listed(fleet, PLATFORM, stands_in=[address])


async def test_sites_tell_how_they_write_their_regions(fleet: Database):
    async with fleet.read() as connection:
        assert await regions.names_in(connection, PLATFORM, "DE") == [
            ("THÜRINGEN", 2),
            ("Bayern", 1),
        ]
        assert await regions.names_in(connection, OF_SEVEN, "DE") == [("THÜRINGEN", 2)]


def said(**changes) -> Said:
    about = {"region": Region("DE", "Thüringen"), "source": "DWD", "timezone": "Europe/Berlin"}
    times = {"starts_at": NOW + HOUR, "ends_at": NOW + 3 * HOUR}
    return Said(**{"kind": "wind", "severity": "severe", **about, **times, **changes})


async def enter(database: Database, access: Access = PLATFORM, **changes) -> StormWarning:
    async with database.begin() as connection:
        return await storm_warnings.create(
            connection, access, said(**changes), reason="Called", now=NOW
        )


async def concerns(database: Database, sn: str, now: int = NOW) -> list[tuple[int, str]]:
    async with database.read() as connection:
        id_ = await connection.scalar(select(systems.c.id).where(systems.c.sn == sn))
        assert id_
        found = await storm_warnings.of_system(connection, id_, now)
    return [(each.warning.id, each.standing) for each in found.found]


async def test_a_warning_concerns_who_stands_there_until_it_ends(fleet: Database):
    one = (await enter(fleet)).id
    assert await concerns(fleet, "STORM000002") == [(one, "inside")]
    assert await concerns(fleet, "STORM000003") == [(one, "unknown")]
    assert await concerns(fleet, NOWHERE) == [(one, "unknown")]
    for sn in ("STORM000004", "STORM000006"):
        assert await concerns(fleet, sn) == []
    assert await concerns(fleet, "STORM000002", NOW + 3 * HOUR - 1) == [(one, "inside")]
    assert await concerns(fleet, "STORM000002", NOW + 3 * HOUR) == []


async def test_a_companys_warning_is_for_its_own_systems(fleet: Database):
    theirs = await enter(fleet, OF_SEVEN, region=Region("DE"))
    assert theirs.company_id == 7
    assert await concerns(fleet, "STORM000001") == [(theirs.id, "inside")]
    assert await concerns(fleet, "STORM000003") == []
    ours = await enter(fleet)
    change = {"version": 1, "reason": "no", "now": NOW}
    async with fleet.begin() as connection:
        with pytest.raises(RequestError, match="platform"):
            await storm_warnings.withdraw(connection, OF_SEVEN, ours.id, **change)
        with pytest.raises(RequestError, match="no warning"):
            await storm_warnings.withdraw(connection, OF_EIGHT, theirs.id, **change)
    seen = {}
    for access in (PLATFORM, OF_SEVEN, OF_EIGHT, evolve(OF_SEVEN, user_type="C", user_id=9)):
        query, _ = read_query(LISTING, {}, Clock(NOW))
        occasion = Occasion(access, NOW, NO_PLUGINS)
        page = await rows.page(fleet.read, LISTING, query, occasion, ("id",), 50)
        seen[access.user_type, access.company_id] = sorted(row["id"] for row in page.rows)
    assert seen == {
        ("A", None): [theirs.id, ours.id], ("B", 7): [theirs.id, ours.id],
        ("B", 8): [ours.id], ("C", 7): [],
    }  # fmt: skip


async def test_every_state_in_the_list_is_the_warnings_own(fleet: Database):
    made = [
        await enter(fleet, starts_at=NOW + start * HOUR, ends_at=NOW + end * HOUR)
        for start, end in ((1, 2), (-1, 3), (2, 5))
    ]
    async with fleet.begin() as connection:
        made[2] = await storm_warnings.withdraw(
            connection, PLATFORM, made[2].id, version=1, reason="Wrong", now=NOW
        )
    for now in (NOW, NOW + HOUR, NOW + 2 * HOUR, NOW + 4 * HOUR):
        occasion = Occasion(PLATFORM, now, NO_PLUGINS)
        states = {each.id: each.state(now) for each in made}
        query, _ = read_query(LISTING, {}, Clock(now))
        page = await rows.page(fleet.read, LISTING, query, occasion, ("id", "state"), 50)
        assert {row["id"]: row["state"] for row in page.rows} == states
        for state in storm_warnings.STATES:
            query, _ = read_query(LISTING, {"state": [state]}, Clock(now))
            page = await rows.page(fleet.read, LISTING, query, occasion, ("id",), 50)
            fit = {id_ for id_, each in states.items() if each == state}
            assert {row["id"] for row in page.rows} == fit, (now, state)


async def test_a_warning_is_changed_ended_and_withdrawn_with_a_reason(fleet: Database):
    made = await enter(fleet)
    later = {"reason": "It grew", "now": NOW + 2 * HOUR}
    async with fleet.begin() as connection:
        grown = said(severity="extreme")
        await storm_warnings.edit(connection, PLATFORM, made.id, grown, version=1, **later)
        with pytest.raises(ConflictError):
            await storm_warnings.edit(connection, PLATFORM, made.id, grown, version=1, **later)
        moved = said(starts_at=NOW + 2 * HOUR)
        with pytest.raises(RequestError, match="has passed"):
            await storm_warnings.edit(connection, PLATFORM, made.id, moved, version=2, **later)
        over = await storm_warnings.end(connection, PLATFORM, made.id, version=2, **later)
        assert over.state(NOW + 2 * HOUR) == "over"
        with pytest.raises(RequestError, match="is over"):
            await storm_warnings.withdraw(connection, PLATFORM, made.id, version=3, **later)
    early = await enter(fleet)
    async with fleet.begin() as connection:
        with pytest.raises(RequestError, match="has not started"):
            await storm_warnings.end(connection, PLATFORM, early.id, version=1, reason="x", now=NOW)
    async with fleet.read() as connection:
        wanted = entries.Wanted(area="storm_warnings", object_id=str(made.id))
        found = await entries.page(connection, PLATFORM, wanted)
    assert [(each.action, each.reason) for each in found] == [
        ("end", "It grew"), ("edit", "It grew"), ("create", "Called"),
    ]  # fmt: skip
    assert (found[1].old["severity"], found[1].new["severity"]) == ("severe", "extreme")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"region": Region("XX")}, "country"),
        ({"region": Region("DE", "", tuple(map(str, range(60))))}, "post_codes"),
        ({"kind": "hail"}, "kind"),
        ({"severity": "bad"}, "severity"),
        ({"ends_at": NOW + HOUR}, "ends"),
        ({"starts_at": NOW - 3 * HOUR, "ends_at": NOW}, "ends"),
        ({"timezone": "Berlin"}, "timezone"),
        ({"source": " "}, "source"),
        ({"text": "x" * 2_001}, "text"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(fleet: Database, changes, where: str):
    with pytest.raises(RequestError) as refused:
        await enter(fleet, **changes)
    assert [problem.where for problem in refused.value.problems] == [where]


async def test_nobody_warns_without_the_right(fleet: Database):
    for access in (evolve(OF_SEVEN, grants=frozenset()), evolve(OF_SEVEN, company_id=None)):
        with pytest.raises((AccessError, RequestError)):
            await enter(fleet, access)
