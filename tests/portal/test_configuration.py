"""What a system was set to at two instants or beside another one, and who changed it."""

import csv
import io
import re

from core.access import PLATFORM, Access
from core.commanding import commands
from core.commanding.states import State
from core.fleet import scope
from core.journal.comparing import Line
from core.journal.origins import origins_of
from core.telemetry.configuration import Told, Turn
from core.thing_model.datapoint import Datapoint
from portal.presentation.configuration import Found, SideDocument, line_documents
from tests.portal import unseen
from tests.portal.conftest import NOW, Site

PAGE = f"/systems/{unseen.SN}/configuration"
OTHER = "ZQ9000000002"
MINUTE = 60_000


async def _minute(site: Site, **said: int) -> None:
    """A frame a minute later than what was said before."""
    site.clock.now += MINUTE
    await site.hear(unseen.frame(**said))


async def _told(site: Site, **values: str) -> str:
    """Give a command that the device takes at once; its id."""
    path = f"/systems/{unseen.SN}/commands/inverter/set_feed_limit"
    assert (await site.post(path, "/account", **values)).status_code == 303
    async with site.database.begin() as connection:
        (record,) = await commands.page(connection, limit=1)
        record = await commands.move(connection, record, State.SENT, now=site.clock.now)
        await commands.move(connection, record, State.SUCCEEDED, now=site.clock.now + 1000)
    return record.id


