"""SN management: made, listed, allocated, changed and revealed in the portal."""

import re
from pathlib import Path

import attrs
import pytest

from core.access import PLATFORM
from core.audit import entries
from core.companies import companies
from core.companies.details import Details
from core.registry import Registry
from portal.services import Services
from tests.portal.conftest import NOW, Site

LIST = "/serial-numbers"
ORDER = {"product_id": "zephyr-q9", "count": "3", "category": "residential", "length": "12"}


@pytest.fixture
async def ruled(site: Site) -> Site:
    """A portal whose product model has a rule for serial numbers, and a secret key."""
    services: Services = site.app.state.services
    known = {k: attrs.evolve(p, sn_rules=("ZQ*",)) for k, p in site.registry.products.items()}
    await services.adopt(Registry.of(site.registry.plugins, known, ()))
    services.settings = attrs.evolve(services.settings, secret_key="ab" * 32)
    return site


async def listed(site: Site, query: str = "") -> list[dict[str, object]]:
    answer = await site.client.get(f"{LIST}.json{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rows"])


async def act(site: Site, action: str, *sns: str, **fields: str):
    data = {"key": list(sns), "_csrf_token": await site.csrf("/dead-letters"), "_step": "go"}
    return await site.client.post(f"{LIST}/act/{action}", data={**data, **fields})


async def test_generated_allocated_and_changed_in_bulk(ruled: Site) -> None:
    made = await ruled.post(LIST, **ORDER)
    assert made.status_code == 303
    query = "?" + made.headers["location"].partition("?")[2].removesuffix("&done=made")
    rows = await listed(ruled, query)
    assert [row["sn"] for row in rows] == ["ZQ0000000001", "ZQ0000000002", "ZQ0000000003"]
    one, two, _three = (str(row["sn"]) for row in rows)
    async with ruled.database.begin() as connection:
        sun = Details("Sun", "installer", mail="a@sun.example")
        await companies.create(connection, PLATFORM, sun, now=NOW)
    done = await act(ruled, "allocate", one, two, company="sun")
    assert "2 serial numbers" in re.sub(r"\s+", " ", done.text)
    assert [row["sn"] for row in await listed(ruled, "?company=sun")] == [one, two]
    await act(ruled, "activate", one, two, _reason="sold")
    assert [row["sn"] for row in await listed(ruled, "?state=activated")] == [one, two]
    again = await act(ruled, "activate", one, _reason="sold")
    assert "left out" in again.text
    nobody = await act(ruled, "allocate", one, company="Moon")
    assert "is no company" in nobody.text


async def test_a_check_code_is_seen_once_asked_for_and_that_is_recorded(ruled: Site) -> None:
    await ruled.post(LIST, **{**ORDER, "count": "1"})
    (row,) = await listed(ruled)
    page = await ruled.client.get(f"{LIST}/{row['sn']}")
    shown = await act(ruled, "reveal", str(row["sn"]))
    found = re.search(r'<p class="mono handed">([0-9A-Z]{10})</p>', shown.text)
    assert found
    assert found[1] not in page.text
    async with ruled.database.read() as connection:
        said = await entries.page(connection, PLATFORM, entries.Wanted(action="reveal"))
    assert [(entry.user_name, entry.object_id) for entry in said] == [("ada", row["sn"])]
    assert found[1] not in str(said)


async def test_without_a_secret_key_no_number_is_made(ruled: Site) -> None:
    services: Services = ruled.app.state.services
    services.settings = attrs.evolve(services.settings, secret_key="", data=Path("/nowhere"))
    refused = await ruled.post(LIST, **ORDER)
    assert refused.status_code == 422
    assert "THINGWRIGHT_SECRET_KEY" in refused.text
    assert await listed(ruled) == []
