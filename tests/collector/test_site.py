"""Site files: everything wrong is said at once, and the plan says what will be asked."""

from pathlib import Path

import pytest

from core.site_files import read_site_file
from core.thing_model.problems import ModelError
from tests.collector.devices import REGISTRY, Image, served_aside
from tests.commands import run
from tests.servers import HOST

GOODWE = """
sn = "9010KETU000W0000"
product_model = "goodwe-et"
[slots.inverter]
"""
PAIR = """
sn = "SUNSPEC2000001"
product_model = "sunspec-pylontech"
[slots.inverter]
serial = "/dev/ttyUSB0"
[slots.grid_meter]
serial = "/dev/ttyUSB0"
"""


@pytest.fixture
def site(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "site.toml"
        path.write_text(text)
        return path

    return write


def problems(path: Path) -> list[str]:
    with pytest.raises(ModelError) as caught:
        read_site_file(path, REGISTRY)
    return [str(problem).replace(f"{path}: ", "") for problem in caught.value.problems]


def test_all_that_breaks_the_schema_is_said_at_once(site):
    said = problems(site('sn = "x"\nproduct_model = "goodwe-et"\ntz = 1\n[slots.inverter]\nport=0'))
    assert len(said) == 3
    assert any(line.startswith("slots.inverter.port: 0 is less than") for line in said)
    assert any("'tz' was unexpected" in line and "timezone" in line for line in said)
    assert any(line.startswith("sn: 'x' does not match") for line in said)


def test_a_port_within_the_host_is_said_with_what_to_write(site):
    (said,) = problems(site(f'{GOODWE}tcp = "10.0.0.5:5020"\n'))
    assert said.startswith("slots.inverter.tcp: '10.0.0.5:5020' has a port in it")
    assert 'write tcp = "10.0.0.5" and port = 5020' in said
    assert read_site_file(site(f'{GOODWE}tcp = "fe80::1"\n'), REGISTRY)


def test_all_names_that_are_not_there_are_said_at_once(site):
    given = 'tcp = "a"\nserial = "b"\nskip = ["foo*"]\n[slots.grid_meter]\ntcp = "a"\n'
    broker = '[broker]\npassword_file = "nowhere"\n'
    said = problems(site(GOODWE + given + broker))
    assert [line.partition(": ")[0] for line in said] == [
        "broker.password_file",
        "slots.inverter",
        "slots.inverter.skip",
        "slots.grid_meter",
    ]
    assert "slots that can be read are inverter" in said[-1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml", "is not TOML"),
        (GOODWE.replace("goodwe-et", "goodwe-xx") + 'tcp = "a"', "known are"),
        ('timezone = "Berlin"' + GOODWE + 'tcp = "a"', "'Berlin' is not a time zone"),
        (PAIR + "baud = 19200", "is 19200 here, 9600 in slots.inverter on the same line"),
        (PAIR.replace("grid_meter", "battery1"), "no channel that is read by Modbus"),
    ],
)
def test_a_site_that_cannot_be(site, text: str, words: str):
    assert any(words in line for line in problems(site(text)))


def test_the_plan_is_explained_without_a_device(site):
    path = site(GOODWE + 'tcp = "192.0.2.1"\nmax_registers = 60\nintervals = { meter = 2 }\n')
    done = run("collect", "--check", path)
    assert done.exit_code == 0, done.output
    lines = {line.split()[0]: line for line in done.output.splitlines() if line}
    assert "from 36000, 125 or 58 or 45 registers in 3 reads" in lines["meter"]
    assert "every      2 s" in lines["meter"]
    assert "every    300 s" in lines["mode_settings"]
    assert "function 16 at 47509, read back as grid_export" in done.output
    assert "one for each datapoint" in done.output


def test_read_once_and_printed(site):
    image = Image(input={n: 0x4366 if n % 2 == 0 else 0 for n in range(80)})
    with served_aside([image.device(1)]) as port:
        text = 'sn = "SUNSPEC2000001"\nproduct_model = "sunspec-pylontech"\n'
        slot = f'[slots.grid_meter]\ntcp = "{HOST}"\nport = {port}\nskip = ["energy"]\n'
        done = run("collect", "--once", "--print", site(text + slot))
    assert done.exit_code == 1
    assert "grid_meter measurements: 165 bytes" in done.output
    assert "= 230.0 V" in done.output
    assert "the device refuses input registers 234 to 235" in done.output
    assert "1 channels could not be read" in done.output


def test_nothing_to_read_is_wrong_usage():
    assert run("collect").exit_code == 2
    assert run("collect", "--discover", "host:x").exit_code == 2


def test_a_host_that_is_not_there():
    done = run("collect", "--discover", f"{HOST}:1")
    assert done.exit_code == 1
    assert "switched on" in done.output
