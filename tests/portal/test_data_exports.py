"""Asking for data: the form, what is wrong with it, and the file that comes of it."""

import csv
import re
from urllib.parse import urlencode

import pytest

from portal.resource.jobs import Jobs
from tests.portal import unseen
from tests.portal.conftest import Site

SPAN = {"from": "2026-09-20", "to": "2026-09-22", "format": "csv"}


async def ask(site: Site, counter: str, **fields: str | list[str]):
    token = await site.csrf(f"/data/{counter}")
    return await site.client.post(
        f"/data/{counter}",
        content=urlencode({"_csrf_token": token, **SPAN, **fields}, doseq=True),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        follow_redirects=False,
    )


@pytest.fixture
async def told(site: Site) -> Site:
    """A system that sent three frames."""
    await site.register()
    for _ in range(3):
        site.clock.now += 60_000
        await site.hear(unseen.frame())
    return site


async def test_datapoints_are_offered_once_the_systems_are_known(told: Site):
    answer = await ask(told, "readings", dataset="readings", sns=unseen.SN.lower())
    assert answer.status_code == 200, answer.text
    points = re.findall(r'name="points" value="([^"]+)"', answer.text)
    system = told.registry.system_of("zephyr-q9", "1.0.0")
    assert system
    declared = list(system.parts["inverter"].datapoints)
    assert [point.partition(".")[2] for point in points] == [
        key for key in declared if f"inverter.{key}" in points
    ]
    assert len(points) == len(set(points)) > 2
    assert unseen.SN.lower() in answer.text, "what was typed stays"
    again = await ask(told, "readings", dataset="readings", sns=unseen.SN, choosing="yes")
    assert again.status_code == 422
    assert "no datapoint is chosen" in again.text


async def test_the_worker_writes_what_was_chosen(told: Site):
    answer = await ask(told, "readings", dataset="readings", sns=unseen.SN)
    points = re.findall(r'name="points" value="([^"]+)"', answer.text)[:2]
    answer = await ask(
        told, "readings", dataset="readings", sns=unseen.SN, choosing="yes", points=points
    )
    assert answer.status_code == 303, answer.text
    page = answer.headers["location"]
    assert await Jobs(told.app.state.services, {}.get).work()
    shown = await told.client.get(page)
    assert f"{page}/file" in shown.text
    file = await told.client.get(f"{page}/file")
    assert file.headers["content-disposition"].endswith('.csv"')
    rows = list(csv.reader(file.text.splitlines()))
    assert len(rows) == 1 + 4, "the site had heard one before"
    assert [name.partition(" (")[0] for name in rows[0][5:]] == points


async def test_what_is_wrong_is_said_in_place_and_nothing_is_asked_for(told: Site):
    answer = await ask(told, "reports", dataset="energy-details", sns=unseen.SN, to="2027-01-01")
    assert answer.status_code == 422
    assert "104 days are asked for, 31 are allowed at once" in answer.text
    assert unseen.SN in answer.text
    wrong = await ask(told, "reports", dataset="readings", sns=unseen.SN)
    assert wrong.status_code == 422
    assert not await Jobs(told.app.state.services, {}.get).work()


async def test_systems_that_fit_filters_are_meant_together(told: Site):
    form = await told.client.get("/data/five-minutes", params={"systems": "status=offline"})
    assert 'value="status=offline" checked' in form.text
    answer = await ask(told, "five-minutes", dataset="five-minutes", sns="", systems="q=NOSUCH")
    assert answer.status_code == 422
    assert "no system is named" in answer.text
    all_ = await ask(told, "five-minutes", dataset="five-minutes", sns="", systems="country=DE")
    assert all_.status_code == 303
