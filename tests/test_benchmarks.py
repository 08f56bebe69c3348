"""The benchmarks measure what they say; how fast it is, they say themselves."""

import asyncio
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks import by_hand, decode, exports, ingest, load, products, tariffs
from benchmarks.measure import Report, Target, measure
from core import host
from core.thing_model.layout.binary import keys
from core.thing_model.layout.layouts import compile_layout


def test_the_frame_is_the_one_that_is_announced() -> None:
    types = [row.type for row in decode.ROWS]
    wanted = {"u16": 22, "i16": 12, "u32": 10, "i32": 6, "u64": 1, "enum16": 4, "bits16": 5}
    assert {name: types.count(name) for name in wanted} == wanted
    assert len(keys(decode.LAYOUT.items)) == 60
    assert decode.LAYOUT.sizes == (200,) == (by_hand.BLOCK.size,)


def test_contenders_have_to_agree() -> None:
    codec = compile_layout(decode.LAYOUT, decode.RANGES)
    samples = decode.frames(3)
    contenders = {
        "checked": codec.decode_checked,
        "by_hand": by_hand.read,
        "pysunspec2": decode.sunspec(),
        "construct": decode.constructed(compiled=False),
    }
    decode.check(contenders, samples)
    wrong = {"wrong": lambda data: [*by_hand.read(data)[:-2], 7, None]}
    with pytest.raises(AssertionError, match="wrong reads fault_word_4 as 7"):
        decode.check(wrong, samples)


def test_plugins_of_the_load_benchmark_load(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(load, "PLUGINS", 2)
    load.write(tmp_path)
    assert set(load.load(tmp_path)) == {"load_seconds", "compile_seconds", "seconds", "cpu_seconds"}


@pytest.mark.parametrize("kind", ["bare", "full"])
def test_all_frames_of_the_ingest_benchmark_are_taken_in(kind: str, tmp_path: Path) -> None:
    figures = ingest.run(
        kind, "mqtt", f"sqlite:///{tmp_path}/b.db", Namespace(frames=60, devices=7)
    )
    assert set(figures) == {"frames_per_second", "cpu_us_per_frame", "rss_mb", "bytes_per_frame"}
    assert figures["bytes_per_frame"] > 200


def test_both_ways_of_the_tariff_benchmark_come_to_the_same_money(tmp_path: Path) -> None:
    loop = asyncio.new_event_loop()
    url = f"sqlite:///{tmp_path}/b.db"
    year = loop.run_until_complete(tariffs.made(url, host.load(), 2))
    report = tariffs.compare(loop, year, rounds=1, seconds=0.001)
    loop.run_until_complete(year.database.close())
    loop.close()
    assert set(report.figures) == {"view_ms", "view_raw_ms", "buckets_ms", "buckets_raw_ms"}
    assert report.ratios["view_to_its_raw_limit"] > 0


def test_the_products_benchmark_lists_what_a_comprehension_finds_and_looks_models_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(products, "LOOKED_UP", 1)
    registry = products.made(host.load(), 20)
    listed = products.listed(registry, rounds_=1, seconds=0.001)
    assert set(listed.figures) == {"list_ms", "list_after_a_change_ms", "comprehension_ms"}
    looked_up = products.looked_up(registry, rounds=1, seconds=0.001)
    assert looked_up.ratios["uncached_to_its_layouts_alone"] > 0


def test_a_faster_thing_is_said_to_be_faster() -> None:
    measured = measure(
        {"short": lambda: sum(range(10)), "long": lambda: sum(range(1000))}, rounds=3, seconds=0.002
    )
    assert measured.speed("short", "long") > 2
    assert measured.rate("short") > measured.rate("long")


def test_a_missed_target_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    targets = [Target("ratio", 0.8), Target("seconds", 2, most=True)]
    Report("sample", {"seconds": 1.5}, {"ratio": 0.7}, targets).show(as_json=True)
    *shown, last = capsys.readouterr().out.splitlines()
    assert shown[2].endswith("at least 0.8: MISSED")
    assert '"targets_met": {"ratio": false, "seconds": true}' in last


async def test_exports_are_weighed_against_a_bare_cursor(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(exports, "A_DAY", 100)
    sent = await exports.made(tmp_path, host.load(), 1)
    report = await exports.compare(sent, tmp_path)
    await sent.database.close()
    assert report.figures["rows"] == 100
    for name in ("csv", "jsonl", "parquet"):
        assert report.ratios[f"{name}_to_cursor"] > 1
        assert report.figures[f"{name}_bytes_per_row"] > 1
