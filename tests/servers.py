"""Real servers for tests, started on free ports: `pytest_plugins = ["tests.servers"]`."""

import getpass
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from core.runtime.credentials import Credentials, mosquitto_config, mosquitto_passwords
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.nats_config import NatsListeners, nats_config

HOST = "127.0.0.1"
START_TIMEOUT = 30.0
SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"


def free_port() -> int:
    """Return a TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


@attrs.define
class Mosquitto:
    """A mosquitto process of its own with its files in `directory`."""

    directory: Path
    credentials: Credentials | None = None
    devices: tuple[str, ...] = ()
    tls: bool = False
    port: int = attrs.field(factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def address(self, username: str | None = None) -> BrokerAddress:
        """Address of this broker for a service or device named in the credentials."""
        password = self.credentials.password(username) if self.credentials and username else None
        context = (
            ssl.create_default_context(cafile=self.directory / "cert.pem") if self.tls else None
        )
        return BrokerAddress(HOST, self.port, username, password, context)

    def start(self) -> None:
        """Start and wait until the port answers."""
        self._write_files()
        log = (self.directory / "mosquitto.log").open("ab")
        with log:
            command = [_program("mosquitto"), "-c", str(self.directory / "mosquitto.conf")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        _wait_until_open("mosquitto", self.port, self.directory / "mosquitto.log")

    def stop(self) -> None:
        """End cleanly; the sessions are written to disk."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End at once, as a crash does."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(START_TIMEOUT)
            self.process = None

    def _write_files(self) -> None:
        passwords = self.directory / "passwords"
        acl = self.directory / "acl"
        if self.credentials is not None:
            passwords.write_text(mosquitto_passwords(self.credentials, self.devices))
            passwords.chmod(0o600)
            acl.write_text(self.credentials.mosquitto_acl())
            acl.chmod(0o600)
        config = mosquitto_config(
            HOST, self.port, self.directory, secured=self.credentials is not None
        )
        if self.tls:
            config += _certify(self.directory)
        (self.directory / "mosquitto.conf").write_text(f"{config}user {getpass.getuser()}\n")


StartMosquitto = Callable[..., Mosquitto]


@pytest.fixture
def start_mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartMosquitto]:
    """Start brokers: `start_mosquitto(credentials, devices, tls=False)`; all end with the test."""
    started: list[Mosquitto] = []

    def start(
        credentials: Credentials | None = None, devices: tuple[str, ...] = (), *, tls: bool = False
    ) -> Mosquitto:
        server = Mosquitto(tmp_path_factory.mktemp("mosquitto"), credentials, devices, tls)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def mosquitto(start_mosquitto: StartMosquitto) -> Mosquitto:
    """A broker that lets everybody in."""
    return start_mosquitto()


@attrs.define
class NatsServer:
    """A nats-server process of its own, with JetStream and MQTT, and its files in `directory`."""

    directory: Path
    credentials: Credentials | None = None
    devices: tuple[str, ...] = ()
    tls: bool = False
    port: int = attrs.field(factory=free_port)
    mqtt_port: int = attrs.field(factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def address(self, username: str | None = None) -> BrokerAddress:
        """Address of the MQTT listener for a service or device named in the credentials."""
        return self._address(self.mqtt_port, username)

    def nats_address(self, username: str | None = None) -> BrokerAddress:
        """Address for a service that speaks NATS."""
        return self._address(self.port, username)

    def start(self) -> None:
        """Start and wait until both ports answer."""
        config = self.directory / "nats.conf"
        config.write_text(self._config())
        config.chmod(0o600)
        log = (self.directory / "nats.log").open("ab")
        with log:
            command = [_program("nats-server"), "-c", str(config)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        for port in (self.port, self.mqtt_port):
            _wait_until_open("nats-server", port, self.directory / "nats.log")

    def stop(self) -> None:
        """End cleanly."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End at once, as a crash does."""
        self._end(signal.SIGKILL)

    def _address(self, port: int, username: str | None) -> BrokerAddress:
        password = self.credentials.password(username) if self.credentials and username else None
        context = (
            ssl.create_default_context(cafile=self.directory / "cert.pem") if self.tls else None
        )
        return BrokerAddress(HOST, port, username, password, context)

    def _config(self) -> str:
        files = (self.directory / "cert.pem", self.directory / "key.pem") if self.tls else ()
        if self.tls and not files[0].exists():
            _certify(self.directory)
        listeners = NatsListeners(HOST, self.port, self.mqtt_port, *files)
        return nats_config(listeners, self.directory, self.credentials, self.devices)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(START_TIMEOUT)
            self.process = None


StartNatsServer = Callable[..., NatsServer]


@pytest.fixture
def start_nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartNatsServer]:
    """Start servers: `start_nats_server(credentials, devices, tls=False)`; all end with it."""
    started: list[NatsServer] = []

    def start(
        credentials: Credentials | None = None, devices: tuple[str, ...] = (), *, tls: bool = False
    ) -> NatsServer:
        server = NatsServer(tmp_path_factory.mktemp("nats"), credentials, devices, tls)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def nats_server(start_nats_server: StartNatsServer) -> NatsServer:
    """A server that lets everybody in."""
    return start_nats_server()


def _wait_until_open(program: str, port: int, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"{program} did not open port {port}: see {log}")


def _certify(directory: Path) -> str:
    command = (
        f"{_program('openssl')} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={HOST} "
        f"-addext subjectAltName=IP:{HOST} -keyout {directory}/key.pem -out {directory}/cert.pem"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return f"certfile {directory}/cert.pem\nkeyfile {directory}/key.pem\n"


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")
    if found is None:
        pytest.fail(f"{name} is missing: run `apt-get install --yes {name}`")
    return found
