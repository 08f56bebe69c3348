"""Every route with every role, and other companies' systems: nothing is found that is not one's."""

import re

import attrs
import pytest
from sqlalchemy import insert, update

from core.access import PLATFORM, Access
from core.accounts import api_tokens, users
from core.accounts.roles import ROLES, Role, grants_of
from core.accounts.users import NewUser
from core.audit import entries
from core.audit.entries import Wanted
from core.companies.tables import companies
from core.fleet.tables import end_users, installations, systems
from core.runtime.settings import Settings
from portal.pages.tabs import TABS
from portal.twins import written
from tests.portal import unseen
from tests.portal.conftest import PASSWORD, Site

OTHER = "ZQ9000000077"
KNOWN = {
    "{sn:str}": unseen.SN, "{slot:str}": "inverter", "{key:str}": "mode",
    "{product:str}": "zephyr-q9",
}  # fmt: skip
NEEDED = {
    "/": "home:read",
    "/home.json": "home:read",
    "/systems.json": "systems:read",
    f"/systems/{unseen.SN}.json": "systems:read",
    f"/systems/{unseen.SN}/readings.json": "telemetry:read",
    f"/systems/{unseen.SN}/faults.json": "faults:read",
    f"/systems/{unseen.SN}/commands.json": "commands:read",
    f"/systems/{unseen.SN}/logs.json": "logs:read",
    f"/systems/{unseen.SN}/explain/inverter/mode.json": "telemetry:read",
    f"/systems/{unseen.SN}/configuration.json": "telemetry:read",
    "/products.json": "products:read",
    "/plugins.json": "plugins:read",
    "/dead-letters.json": "dead_letters:read",
}
COMMAND = f"/systems/{unseen.SN}/commands/inverter/set_feed_limit/preview"
JUMP = "/jump"
"""Finds of everything only what one may see, and is therefore open to all."""


@pytest.mark.parametrize("role", ROLES)
async def test_every_page_with_every_role(site: Site, role: Role) -> None:
    await _enter(site, NewUser("rita", PASSWORD, roles=(role,)))
    grants = Access(1, "rita", "A", None, grants_of("A", [role]))
    for path, permission in NEEDED.items():
        answer = await site.client.get(path)
        assert answer.status_code == (200 if grants.may(permission) else 403), path
    answer = await site.post(COMMAND, "/systems/ZQ9000000001/commands", feed_limit="100")
    allowed = grants.may("systems:command")
    assert (answer.status_code != 403) is allowed


async def test_every_route_that_reads_asks_for_a_permission(site: Site) -> None:
    """Somebody without any grant sees nothing: a route that forgets to ask is found here."""
    user = await _enter(site, NewUser("nora", PASSWORD, roles=("read_only",)))
    async with site.database.begin() as connection:
        await connection.execute(
            update(users.users).where(users.users.c.id == user.id).values(roles="")
        )
    own = ("/sign-in", "/sign-out", "/setup", "/healthz", "/static", "/schema", "/account", "/open")
    for route in site.app.routes:
        path = written(route.path)
        for name, value in KNOWN.items():
            path = path.replace(name, value)
        path = re.sub(r"\{\w+:int\}", "1", path.replace("{name:str}", unseen.NAME))
        if "GET" in getattr(route, "methods", ()) and not path.startswith(own):
            answer = await site.client.get(path)
            if path == JUMP:
                assert "<a " not in answer.text, path
            else:
                assert answer.status_code == 403, path


