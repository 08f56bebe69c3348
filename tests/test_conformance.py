"""Every built-in plugin conforms; and the kit that says so finds what it is there to find."""

import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from inspect import cleandoc
from pathlib import Path

import pytest

import thingwright.testing
from core.conformance import RULES, Case, NotHereError
from core.vectors import read_vectors
from tests.conftest import WritePlugin
from tests.scaffolds import ACME, HEX, MODULE, VECTORS, change, examined
from thingwright.testing import assert_conforms, conformance_cases


@pytest.mark.parametrize("case", conformance_cases(), ids=str)
def test_plugin_conforms(case: Case):
    assert_conforms(case)


def test_the_scaffold_conforms(scaffold: Path):
    found = examined(scaffold)
    assert found.findings == ()
    assert found.tier == "silver"
    assert found.proof == {"status": "derived"}
    assert found.mutation.made == found.mutation.caught > 40


def test_every_rule_has_a_case_for_each_plugin(scaffold: Path):
    cases = conformance_cases(folder=scaffold)
    assert [str(case) for case in cases] == [f"{ACME}-{rule}" for rule in RULES]
    assert all(rule.__doc__ for rule in RULES.values())


FIRST, SOURCE = 'yield Datapoint("voltage"', 'yield Source("example"'
DEFECTS = [
    (
        "sources",
        MODULE,
        'doc="Active power"',
        'source="rumour"',
        "Datapoint power: names the source",
    ),
    (
        "sources",
        MODULE,
        'yield Source("example"',
        'yield from () and ("example"',
        "declares no source",
    ),
    ("sources", VECTORS, '"status"', '"status"\nsource = "rumour"', "names the source 'rumour'"),
    ("vector_files", VECTORS, '"derived"', '"dreamt"', "frame 1: dreamt is none of ['captured', "),
    (
        "datapoints",
        MODULE,
        FIRST,
        f'yield Datapoint("phase")\n    {FIRST}',
        "phase: has a value in no vector",
    ),
    ("frames", VECTORS, "voltage = 230.1", "voltage = 230.2", "reads 230.1, the vector says 230.2"),
    ("frames", VECTORS, "power = -1500, ", "", "power reads -1500, which `values` does not list"),
    ("frames", VECTORS, "{ voltage", "{ lamps = 1, voltage", "lamps is no value of this channel"),
    ("frames", VECTORS, '"status"', '"state"', "no channel is named 'state'"),
    ("frames", VECTORS, "66cd", "66ce", "is refused: frame at byte 17: CRC is ce66"),
    ("bad_frames", VECTORS, "offset = 17", "offset = 3", "ends in frame at byte 17: CRC is"),
    ("bad_frames", VECTORS, "08fc fa24", "08fd fa24", "is decoded without an error"),
    ("commands", VECTORS, "88c6", "88c7", "the vector says 01 10 02 00 00 01 02 13 88 88 c7"),
    ("commands", VECTORS, '"set_power_limit"', '"set_limit"', "no command is named 'set_limit'"),
    ("commands", VECTORS, "{ power_limit = 5000 }", "{ power = 1 }", "power is no parameter of"),
    ("commands", VECTORS, "{ power_limit = 5000 }", "{}", "power_limit: is missing"),
    ("faults", VECTORS, 'raises = ["fan_stalled"]', "raises = []", "fan_stalled: is in no vector"),
    ("faults", VECTORS, "raises = []", 'raises = ["fan_stalled"]', "raises [], the vector says"),
    ("faults", VECTORS, "fault_word = 0x08", "fault_wort = 0x08", "fault_wort is no datapoint"),
    ("log_rules", VECTORS, 'new = "5000"', 'new = "6000"', "old='0', new='5000'"),
    ("limits", MODULE, "range=(0, 300)", "range=(7000, 8000)", "voltage: can say nothing in its"),
]


@pytest.mark.parametrize(("rule", "file", "old", "new", "said"), DEFECTS)
def test_a_rule_finds_its_defect(scaffold: Path, *, rule, file, old, new, said):
    change(scaffold, file, old, new)
    assert said in findings(scaffold, rule)


