"""Product configurations: the submenus of what plugins declare, over those that ship."""

import pytest

from core.accounts import users
from core.host import load
from core.registry import Registry
from portal.resource.declared import Resource
from portal.resources.configurations import RESOURCES
from tests.portal.conftest import PASSWORD, Site


@pytest.fixture
def unseen_registry() -> Registry:
    """The plugins that ship, in the place of one that nobody has seen."""
    return load()


@pytest.fixture
async def shipped(stranger: Site) -> Site:
    """A portal over the plugins that ship, at which the first user is signed in."""
    async with stranger.database.begin() as connection:
        token = await users.create_setup_token(connection, stranger.clock.now)
    assert token
    await users.set_up(stranger.database.begin, token, "ada", PASSWORD, stranger.clock.now)
    assert (await stranger.sign_in()).status_code == 303
    return stranger


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.id)
async def test_a_kind_is_listed_with_details_and_twins(shipped: Site, resource: Resource):
    listed = (await shipped.client.get(f"{resource.path}.json")).json()
    assert listed["total"] == len(listed["rows"]) or listed["next"]
    row = listed["rows"][0]
    path = f"{resource.path}/{row['id']}"
    page = await shipped.client.get(path)
    assert page.status_code == 200
    assert str(row[resource.columns[0].id]) in page.text
    shown = (await shipped.client.get(f"{path}.json")).json()
    assert shown["plugin"] in shipped.registry.plugins
    assert shown["sources"]
    sheet = await shipped.client.get(f"{resource.path}.csv")
    assert len(sheet.text.splitlines()) > 1


async def test_a_rating_is_in_the_lists_unit_and_stated_with_its_source(shipped: Site):
    rows = (await shipped.client.get("/inverters.json")).json()["rows"]
    kilo = {"kW": 1, "W": 1000}
    told = {
        f"{plugin.name}.{component.variant}".rstrip("."): rating.value / kilo[rating.unit]
        for plugin in shipped.registry.plugins.values()
        for component in plugin.components
        for rating in component.ratings
        if rating.name == "rated_power"
    }
    rated = {row["id"]: row["rated_power"] for row in rows if row["rated_power"] is not None}
    assert rated
    assert rated.items() <= told.items()


async def test_a_grid_specification_keeps_its_pictures(shipped: Site):
    found = (await shipped.client.get("/grid-specs.json?country=DE")).json()["rows"]
    assert all("DE" in row["countries"] for row in found)
    page = (await shipped.client.get(f"/grid-specs/{found[0]['id']}")).text
    assert "grid-picture" in page
