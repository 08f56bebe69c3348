"""Plugins without Python: what their files declare, and what is refused."""

from pathlib import Path

import pytest

from core.conformance import chosen_plugins
from core.host import Host
from core.plugin import Plugin
from core.thing_model.layout.layouts import compile_layout

HEAD = 'kind = "meters"\nname = "m1"\nversion = "1.2.0"\n'
COMPONENTS = '[[components]]\nkind = "meter"\nlabel = "M1"\n'
READ = '[[registers]]\nchannel = "values"\nfirst = 0\ncounts = [2]\n'
ROWS = (
    "table,address,words,data_type,scale,unit,access,point,variant\n"
    "holding,0,1,uint16,0.1,V,ro,voltage,\n"
    "holding,0,1,uint16,0.01,V,ro,voltage,pro\n"
    "holding,1,1,uint16,1,W,rw,limit,\n"
)


def written(folder: Path, declared: str, rows: str = ROWS, **files: str) -> Path:
    inside = folder / "meters" / "m1"
    inside.mkdir(parents=True)
    for name, text in {"plugin.toml": declared, "registers.csv": rows, **files}.items():
        (inside / name).write_text(text, encoding="utf-8")
    return folder


def taken(folder: Path) -> Plugin:
    host = Host(strict=True)
    host.load_folder(folder, "folder")
    return host.plugins["meters.m1"]


def refusals(folder: Path) -> list[str]:
    host = Host()
    host.load_folder(folder, "folder")
    assert host.plugins == {}
    return [str(problem).removeprefix(f"{folder}/meters/m1/") for problem in host.problems]


def decoded(plugin: Plugin, variant: str, frame: bytes) -> dict[str, object]:
    (decoder,) = (d for d in plugin.decoders if ",".join(d.variants) == variant)
    codec = compile_layout(decoder.layout)
    return dict(zip(codec.keys, codec.decode(frame), strict=True))


def test_a_folder_of_tables_is_a_plugin(tmp_path: Path):
    plugin = taken(written(tmp_path, HEAD + COMPONENTS + READ))
    assert (plugin.name, plugin.origin, plugin.version) == ("meters.m1", "folder", "1.2.0")
    assert [d.key for d in plugin.datapoints] == ["voltage", "limit"]
    assert decoded(plugin, "", bytes.fromhex("01030408fc03e838dd")) == {
        "voltage": 230.0,
        "limit": 1000,
    }


def test_a_channel_of_a_variant_reads_its_rows_in_place_of_the_others(tmp_path: Path):
    pro = '[[components]]\nkind = "meter"\nlabel = "M1 Pro"\nvariant = "pro"\n'
    plugin = taken(written(tmp_path, HEAD + pro + READ + 'variant = "pro"\n'))
    values = decoded(plugin, "pro", bytes.fromhex("01030408fc03e838dd"))
    assert values == {"voltage": 23.0, "limit": 1000}


def test_an_object_of_json_is_a_channel(tmp_path: Path):
    rows = "table,data_type,json_path,unit,point\nstatus,number,em.power,W,power\n"
    declared = HEAD + '[[json]]\nchannel = "status"\ninside = ["params"]\ninterval = 10\n'
    plugin = taken(written(tmp_path, declared, rows))
    assert decoded(plugin, "", b'{"em": {"power": 12.5}}') == {"power": 12.5}
    assert decoded(plugin, "", b'{"params": {"em": {"power": 7}}}') == {"power": 7}
    assert plugin.decoders[0].interval == 10


def test_a_command_writes_the_rows_at_its_registers(tmp_path: Path):
    command = '[[commands]]\nname = "set_limit"\nfirst = 1\nfunction = 6\nunit = 2\n'
    limits = 'reads_back = ["limit"]\nlimits = { limit = "10..500" }\nrisk = "disruptive"\n'
    (command_,) = taken(written(tmp_path, HEAD + READ + command + limits)).commands
    assert compile_layout(command_.writes).encode({"limit": 300}).hex() == "02060001012cd874"
    assert (command_.limits, command_.risk) == ({"limit": (10, 500)}, "disruptive")


