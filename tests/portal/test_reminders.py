"""Fault reminder, sent messages and the bell, as people meet them."""

import re

import attrs
import pytest
from sqlalchemy import select, update

from core.accounts.tables import users
from core.journal import faults
from core.journal.faults import Opened
from core.notifications import outbox
from core.notifications.composing import Composer
from core.notifications.outbox import Message
from core.notifications.tables import notifications
from core.notifications.tables import rules as rule_table
from core.runtime.reminding import Reminders
from portal.texts import said_in
from tests.portal import unseen
from tests.portal.conftest import Site
from tests.portal.peopled import populate, session_of

FORM = {
    "name": "Night shift",
    "severities": ["critical"],
    "channels": ["portal", "mail"],
    "users": "ada",
    "mails": "duty@example.org",
    "delay": "0",
    "grouping": "0",
    "language": "en",
    "subject_en": "{level}: {fault}, {sn}",
    "body_en": "{list}\n{link}",
    "timezone": "Europe/Berlin",
}
WAITS = Message(
    "key", 1, "Night shift", None, "mail", "duty@example.org", "en", "critical", "S", "B"
)


async def saved(site: Site, path: str = "/reminders", **said: object):
    page = f"{path}/edit" if path != "/reminders" else "/reminders/new"
    return await site.post(path, page, **{**FORM, **said})


async def listed(site: Site, path: str):
    answer = await site.client.get(f"{path}.json")
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


async def act(site: Site, path: str, action: str, key: object = "1", **said: str):
    return await site.post(f"{path}/act/{action}", path, key=str(key), _step="go", **said)


