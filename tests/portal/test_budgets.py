"""What a page may weigh: style and script as they go over the wire."""

import gzip
from typing import Final

from portal.assets import STATIC, manifest

STYLE: Final = 20_000
SCRIPT: Final = 25_000


def weight(name: str) -> int:
    """Bytes of an asset, compressed as any server would."""
    return len(gzip.compress((STATIC / manifest()[name]).read_bytes(), 6))


def test_the_style_sheet_is_light():
    assert weight("app.css") <= STYLE


def test_the_script_of_every_page_is_light():
    assert weight("app.js") <= SCRIPT
