"""Makes the captured vectors of `inverters.goodwe_et` from real frames and a library's reading.

Run it as `python tools/derive_vectors/goodwe_et_captured.py`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from goodwe_et import PLUGIN, Row, Value, Values, rows_of, table, values_of
from vector_toml import FACTS, entry, write

CAPTURES = FACTS.parent / "captures" / "goodwe_et"

ROUNDED = ("meter_e_total_exp", "meter_e_total_imp")
"""What the library rounds to three decimals."""


def frame(channel: str, file: str, said: Mapping[str, Value]) -> str:
    """A real frame with what the library read in it."""
    rows = {row["point"]: row for row in rows_of(channel)}
    ours = values_of(channel, bytes.fromhex((CAPTURES / file).read_text())[5:-2])
    read = {
        key: number_of(rows.get(key), told)
        for key, told in said.items()
        if key in ours and key not in ROUNDED
    }
    facts: dict[str, Any] = {"source": "goodwe_capture", "capture": f"goodwe_et/{file}"}
    if read.keys() != ours.keys():
        facts["partial"] = True
    return entry("frame", read, channel=channel, origin="captured", **facts)


def number_of(row: Row | None, told: Value) -> Value:
    """The number that the library shows as a label, as bits or as a time; others as they are."""
    if not isinstance(told, str) or (row and row["data_type"] == "string"):
        return told
    if moment := re.search(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)", told):
        return f"{moment[1]}T{moment[2]}"
    enum = row["enum"] if row else "goodwe_grid_in_out_modes"
    bits = {r["label"]: 1 << int(r["bit"]) for r in table("bitfields.csv") if r["bitfield"] == enum}
    if bits or not told:
        return sum(bits[label] for label in told.split(", ") if label)
    return next(
        int(r["value"]) for r in table("enums.csv") if r["enum"] == enum and r["label"] == told
    )


def main() -> None:
    cases = json.loads((CAPTURES / "expected.json").read_text(encoding="utf-8"))
    said: Values = {}
    for case in cases:
        said |= dict(case["attributes"])
        said |= {expected["sensor"]: expected["value"] for expected in case["expected"]}
    about = "Made by tools/derive_vectors/goodwe_et_captured.py from a frame of a real GW10K-ET."
    for channel, file in cases[0]["frames"].items():
        write(PLUGIN, f"captured_{channel}", about, [frame(channel, file, said)])


if __name__ == "__main__":
    main()
