"""Rules of the grid: which of them hold where, what they allow, and what is refused by them."""

import attrs
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from core.access import PLATFORM, Access, AccessError
from core.accounts.roles import OPERATIONS, grants_of
from core.audit import entries
from core.commanding import commands, giving, instructions, orders
from core.commanding.grid_limits import GridLimits
from core.commanding.orders import Order
from core.commanding.parameters import check
from core.commanding.records import CommandRequest
from core.fleet import end_users, installations, sites, systems
from core.fleet.connections import connections_of
from core.fleet.end_users import Contact
from core.fleet.installation_terms import Terms
from core.fleet.installations import Ownership
from core.fleet.sites import Place
from core.fleet.systems import Registration
from core.host import load
from core.products import grid_rules
from core.products.grid_rules import Said
from core.records import ConflictError, RequestError
from core.registry import Registry
from core.runtime.database import Database
from core.thing_model.datapoint import Datapoint
from core.thing_model.grid_rules import (
    GridConnection,
    GridRule,
    bounds_of,
    lifted,
    rules_of,
    rules_of_operators,
)
from tests.devices import START

SN, OTHER = "BENCH0000001", "BENCH0000002"
ANN = Access(1, "ann", "A", None, OPERATIONS)
PIA = Access(2, "pia", "A", None, grants_of("A", ["product"]))
SHARE = GridRule("max_export", 70, "%", "installed_pv_power", "DE", name="VDE")
POWER = GridRule("max_export", 5, "kW", "connection_point", "AU", "Northgrid")
IN_WATTS = Datapoint("limit", "W", trait="export.limit")
IN_PERCENT = Datapoint("limit", "%", trait="export.limit", share_of="installed_pv_power")
HOUSE = Place("Alm 4", country="DE", timezone="Europe/Berlin")
NORTH = Said("DE", "max_export", 4, "kW", "Northgrid", "letter of 2026-03-02", "A-")


def highest(rule: GridRule, at: GridConnection, datapoint: Datapoint) -> float | str | None:
    (found,) = bounds_of([rule], at, datapoint)
    return found.missing or found.highest


def test_a_rule_is_told_in_the_unit_of_the_setting() -> None:
    ten, unknown = GridConnection("DE", pv_power=10_000), GridConnection("DE")
    assert highest(SHARE, ten, IN_WATTS) == 7_000
    assert highest(SHARE, ten, attrs.evolve(IN_WATTS, unit="kW")) == 7
    assert highest(SHARE, unknown, IN_PERCENT) == 70
    assert highest(SHARE, unknown, IN_WATTS) == "the installed PV is not known"
    north = GridConnection("AU", "NORTHGRID", 10_000)
    assert highest(POWER, north, IN_WATTS) == 5_000
    assert highest(POWER, north, IN_PERCENT) == 50
    assert "not known" in str(highest(POWER, attrs.evolve(north, pv_power=0.0), IN_PERCENT))
    unsaid = Datapoint("limit", "%", trait="export.limit")
    assert "not published" in str(highest(SHARE, ten, unsaid))
    of_rated = Datapoint("limit", "%", trait="export.limit", share_of="rated_power")
    assert highest(SHARE, ten, of_rated) == "the setting is a share of rated power"


def test_a_name_alone_binds_nothing() -> None:
    for free in (Datapoint("max_feed_in", "W"), Datapoint("buy", "W", trait="import.limit")):
        assert bounds_of([SHARE], GridConnection("DE", pv_power=10_000), free) == ()


def test_the_most_specific_rule_holds() -> None:
    own = attrs.evolve(SHARE, value=60, id=1)
    theirs = attrs.evolve(POWER, country="DE", value=3)
    at = GridConnection("DE", "northgrid")
    assert rules_of([SHARE, own, theirs], at) == (theirs,)
    assert rules_of([SHARE, own, theirs], GridConnection("DE")) == (own,)
    assert rules_of([SHARE, theirs], GridConnection("DE", "Southgrid")) == (SHARE,)
    assert rules_of([SHARE, theirs], GridConnection("FR")) == ()
    assert rules_of([SHARE, theirs], GridConnection("")) == ()
    assert rules_of_operators([SHARE, theirs], GridConnection("DE")) == (theirs,)


def test_a_limit_is_given_up_only_where_no_rule_asks_for_it() -> None:
    at = GridConnection("DE")
    assert list(lifted([SHARE], at, "max_export")) == [SHARE]
    assert not list(lifted([attrs.evolve(SHARE, value=100)], at, "max_export"))
    assert not list(lifted([SHARE], at, "max_import"))
    part = (registry := load(strict=True)).system(registry.newest["goodwe-et"]).parts["inverter"]
    checked = check(part, part.commands["lift_grid_export_limit"], {})
    assert checked.frame
    (problem,) = GridLimits((SHARE,), {1: at}).problems(1, part, checked)
    assert "VDE, DE: at most 70 % of the installed PV" in problem.what
    assert not list(GridLimits((SHARE,), {1: GridConnection("FR")}).problems(1, part, checked))


def test_declared_rules_are_told_once_and_only_where_they_hold() -> None:
    found = grid_rules.declared(load(strict=True))
    assert [(r.country, r.operator, r.value, r.unit, r.confidence) for r in found] == [
        ("AU", "some distribution operators (DNSP)", 5, "kW", "C"),
        ("DE", "", 70, "%", "C"),
    ]
    assert "VDE-AR-N 4105" in found[1].name
    assert found[1].source


