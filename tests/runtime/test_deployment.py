"""The files of an installation, with real servers that start from them and refuse a spoofer."""

import asyncio
import contextlib
import getpass
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runtime import topics
from core.runtime.certificates import Authority
from core.runtime.credentials import Credentials, CredentialsError
from core.runtime.deployment import Broker, Place, units, write
from core.runtime.mqtt import MqttConsumer, MqttPublisher
from core.runtime.mqtt_login import BrokerAddress
from core.runtime.transport import RefusedError
from tests.commands import run
from tests.servers import HOST, _program, _wait_until_open, free_port

pytestmark = pytest.mark.integration
SN, OTHER = "DEPLOYED0001", "DEPLOYED0002"
ACCOUNTS = Credentials.generate()


@pytest.fixture(params=["mosquitto", "nats"])
def broker(request: pytest.FixtureRequest) -> Broker:
    return request.param


@pytest.fixture
def place(tmp_path: Path) -> Place:
    state = tmp_path / "state"
    state.mkdir()
    ports = (free_port(), free_port(), free_port())
    return Place(HOST, tmp_path / "etc", state, tmp_path, Path("/bin/true"), *ports)


@pytest.fixture
def installed(place: Place, broker: Broker) -> Iterator[Place]:
    """A broker that runs from the written files; on this machine under this account."""
    write(place.directory, place, broker, ACCOUNTS, [SN, OTHER])
    config = place.directory / f"{broker}.conf"
    if broker == "mosquitto":
        config.write_text(f"{config.read_text()}user {getpass.getuser()}\n")
    program = _program("mosquitto" if broker == "mosquitto" else "nats-server")
    log = place.state / "log"
    with log.open("ab") as file:
        process = subprocess.Popen([program, "-c", str(config)], stdout=file, stderr=file)
    try:
        _wait_until_open(broker, place.device_port, log)
        yield place
    finally:
        process.kill()
        process.wait()


def device(place: Place, broker: Broker, sn: str, authority: Authority | None = None):
    """How a device reaches the broker: by its certificate, or by its password."""
    context = ssl.create_default_context(cafile=place.directory / "authority.pem")
    if broker == "nats":
        secret = ACCOUNTS.device_secret(sn)
        return BrokerAddress(HOST, place.device_port, sn, secret, context)
    known = Authority.load(place.directory / "authority.pem", place.directory / "authority.key")
    files = place.state / f"{sn}.pem", place.state / f"{sn}.key"
    (authority or known).device(sn).save(*files)
    context.load_cert_chain(*files)
    return BrokerAddress(HOST, place.device_port, tls=context)


def service(place: Place, broker: Broker) -> BrokerAddress:
    """How ingest reaches the broker."""
    password = ACCOUNTS.password("ingest")
    if broker == "mosquitto":
        return BrokerAddress(HOST, place.service_port, "ingest", password)
    context = ssl.create_default_context(cafile=place.directory / "authority.pem")
    return BrokerAddress(HOST, place.device_port, "ingest", password, context)


async def test_a_device_is_heard_and_a_spoofer_is_not(installed: Place, broker: Broker) -> None:
    listening = MqttConsumer(service(installed, broker), "ingest-test", ["ess/#"])
    async with (
        listening,
        MqttPublisher(device(installed, broker, SN), SN) as honest,
        MqttPublisher(device(installed, broker, OTHER), OTHER) as spoofer,
    ):
        spoofing = spoofer.publish(topics.frame(SN, "inverter", "running"), b"spoofed")
        with contextlib.suppress(TimeoutError, RefusedError):  # some hang up, others are silent
            await asyncio.wait_for(spoofing, 3)
        await honest.publish(topics.frame(SN, "inverter", "running"), b"honest")
        async with asyncio.timeout(20):
            heard = await anext(listening.batches())
    assert [message.payload for message in heard] == [b"honest"]


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
async def test_the_certificate_of_another_authority_is_refused(
    installed: Place, broker: Broker
) -> None:
    address = device(installed, broker, SN, Authority.create())
    reader, writer = await asyncio.open_connection(HOST, installed.device_port, ssl=address.tls)
    writer.write(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
    try:
        answer = await reader.read(4)
    except OSError:  # an alert, or a reset
        answer = b""
    assert answer == b""
    writer.transport.abort()


def test_files_are_private_and_accounts_stay(place: Place) -> None:
    before = write(place.directory, place, "mosquitto", ACCOUNTS, [])
    authority = (place.directory / "authority.pem").read_bytes()
    write(place.directory, place, "mosquitto", ACCOUNTS, [])
    assert (place.directory / "authority.pem").read_bytes() == authority
    secret = {p.name for p in before if p.stat().st_mode & 0o077 == 0}
    assert secret == {
        *("authority.key", "server.key", "credentials.json", "mosquitto.conf"),
        *("mosquitto-passwords", "mosquitto-services.acl", "mosquitto-devices.acl"),
    }


def test_a_certificate_is_for_a_serial_number() -> None:
    with pytest.raises(CredentialsError, match="is not a serial number"):
        Authority.create().device("ingest")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_units_are_right(place: Place, broker: Broker, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    folder.mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "thingwright.env").touch()
    for name, text in units(place, broker).items():
        (folder / name).write_text(text)
    for name in units(place, broker):
        checked = name.replace("@.", "@1.")
        if checked != name:
            (folder / checked).write_text((folder / name).read_text())
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(folder / checked)],
            capture_output=True,
            text=True,
            check=False,
        )
        ours = [line for line in done.stderr.splitlines() if "thingwright" in line]
        assert (done.returncode, ours) == (0, []), done.stderr


def test_the_command_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINGWRIGHT_DATA", str(tmp_path))
    folder = tmp_path / "deploy"
    done = run("deploy-files", folder, "--host", "broker.example", "--device", SN)
    assert done.exit_code == 0, done.output
    assert str(folder / "nats.conf") in done.stdout
    password = run("device", "credentials", SN)
    assert password.exit_code == 1  # the accounts are the installation's, not this folder's
    monkeypatch.setenv("THINGWRIGHT_DATA", str(folder))
    said = run("device", "credentials", SN).stdout.split()
    assert said[0] == SN
    assert said[1] in (folder / "nats.conf").read_text()
    made = run("device", "certificate", SN, "--authority", folder, "--into", tmp_path / "keys")
    assert made.exit_code == 0
    assert (tmp_path / "keys" / f"{SN}.key").stat().st_mode & 0o077 == 0
