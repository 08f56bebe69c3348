"""Associate device: moved, handed over, replaced and removed, after a look at both sides."""

from datetime import date

import attrs
import pytest
from httpx import Response

from core.access import PLATFORM
from core.accounts import users
from core.accounts.users import NewUser
from core.fleet import end_users, installing, provisioning, sites
from core.fleet.end_users import Contact, EndUser
from core.fleet.installation_terms import Terms
from core.fleet.installing import Order
from core.fleet.sites import Place
from core.fleet.sites import Site as House
from portal.services import Services
from tests.portal.conftest import NOW, PASSWORD, Site
from tests.portal.peopled import populate
from tests.portal.unseen import SN

NEXT = "ZQ9000000002"
_DAY = date(2026, 9, 1)
HOUSE = Place("House", "Seestr. 1", "8002", "Zürich", "ZH", "CH", "Europe/Zurich")


@attrs.frozen
class Bench:
    """A portal with a system that stands at Eva's house; she has a barn too, and Tom a flat."""

    site: Site
    barn: House
    flat: House
    code: str

    async def send(self, step: str, /, **fields: str) -> Response:
        token = await self.site.csrf("/associate")
        data = {"_csrf_token": token, "_step": step, "sn": SN, **fields}
        return await self.site.client.post("/associate", data=data, follow_redirects=False)

    async def do(self, to: str, **fields: str) -> Response:
        return await self.send("do", **{"to": to, "version": "1", "reason": "sold", **fields})

    async def systems(self, sn: str = SN) -> tuple[str, str]:
        (row,) = (await self.site.client.get(f"/systems.json?q={sn}")).json()["rows"]
        return row["end_user"], row["site_name"]

    async def records(self) -> list[tuple[str, ...]]:
        """What is recorded, the newest first."""
        columns = "sn,state,event,end_user,site"
        answer = await self.site.client.get(f"/installation-records.json?columns={columns}")
        return [tuple(row[name] for name in columns.split(",")) for row in answer.json()["rows"]]


@pytest.fixture
async def bench(site: Site) -> Bench:
    services: Services = site.app.state.services
    services.settings = attrs.evolve(services.settings, secret_key="ab" * 32)
    assert services.seal
    await populate(site.database, NOW)
    await site.register(NEXT, "Next")
    async with site.database.begin() as connection:
        codes = await provisioning.issue(connection, services.seal, PLATFORM, [NEXT], NOW)

        async def at(owner: EndUser, name: str) -> House:
            place = attrs.evolve(HOUSE, name=name)
            return await sites.create(connection, PLATFORM, owner.id, place, now=NOW)

        eva, tom = [
            await end_users.create(connection, PLATFORM, Contact(name), now=NOW)
            for name in ("eva", "tom")
        ]
        house, barn, flat = await at(eva, "House"), await at(eva, "Barn"), await at(tom, "Flat")
        order = Order(SN, eva, house, Terms(installer="Sun", licence="L-1"))
        order = attrs.evolve(order, terms=attrs.evolve(order.terms, installed_on=_DAY))
        await installing.install(connection, PLATFORM, order, now=NOW - 1)
    return Bench(site, barn, flat, codes[NEXT])


async def test_moved_within_the_same_owners_sites(bench: Bench) -> None:
    to = f"site-{bench.barn.id}"
    choices = await bench.send("look")
    assert f'value="{to}"' in choices.text
    both = await bench.send("confirm", to=to)
    for said in ("House", "Barn", "Move it", "eva"):
        assert said in both.text
    assert await bench.systems() == ("eva", "House")
    done = await bench.do(to)
    assert done.status_code == 303, done.text
    assert await bench.systems() == ("eva", "Barn")
    assert await bench.records() == [
        (SN, "installed", "move", "eva", "Barn"),
        (SN, "moved", "install", "eva", "House"),
    ]


async def test_handed_over_with_both_owners_named_first(bench: Bench) -> None:
    to = f"site-{bench.flat.id}"
    assert f'value="{to}"' not in (await bench.send("look")).text
    assert f'value="{to}"' in (await bench.send("look", find="to")).text
    assert f'value="{to}"' in (await bench.send("look", find="fla")).text
    both = await bench.send("confirm", to=to)
    assert "<b>eva</b>" in both.text
    assert "<b>tom</b>" in both.text
    assert (await bench.do(to, reason=" ")).status_code == 422
    done = await bench.do(to)
    assert await bench.systems() == ("tom", "Flat")
    assert (
        "Handed over to another end user"
        in (await bench.site.client.get(done.headers["location"])).text.partition("same site")[0]
    ), "the record of it, not the one that ended"


async def test_a_device_in_the_place_of_another_keeps_the_history_of_both(bench: Bench) -> None:
    wrong = await bench.do("replace", new_sn=NEXT, check_code="WRONG")
    assert wrong.status_code == 422
    assert "do not belong together" in wrong.text
    done = await bench.do("replace", new_sn=NEXT.lower(), check_code=bench.code)
    assert done.status_code == 303, done.text
    assert await bench.systems(NEXT) == ("eva", "House")
    assert await bench.systems() == ("", "")
    records = sorted(await bench.records())
    assert records == [
        (SN, "replaced", "install", "eva", "House"),
        (NEXT, "installed", "replace", "eva", "House"),
    ]
    shown = await bench.site.client.get(done.headers["location"])
    assert f"sold ({SN} → {NEXT})" in (await bench.site.client.get("/audit.csv")).text
    assert f">{SN}<" in shown.text, "the record of the new one names the old one"


async def test_removed_and_then_installed_for_somebody_else(bench: Bench) -> None:
    assert (await bench.do("remove")).status_code == 303
    assert await bench.records() == [(SN, "removed", "install", "eva", "House")]
    link = await bench.send("confirm", to=f"site-{bench.flat.id}")
    assert 'action="/install"' in link.text
    assert f'name="site" value="{bench.flat.id}"' in link.text
    assert (await bench.send("confirm", to="remove")).status_code == 422


async def test_who_confirms_what_changed_meanwhile_is_shown_how_it_stands(bench: Bench) -> None:
    assert (await bench.do(f"site-{bench.barn.id}")).status_code == 303
    for to in ("remove", f"site-{bench.flat.id}", "replace"):
        late = await bench.do(to, new_sn=NEXT, check_code=bench.code)
        assert late.status_code == 409, to
        assert "Barn" in late.text
    assert await bench.systems() == ("eva", "Barn")


@pytest.mark.parametrize("to", ["", "site-999", "moon", "site-"])
async def test_what_cannot_be_chosen(bench: Bench, to: str) -> None:
    answer = await bench.send("confirm", to=to)
    assert answer.status_code == 422
    assert "Choose one of these." in answer.text


async def test_unknown_devices_and_those_who_may_not(bench: Bench) -> None:
    unknown = await bench.send("look", sn="NOSUCH000001")
    assert unknown.status_code == 422
    assert 'value="NOSUCH000001"' in unknown.text
    for name, role in (("rita", "read_only"), ("lou", "l1")):
        given = NewUser(name, PASSWORD, "A", (role,))  # type: ignore[arg-type]
        await users.create(bench.site.database.begin, PLATFORM, given, NOW)
    await bench.site.post("/sign-out", "/account")
    await bench.site.sign_in("rita")
    assert (await bench.site.client.get("/associate")).status_code == 403
    await bench.site.post("/sign-out", "/account")
    await bench.site.sign_in("lou")
    assert 'value="remove"' not in (await bench.send("look")).text
    assert (await bench.do("remove")).status_code == 403
    assert await bench.systems() == ("eva", "House")
