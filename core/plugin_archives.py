"""Plugins without Python as a zip: unpacked only where nothing in it is strange."""

import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, Final, cast

from core.data_only import FILE
from core.product_files import document_of
from core.thing_model.problems import ModelError, Problem

MOST_FILES: Final = 256
MOST_BYTES: Final = 4_000_000
"""Of all files together, unpacked."""
MOST_RATIO: Final = 100
"""How many times larger than packed a file may be, where it has more than `SMALL` bytes."""
SMALL: Final = 50_000

_KNOWN: Final = re.compile(
    r"plugin\.toml|(registers|enums|faults)\.csv|README\.md|LICENSE|(products|vectors)/[\w-]+\.toml"
)
_CODE: Final = re.compile(r".*\.(py\w*|so|dll|dylib|exe|sh|bat|js|wasm|jar)", re.IGNORECASE)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def unpack(content: bytes, folder: Path) -> str:
    """Write the plugin of a zip to `folder`/kind/name; the plugin's name.

    Raises ModelError with a Problem for everything strange; nothing is written then.
    """
    try:
        files = _read(content)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise ModelError([Problem("archive", f"is not a sound zip: {error}")]) from None
    kind, name = _named(files)
    for path, body in files.items():
        target = folder / kind / name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
    return f"{kind}.{name}"


def _read(content: bytes) -> Mapping[str, bytes]:
    """The files by their paths below that of `plugin.toml`."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        entries = archive.infolist()
        if problems := [*_bombs(entries), *(p for e in entries for p in _strange(e))]:
            raise ModelError(problems)
        found = [entry for entry in entries if not entry.is_dir()]
        root = _root(found)
        paths = {e.filename: e.filename.removeprefix(root) for e in found}
        if problems := [*_doubles(found), *(p for path in paths.items() for p in _unknown(*path))]:
            raise ModelError(problems)
        return {paths[entry.filename]: archive.read(entry) for entry in found}


def _bombs(entries: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    if len(entries) > MOST_FILES:
        what = f"has {len(entries)} entries, the most is {MOST_FILES}"
        yield Problem("archive", what, "keep only the files of one plugin")
    if (size := sum(entry.file_size for entry in entries)) > MOST_BYTES:
        what = f"is {size} bytes unpacked, the most is {MOST_BYTES}"
        yield Problem("archive", what, "keep fewer or shorter vectors")


def _strange(entry: zipfile.ZipInfo) -> Iterator[Problem]:
    name = entry.orig_filename
    parts = PurePosixPath(name).parts
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        yield Problem(name, "is an absolute path", "pack it relative to the plugin's folder")
    if ".." in parts or "\\" in name or not name.isprintable():
        yield Problem(name, "leads outside, or is no plain path", "pack the plugin's folder itself")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        yield Problem(name, "is a link or a device", "put the file itself in its place")
    if entry.flag_bits & 1 or entry.compress_type not in _PACKED:
        yield Problem(name, "is encrypted or packed in a rare way", "pack it with deflate")
    if entry.file_size > max(SMALL, MOST_RATIO * entry.compress_size):
        yield Problem(name, f"unpacks to {entry.file_size} bytes", "a table is not as even as that")


def _root(found: list[zipfile.ZipInfo]) -> str:
    roots = [e.filename.removesuffix(FILE) for e in found if Path(e.filename).name == FILE]
    if len(roots) != 1:
        what = f"has {len(roots)} files named {FILE}"
        raise ModelError([Problem("archive", what, "a zip is one plugin, which has one of them")])
    return roots[0]


def _doubles(found: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    times = Counter(entry.filename.casefold() for entry in found)
    for name in (name for name, number in times.items() if number > 1):
        yield Problem(name, "is there twice, be it in other case", "keep one of them")


def _unknown(name: str, path: str) -> Iterator[Problem]:
    if _CODE.fullmatch(path):
        yield Problem(name, "is code; plugins that are uploaded have none", "remove it")
    elif not _KNOWN.fullmatch(path):
        hint = "plugin.toml, registers.csv, enums.csv, faults.csv, products/*.toml, vectors/*.toml"
        yield Problem(name, "is no file of a plugin without Python", f"they are {hint}")


def _named(files: Mapping[str, bytes]) -> tuple[str, str]:
    """Kind and name, as `plugin.toml` says; refuses vectors that name files of this machine."""
    problems = list[Problem]()
    documents = dict[str, Mapping[str, Any]]()
    for path, body in files.items():
        if path.endswith(".toml"):
            try:
                documents[path] = document_of(body.decode(), path)
            except (ModelError, UnicodeDecodeError) as error:
                problems.append(Problem(path, f"cannot be read: {error}"))
    for path, document in documents.items():
        if path.startswith("vectors/") and any(map(_has_capture, document.values())):
            problems.append(Problem(path, "names a capture on this machine", 'write hex = "…"'))
    said = [str(documents.get(FILE, {}).get(key, "")) for key in ("kind", "name")]
    if FILE in documents and not all(map(_NAME.fullmatch, said)):
        problems.append(Problem(FILE, f"is of {said}", "both are small letters and digits"))
    if problems:
        raise ModelError(problems)
    return said[0], said[1]


def _has_capture(rows: Any) -> bool:
    found = cast("list[object]", rows) if isinstance(rows, list) else []
    return any(isinstance(row, dict) and "capture" in row for row in found)
