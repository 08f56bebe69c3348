"""The project's frame: the two commands, the licence, the built assets."""

import gzip
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from portal import assets

ROOT = Path(__file__).parent.parent
SCRIPTS = {"dev": "dash", ".ci/run": "bash"}


def test_licence_is_apache() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert (
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"] == "Apache-2.0"
    )


def test_changelog_has_an_unreleased_section() -> None:
    assert re.search(r"^## Unreleased$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_readme_names_commands_that_exist() -> None:
    named = set(re.findall(r"\./dev (\w+)", (ROOT / "README.md").read_text()))
    offered = set(re.findall(r"^  (\w+) ", _dev("help").stdout, re.MULTILINE))
    assert {"demo", "test"} <= named
    assert named - {"help"} <= offered


def test_readme_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^):]+)\)", (ROOT / "README.md").read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(("script", "shell"), SCRIPTS.items())
def test_scripts_run_and_their_shell_can_read_them(script: str, shell: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    subprocess.run([shutil.which(shell) or "sh", "-n", path], check=True)


def test_dev_refuses_an_unknown_command_with_its_usage() -> None:
    done = _dev("dmeo")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ./dev COMMAND")


@pytest.mark.parametrize("name", ["app.js", "app.css", "chart.js", "icons.svg", "favicon.svg"])
def test_every_asset_is_there_under_a_hashed_name(name: str) -> None:
    url = assets.asset_url(name)
    stem, suffix = name.split(".")
    assert re.fullmatch(rf"/static/{stem}-[0-9A-Z]{{8}}\.{suffix}", url)
    assert (assets.STATIC / Path(url).name).stat().st_size > 100


def test_manifest_names_only_files_that_exist() -> None:
    assert [
        name for name in assets.manifest().values() if not (assets.STATIC / name).exists()
    ] == []


def test_an_unknown_asset_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(assets.AssetError, match=r"'logo.png'; there are .*app\.js"):
        assets.asset_url("logo.png")


def test_missing_assets_are_an_error_that_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    assets.manifest.cache_clear()
    try:
        with pytest.raises(assets.AssetError, match=r"run `./dev uv run python -m portal\.assets`"):
            assets.manifest()
    finally:
        assets.manifest.cache_clear()


def test_the_sprite_holds_every_icon_once() -> None:
    wanted = json.loads((assets.FRONTEND / "package.json").read_text())["icons"]
    sprite = (assets.STATIC / assets.manifest()["icons.svg"]).read_text()
    assert re.findall(r'<symbol id="([^"]+)"', sprite) == wanted
    assert wanted == sorted(set(wanted))


def test_notices_cover_every_bundled_package() -> None:
    notices = (assets.STATIC / "THIRD_PARTY_NOTICES.txt").read_text()
    titles = re.findall(r"^(\S+) \S+ \(.+\)\n=+$", notices, re.MULTILINE)
    assert titles == ["@tabler/icons", "htmx.org", "uplot", "world-atlas"]


def test_npm_packages_are_pinned_exactly() -> None:
    package = json.loads((assets.FRONTEND / "package.json").read_text())
    versions = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert [version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


@pytest.mark.parametrize("name", ["app.js", "chart.js", "app.css"])
def test_nothing_of_ours_needs_a_wider_content_security_policy(name: str) -> None:
    """The bundles are judged by a browser under the policy; this finds our own lapses earlier."""
    source = (assets.FRONTEND / name).read_text()
    unsafe = r"\beval\(|new Function|setAttribute\(\"style|innerHTML|https?://|@font-face"
    assert re.findall(unsafe, re.sub(r"//.*|/\*.*?\*/", "", source)) == []


def test_bundles_stay_small() -> None:
    """A page's budget, compressed: 25 kB of script, 60 kB with a chart, 20 kB of style."""
    sizes = {name: _compressed(name) for name in ("app.js", "chart.js", "app.css")}
    assert sizes["app.js"] < 25_000
    assert sizes["app.js"] + sizes["chart.js"] < 60_000
    assert sizes["app.css"] < 20_000


def _compressed(name: str) -> int:
    return len(gzip.compress((assets.STATIC / assets.manifest()[name]).read_bytes()))


def _dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "dev", *arguments], capture_output=True, text=True, check=False)
