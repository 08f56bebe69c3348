"""Messages that could not be delivered are told of: above pages, by `/healthz`, in the metrics."""

from attrs import evolve

from core.access import PLATFORM
from core.notifications import outbox
from core.upkeep.health import UNDELIVERED
from tests.portal.browsing import WAITS
from tests.portal.conftest import Site

PLACE = "/sent-messages?state=failed&amp;created_at.from=now-7d"


async def test_what_was_given_up_is_told_with_its_place_until_it_is_sent_again(site: Site):
    services = site.app.state.services
    async with site.database.begin() as connection:
        await outbox.queue(connection, [WAITS], site.clock.now)
        (claimed,) = await outbox.claim(connection, site.clock.now, 1)
        await outbox.note_failed(connection, claimed, "no such user", site.clock.now, final=True)
    said = (await site.client.get("/healthz")).json()
    assert UNDELIVERED in said["conditions"]
    page = (await site.client.get("/account")).text
    assert "that could not be delivered: 1" in page
    assert PLACE in page
    assert "1 message" in (await site.client.get(PLACE.replace("&amp;", "&"))).text
    company = evolve(PLATFORM, user_type="B", company_id=7)
    told = [news.condition.code for news in services.watch.news(company)]
    assert UNDELIVERED not in told, "it is not of a rule of theirs"
    services.watch.given_up = {None: 1, 7: 2}
    (theirs,) = [n for n in services.watch.news(company) if n.condition.code == UNDELIVERED]
    assert theirs.condition.values["count"] == 2
    async with site.database.begin() as connection:
        await outbox.retry(connection, PLATFORM, claimed.id, now=site.clock.now)
    assert UNDELIVERED not in (await site.client.get("/healthz")).json()["conditions"]
