"""NMI Registration as people see it."""

import re

import pytest
from sqlalchemy import update

from core.fleet.tables import systems
from tests.portal import unseen
from tests.portal.conftest import Site


@pytest.fixture
async def sunny(site: Site) -> Site:
    """A portal whose system stands in Australia."""
    async with site.database.begin() as connection:
        await connection.execute(update(systems).values(country="AU"))
    return site


async def listed(site: Site, **said: str):
    answer = await site.client.get("/nmi.json", params=said)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


async def enter(site: Site, **said: str):
    return await site.post("/nmi", "/nmi/new", **{"sn": unseen.SN.lower(), **said})


async def test_an_nmi_is_entered_submitted_and_confirmed(sunny: Site) -> None:
    made = await enter(sunny, nmi="20019857328", operator="SAPN")
    assert made.status_code == 303, made.text
    (row,) = await listed(sunny, nmi="2001", state="unregistered", q=unseen.SN[3:8])
    assert (row["nmi"], row["checksum"], row["operator"]) == ("2001985732", 8, "SAPN")
    for action in ("submit", "confirm"):
        done = await sunny.post(
            f"/nmi/act/{action}", f"/nmi/{unseen.SN}", key=unseen.SN, _step="go"
        )
        assert done.status_code in (200, 303), done.text
    assert (await listed(sunny))[0]["state"] == "registered"
    page = (await sunny.client.get(f"/nmi/{unseen.SN}")).text
    assert "Registered" in page
    assert "2001985732" in page


@pytest.mark.parametrize(
    ("nmi", "said"), [("20019857327", "does not fit"), ("OAAAVZZZZZ", "is no NMI")]
)
async def test_a_wrong_nmi_stays_in_the_form(sunny: Site, nmi: str, said: str) -> None:
    wrong = await enter(sunny, nmi=nmi)
    assert wrong.status_code == 422
    assert said in wrong.text
    assert nmi in wrong.text
    assert await listed(sunny) == []


async def test_only_in_australia(site: Site) -> None:
    wrong = await enter(site, nmi="2001985732")
    assert wrong.status_code == 422
    assert "stands in DE" in wrong.text


async def test_a_file_of_nmis_is_tried_and_taken_in(sunny: Site) -> None:
    data = {"_csrf_token": await sunny.csrf("/nmi/import")}
    text = f"sn,nmi,operator\n{unseen.SN},20019857328,SAPN\n".encode()
    tried = await sunny.client.post("/nmi/import", data=data, files={"file": ("nmi.csv", text)})
    assert tried.status_code == 200, tried.text
    where = re.search(r'action="(/nmi/import/\w+)"', tried.text)
    assert where
    done = await sunny.post(where[1])
    assert done.status_code == 303
    assert len((await sunny.client.get(done.headers["location"])).text) > 0
    assert [row["nmi"] for row in await listed(sunny)] == ["2001985732"]
