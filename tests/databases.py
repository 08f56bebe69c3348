"""Databases for tests: an SQLite file, and a PostgreSQL cluster of our own on a free port."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest

import core.accounts.tables
import core.commanding.tables
import core.fleet.tables
import core.journal.tables
import core.telemetry.tables  # noqa: F401  so that METADATA is complete
from core.records import METADATA
from core.runtime.database import Database
from tests.servers import HOST, free_port

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
OPTIONS = (
    "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=100"
    # A killed server loses nothing by this; only the whole machine's end would.
    " -c fsync=off"
)


@attrs.define
class PostgreSQL:
    """A cluster in `directory`, whose server can be ended and started again."""

    directory: Path
    port: int = attrs.field(factory=free_port)
    _numbers: Iterator[int] = attrs.field(factory=lambda: count(1))

    def create(self) -> None:
        """Make the cluster and start its server."""
        self.directory.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        self.start()

    def start(self) -> None:
        log = str(self.directory / "log")
        self._run("pg_ctl", "-w", "-l", log, "-o", f"{OPTIONS} -p {self.port}", "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def new_database(self, name: str = "") -> str:
        """The URL of an empty database."""
        name = name or f"test_{next(self._numbers)}"
        server = ("-h", HOST, "-p", str(self.port), "-U", "postgres")
        subprocess.run([_binary("createdb"), *server, "-T", "template0", name], check=True)
        return f"postgresql://postgres@{HOST}:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [_binary(program), "-D", str(self.directory), *arguments]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            command = [
                "setpriv",
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                *command,
            ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


def _binary(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([str(p) for p in BINARIES[::-1]]))
    if found is None:
        pytest.fail(f"{name} is missing: run `apt-get install --yes postgresql`")
    return found


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One cluster for all tests of a run, where the user postgres can reach it."""
    with TemporaryDirectory(prefix="thingwright-") as parent:
        Path(parent).chmod(0o755)
        cluster = PostgreSQL(Path(parent) / "cluster")
        cluster.create()
        yield cluster
        cluster.stop()


@pytest.fixture(scope="session")
def common_url(postgresql: PostgreSQL) -> str:
    """A PostgreSQL database that tests empty before they use it: ten times as fast as a new one."""
    return postgresql.new_database("common")


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind: a test that uses it runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'thingwright.db'}"
    url: str = request.getfixturevalue("common_url")
    await _clear(url)
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with the tables in it."""
    opened = Database(database_url)
    await opened.open()
    yield opened
    await opened.close()


async def _clear(url: str) -> None:
    database = Database(url)
    await database.open()
    names = ", ".join(table.name for table in METADATA.sorted_tables)
    async with database.begin() as connection:
        await connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    await database.close()
