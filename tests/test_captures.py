"""Captured frames: read from their folder, and skipped with a reason where there is none."""

from pathlib import Path

import pytest

import thingwright.testing
from core.vectors import captures_folder
from tests.scaffolds import HEX, VECTORS, change, examined
from thingwright.testing import assert_conforms, conformance_cases


def test_a_capture_that_is_not_here_is_skipped_with_a_reason(
    scaffold: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("THINGWRIGHT_CAPTURES", str(tmp_path / "nowhere"))
    change(scaffold, VECTORS, HEX, 'capture = "acme/status.hex"')
    found = examined(scaffold)
    assert found.findings == ()
    (reason,) = found.skipped
    assert "captures: vectors/derived.toml: frame 1: " in reason
    assert f"{tmp_path / 'nowhere' / 'acme/status.hex'} is not there" in reason
    (case,) = (case for case in conformance_cases(folder=scaffold) if case.rule == "captures")
    with pytest.raises(pytest.skip.Exception, match="THINGWRIGHT_CAPTURES"):
        assert_conforms(case)


def test_a_capture_is_read_from_its_folder(
    scaffold: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("THINGWRIGHT_CAPTURES", str(tmp_path))
    (tmp_path / "acme.hex").write_text("01030e08fdfa240012d687019f00001388\n66cd\n")
    change(scaffold, VECTORS, HEX, 'capture = "acme.hex"')
    found = examined(scaffold)
    assert (found.findings, found.skipped) == ((), ())


def test_captures_lie_beside_the_checkout(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("THINGWRIGHT_CAPTURES", raising=False)
    root = Path(thingwright.testing.__file__).parents[1]
    assert captures_folder() == root.parent / "shared" / "captures"
