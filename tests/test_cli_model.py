"""`thingwright model`, from the file of a model that ships to one that is published and retired."""

from pathlib import Path

import pytest

from tests.commands import run

SMILE = Path("plugins/inverters/alphaess_smile/products/smile-b3.toml").resolve()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of one's own, begun with the file of one that ships."""
    monkeypatch.setenv("THINGWRIGHT_DATA", str(tmp_path))
    exported = run("model", "export", "smile-b3")
    assert exported.stdout_bytes == SMILE.read_bytes()
    text = exported.stdout.replace('id = "smile-b3"', 'id = "our-b3"')
    path = tmp_path / "our-b3.toml"
    path.write_text(text.replace("AL7*", "OUR*") + "# ours\n")
    return path


def test_a_model_comes_and_goes(file: Path) -> None:
    given = file.read_text()
    imported = run("model", "import", file)
    assert imported.output == (
        "our-b3 is a draft: publish it by thingwright model publish our-b3\n"
    )
    assert run("model", "export", "our-b3", "--version", "draft").stdout == given
    never = run("model", "export", "our-b3")
    assert (never.exit_code, "or only a draft" in never.output) == (1, True)
    assert _line("our-b3") == ["our-b3", "", "here", "draft", ""]
    assert run("model", "publish", "our-b3").output == "our-b3 1.0.0 is published\n"
    assert _line("our-b3") == ["our-b3", "1.0.0", "here", "published", "SMILE-B3"]
    assert _line("smile-b3") == ["smile-b3", "1.0.0", "plugin", "published", "SMILE-B3"]
    file.write_text(given.replace('name = "SMILE-B3"', 'name = "Ours"'))
    again = run("model", "import", file, "--publish")
    assert (again.exit_code, "versions grow" in again.output) == (1, True)
    assert run("model", "diff", "our-b3", "1.0.0", "draft").stdout == ""  # all or nothing
    file.write_text(file.read_text().replace('"1.0.0"', '"1.1.0"'))
    assert run("model", "import", file, "--publish").output == "our-b3 1.1.0 is published\n"
    assert run("model", "diff", "our-b3", "1.0.0", "1.1.0").stdout.splitlines() == [
        "name: 'SMILE-B3' → 'Ours'",
        "version: '1.0.0' → '1.1.0'",
    ]
    assert run("model", "export", "our-b3", "--version", "1.0.0").stdout == given
    assert run("model", "retire", "our-b3", "--version", "1.0.0").output == (
        "our-b3 1.0.0 is retired\n"
    )
    assert run("model", "retire", "our-b3").output == "our-b3 1.1.0 is retired\n"
    assert _line("our-b3") == ["our-b3", "", "here", "retired", ""]


def test_a_wrong_file_is_refused_with_all_that_is_wrong(file: Path) -> None:
    file.write_text(file.read_text().replace("inverters.alphaess", "inverters.alpha") + "x = 1\n")
    wrong = run("model", "import", file, "--publish")
    assert wrong.exit_code == 1
    assert "'x' was unexpected" in wrong.output
    assert "mounts 'inverters.alpha" in wrong.output
    assert run("model", "publish", "our-b3").exit_code == 1  # nothing of it was kept
    file.write_bytes(b'id = "\xff"')
    assert "cannot be read" in run("model", "import", file).output
    file.write_text("id = ")
    assert "is not TOML" in run("model", "import", file).output


def test_models_that_ship_stay_as_they_are(file: Path) -> None:
    taken = run("model", "import", SMILE)
    assert (taken.exit_code, "of a model of inverters.alphaess_smile" in taken.output) == (1, True)
    kept = run("model", "retire", "smile-b3")
    assert (kept.exit_code, "goes with its plugin" in kept.output) == (1, True)


def _line(id_: str) -> list[str]:
    listed = run("model", "list").stdout.splitlines()
    return next(line.split("\t") for line in listed if line.startswith(f"{id_}\t"))