async def test_rules_are_made_edited_and_retired(database: Database, registry: Registry) -> None:
    async with database.begin() as connection:
        with pytest.raises(AccessError):
            await grid_rules.create(connection, ANN, NORTH, now=START)
        made = await grid_rules.create(connection, PIA, NORTH, now=START)
        again = attrs.evolve(NORTH, operator="NORTHGRID")
        with pytest.raises(RequestError, match="has such a rule already"):
            await grid_rules.create(connection, PIA, again, now=START)
        lower = attrs.evolve(NORTH, value=3)
        edited = await grid_rules.edit(connection, PIA, made.id, lower, version=1, now=START + 1)
        with pytest.raises(ConflictError):
            await grid_rules.edit(connection, PIA, made.id, NORTH, version=1, now=START + 2)
        (rule,) = await grid_rules.all_of(connection, registry)
        assert (rule.value, rule.operator, rule.id) == (3, "Northgrid", made.id)
        end = {"version": edited.version, "reason": "revoked", "now": START + 3}
        assert (await grid_rules.retire(connection, PIA, made.id, **end)).state == "retired"
        assert await grid_rules.all_of(connection, registry) == ()
        with pytest.raises(RequestError, match="is retired"):
            await grid_rules.edit(connection, PIA, made.id, lower, version=3, now=START + 4)
        await grid_rules.create(connection, PIA, again, now=START + 5)
        wanted = entries.Wanted(area="grid_rules", object_id=str(made.id))
        said = [e.action for e in await entries.page(connection, PLATFORM, wanted)]
        assert said == ["retire", "edit", "create"]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"country": "de"}, "country"),
        ({"kind": "most"}, "kind"),
        ({"unit": "A"}, "unit"),
        ({"unit": "%", "value": 101}, "value"),
        ({"value": -1}, "value"),
        ({"kind": "max_import", "unit": "%"}, "unit"),
        ({"source": " "}, "source"),
        ({"confidence": "certain"}, "confidence"),
        ({"operator": "x" * 129}, "operator"),
    ],
)
async def test_what_a_rule_cannot_say(
    database: Database, wrong: dict[str, object], where: str
) -> None:
    async with database.begin() as connection:
        with pytest.raises(RequestError) as refused:
            await grid_rules.create(connection, PIA, attrs.evolve(NORTH, **wrong), now=START)
        assert [problem.where for problem in refused.value.problems] == [where]


async def test_what_the_grid_does_not_allow_is_refused_with_the_rule_named(
    database: Database, registry: Registry
) -> None:
    async with database.begin() as connection:
        ids = await _fleet(connection, registry)
        at = await connections_of(connection, ids)
        assert at[ids[0]] == GridConnection("DE", "Northgrid", 9_500)
        assert at[ids[1]] == GridConnection("DE")
        await grid_rules.create(connection, PIA, NORTH, now=START)
        await grid_rules.create(
            connection, PIA, Said("DE", "max_export", 70, "%", source="test", confidence="C"),
            now=START,
        )  # fmt: skip
        order = Order(CommandRequest("inverter", "set_export_limit", {"export_limit": 4500}), [SN])
        trial = await orders.dry_run(connection, registry, ANN, order, START)
        (tried,) = trial.systems
        assert not tried.frame
        (problem,) = tried.problems
        assert "4500 W is more than the grid allows (DE, Northgrid: at most 4 kW)" in str(problem)
        assert problem.hint == "at most 4000 W"
        with pytest.raises(RequestError, match="Northgrid"):
            await giving.give(connection, registry, ANN, order, START)

        both = attrs.evolve(order, sns=[SN, OTHER], partial=True)
        trial = await orders.dry_run(connection, registry, ANN, both, START)
        assert [each.sn for each in trial.ready] == [OTHER]
        (note,) = trial.ready[0].notes
        assert note.startswith("not checked by a grid rule, the installed PV is not known")
        assert note.endswith("(DE: at most 70 % of the installed PV)")


async def test_the_journal_and_the_audit_name_the_rule_that_held(
    database: Database, registry: Registry
) -> None:
    async with database.begin() as connection:
        await _fleet(connection, registry)
        await grid_rules.create(connection, PIA, NORTH, now=START)
        wanted = CommandRequest("inverter", "set_export_limit", {"export_limit": 4000})
        made = await giving.give(connection, registry, ANN, Order(wanted, [SN]), START)
        ((_, record),) = await instructions.commands_of(connection, ANN, made.id)
        (step,) = await commands.transitions_of(connection, record.id)
        assert step.reason == "grid rule: at most 4000 W (DE, Northgrid: at most 4 kW)"
        assert record.reason == ""
        (entry, *_) = await entries.page(connection, PLATFORM, entries.Wanted(area="commands"))
        assert entry.new["grid_rules"] == [step.reason]


async def _fleet(connection: AsyncConnection, registry: Registry) -> list[int]:
    """One system with PV in the network of an operator, and one of a known country only."""
    found = [
        await systems.register(connection, registry, Registration(sn, "bench", country="DE"), START)
        for sn in (SN, OTHER)
    ]
    eva = await end_users.create(connection, PLATFORM, Contact("Eva"), now=START)
    place = attrs.evolve(HOUSE, network_operator="Northgrid")
    house = await sites.create(connection, PLATFORM, eva.id, place, now=START)
    owner, terms = Ownership(eva.id, house.id), Terms(pv_at_storage=7.5, pv_at_inverter=2.0)
    await installations.create(connection, PLATFORM, SN, owner, terms, now=START)
    return [each.id for each in found]
