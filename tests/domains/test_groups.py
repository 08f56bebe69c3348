"""Systems counted by country and product model, whoever changes them, and what is installed."""

from datetime import date

from attrs import evolve
from sqlalchemy import delete, func, select, update

from core.access import PLATFORM, Access
from core.fleet import groups, installations, installing, sites
from core.fleet.end_users import Contact
from core.fleet.groups import Group
from core.fleet.installation_terms import Terms
from core.fleet.installed import Figure, installed
from core.fleet.installing import Order
from core.fleet.sites import Place
from core.fleet.systems import Registration, by_sn, register
from core.fleet.tables import GROUPED, SUMS, systems
from core.host import load
from core.records import Connection
from core.registry import Registry
from core.runtime.database import Database
from core.telemetry import reported
from core.telemetry.frames import Arrival
from core.thing_model.component import Component, Rating
from tests.devices import START

BEN = Access(5, "ben", "B", 7, frozenset({"systems:read"}))
EVA = Access(6, "eva", "C", None, frozenset({"systems:read"}))
ALM = Place("Alm", country="AT", timezone="Europe/Vienna", latitude=47.5, longitude=13.25)


async def _right(connection: Connection, access: Access, company: int | None = None) -> list[Group]:
    """The groups as triggers counted them, which are what every system says."""
    found = await groups.groups(connection, access, GROUPED)
    keys = [systems.c[name] for name in GROUPED]
    sums = (func.sum(each).label(n) for n, each in zip(SUMS, groups._added(), strict=True))
    query = select(*keys, *sums).group_by(*keys).order_by(*keys)
    if company is not None:
        query = query.where(systems.c.company_id == company)
    assert found == [Group(**row) for row in (await connection.execute(query)).mappings()]
    return found


async def _both(database: Database) -> tuple[list[Group], list[Group]]:
    async with database.begin() as connection:
        before = [await _right(connection, PLATFORM), await _right(connection, BEN, 7)]
        await groups.fold(connection)
        return await _right(connection, PLATFORM), await _right(connection, BEN, 7) or before[1]


async def test_groups_follow_every_change(database: Database, registry: Registry) -> None:
    assert await _both(database) == ([], [])
    async with database.begin() as connection:
        for n in range(3):
            given = Registration(f"GROUPED{n:04}", "bench", country="DE")
            await register(connection, registry, given, START)
        order = Order(
            "GROUPED0000", Contact("eva", "eva@example.org"), ALM, Terms(date(2026, 3, 1))
        )
        await installing.install(connection, PLATFORM, order, now=START)
    (whole,), own = await _both(database)
    assert (whole.systems, whole.offline, whole.pv_known, whole.placed) == (3, 3, 0, 1)
    assert (whole.place, own) == ((47.5, 13.25), [])
    async with database.begin() as connection:
        made = await installations.of_sn(connection, PLATFORM, "GROUPED0000")
        assert made
        terms = evolve(made.terms, pv_at_storage=4.2, pv_at_inverter=0.5)
        made = await installations.edit(
            connection, PLATFORM, "GROUPED0000", terms, version=made.version, now=START
        )
        await connection.execute(
            update(systems)
            .where(systems.c.sn == "GROUPED0000")
            .values(company_id=7, status="fault", pv_reported=9000, battery_reported=10_000)
        )
    (whole,), (own,) = await _both(database)
    assert (own.fault, own.pv, own.battery, own.battery_known) == (1, 4700, 10_000, 1)
    assert (whole.systems, whole.pv, whole.pv_known) == (3, 4700, 1)
    async with database.begin() as connection:
        assert made.site_id
        site = await sites.by_id(connection, PLATFORM, made.site_id)
        assert site
        moved = evolve(site.place, latitude=-33.5)
        await sites.edit(connection, PLATFORM, site.id, moved, version=site.version, now=START)
        await connection.execute(
            update(systems).where(systems.c.sn == "GROUPED0000").values(country="AU")
        )
    (own, rest), _ = await _both(database)
    assert (own.country, own.place, rest.country, rest.systems) == ("AU", (-33.5, 13.25), "DE", 2)
    async with database.begin() as connection:
        await installations.remove(
            connection, PLATFORM, "GROUPED0000", version=made.version, reason="sold", now=START
        )
    (own, _), _ = await _both(database)
    assert (own.pv, own.placed) == (9000, 0)
    async with database.begin() as connection:
        await connection.execute(delete(systems).where(systems.c.sn == "GROUPED0001"))
        query = await groups.groups(connection, PLATFORM, ("country",), country="DE")
        assert [each.systems for each in query] == [1]
        assert await groups.groups(connection, EVA, ()) == []
    await _both(database)


async def test_what_frames_tell_is_kept(database: Database) -> None:
    registry = load()
    async with database.begin() as connection:
        given = Registration("ALREPORT0001", "smile5")
        record = await register(connection, registry, given, START)
        model = registry.system_of("smile5", "")
        assert model
        part = model.parts["inverter"]
        arrivals: list[Arrival] = []
        for channel in part.channels.values():
            told = {"battery_capacity_kwh": 10.1, "pv_capacity_storage": 8000}
            told["pv_capacity_grid_inverter"] = 1500
            values = [told.get(key) for key in channel.keys]
            ids = (record.id, record.sn, model, part, channel, 1, 1, START, START)
            arrivals.append(Arrival(*ids, late=False, body=b"", values=values, refused=()))
        known = {record.sn: record}
        found = reported.told(arrivals, known)
        assert found == {record.id: {"battery_reported": 10_100, "pv_reported": 9500}}
        await reported.keep(connection, found)
        kept = await by_sn(connection, record.sn)
        assert kept
        assert reported.told(arrivals, {record.sn: kept}) == {}
    ((whole,), _) = await _both(database)
    assert (whole.battery, whole.pv, whole.pv_known) == (10_100, 9500, 1)


def _group(**said) -> Group:
    blank = dict.fromkeys(SUMS, 0)
    return Group(**{"country": "", "product_id": "", "product_version": "", **blank, **said})


def test_nameplates_tell_what_nobody_reports(registry: Registry) -> None:
    product = registry.products["bench", "1.0.0"]
    bench = {"product_id": "bench", "product_version": "1.0.0"}
    found = installed(registry, [_group(**bench, normal=5, battery=9000, battery_known=2)])
    assert found["battery"] == Figure(9000, 2, 3)
    assert found["pv"] == Figure(0, 0, 5)
    plugin = registry.plugins[product.inverter.plugin]
    plate = Component("inverter", "Bench", ratings=(Rating("rated_power", 5, "kW"),))
    rated = Registry.of(
        {**registry.plugins, plugin.name: evolve(plugin, components=(plate,))},
        registry.products,
        (),
    )
    found = installed(
        rated,
        [
            _group(**bench, normal=5, inverter=4600, inverter_known=1),
            _group(product_id="gone", product_version="1", offline=2),
        ],
    )
    assert found["inverter"] == Figure(24_600, 5, 2)
