"""SunSpec: scale factors, what "not implemented" looks like, repeated groups, further models."""

import math
import random
import shutil
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import sunspec2
from sunspec2.modbus.client import SunSpecModbusClientModel

from core.conformance.payload import blocks, repeats
from core.host import Host
from core.registry import Part, Registry, part_of
from core.thing_model.fault import raised
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.problems import DecodeError, ModelError
from core.thing_model.product import Mounted
from core.vectors import captures_folder, read_vectors
from plugins.inverters import sunspec
from plugins.inverters.sunspec.model_files import read_folder
from plugins.inverters.sunspec.models import Group, Model, Row, read_models, rows_of

NAME = "inverters.sunspec"
FACTS = captures_folder().parent / "facts/sunspec"
LIBRARY = Path(sunspec2.__file__).parent / "models/json"


@pytest.fixture(scope="module")
def inverter() -> Part:
    host = Host(strict=True)
    host.register(NAME, sunspec, "built in")
    return part_of(host.plugins[NAME], "inverter", Mounted(NAME))


@pytest.fixture(scope="module")
def frames(inverter: Part) -> dict[str, bytes]:
    """The first frame of every channel."""
    vectors = read_vectors(inverter.plugin.folder).frames
    return {vector.channel: vector.data for vector in reversed(vectors)}


def read(inverter: Part, channel: str, data: bytes) -> dict[str, Value]:
    values, refused = inverter.channels[channel].read(data)
    assert refused == ()
    keys = inverter.channels[channel].keys
    return {k: v for k, v in zip(keys, values, strict=True) if v is not None}


def changed(data: bytes, register: int, raw: int) -> bytes:
    """The frame with another number in one register, counted from the point ID."""
    return data[: 2 * register] + struct.pack(">H", raw & 0xFFFF) + data[2 * register + 2 :]


def test_a_scale_factor_moves_the_point_of_all_its_values(
    inverter: Part, frames: dict[str, bytes]
) -> None:
    frame = frames["model_103"]
    assert read(inverter, "model_103", frame)["W"] == 7230
    assert read(inverter, "model_103", changed(frame, 15, -2))["W"] == 7.23
    shifted = read(inverter, "model_103", changed(frame, 6, 0))
    assert [shifted[key] for key in ("A", "AphA", "AphB", "AphC")] == [1042, 349, 347, 346]


def test_without_its_scale_factor_a_value_is_absent(
    inverter: Part, frames: dict[str, bytes]
) -> None:
    values = read(inverter, "model_103", changed(frames["model_103"], 15, 0x8000))
    assert not {"W", "W_SF"} & values.keys()
    assert "VA" in values


def test_an_absurd_scale_factor_is_refused_with_what_it_scales(
    inverter: Part, frames: dict[str, bytes]
) -> None:
    channel = inverter.channels["model_103"]
    values, refused = channel.read(changed(frames["model_103"], 15, 0x7FFF))
    assert [error.datapoint for error in refused] == ["W_SF"]
    assert dict(zip(channel.keys, values, strict=True))["W"] is None


def test_an_implausible_value_is_refused_although_its_scale_factor_comes_later(
    inverter: Part, frames: dict[str, bytes]
) -> None:
    _, refused = inverter.channels["model_103"].read(changed(frames["model_103"], 16, 39_999))
    assert [(error.datapoint, error.offset) for error in refused] == [("Hz", 32)]


@pytest.mark.parametrize(
    ("register", "raw", "key"),
    [(14, 0x8000, "W"), (29, 0xFFFF, "DCV"), (38, 0xFFFF, "St"), (33, 0x8000, "TmpCab")],
)
def test_not_implemented_is_absent(
    inverter: Part, frames: dict[str, bytes], register: int, raw: int, key: str
) -> None:
    assert key in read(inverter, "model_103", frames["model_103"])
    assert key not in read(inverter, "model_103", changed(frames["model_103"], register, raw))


