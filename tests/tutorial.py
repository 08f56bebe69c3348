"""The device of the tutorial as a plugin without Python, packed as people would upload it."""

import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parent.parent / "docs" / "write-a-plugin.md"
NAME: Final = "inverters.solora_h3"
PRODUCT: Final = "solora-h3"
_FILE: Final = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)


def files() -> dict[str, str]:
    """What the zip holds, by its path in the plugin's folder."""
    found = dict(_FILE.findall(PAGE.read_text(encoding="utf-8")))
    tables, proof = "tables/inverters/solora_h3/", "my_plugins/inverters/solora_h3/"
    said = {path.removeprefix(tables): text for path, text in found.items() if tables in path}
    for path in ("vectors/derived.toml", "products/solora-h3.toml"):
        said[path] = found[proof + path]
    return said


def packed(version: str = "1.0.0", *, products: bool = True, **changes: str) -> bytes:
    """The zip; `changes` put other texts in the place of files, by their stem."""
    said = {path: text for path, text in files().items() if products or "products/" not in path}
    said["plugin.toml"] = said["plugin.toml"].replace("1.0.0", version, 1)
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in said.items():
            archive.writestr(f"solora_h3/{path}", changes.get(Path(path).stem, text))
    return content.getvalue()