def test_a_limit_that_cannot_be_sent_is_found(scaffold: Path):
    change(scaffold, MODULE, "range=(0, 10_000), access", "access")
    change(scaffold, MODULE, 'reads_back="power_limit"', 'limits={"power_limit": (-1, None)}')
    assert "power_limit = -1 cannot be sent" in findings(scaffold, "limits")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('PATTERN = "\\d"', "invalid escape sequence"),
        ('import warnings; warnings.warn("old")', "UserWarning: old"),
        (
            "import plugins.inverters.goodwe_et",
            "imports other plugins: plugins.inverters.goodwe_et",
        ),
    ],
)
def test_a_module_that_warns_or_needs_another_plugin_is_found(scaffold: Path, source, said):
    change(scaffold, MODULE, "\n\n# §1", f"\n\n{source}\n\n# §1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert said in findings(scaffold, "imports")


@pytest.mark.parametrize(
    ("table", "rule", "said"),
    [
        ("frame", "decoders", "channel status: has no frame in any vector file"),
        ("bad_frame", "decoders", "channel status: has no bad_frame in any vector file"),
        ("command", "commands", "command set_power_limit: is in no vector"),
        ("fault", "faults", "fault fan_stalled: is in no vector"),
        ("log", "log_rules", "log rule SET …: … -> …: is in no vector"),
    ],
)
def test_what_no_vector_shows_is_found(scaffold: Path, table: str, rule: str, said: str):
    keep_vectors(scaffold, lambda text: f"[[{table}]]" not in text)
    assert said in findings(scaffold, rule)


def findings(folder: Path, rule: str) -> str:
    return "\n".join(str(f) for f in examined(folder).findings if f.rule == rule)


def keep_vectors(folder: Path, wanted: Callable[[str], bool]) -> None:
    path = folder / "meters" / "acme_m1" / VECTORS
    tables = re.split(r"\n\n", path.read_text())
    path.write_text("\n\n".join(filter(wanted, tables)))


def test_a_plugin_that_cannot_be_loaded_has_one_case_that_fails(scaffold: Path):
    change(scaffold, MODULE, '"V", range', '"Volt", range')
    (case,) = conformance_cases(folder=scaffold)
    with pytest.raises(pytest.fail.Exception, match=r"loads: .*unit 'Volt' is not known"):
        assert_conforms(case)
    assert examined(scaffold).tier == "none"


def test_a_product_file_that_nobody_declares_is_found(scaffold: Path):
    products = scaffold / "meters" / "acme_m1" / "products"
    products.mkdir()
    (products / "home.toml").write_text(
        'id = "home"\nname = "Home"\nversion = "1.0.0"\nmeters = ["meters.acme_m1"]\n'
    )
    (finding,) = examined(scaffold).findings
    assert (finding.rule, finding.what) == ("products", "is not declared")


def test_two_plugins_that_claim_one_id_depend_on_their_order(write_plugin: WritePlugin, tmp_path):
    for name in ("a", "b"):
        write_plugin(
            f"functions.{name}",
            f"""
from thingwright import Function, Source, hookimpl

@hookimpl
def declare_sources():
    yield Source("example", "An example")

@hookimpl
def declare_functions():
    yield Function("reserve", "software", "Reserve of {name}")
""",
        )
    for name in ("functions.a", "functions.b"):
        (finding,) = examined(tmp_path, name).findings
        assert (finding.rule, finding.where) == ("order", f"{name} function ids")


FRAMING = '''
class Marked:
    """One byte and the body; the byte is forgotten on the way back."""

    def unwrap(self, data):
        return data[1:]

    def wrap(self, body):
        return body

    def locate(self, span):
        return span[0] + 1, span[1] + 1

'''


def test_a_framing_that_is_not_put_back_is_found(scaffold: Path):
    change(scaffold, MODULE, "# §1", f"{FRAMING}\n# §1")
    change(scaffold, MODULE, "import i16", "import framed, i16")
    change(scaffold, MODULE, "modbus_rtu(STATUS)", "framed(STATUS, Marked())")
    change(scaffold, VECTORS, "01 03 0e", "00")
    for crc in ("66cd", "09c9", "ecdb"):
        change(scaffold, VECTORS, f"  {crc}", "")
    found = examined(scaffold).findings
    assert {"encoding", "identity"} <= {finding.rule for finding in found}


def test_without_a_telling_frame_mutants_survive(scaffold: Path):
    keep_vectors(scaffold, lambda text: "No device says this" not in text)
    found = examined(scaffold)
    assert found.tier == "bronze"
    assert {name for name in found.mutation.survivors if "sign" in name} == {
        "status.voltage sign i16",
        "status.energy_total sign i32",
        "status.temperature sign u16",
        "status.fault_word sign i16",
        "status.power_limit sign i16",
    }


@pytest.mark.parametrize(
    ("origin", "tier"), [("library", "gold"), ("vendor", "platinum"), ("captured", "platinum")]
)
def test_an_independent_frame_for_each_channel_makes_gold(
    scaffold: Path, origin: str, tier: str
) -> None:
    change(scaffold, VECTORS, f'"derived"\n{HEX}', f'"{origin}"\n{HEX}')
    found = examined(scaffold)
    assert (found.tier, found.proof) == (tier, {"status": origin})


def test_a_function_that_raises_is_a_finding(scaffold: Path):
    ratio = 'yield Datapoint("x", of="power", computed=lambda power: 1 / 0)'
    change(scaffold, MODULE, FIRST, f"{ratio}\n    {FIRST}")
    assert "ends in ZeroDivisionError: division by zero" in findings(scaffold, "frames")


def test_a_vector_of_an_unknown_variant_is_found(scaffold: Path):
    change(scaffold, VECTORS, '"status"', '"status"\nvariant = "Deluxe"')
    assert "frame 1: is of the variant 'Deluxe'" in findings(scaffold, "vector_files")


def test_a_decoder_of_a_variant_needs_vectors_of_its_own(scaffold: Path):
    first, second = "interval=10)", 'yield Decoder("status", modbus_rtu(STATUS), variants="pro")'
    change(scaffold, MODULE, first, f"{first}\n    {second}")
    first, second = "yield Component(", 'yield Component("meter", "Pro", "pro")'
    change(scaffold, MODULE, first, f"{second}\n    {first}")
    found = examined(scaffold)
    assert "channel status pro: has no frame in any vector file" in findings(scaffold, "decoders")
    assert found.proof == {"status": "derived", "status pro": ""}
    assert "status pro.voltage scale × 10" in found.mutation.survivors


def test_rules_that_need_vectors_wait_until_they_can_be_read(scaffold: Path):
    change(scaffold, VECTORS, "[[log]]", "[[logs]]")
    found = examined(scaffold)
    assert {finding.rule for finding in found.findings} == {"vector_files"}
    assert "mutations: its vector files cannot be read" in found.skipped
    with pytest.raises(NotHereError):
        next(c for c in conformance_cases(folder=scaffold) if c.rule == "frames").findings()


def test_a_plugin_without_vectors_has_none(tmp_path: Path):
    assert list(read_vectors(tmp_path)) == []


def test_the_example_of_the_public_face_runs_under_plain_pytest(scaffold: Path, tmp_path: Path):
    example = (
        cleandoc(thingwright.testing.__doc__ or "").split("\n\n", 1)[1].split("`my_plugins`")[0]
    )
    code = cleandoc("\n" + example)
    assert len([line for line in code.splitlines() if line]) <= 10
    (tmp_path / "project").mkdir()
    shutil.copytree(scaffold / "meters", tmp_path / "project" / "my_plugins" / "meters")
    (tmp_path / "project" / "test_mine.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=tmp_path / "project", capture_output=True, text=True, check=False
    )
    assert f"{len(RULES)} passed" in done.stdout, done.stdout
    assert done.returncode == 0