def test_inputs_are_as_many_as_the_model_holds(inverter: Part, frames: dict[str, bytes]) -> None:
    values = read(inverter, "model_160", frames["model_160"])
    assert values["mppt_N"] == 2
    assert (values["mppt_module1_DCA"], values["mppt_module2_DCA"]) == (6.12, 5.75)
    assert not [key for key in values if key.startswith("mppt_module3")]


def test_the_head_says_which_model_it_is(inverter: Part, frames: dict[str, bytes]) -> None:
    with pytest.raises(DecodeError, match="is model 160, not 103"):
        read(inverter, "model_103", frames["model_160"])
    with pytest.raises(DecodeError, match="announces 50 registers"):
        read(inverter, "model_103", frames["model_103"][:-2])


def test_events_and_the_state_are_faults(inverter: Part, frames: dict[str, bytes]) -> None:
    tripped = changed(changed(frames["model_103"], 41, 0x0081), 38, 7)
    found = raised(inverter.faults, read(inverter, "model_103", tripped))
    assert {f.code: f.severity for f in found} == {
        "ground_fault": "warning",
        "over_temp": "warning",
        "st_fault": "critical",
    }


def test_each_input_has_faults_of_its_own(inverter: Part) -> None:
    found = raised(inverter.faults, {"mppt_module2_DCEvt": 1 << 15})
    assert [(f.code, f.label) for f in found] == [("mppt_module2_arc_detection", "Arc detection 2")]


@pytest.mark.skipif(not FACTS.is_dir(), reason=f"fact tables are not on this machine: {FACTS}")
def test_every_point_and_symbol_of_the_alliance_is_there() -> None:
    ours = read_models(Path(sunspec.__file__).parent)
    points = {(r["model_id"], r["point"], r["offset"], r["type"]) for m in ours for r in m.points}
    told = rows_of(FACTS / "points.csv")
    assert points == {(r["model_id"], r["point"], r["offset"], r["type"]) for r in told}
    symbols = Counter((r["model_id"], r["point"], r["value"]) for m in ours for r in m.symbols)
    told = rows_of(FACTS / "symbols.csv")
    assert symbols == Counter((r["model_id"], r["point"], r["value"]) for r in told)
    assert len(ours) == 44


# --- beside the alliance's own library ----------------------------------------------------------


def image(model: Model, chance: random.Random) -> bytes:
    """A register image of a model: any words, but for those that count and those that scale."""
    groups = [group for _, block in blocks(model.layout()) for group in repeats(block.items)]
    counts = {group.count: chance.randint(1, 3) for group in groups}
    words = list(random_words(model, model.points[2:], counts, chance))
    return struct.pack(f">HH{len(words)}H", model.number, len(words), *words)


def random_words(
    model: Model, rows: Iterable[Row], counts: dict[str, int], chance: random.Random, depth: int = 0
) -> Iterator[int]:
    for step, members in groupby(rows, lambda row: Group.path(row)[depth : depth + 1]):
        inside = list(members)
        if not step:
            yield from (word for row in inside for word in words_of(model, row, counts, chance))
            continue
        counting = model.row["repeats"] if step[0].count == "0" else step[0].count
        for _ in range(counts[model.row["prefix"] + counting] if counting else 1):
            yield from random_words(model, inside, counts, chance, depth + 1)


def words_of(
    model: Model, row: Row, counts: dict[str, int], chance: random.Random
) -> Iterator[int]:
    if row["type"] == "string":
        yield from (0x4142 for _ in range(int(row["size"])))
    elif row["type"] == "sunssf":
        yield chance.choice((-3, -1, 0, 2, -0x8000)) & 0xFFFF
    elif model.key(row) in counts:
        yield counts[model.key(row)]
    else:
        for _ in range(int(row["size"])):
            yield chance.choice((0, 1, 0x7FFF, 0x8000, 0xFFFF, chance.getrandbits(16)))


def library_values(frame: bytes, model: Model) -> dict[str, Value]:
    number, length = struct.unpack_from(">HH", frame)
    found = SunSpecModbusClientModel(number, model_len=length, data=frame)
    assert not found.error_info, found.error_info
    return dict(named(found, model.row["prefix"]))