async def test_a_stream_asks_for_the_permission_of_its_tab(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _enter(site, NewUser("nora", PASSWORD, roles=("read_only",)))
    narrow = TABS["faults"].permission.replace("read", "delete")
    monkeypatch.setitem(TABS, "faults", attrs.evolve(TABS["faults"], permission=narrow))
    answer = await site.client.get(f"/systems/{unseen.SN}/live?tab=faults")
    assert answer.status_code == 403
    await _enter(site, NewUser("otto", PASSWORD, roles=("read_only",)))
    async with site.database.begin() as connection:
        await connection.execute(update(users.users).values(roles=""))
    assert (await site.client.get("/home/live")).status_code == 403


async def test_a_company_finds_nothing_of_another(site: Site) -> None:
    opened = _opened(site)
    mine, other = await _company(site, "Sun"), await _company(site, "Moon")
    await site.register(OTHER)
    await _give(site, unseen.SN, mine)
    await _give(site, OTHER, other)
    await _enter(opened, NewUser("ben", PASSWORD, "B", ("administrator",), mine))
    found = (await site.client.get("/systems.json")).json()
    assert [system["sn"] for system in found["rows"]] == [unseen.SN]
    assert found["total"] == 1
    assert (await site.client.get("/home.json")).json()["total"] == 1
    assert (await site.client.get(f"/systems.json?q={OTHER}")).json()["rows"] == []
    await _finds_nothing_of(site, OTHER)


async def test_an_end_user_finds_only_what_is_theirs(site: Site) -> None:
    await site.register(OTHER)
    carl = await _enter(_opened(site), NewUser("carl", PASSWORD, "C", ("read_only",)))
    assert (await site.client.get("/systems.json")).json()["rows"] == []
    await _own(site, unseen.SN, carl.id)
    found = (await site.client.get("/systems.json")).json()
    assert [system["sn"] for system in found["rows"]] == [unseen.SN]
    assert (await site.client.get(f"/systems/{unseen.SN}.json")).status_code == 200
    await _finds_nothing_of(site, OTHER)


@pytest.mark.parametrize("user_type", ["B", "C"])
async def test_others_than_the_platforms_own_are_not_let_in_unless_said(
    site: Site, user_type: str
) -> None:
    company = await _company(site, "Sun") if user_type == "B" else None
    given = NewUser("ben", PASSWORD, user_type, ("read_only",), company)  # type: ignore[arg-type]
    await users.create(site.database.begin, PLATFORM, given, site.clock.now)
    await site.post("/sign-out")
    assert (await site.sign_in("ben")).status_code == 422


async def test_a_disabled_company_is_signed_out(site: Site) -> None:
    company = await _company(site, "Sun")
    await _enter(_opened(site), NewUser("ben", PASSWORD, "B", ("read_only",), company))
    assert (await site.client.get("/systems.json")).status_code == 200
    async with site.database.begin() as connection:
        await connection.execute(update(companies).values(state="disabled"))
    assert (await site.client.get("/systems.json")).status_code == 401


async def test_a_token_opens_twins_and_nothing_beyond_its_scopes(site: Site) -> None:
    token = await _token(site, "systems:read")
    site.client.cookies.clear()
    headers = {"authorization": f"Bearer {token}"}
    assert (await site.client.get("/systems.json", headers=headers)).status_code == 200
    assert (await site.client.get("/products.json", headers=headers)).status_code == 403
    for path in ("/systems", "/systems.csv", "/account", f"/systems/{unseen.SN}/live"):
        answer = await site.client.get(path, headers=headers, follow_redirects=False)
        assert answer.status_code in (303, 401, 404), path
    wrong = await site.client.get("/systems.json", headers={"authorization": "Bearer no"})
    assert wrong.status_code == 401
    site.clock.now += 86_400_000
    assert (await site.client.get("/systems.json", headers=headers)).status_code == 401


async def test_denied_requests_are_in_the_audit(site: Site) -> None:
    await _enter(site, NewUser("rita", PASSWORD, roles=("read_only",)))
    await site.client.get("/dead-letters.json")
    async with site.database.read() as connection:
        (denied,) = await entries.page(connection, PLATFORM, Wanted(action="denied"))
    assert (denied.user_name, denied.object_id) == ("rita", "dead_letters:read")


async def _enter(site: Site, given: NewUser) -> users.User:
    """Make a user, and sign in as them in place of ada."""
    user = await users.create(site.database.begin, PLATFORM, given, site.clock.now)
    await site.post("/sign-out")
    assert (await site.sign_in(given.name)).status_code == 303
    return user


def _opened(site: Site) -> Site:
    """The same portal, open to everybody."""
    services = site.app.state.services
    everybody = frozenset({"A", "B", "C"})
    settings = Settings(services.settings.data, open_to=everybody)  # type: ignore[arg-type]
    object.__setattr__(services, "settings", settings)
    return attrs.evolve(site)


async def _company(site: Site, name: str) -> int:
    blank = dict.fromkeys(
        ("contact_person", "mail", "phone", "country", "region", "city", "address", "post_code",
         "tax_number", "state_reason"), "",
    )  # fmt: skip
    row = {"name": name, "folded_name": name.casefold(), "category": "installer"}
    times = {"created_at": 0, "changed_at": 0, "version": 1, "state": "enabled"}
    async with site.database.begin() as connection:
        made = await connection.execute(insert(companies).values(**row, **blank, **times))
        return int(made.inserted_primary_key[0])  # type: ignore[index]


async def _give(site: Site, sn: str, company: int) -> None:
    async with site.database.begin() as connection:
        await connection.execute(
            update(systems).where(systems.c.sn == sn).values(company_id=company)
        )


async def _own(site: Site, sn: str, user_id: int) -> None:
    blank = dict.fromkeys(("account", "mail", "phone", "given_name", "family_name"), "")
    times = {"changed_at": 0, "version": 1}
    remarks = (
        "installer", "install_user", "licence", "install_mode", "grid_regulation",
        "installer_remark", "reseller_remark", "end_user_remark",
    )  # fmt: skip
    async with site.database.begin() as connection:
        owner = await connection.execute(
            insert(end_users).values(**blank, **times, created_at=0, user_id=user_id)
        )
        system = await connection.execute(systems.select().where(systems.c.sn == sn))
        await connection.execute(
            insert(installations).values(
                **dict.fromkeys(remarks, ""),
                allow_auto_update=False,
                **times,
                system_id=system.one().id,
                end_user_id=owner.inserted_primary_key[0],  # type: ignore[index]
            )
        )


async def _finds_nothing_of(site: Site, sn: str) -> None:
    for tab in (
        "",
        "/readings",
        "/faults",
        "/commands",
        "/logs",
        "/configuration",
        "/explain/inverter/mode",
    ):
        for suffix in ("", ".json", ".csv"):
            answer = await site.client.get(f"/systems/{sn}{tab}{suffix}")
            assert answer.status_code in (403, 404), (tab, suffix)
    assert (await site.client.get(f"/systems/{sn}/live")).status_code == 404
    path = f"/systems/{sn}/commands/inverter/set_feed_limit"
    for where in (path, f"{path}/preview"):
        answer = await site.post(where, f"/systems/{unseen.SN}", feed_limit="1")
        assert answer.status_code in (403, 404)


async def _token(site: Site, *scopes: str) -> str:
    async with site.database.begin() as connection:
        found = await users.by_name(connection, "ada")
        assert found
        now = site.clock.now
        return await api_tokens.make(
            connection, found[0].access, "meter room", scopes, expires_at=now + 86_400_000, now=now
        )