def test_faults_are_bits_and_numbers(tmp_path: Path):
    faults = "bitfield,bit,equals,symbol\nlimit,3,,fan_stalled\nlimit,,0x10,locked\n"
    plugin = taken(written(tmp_path, HEAD + READ, **{"faults.csv": faults}))
    assert [(f.code, f.bit, f.equals, f.severity) for f in plugin.faults] == [
        ("fan_stalled", 3, None, "warning"),
        ("locked", None, 16, "warning"),
    ]


def test_all_mistakes_of_the_file_are_told_at_once(tmp_path: Path):
    declared = HEAD.replace('"m1"', '"m2"') + "colour = 1\n" + READ.replace("[2]", "[200]")
    said = "\n".join(refusals(written(tmp_path, declared)))
    assert "'colour' was unexpected" in said
    assert "registers[0].counts[0]: 200 is greater than the maximum of 125" in said
    assert "name: is 'm2', its folder is meters/m1" in said


def test_all_wrong_rows_of_all_tables_are_told_at_once(tmp_path: Path):
    rows = (
        ROWS.replace("uint16,0.1", "uint17,0.1").replace("1,uint16,0.01", "1,uint16,tenth")
        + "holding,2,1,uint16,1,W,ro,power,,too many\n"
    )
    faults = "bitfield,bit,symbol\nlimit,three,stalled\nlimit,1,fine\nlimit,1,lost\nlimit,x,hot\n"
    said = refusals(written(tmp_path, HEAD + READ, rows, **{"faults.csv": faults}))
    assert [each.partition(": ")[2][:25] for each in said] == [
        "voltage, line 2: data_typ", "voltage, line 3: 'tenth' ", "power, line 5: has more c",
        "stalled, line 2: 'three' ", "hot, line 5: 'x' is not a",
    ]  # fmt: skip
    (tmp_path / "meters/m1/registers.csv").write_text(rows.replace(",too many", ""))
    said = refusals(tmp_path)
    assert "voltage, line 2: data_type 'uint17' is not known" in said[0]
    assert "voltage, line 3: 'tenth' is not a number" in said[1]
    assert len(said) == 4
    (tmp_path / "meters/m1/enums.csv").write_text("enum,value,symbol,label\nmodes,one,on,\n")
    assert "enums.csv: on, line 2: 'one' is not a whole number" in refusals(tmp_path)[0]
    assert len(refusals(tmp_path)) == 5


def test_python_beside_the_file_is_refused_and_never_run(tmp_path: Path):
    folder = written(tmp_path, HEAD + READ, **{"__init__.py": "raise SystemExit('was run')"})
    (said,) = refusals(folder)
    assert said.startswith("__init__.py: is Python beside plugin.toml")


@pytest.mark.parametrize(
    ("declared", "rows", "said"),
    [
        ('version = "1"', ROWS, "'kind' is a required property"),
        (HEAD + READ.replace("first = 0", "first = 9"), ROWS, "holding registers 9 to 10"),
        (HEAD + '[[json]]\nchannel = "status"\n', ROWS, "has no row whose table is 'status'"),
        (HEAD + '[[commands]]\nname = "go"\nfirst = 7\n', ROWS, "writes holding registers 7 to 7"),
        (HEAD + READ, ROWS.replace("uint16", "uint17"), "data_type 'uint17' is not known"),
        (HEAD + READ + 'firmware = "3.6"\n', ROWS, "'3.6' is not a comparison such as >=3.6"),
        (HEAD + READ + 'variant = "max"\n', ROWS, "is for variant 'max'"),
        ("kind =", ROWS, "is not TOML"),
    ],
)
def test_a_mistake_is_refused_with_its_place(tmp_path: Path, declared: str, rows: str, said: str):
    assert any(said in each for each in refusals(written(tmp_path, declared, rows)))


def test_checking_a_folder_finds_its_plugins_without_python(tmp_path: Path):
    host = Host()
    host.load_folder(written(tmp_path, HEAD + COMPONENTS + READ), "folder")
    assert chosen_plugins(host.registry(), (), tmp_path) == ["meters.m1"]
