"""SN management: made, listed, allocated, changed and revealed in the portal."""

import re
import time
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


async def send(site: Site, text: bytes, name: str = "sns.csv"):
    data = {"_csrf_token": await site.csrf("/dead-letters")}
    return await site.client.post(f"{LIST}/import", data=data, files={"file": (name, text)})


async def test_a_file_is_tried_first_and_then_taken_in(ruled: Site) -> None:
    tried = await send(
        ruled, "\ufeffsn;category\nAL2002021070001;micro\nAL2002021070002;\n".encode()
    )
    assert tried.status_code == 200, tried.text
    assert "All rows are right: 2" in tried.text
    assert await listed(ruled) == []
    where = re.search(rf'action="({LIST}/import/\w+)"', tried.text)
    assert where
    done = await ruled.post(where[1])
    assert done.status_code == 303
    assert [row["category"] for row in await listed(ruled)] == ["micro", "residential"]
    assert (await ruled.post(where[1])).status_code == 404


async def test_every_wrong_row_is_reported_however_many(ruled: Site) -> None:
    text = b"sn\n" + b"=no\n" * 100_000
    began = time.process_time()
    tried = await send(ruled, text)
    assert time.process_time() - began < 20
    assert tried.status_code == 422
    assert re.search(r"100.000 of 100.000 rows are wrong", tried.text)
    assert len(tried.text) < 50_000
    link = re.search(rf'href="({LIST}/import/\w+/wrong)"', tried.text)
    assert link
    report = (await ruled.client.get(link[1])).text.splitlines()
    assert len(report) == 100_001
    assert report[-1].startswith("100001,'=NO' is not a serial number,")
    assert await listed(ruled) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"", "no column"), (b"\xff\xfe\x00", "no CSV in UTF-8"), (b"number\n1\n", "no column")],
)
async def test_what_is_no_such_file(ruled: Site, text: bytes, said: str) -> None:
    refused = await send(ruled, text)
    assert refused.status_code == 422
    assert said in refused.text