def named(group: Any, prefix: str) -> Iterator[tuple[str, Value]]:
    for name, point in group.points.items():
        value = point.cvalue  # which looks the scale factor up
        yield prefix + name, None if point.sf and point.sf_value is None else value
    for name, inside in group.groups.items():
        short = {"lithium_ion_string_module": "module", "lithium-ion-module-cell": "cell"}
        if isinstance(inside, list):
            for n, element in enumerate(inside, 1):
                yield from named(element, f"{prefix}{short.get(name, name)}{n}_")
        else:
            yield from named(inside, f"{prefix}{name}_")


@pytest.mark.parametrize(
    "model", read_models(Path(sunspec.__file__).parent), ids=lambda m: str(m.number)
)
def test_random_registers_read_as_the_alliances_library_reads_them(model: Model) -> None:
    codec = compile_layout(model.layout())
    chance = random.Random(model.number)
    for frame in (image(model, chance) for _ in range(20)):
        said = library_values(frame, model)
        ours = dict(zip(codec.keys, codec.decode(frame), strict=True))
        assert {key for key, value in ours.items() if value is not None} <= said.keys()
        for key, value in ours.items():
            expected = said.get(key)
            if isinstance(value, str):
                assert (value or None) == (str(expected or "").rstrip("\0") or None), key
            elif value is None:
                assert expected is None or math.isnan(float(str(expected))), key
            else:
                assert float(str(expected)) == pytest.approx(value, rel=1e-9, abs=1e-12), key


# --- further models -----------------------------------------------------------------------------


def test_models_of_the_alliance_are_read_from_their_files(tmp_path: Path) -> None:
    for path in LIBRARY.glob("model_*.json"):
        shutil.copy(path, tmp_path)
    found = read_folder(tmp_path)
    assert len(found) > 100
    for model in found:
        keys = compile_layout(model.layout()).keys
        assert sorted(keys) == sorted(d.key for d in model.datapoints()), model


def test_a_group_without_a_counting_point_is_counted_by_the_length(tmp_path: Path) -> None:
    shutil.copy(LIBRARY / "model_401.json", tmp_path)
    (model,) = read_folder(tmp_path)
    codec = compile_layout(model.layout())
    frame = struct.pack(">HH14H8H8H", 401, 30, *range(1, 15), *range(20, 28), *range(30, 38))
    values = dict(zip(codec.keys, codec.decode(frame), strict=True))
    said = library_values(frame, model)
    assert values["string_combiner_current_string_count"] == 2
    for key in ("string_combiner_current_DCV", "string_combiner_current_string2_InDCAhr"):
        assert values[key] == said[key] is not None
    assert codec.encode(values) == frame
    with pytest.raises(DecodeError, match="not 14 and some 8s"):
        codec.decode(struct.pack(">HH15H", 401, 15, *range(15)))


def test_further_models_of_a_folder_are_channels_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(LIBRARY / "model_401.json", tmp_path)
    shutil.copy(LIBRARY / "model_103.json", tmp_path)
    monkeypatch.setenv("THINGWRIGHT_SUNSPEC_MODELS", str(tmp_path))
    host = Host(strict=True)
    host.register(NAME, sunspec, "built in")
    channels = [decoder.channel for decoder in host.plugins[NAME].decoders]
    assert channels.count("model_103") == 1
    assert channels[-1] == "model_401"


def test_files_that_are_no_models_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text('{"id": 9, "group": {"name": "x"}}')
    with pytest.raises(ModelError) as refused:
        read_folder(tmp_path)
    assert [Path(p.where).name for p in refused.value.problems] == ["a.json", "b.json"]
    with pytest.raises(ModelError, match="is not a folder"):
        read_folder(tmp_path / "c")


def test_a_meter_and_an_inverter_are_two_mounts_of_the_plugin(registry: Registry) -> None:
    product = registry.product("fronius-gen24")
    assert product is not None
    system = registry.system(product)
    assert [part.component.label for part in system.parts.values() if part.component] == [
        "SunSpec inverter",
        "SunSpec meter",
    ]
    assert system.roles["grid.energy_imported"][0].slot == "grid_meter"
    assert "grid.power" not in system.roles
