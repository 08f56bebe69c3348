"""Vectors of meters/shelly_3em: JSON put together by hand from the fact table.

The captured state is that of a real device, without what names its owner's network. Power factor
and energies are not in the fact table; their names and meanings are those of the same source.
"""

import csv
import json
from typing import Any

from vector_toml import FACTS, entry, write

PLUGIN = "meters.shelly_3em"
MORE = {"power_factor": "pf", "energy_import": "total", "energy_export": "total_returned"}
CAPTURED = {
    "time": "14:56", "unixtime": 1761310617,
    "emeters": [
        {"power": 5.78, "pf": 0.01, "current": 1.72, "voltage": 240.24, "is_valid": True,
         "total": 1244815.9, "total_returned": 20309.3},
        {"power": 0.00, "pf": -0.03, "current": 0.01, "voltage": 240.27, "is_valid": True,
         "total": 0.0, "total_returned": 0.0},
        {"power": 0.00, "pf": -0.00, "current": 0.01, "voltage": 240.31, "is_valid": True,
         "total": 0.0, "total_returned": 0.0},
    ],
    "total_power": 5.78,
    "emeter_n": {"current": 0.00, "ixsum": 1.72, "mismatch": False, "is_valid": False},
    "update": {"old_version": "20230913-114244/v1.14.0-gcb84623"}, "uptime": 2505,
}  # fmt: skip

FEW: dict[str, Any] = {"emeters": [{"power": -3.5}, {"voltage": 229.5}, {}]}
WRITTEN = '{"EMeters": [{"Power": -3.5}, {"VOLTAGE": 229.5}, {}]}'


def paths() -> dict[str, tuple[int, str]]:
    """Phase and the device's name of each key but the total."""
    with (FACTS / "cloud/http_json_fields.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["family"] == "shelly_3em"]
    found = {
        row["point"]: (int(row["json_path"][len("$.emeters[")]), row["json_path"].split(".")[-1])
        for row in rows
        if "emeters" in row["json_path"]
    }
    return found | {f"{key}_l{n + 1}": (n, name) for key, name in MORE.items() for n in range(3)}


def values(state: dict[str, Any]) -> dict[str, Any]:
    said = {key: state["emeters"][phase].get(name) for key, (phase, name) in paths().items()}
    parts = [said[f"power_l{n}"] for n in (1, 2, 3)]
    said["power_total"] = state.get("total_power", sum(parts) if None not in parts else None)
    for way in ("import", "export"):
        counters = [said[f"energy_{way}_l{n}"] for n in (1, 2, 3)]
        said[f"energy_{way}_total"] = None if None in counters else sum(counters)
    return said


def good(state: dict[str, Any], origin: str, source: str, said: str = "") -> str:
    """A frame; `said` is how it is written, if not as usual."""
    return entry(
        "frame", values(state), channel="status", origin=origin, source=source,
        text=said or json.dumps(state),
    )  # fmt: skip


def bad(text: str, offset: int, reason: str, datapoint: str = "frame") -> str:
    return entry(
        "bad_frame", channel="status", origin="derived", text=text, datapoint=datapoint,
        offset=offset, reason=reason,
    )  # fmt: skip


def main() -> None:
    phases: list[dict[str, Any]] = [{}, {}, {}]
    for n, (phase, name) in enumerate(paths().values()):
        phases[phase][name] = phase == 1 if name == "is_valid" else (-1) ** n * (n + 1) * 1.25
    edges = {"emeters": phases, "total_power": -777.5}
    text = json.dumps({"emeters": [{"power": True}]})
    write(PLUGIN, "captured", "State of a Shelly 3EM, firmware 1.14.0 (PowerWatt34).", [
        good(CAPTURED, "captured", "powerwatt34"),
    ])  # fmt: skip
    write(PLUGIN, "derived", "Made by tools/derive_vectors/shelly_3em.py.", [
        good(edges, "derived", "openems_test"),
        good({"emeters": phases}, "derived", "openems_test"),
        good(FEW, "derived", "openems_test", WRITTEN),
        bad(text, text.index("true"), "is not a number", "power_l1"),
        bad('{"emeters": [{"is_valid": 2}]}', 26, "is not true or false", "valid_l1"),
        bad('{"emeters": [{"power": 5.78', 27, "is not JSON"),
        bad('{"meters": []}', 0, "none of the"),
        bad("5", 0, "not an object"),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