async def _compared(site: Site, query: str = "") -> dict:
    answer = await site.client.get(f"{PAGE}.json{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def _line(document: dict, key: str) -> dict:
    return next(line for line in document["lines"] if line["key"] == key)


def test_a_secret_is_compared_and_never_shown():
    datapoint = Datapoint("safety_set_password", access="rw")
    line = Line("inverter", datapoint, Told(47562, NOW), Told(3, NOW))
    (said,) = line_documents(unseen.SN, {}, [line], Found({}, {}))
    assert said.state == "changed"
    assert said.first == SideDocument(None, None, "••••••", NOW)
    assert "47562" not in repr(said)


async def test_two_instants_show_what_changed_and_who_did_it(site: Site):
    await _minute(site)
    id_ = await _told(site, feed_limit="3000")
    await _minute(site, limit=3000)
    await _minute(site, limit=3000, mode=0)
    found = await _compared(site, f"?first={NOW}&second=now")
    assert [line["key"] for line in found["lines"]] == ["mode", "feed_limit"]
    assert (found["counts"]["changed"], found["counts"]["same"]) == (2, 2)
    limit = _line(found, "feed_limit")
    assert (limit["first"]["value"], limit["second"]["value"], limit["unit"]) == (4000, 3000, "W")
    assert (limit["first"]["at"], limit["second"]["at"]) == (NOW - 50, NOW + 3 * MINUTE - 50)
    assert (limit["after"], limit["until"]) == (NOW + MINUTE - 50, NOW + 2 * MINUTE - 50)
    (origin,) = limit["origins"]
    assert (origin["kind"], origin["by"], origin["link"]) == ("command", "ada", f"/commands/{id_}")
    mode = _line(found, "mode")
    assert (mode["first"]["meaning"], mode["second"]["meaning"]) == ("Feeding", "Standby")
    assert [each["kind"] for each in mode["origins"]] == ["outside"]
    page = (await site.client.get(f"{PAGE}?first={NOW}")).text
    assert "Changed outside the portal" in page
    assert f'href="/commands/{id_}"' in page
    assert f'href="/systems/{unseen.SN}/explain/inverter/mode"' in page
    assert "<script>alert" not in page
    sheet = await site.client.get(f"{PAGE}.csv?first={NOW}&show=all")
    rows = {row["key"]: row for row in csv.DictReader(io.StringIO(sheet.text))}
    assert list(rows) == ["firmware", "mode", "feed_limit", "label_sum", "board"]
    assert (rows["feed_limit"]["first"], rows["feed_limit"]["by"]) == ("4000", "ada")
    assert rows["mode"]["first_at"] == "2026-09-21T16:13:19.950+02:00"
    assert (rows["board"]["state"], rows["firmware"]["state"]) == ("same", "unknown")


async def test_a_command_is_not_credited_for_another_value_or_another_time(site: Site):
    await _told(site, feed_limit="3000")
    await _minute(site, limit=4000)
    await _minute(site, limit=3000)  # later than what it was told
    found = await _compared(site, f"?first={NOW}")
    assert [each["kind"] for each in _line(found, "feed_limit")["origins"]] == ["outside"]
    await _told(site, feed_limit="2000")
    await _minute(site, limit=1000)
    found = await _compared(site, f"?first={NOW}")
    assert [each["kind"] for each in _line(found, "feed_limit")["origins"]] == ["outside"]


async def test_the_devices_own_log_is_named_where_it_is_nearer(site: Site):
    await _minute(site)
    await _told(site, feed_limit="3000")
    site.clock.now += 30_000
    await site.hear(b"CFG feed_limit: 4000 -> 3000", "log")
    await site.hear(b"CFG feed_limit: 4000 -> 2999", "log")
    site.clock.now -= 30_000
    await _minute(site, limit=3000)
    origins = _line(await _compared(site, f"?first={NOW}"), "feed_limit")["origins"]
    assert [each["kind"] for each in origins] == ["log", "command"]
    assert (await site.client.get(origins[0]["link"])).status_code == 200


async def test_who_may_not_see_commands_is_not_told_that_nobody_gave_one(site: Site):
    await _minute(site)
    await _told(site, feed_limit="3000")
    await _minute(site, limit=3000)
    model = site.registry.system(site.registry.products["zephyr-q9", "1.0.0"])
    turn = Turn(Told(4000, NOW), Told(3000, site.clock.now))
    turns = {("inverter", "feed_limit"): turn}
    kinds: dict[str, str] = {}
    for granted in ("logs:read", "logs:read commands:read"):
        access = Access(1, "nora", "A", None, frozenset(granted.split()))
        async with site.database.read() as connection:
            record = await scope.by_sn(connection, PLATFORM, unseen.SN)
            assert record
            found = await origins_of(connection, access, record.id, model.parts, turns)
        kinds[granted] = found["inverter", "feed_limit"][0].kind
    assert list(kinds.values()) == ["hidden", "command"]


async def test_two_systems_stand_side_by_side(site: Site):
    await site.register(OTHER, "Alm 5")
    await site.hear(unseen.frame(limit=2500), sn=OTHER)
    found = await _compared(site, f"?with={OTHER.lower()}")
    assert (found["sn"], found["other"]) == (unseen.SN, OTHER)
    limit = _line(found, "feed_limit")
    assert (limit["first"]["value"], limit["second"]["value"]) == (4000, 2500)
    assert limit["origins"] == []
    page = (await site.client.get(f"{PAGE}?with={OTHER}&show=all")).text
    assert page.count(f'<span class="mono">{OTHER}</span>') == 3
    labels = re.findall(r'role="region" aria-label="([^"]+)"', page)
    assert len(labels) == len(set(labels))


async def test_what_cannot_be_compared_is_said_at_its_field(site: Site):
    for query, words in (
        ("first=soon", "is not a moment"),
        ("second=2030-01-01", "lies in the future"),
        ("first=2020-01-01", "lies before the first frame of ZQ9000000001 that is kept"),
        ("first=2026-09-21T16:13:10", "it is of 2026-09-21 16:13:19"),
        ("with=ZQ9000009999", "No system has the serial number ZQ9000009999."),
        ("with=no%20number", "No system has the serial number NO NUMBER."),
    ):
        page = await site.client.get(f"{PAGE}?{query}")
        assert (page.status_code, words in page.text) == (400, True), query
        assert 'aria-invalid="true"' in page.text
        for twin in ("json", "csv"):
            assert (await site.client.get(f"{PAGE}.{twin}?{query}")).status_code == 400


async def test_an_empty_comparison_says_why(site: Site):
    page = (await site.client.get(f"{PAGE}?first=now")).text
    assert "There is no difference" in page
    assert "Settings that are the same on both sides: 4." in page
    await site.register(OTHER, "Alm 5")
    page = (await site.client.get(f"/systems/{OTHER}/configuration")).text
    assert "Nothing was told by then" in page
    assert "no frame up to then" in page


async def test_ways_lead_here_and_an_address_can_be_kept(site: Site):
    for path in ("settings", "logs?kind=config"):
        assert f'href="{PAGE}"' in (await site.client.get(f"/systems/{unseen.SN}/{path}")).text
    await _minute(site)
    page = (await site.client.get(f"{PAGE}?first={NOW}&show=all")).text
    (query,) = re.findall(r'data-key="y" href="(\?[^"]+)"', page)
    query = query.replace("&amp;", "&")
    site.clock.now += MINUTE
    await site.hear(unseen.frame(limit=1))
    assert _line(await _compared(site, query), "feed_limit")["second"]["value"] == 4000
    assert "Before the last fault" in page
