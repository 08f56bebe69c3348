"""System Fault Query and Code Analysis, of a plugin that nobody has seen."""

import csv
import io

import pytest

from core.journal import faults
from core.journal.faults import Closed
from tests.portal import unseen
from tests.portal.conftest import Site

HOUR = 3_600_000


async def listed(site: Site, **said: str):
    answer = await site.client.get("/faults.json", params=said)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


async def test_faults_are_told_by_their_declarations(site: Site):
    (row,) = await listed(site)
    assert (row["sn"], row["label"], row["severity"]) == (unseen.SN, "melting", "critical")
    assert (row["state"], row["closed_at"], row["advice"]) == ("active", None, "Cool it")
    page = (await site.client.get("/faults")).text
    assert f'href="/systems/{unseen.SN}"' in page
    assert "Cool it" in page


async def test_a_fault_that_ended_is_resolved(site: Site):
    (row,) = await listed(site)
    async with site.database.begin() as connection:
        await faults.note(connection, [Closed(1, "inverter", "melting", row["opened_at"] + HOUR)])
    assert await listed(site, state="active") == []
    several = f"{unseen.SN}|ZQ000"
    assert len(await listed(site, state="resolved", q=several)) == 1
    (row,) = await listed(site, state="resolved", severity="critical", q=unseen.SN[2:8].lower())
    assert row["closed_at"] - row["opened_at"] == HOUR
    answer = await site.client.get("/faults.csv", params={"state": "resolved"})
    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert line["opened_at_site"].startswith("2026-09-21 16:1")


@pytest.mark.parametrize(
    "said",
    [{"q": "ZZZ"}, {"severity": "info"}, {"code": "dust"}, {"slot": "battery"}, {"country": "AU"}],
)
async def test_filters_leave_out_the_others(site: Site, said: dict[str, str]):
    assert await listed(site, **said) == []


async def test_codes_tell_meaning_and_advice(site: Site):
    answer = (await site.client.get("/fault-codes.json", params={"q": "melt"})).json()
    (row,) = answer["rows"]
    assert (row["code"], row["advice"]) == ("melting", "Cool it")
    assert unseen.HOSTILE in row["doc"]
    whole = await site.client.get(f"/fault-codes/{unseen.NAME}:melting.json")
    assert whole.json()["told_by"] == "bit 2 of trouble"
    assert unseen.HOSTILE not in (await site.client.get("/fault-codes")).text
