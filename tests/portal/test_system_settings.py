"""System settings, and rules of the grid on pages: shown, edited, named when they refuse."""

from sqlalchemy import select

from core.access import PLATFORM
from core.accounts import users
from core.accounts.users import NewUser
from core.audit import entries
from core.fleet import end_users, installations, sites
from core.fleet.end_users import Contact
from core.fleet.installation_terms import Terms
from core.fleet.installations import Ownership
from core.fleet.sites import Place
from core.fleet.tables import sites as sites_table
from tests.portal import unseen
from tests.portal.conftest import NOW, PASSWORD, Site

PAGE = f"/systems/{unseen.SN}/settings"
COMMANDS = f"/systems/{unseen.SN}/commands"
LIMIT = f"{COMMANDS}/inverter/set_feed_limit"
RULE = {
    "country": "DE", "operator": "Northgrid", "kind": "max_export", "value": "2.5", "unit": "kW",
    "source": "Letter of 2026-03-02", "confidence": "A-",
}  # fmt: skip


async def install(site: Site, terms: Terms | None = None) -> None:
    async with site.database.begin() as connection:
        eva = await end_users.create(
            connection, PLATFORM, Contact("eva", "eva@example.org", "", "Eva", "Muster"), now=NOW
        )
        place = Place("Alm 4", "Weg 1", "10115", "Berlin", "Berlin", "DE", "Europe/Berlin")
        house = await sites.create(connection, PLATFORM, eva.id, place, now=NOW)
        owner = Ownership(eva.id, house.id)
        await installations.create(
            connection, PLATFORM, unseen.SN, owner, terms or Terms(pv_at_storage=5.0), now=NOW
        )


async def test_what_is_not_known_is_said_and_does_not_vanish(site: Site):
    page = (await site.client.get(PAGE)).text
    assert page.index("/settings") < page.index("Overview")
    said = (await site.client.get(f"{PAGE}.json")).json()
    basic = {each["name"]: each for each in said["basic"]}
    assert basic["sn"]["value"] == unseen.SN
    assert basic["country"]["value"] == "DE"
    for name in ("installation_date", "check_code", "role", "work.mode", "end_user_remark"):
        assert basic[name]["value"] is None, name
    assert page.count("not known") >= 5
    assert "Its product model has no command for it" in page
    assert "It stands at no site" in page
    sheet = (await site.client.get(f"{PAGE}.csv")).text
    assert "parameters,inverter.rated_power," in sheet


async def test_what_is_kept_and_reported_is_shown(site: Site):
    await install(site)
    said = (await site.client.get(f"{PAGE}.json")).json()
    basic = {each["name"]: each["value"] for each in said["basic"]}
    assert (basic["end_user"], basic["end_user_name"]) == ("eva", "Eva Muster")
    assert (basic["installed_pv"], basic["site_name"]) == (5, "Alm 4")
    rated = next(each for each in said["parameters"] if each["name"] == "inverter.rated_power")
    assert (rated["value"], rated["origin"]) == (9000, "declared")
    inverter = next(each for each in said["components"] if each["slot"] == "inverter")
    assert inverter["serial_number"]["value"] == 7
    page = (await site.client.get(PAGE)).text
    assert f'href="/systems/{unseen.SN}/explain/inverter/label_sum"' in page
    assert f'href="{COMMANDS}#form-inverter-set_feed_limit"' in page
    assert unseen.HOSTILE not in page


async def test_the_rule_stands_beside_the_field_and_bounds_it(site: Site):
    page = (await site.client.get(COMMANDS)).text
    assert "A rule of the grid is not checked, because the installed PV is not known:" in page
    await install(site)
    for address in (COMMANDS, PAGE):
        page = (await site.client.get(address)).text
        assert "The grid allows at most 3.5 kW:" in page
        assert "at most 70 % of the installed PV" in page
        assert "unverified" in page
    assert 'max="3500' in (await site.client.get(COMMANDS)).text


