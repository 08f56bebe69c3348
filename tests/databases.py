"""Databases for tests: an SQLite file, and a PostgreSQL cluster of our own on a free port."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest

import core.accounts.tables
import core.audit.tables
import core.charging.tables
import core.commanding.tables
import core.companies.tables
import core.fleet.tables
import core.jobs.tables
import core.journal.tables
import core.notifications.tables
import core.products.tables
import core.tariffs.tables
import core.telemetry.tables
import core.upkeep.tables
import core.views.tables  # noqa: F401  so that METADATA is complete
from core.records import METADATA
from core.runtime.database import Database
from tests.servers import HOST, START_TIMEOUT, free_port

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "fsync": "off",  # a killed server loses nothing by it; only the whole machine's end would
}


@attrs.define
class PostgreSQL:
    """A cluster in `directory`, whose server can be ended and started again.

    The server ends with the process that started it, however that ends.
    """

    directory: Path
    port: int = attrs.field(factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = attrs.field(factory=lambda: count(1))

    def create(self) -> None:
        """Make the cluster and start its server."""
        self.directory.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        command = self._command("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = {**OPTIONS, "port": str(self.port)}
        command = self._command("postgres", *(f"--{k}={v}" for k, v in options.items()))
        with (self.directory.parent / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        ready = [_binary("pg_isready"), "-q", "-h", HOST, "-p", str(self.port)]
        deadline = time.monotonic() + START_TIMEOUT
        while subprocess.run(ready, check=False).returncode:
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server at once, as a crash does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(START_TIMEOUT)

    def new_database(self, name: str = "") -> str:
        """The URL of an empty database."""
        name = name or f"test_{next(self._numbers)}"
        server = ("-h", HOST, "-p", str(self.port), "-U", "postgres")
        subprocess.run([_binary("createdb"), *server, "-T", "template0", name], check=True)
        return f"postgresql://postgres@{HOST}:{self.port}/{name}"

    def _command(self, program: str, *arguments: str) -> list[str]:
        command = [_binary(program), "-D", str(self.directory), *arguments]
        user = ("--reuid=postgres", "--regid=postgres", "--clear-groups")
        root = user if os.geteuid() == 0 else ()  # as root PostgreSQL refuses to run
        return ["setpriv", *root, "--pdeathsig=QUIT", *command]


def _binary(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([str(p) for p in BINARIES[::-1]]))
    if found is None:
        pytest.fail(f"{name} is missing: run `apt-get install --yes postgresql`")
    return found


@contextmanager
def _running() -> Iterator[PostgreSQL]:
    """A cluster where the user postgres can reach it."""
    with TemporaryDirectory(prefix="thingwright-") as parent:
        Path(parent).chmod(0o755)
        cluster = PostgreSQL(Path(parent) / "cluster")
        cluster.create()
        yield cluster
        cluster.stop()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One cluster for all tests of a run that leave its server alone."""
    with _running() as cluster:
        yield cluster


@pytest.fixture
def mortal_postgresql() -> Iterator[PostgreSQL]:
    """A cluster for one test that kills its server: new, so that it has little to recover."""
    with _running() as cluster:
        yield cluster


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
        # The audit refuses to be emptied; a superuser's session can pass by its triggers.
        await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        await connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    await database.close()
