"""What every row that a plugin declares has in common: its scope and its provenance."""

from collections.abc import Iterable
from typing import TypeVar

from attrs import field, frozen

from core.thing_model.provenance import Confidence
from core.thing_model.scope import FirmwareRange, firmware_range, names


@frozen(kw_only=True)
class Declaration:
    """A row that holds for some `variants` (all if empty) and a `firmware` range (any if empty).

    `source` is the id of a declared source, `confidence` how far the row can be trusted; the
    plugin's first source speaks for rows that name none.
    """

    variants: tuple[str, ...] = field(default=(), converter=names)
    firmware: FirmwareRange = field(factory=FirmwareRange, converter=firmware_range)
    source: str = ""
    confidence: Confidence = ""


Row = TypeVar("Row", bound=Declaration)


def rows_for(rows: Iterable[Row], variant: str) -> list[Row]:
    """Those of a plugin's rows that hold for a variant, whatever its firmware."""
    return [row for row in rows if not row.variants or variant in row.variants]