async def test_what_is_above_the_rule_is_refused_with_its_name(site: Site):
    await install(site)
    for address in (f"{LIMIT}/preview", LIMIT):
        answer = await site.post(address, COMMANDS, feed_limit="4000")
        assert answer.status_code == 422
        assert "4000 W is more than the grid allows" in answer.text
        assert "at most 3500 W" in answer.text
    assert (await site.client.get(f"{COMMANDS}.json")).json()["commands"] == []
    fitting = await site.post(f"{LIMIT}/preview", COMMANDS, feed_limit="3500")
    assert fitting.status_code == 200
    assert "grid rule: at most 3500 W" in fitting.text
    assert (await site.post(LIMIT, COMMANDS, feed_limit="3500")).status_code == 303


async def test_an_operators_rule_holds_where_the_site_names_it(site: Site):
    await install(site)
    made = await site.post("/grid-rules", "/grid-rules/new", **RULE)
    assert made.status_code == 303, made.text
    page = (await site.client.get(PAGE)).text
    assert "The grid allows at most 3.5 kW:" in page
    assert "which hold where its site names the operator" in page
    changed = await site.post(f"{PAGE}/operator", PAGE, network_operator="northgrid", version="1")
    assert changed.status_code == 303
    page = (await site.client.get(PAGE)).text
    assert "The grid allows at most 2.5 kW:" in page
    assert "Letter of 2026-03-02" in page
    answer = await site.post(f"{LIMIT}/preview", COMMANDS, feed_limit="3000")
    assert "Northgrid: at most 2.5 kW" in answer.text
    stale = await site.post(f"{PAGE}/operator", PAGE, network_operator="other", version="1")
    assert stale.status_code == 409
    long = await site.post(f"{PAGE}/operator", PAGE, network_operator="x" * 129, version="2")
    assert long.status_code == 422
    async with site.database.read() as connection:
        named = await connection.scalar(select(sites_table.c.network_operator))
        (entry, *_) = await entries.page(connection, PLATFORM, entries.Wanted(area="sites"))
    assert named == "northgrid"
    assert entry.new == {"network_operator": "northgrid"}


async def test_rules_are_edited_and_retired_by_those_who_make_products(site: Site):
    assert (await site.post("/grid-rules", "/grid-rules/new", **RULE)).status_code == 303
    wrong = await site.post(
        "/grid-rules", "/grid-rules/new", **{**RULE, "unit": "%", "value": "101"}
    )
    assert wrong.status_code == 422
    assert "is no share of the installed PV" in wrong.text
    listed = (await site.client.get("/grid-rules")).text
    assert "Northgrid" in listed
    assert "at most 70 % of the installed PV" in listed
    retired = await site.post(
        "/grid-rules/act/retire", "/grid-rules", key="1", _step="go", _reason="revoked"
    )
    assert retired.status_code == 200
    assert (await site.client.get("/grid-rules.json")).json()["rows"] == []
    async with site.database.read() as connection:
        found = await entries.page(connection, PLATFORM, entries.Wanted(area="grid_rules"))
    assert [each.action for each in found] == ["retire", "create"]


async def test_who_may_only_look_edits_no_rule_and_no_operator(site: Site):
    await install(site)
    given = NewUser("otto", PASSWORD, "A", ("read_only",))
    await users.create(site.database.begin, PLATFORM, given, site.clock.now)
    await site.post("/sign-out", "/account")
    assert (await site.sign_in("otto")).status_code == 303
    page = (await site.client.get(PAGE)).text
    assert "Network operator of the site" not in page
    assert "/grid-rules/new" not in (await site.client.get("/grid-rules")).text
    refused = await site.post(f"{PAGE}/operator", "/account", network_operator="x", version="1")
    assert refused.status_code == 403
    assert (await site.post("/grid-rules", "/account", **RULE)).status_code == 403
