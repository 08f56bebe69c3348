"""A portal over a real SQLite database, fed by the real ingest with an unseen plugin's frames."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import msgspec
import pytest
from litestar.testing import AsyncTestClient

from core.accounts import users
from core.host import Host
from core.registry import Registry
from core.runtime import topics
from core.runtime.database import Database
from core.runtime.envelope import Envelope
from core.runtime.ingest import Ingest
from core.runtime.settings import Settings
from core.runtime.transport import Message
from portal.app import Portal, create_app
from portal.assets import build
from tests.ingest.bench import Desk
from tests.passwords import cheap_passwords
from tests.portal import unseen
from tests.servers import mosquitto, start_mosquitto

__all__ = ["cheap_passwords", "mosquitto", "start_mosquitto"]
NOW = 1_790_000_000_000
PASSWORD = "four words are enough"


@attrs.define
class Clock:
    """A clock that the test sets."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@attrs.define
class Site:
    """A portal, and the means to be a device and a person."""

    app: Portal
    client: AsyncTestClient[Portal]
    database: Database
    registry: Registry
    clock: Clock
    sequence: int = 0

    async def hear(self, body: bytes, kind: str = "frame", sn: str = unseen.SN) -> None:
        """Take in a message of a device as if it had come from the broker."""
        self.sequence += 1
        payload = Envelope(1, self.sequence, self.clock.now - 50, body).pack()
        topic = {
            "frame": lambda: topics.frame(sn, "inverter", "running"),
            "log": lambda: topics.log(sn, "inverter"),
            "wrong": lambda: topics.frame(sn, "inverter", "humming"),
        }[kind]()
        await self._take(Message(topic, payload, None))

    async def register(
        self,
        sn: str = unseen.SN,
        name: str = "Alm 4",
        model: str = "zephyr-q9",
        firmware: str = "",
    ) -> None:
        """Let a device announce itself."""
        said = {"online": True, "product_model": model, "timezone": "Europe/Berlin"}
        body = msgspec.json.encode({**said, "country": "DE", "name": name, "firmware": firmware})
        await self._take(Message(topics.presence(sn), body, None))

    async def _take(self, message: Message) -> None:
        desk = Desk()
        await Ingest(self.registry, self.database, desk, None, self.clock).take([message])

    async def csrf(self, path: str = "/sign-in") -> str:
        """The token of the forms of a page."""
        page = await self.client.get(path)
        found = re.search(r'name="_csrf_token" value="([^"]+)"', page.text)
        assert found, page.text[:500]
        return found[1]

    async def post(self, path: str, page: str = "/dead-letters", **fields: str):
        """Send a form of `page`."""
        data = {"_csrf_token": await self.csrf(page), **fields}
        return await self.client.post(path, data=data, follow_redirects=False)

    async def sign_in(self, name: str = "ada", password: str = PASSWORD):
        return await self.post("/sign-in", "/sign-in", name=name, password=password)


@pytest.fixture(scope="session", autouse=True)
def assets() -> None:
    """The static files are built once."""
    build()


@pytest.fixture
def unseen_registry(tmp_path: Path) -> Registry:
    """The unseen plugin, and a broken one."""
    for name, text in ((unseen.NAME, unseen.SOURCE), ("meters.torn", unseen.BROKEN)):
        folder = tmp_path / "plugins" / Path(*name.split("."))
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(text)
    products = tmp_path / "plugins/inverters/zephyr_q9/products"
    products.mkdir()
    (products / "q9.toml").write_text(unseen.PRODUCT)
    host = Host()
    host.load_folder(tmp_path / "plugins", "folder")
    return host.registry()


@pytest.fixture
async def stranger(tmp_path: Path, unseen_registry: Registry) -> AsyncIterator[Site]:
    """A portal at which nobody is signed in."""
    database = Database(f"sqlite:///{tmp_path / 'portal.db'}")
    await database.open()
    clock = Clock()
    app = create_app(Settings(tmp_path), unseen_registry, database, clock=clock, feed=False)
    async with AsyncTestClient(app) as client:
        yield Site(app, client, database, unseen_registry, clock)
    await database.close()


@pytest.fixture
async def site(stranger: Site) -> Site:
    """A portal at which the first user is signed in, with one system that has spoken."""
    async with stranger.database.begin() as connection:
        token = await users.create_setup_token(connection, stranger.clock.now)
    assert token
    await users.set_up(stranger.database.begin, token, "ada", PASSWORD, stranger.clock.now)
    assert (await stranger.sign_in()).status_code == 303
    await stranger.register()
    await stranger.hear(unseen.frame())
    await stranger.hear(b"CFG mode: 0 -> 1;mode: 1 -> 9\nnobody knows this <b>line</b>", "log")
    return stranger
