"""Saved views: parts that leave each other alone, sharing, and what a list opens with."""

import html
import re

from core.access import Access
from core.views import views
from core.views.views import NewView
from tests.portal.conftest import Site
from tests.portal.test_resources import send, shop, workbench

__all__ = ["shop", "workbench"]


async def link_of(shop: Site, name: str, query: str = "") -> str:
    """Where a view leads from a list as it is."""
    page = await shop.client.get(f"/tools?{query}", follow_redirects=True)
    found = re.search(rf'<a href="([^"]+)"[^>]*>{name}</a>', page.text)
    assert found, name
    return html.unescape(found[1])


async def test_a_view_changes_what_it_keeps_and_nothing_else(shop: Site):
    query = "kind=saw&q=tool&sort=-weight&columns=name,kind&at=x"
    saved = {"heavy": ["sort"], "saws": ["filters"], "short": ["columns"], "whole": None}
    for name, some in saved.items():
        parts = some or ["filters", "columns", "sort"]
        answer = await send(shop, "/tools/views", name=name, parts=parts, _query=query)
        assert answer.status_code == 303, answer.text
    here = "kind=file&sort=made_at&columns=weight"
    assert (await link_of(shop, "heavy", here)).startswith(
        "/tools?kind=file&sort=-weight&columns=weight&view="
    )
    assert (await link_of(shop, "saws", here)).startswith(
        "/tools?kind=saw&q=tool&sort=made_at&columns=weight&view="
    )
    assert (await link_of(shop, "short", here)).startswith(
        "/tools?kind=file&sort=made_at&columns=name,kind&view="
    )
    whole = await link_of(shop, "whole", here)
    assert whole.startswith("/tools?kind=saw&q=tool&sort=-weight&columns=name,kind&view=")
    assert (await shop.client.get(whole)).status_code == 200


async def test_a_list_opens_with_the_view_that_was_chosen(shop: Site):
    fields = {"name": "saws", "parts": "filters", "opens": "yes", "_query": "kind=saw"}
    await send(shop, "/tools/views", **fields)
    answer = await shop.client.get("/tools", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/tools?kind=saw&view=")
    assert (await shop.client.get("/tools?view=none", follow_redirects=False)).status_code == 200
    await send(shop, "/tools/views/open", view="")
    assert (await shop.client.get("/tools", follow_redirects=False)).status_code == 200


async def test_a_view_is_removed_by_its_owner(shop: Site):
    answer = await send(shop, "/tools/views", name="saws", parts="filters", _query="kind=saw")
    view = re.search(r"view=(\d+)", answer.headers["location"])[1]
    assert (await send(shop, f"/tools/views/{view}/remove")).status_code == 303
    assert (await send(shop, f"/tools/views/{view}/remove")).status_code == 404
    assert "saws" not in (await shop.client.get("/tools")).text


async def test_what_cannot_be_saved_is_said(shop: Site):
    for fields, said in (
        ({"name": "", "parts": "filters"}, "is no name"),
        ({"name": "x" * 65, "parts": "filters"}, "is no name"),
        ({"name": "x"}, "nothing is to be kept"),
    ):
        answer = await send(shop, "/tools/views", _query="kind=saw", **fields)
        assert answer.status_code == 400
        assert said in answer.text
    assert (await send(shop, "/tools/views/open", view="77")).status_code == 400


async def test_views_are_shared_within_a_company_only(shop: Site):
    grants = frozenset({"views:*"})
    ann, ben = (Access(n, f"user{n}", "B", 7, grants) for n in (101, 102))
    eve = Access(103, "eve", "B", 8, grants)
    async with shop.database.begin() as connection:
        given = NewView("tools", "ours", shared=True, filters="kind=saw")
        await views.save(connection, ann, given, 1)
        await views.save(connection, ann, NewView("tools", "mine", sort="name"), 1)
        seen = {
            who.name: [view.name for view in await views.of_resource(connection, who, "tools")]
            for who in (ann, ben, eve)
        }
        shared = await views.of_resource(connection, ben, "tools")
        assert not await views.remove(connection, ben, shared[0].id)
    assert seen == {"user101": ["mine", "ours"], "user102": ["ours"], "eve": []}
