"""SunSpec: scale factors, what "not implemented" looks like, repeated groups, further models."""

import struct

import pytest

from core.host import Host
from core.registry import Part, part_of
from core.thing_model.fault import raised
from core.thing_model.layout.fields import Value
from core.thing_model.layout.layouts import compile_layout
from core.thing_model.problems import DecodeError
from core.thing_model.product import Mounted
from core.vectors import captures_folder, read_vectors
from plugins.inverters import sunspec
from plugins.inverters.sunspec.models import Model, of_model, rows_of

NAME = "inverters.sunspec"
FACTS = captures_folder().parent / "facts/sunspec"
REPEATS = {"126": "NCrv", "160": "N", "805": "NCell"}


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
def test_every_model_of_the_alliance_could_be_added() -> None:
    points, symbols = rows_of(FACTS / "points.csv"), rows_of(FACTS / "symbols.csv")
    rows = rows_of(FACTS / "models.csv")
    assert len(rows) == 44
    for row in rows:
        extended = {**row, "prefix": "", "repeats": REPEATS.get(row["model_id"], "")}
        model = Model(extended, of_model(row, points), of_model(row, symbols))
        keys = compile_layout(model.layout()).keys
        assert sorted(keys) == sorted(d.key for d in model.datapoints()), row["name"]
