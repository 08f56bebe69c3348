"""The head of a device's page: its link, its neighbours in the list it came from, fixed times."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest

from portal.along import along
from tests.portal import unseen
from tests.portal.conftest import Site

SNS = (unseen.SN, "ZQ9000000002", "ZQ9000000003")


LISTED = {"list": "sort=-sn&country=DE"}
ASKED = urlencode(LISTED)
OWN = f"/systems/{unseen.SN}"


@pytest.mark.parametrize(
    ("path", "referer", "location", "leads"),
    [
        (
            f"{OWN}/logs/repairs",
            f"http://x{OWN}/logs?{ASKED}",
            f"{OWN}/logs",
            f"{OWN}/logs?{ASKED}",
        ),
        (OWN, f"{OWN}?tz=utc&{ASKED}", f"{OWN}?done=1#home", f"{OWN}?done=1&{ASKED}#home"),
        (OWN, f"{OWN}?{ASKED}", f"{OWN}?list=q%3DA", f"{OWN}?list=q%3DA"),
        (OWN, f"{OWN}?tz=utc", f"{OWN}/logs", f"{OWN}/logs"),
        (OWN, f"{SNS[1]}?{ASKED}", f"{OWN}/logs", f"{OWN}/logs"),
        (OWN, f"{OWN}?{ASKED}", f"/systems/{SNS[1]}", f"/systems/{SNS[1]}"),
        (OWN, f"{OWN}?{ASKED}", f"https://else.where{OWN}", f"https://else.where{OWN}"),
        ("/account", f"{OWN}?{ASKED}", f"{OWN}/logs", f"{OWN}/logs"),
        (OWN, f"{OWN}X?{ASKED}", f"{OWN}/logs", f"{OWN}/logs"),
    ],
)
def test_a_form_leads_along_the_list(path: str, referer: str, location: str, leads: str):
    assert along(path, referer, location) == leads


async def test_a_repair_leads_back_with_the_list(site: Site):
    page = f"{OWN}/logs?{ASKED}"
    data = {"_csrf_token": await site.csrf(page), "remark": "Fan"}
    answer = await site.client.post(
        f"{OWN}/logs/repairs", data=data, headers={"referer": f"http://testserver.local{page}"},
        follow_redirects=False,
    )  # fmt: skip
    assert answer.headers["location"] == f"{OWN}/logs?kind=repair&{ASKED}"


async def test_relative_times_of_a_list_are_fixed_by_a_key(site: Site):
    asked = "country=DE&last_frame_at.from=now-24h&last_frame_at.to=2026-12-01&sort=-sn"
    page = (await site.client.get(f"/systems?{asked}")).text
    fixed = re.search(r'data-key="y" href="([^"]+)"', page)
    assert fixed
    assert unescape(fixed[1]) == (
        "/systems?country=DE&last_frame_at.from=2026-09-20T14:13:20.000Z"
        "&last_frame_at.to=2026-12-01&sort=-sn"
    )
    assert (await site.client.get(unescape(fixed[1]))).status_code == 200
    for plain in ("/systems", "/systems?last_frame_at.from=2026-12-01", "/systems?site=nowhere"):
        assert 'data-key="y"' not in (await site.client.get(plain)).text


async def neighbours(site: Site, path: str) -> list[str]:
    page = (await site.client.get(path)).text
    found = re.search(r'hx-get="(/systems/\w+/neighbours[^"]*)"', page)
    assert found, page[:3000]
    answer = await site.client.get(unescape(found[1]))
    assert answer.status_code == 200
    return [unescape(link) for link in re.findall(r'data-key="[pn]" href="([^"]+)"', answer.text)]


async def test_a_page_knows_the_list_it_was_opened_from(site: Site):
    for sn in SNS[1:]:
        await site.register(sn)
    for query in ("", "?sort=-sn", "?country=DE&sort=-registered_at"):
        page = (await site.client.get(f"/systems{query}")).text
        links = [unescape(each) for each in re.findall(r'<th [^>]*><a href="([^"]+)"', page)]
        links = [each for each in links if each.startswith("/systems/ZQ")]
        assert len(links) == 3, links
        assert await neighbours(site, links[0]) == [links[1]], query
        assert await neighbours(site, links[1]) == [links[0], links[2]], query
        assert await neighbours(site, links[2]) == [links[1]], query
    tab = links[1].replace("/settings", "/logs")
    assert await neighbours(site, tab) == [
        each.replace("/settings", "/logs") for each in (links[0], links[2])
    ]
    plain = (await site.client.get(f"/systems/{unseen.SN}")).text
    assert "/neighbours" not in plain
    assert "Copy link" in plain
    assert f'data-key="y" href="/systems/{unseen.SN}?range=day&amp;at=2026-09-21#charts"' in plain
    logs = (await site.client.get(f"/systems/{unseen.SN}/logs?from=now-24h")).text
    fixed = re.search(r'data-key="y" href="([^"]+)"', logs)
    assert fixed
    assert "from=2026-09-20T14%3A13%3A20.000Z" in fixed[1]
    assert "to=2026-09-21T14%3A13%3A20.000Z" in fixed[1]
    odd = await site.client.get(f"/systems/{unseen.SN}/neighbours?list=gossip%3D1")
    assert "data-key" not in odd.text
