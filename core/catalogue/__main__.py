"""Writes the generated documentation: `python -m core.catalogue [--check]`."""

import argparse
import sys
from pathlib import Path

from core.catalogue import documents, stale
from core.host import load


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    parser.add_argument("--into", type=Path, default=Path("docs"), help="default: docs")
    options = parser.parse_args()
    wanted = documents(load(strict=True))
    names = stale(options.into, wanted)
    for name in names:
        sys.stdout.write(f"{'stale' if options.check else 'wrote'} {options.into / name}\n")
        if not options.check:
            _write(options.into / name, wanted.get(name))
    return 1 if options.check and names else 0


def _write(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
