"""A device changes its check code for its broker account."""

from core.access import PLATFORM
from core.fleet import provisioning
from core.runtime.credentials import Credentials
from core.sealing import Seal
from tests.portal import unseen
from tests.portal.conftest import Site


async def _ask(site: Site, code: str, sn: str = unseen.SN):
    return await site.client.post("/api/provision", json={"sn": sn, "check_code": code})


async def test_the_right_code_gets_the_account(stranger: Site) -> None:
    accounts = Credentials.generate()
    accounts.save(stranger.app.state.services.settings.data / "credentials.json")
    seal = Seal(accounts.secret_key)
    async with stranger.database.begin() as connection:
        codes = await provisioning.issue(connection, seal, PLATFORM, [unseen.SN], 0)
    wrong, unknown = await _ask(stranger, "WRONG"), await _ask(stranger, "WRONG", "UNKNOWN00001")
    assert (wrong.status_code, unknown.status_code) == (403, 403)
    assert wrong.content == unknown.content
    said = await _ask(stranger, codes[unseen.SN])
    assert said.status_code == 200
    assert said.json() == {
        "host": "127.0.0.1",
        "port": 1883,
        "tls": False,
        "username": unseen.SN,
        "password": accounts.device_secret(unseen.SN),
    }
    assert said.headers["cache-control"] == "no-store"
    assert (await _ask(stranger, "X", "no serial number")).status_code == 400


async def test_without_accounts_nobody_is_provisioned(stranger: Site) -> None:
    assert (await _ask(stranger, "WRONG")).status_code == 503