async def test_a_rule_is_made_changed_switched_and_deleted(site: Site):
    made = await saved(site)
    assert made.headers["location"] == "/reminders/1?done=made"
    page = (await site.client.get("/reminders/1/edit")).text
    assert 'value="ada"' in page
    assert "{list}" in page
    version = re.search(r'name="_version" value="(\d+)"', page)
    assert version
    changed = await saved(site, "/reminders/1", name="Day shift", _version=version[1])
    assert changed.status_code == 303, changed.text
    assert (await saved(site, "/reminders/1", _version=version[1])).status_code == 409
    assert (await act(site, "/reminders", "disable")).status_code == 200
    (row,) = await listed(site, "/reminders")
    assert (row["name"], row["enabled"]) == ("Day shift", False)
    assert (await act(site, "/reminders", "delete")).status_code == 200
    assert await listed(site, "/reminders") == []
    actions = {row["action"] for row in await listed(site, "/audit")}
    assert {"create", "edit", "disable", "delete"} <= actions


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"body_en": "{nothing}"}, "body_en"),
        ({"users": "nobody"}, "users"),
        ({"delay": "-1"}, "delay"),
        ({"targets": "json://hooks.example.org/x", "channels": ["service"]}, "targets"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(
    site: Site, said: dict[str, object], field: str
):
    answer = await saved(site, **said)
    assert answer.status_code == 422
    assert f'id="field-{field}-wrong"' in answer.text
    assert "Night shift" in answer.text
    assert await listed(site, "/reminders") == []


async def test_addresses_of_services_are_shown_masked(site: Site):
    site.app.state.services.settings = attrs.evolve(
        site.app.state.services.settings, secret_key="ab" * 32
    )
    wrong = await saved(site, channels=["service"], targets="slack://incomplete")
    assert wrong.status_code == 422
    assert "as Apprise reads it" in wrong.text
    url = "jsons://hooks.example.org/very-secret"
    assert (await saved(site, channels=["service"], targets=url)).status_code == 303
    for path in ("/reminders/1", "/reminders/1/edit", "/reminders/1.json", "/audit.json"):
        text = (await site.client.get(path)).text
        assert "very-secret" not in text
    (row,) = await listed(site, "/reminders")
    assert row["name"] == "Night shift"
    masked = (await site.client.get("/reminders/1.json")).json()["targets"]
    changed = await saved(site, "/reminders/1", channels=["service"], targets=masked, _version="1")
    assert changed.status_code == 303, changed.text
    async with site.database.read() as connection:
        (kept,) = (await connection.execute(select(rule_table.c.targets))).scalar_one()
    assert site.app.state.services.seal.open("notification target", kept["sealed"].encode()) == url


async def test_a_fault_rings_the_bell_until_it_is_read(site: Site):
    composer = Composer(site.registry, "https://portal.example.org", said_in)
    worker = Reminders(site.database, composer, site.clock)
    await worker.work()
    await saved(site)
    before = (await site.client.get("/notices/bell")).text
    async with site.database.begin() as connection:
        await connection.execute(update(users).values(language="zh"))
        await faults.note(
            connection, [Opened(1, "inverter", "burning", "critical", site.clock.now)]
        )
    assert await worker.work() == 2
    after = (await site.client.get("/notices/bell")).text
    count = [int(re.findall(r": (\d+)<", text)[0]) for text in (before, after)]
    assert count[1] == count[0] + 1
    latest = (await site.client.get("/notices/latest")).text
    assert f"Critical: burning, {unseen.SN}" in latest
    assert "Mark all as read" in latest
    notice = (await site.client.get("/notices/1")).text
    assert f'href="https://portal.example.org/faults?q={unseen.SN}"' in notice
    (mail,) = [row for row in await listed(site, "/sent-messages") if row["channel"] == "mail"]
    assert (mail["recipient"], mail["state"]) == ("duty@example.org", "queued")
    assert (await site.post("/notices/read-all", "/account")).status_code == 303
    assert (await site.client.get("/notices/bell")).text == before
    assert "Mark all as read" not in (await site.client.get("/notices/latest")).text


async def test_a_sample_is_told_to_whoever_asks(site: Site):
    await saved(site, mails="", channels=["portal"])
    answer = await act(site, "/reminders", "test")
    assert "done" in answer.text
    (row,) = await listed(site, "/notices")
    assert row["subject"] == "Notice: Sample fault: nothing is wrong, Sample"
    assert (await act(site, "/notices", "read", row["id"])).status_code == 200
    (row,) = await listed(site, "/notices")
    assert row["unread"] is False


async def test_what_was_given_up_is_sent_again(site: Site):
    async with site.database.begin() as connection:
        await outbox.queue(connection, [WAITS], site.clock.now)
        failed = {"state": "failed", "next_at": None, "error": "550 no such box", "attempts": 3}
        await connection.execute(update(notifications).values(failed))
    assert "550 no such box" in (await site.client.get("/sent-messages")).text
    assert (await act(site, "/sent-messages", "retry")).status_code == 200
    (row,) = await listed(site, "/sent-messages")
    assert row["state"] == "queued"
    assert (await act(site, "/sent-messages", "cancel")).status_code == 200
    (row,) = await listed(site, "/sent-messages")
    assert row["state"] == "cancelled"


async def test_the_page_says_that_mail_is_not_set_up(site: Site):
    assert "THINGWRIGHT_SMTP" in (await site.client.get("/reminders")).text


async def test_the_bell_of_an_open_page_keeps_no_session(site: Site):
    site.clock.now += 60 * 60_000
    assert (await site.client.get("/notices/bell")).status_code == 200
    site.clock.now += 61 * 60_000
    assert (await site.client.get("/notices/bell")).status_code == 401
    assert (await site.client.get("/", follow_redirects=False)).status_code == 303


async def test_a_company_sees_neither_rules_nor_messages_of_others(site: Site):
    people = await populate(site.database, site.clock.now)
    await saved(site)
    await saved(site, company="Sun & Söhne", users="ada, ben")
    async with site.database.begin() as connection:
        await outbox.queue(connection, [WAITS], site.clock.now)
    site.app.state.services.settings = attrs.evolve(
        site.app.state.services.settings, open_to=frozenset("AB")
    )
    site.client.cookies.set("session", await session_of(site.database, people.ben, site.clock.now))
    assert await listed(site, "/reminders") == []
    assert await listed(site, "/sent-messages") == []
    assert (await site.client.get("/reminders/1")).status_code == 404
    answer = await saved(site, users="ben", channels=["portal"], mails="")
    assert answer.status_code == 303, answer.text
    (row,) = await listed(site, "/reminders")
    assert row["company"] == "Sun & Söhne"
    refused = await saved(site, users="ada", channels=["portal"])
    assert refused.status_code == 422
