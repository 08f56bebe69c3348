"""Vectors of meters/shelly_pro_3em: JSON put together by hand from the fact table.

The captured state is that of a real device, a part of the fixture in aioshelly's tests.
"""

import csv
import json
from typing import Any

from vector_toml import FACTS, entry, write

PLUGIN = "meters.shelly_pro_3em"
CHANNELS = {"em_status": ("EM.GetStatus", "em:0"), "em_data": ("EMData.GetStatus", "emdata:0")}
CAPTURED = {
    "em:0": {
        "a_act_power": 375.5, "a_aprt_power": 547.4, "a_current": 2.392, "a_freq": 50.0,
        "a_pf": 0.76, "a_voltage": 229.0, "b_act_power": 170.8, "b_aprt_power": 237.2,
        "b_current": 1.037, "b_freq": 50.0, "b_pf": 0.78, "b_voltage": 229.0, "c_act_power": 12.7,
        "c_aprt_power": 97.8, "c_current": 0.428, "c_freq": 50.0, "c_pf": 0.53, "c_voltage": 229.2,
        "id": 0, "n_current": None, "total_act_power": 558.965, "total_aprt_power": 882.413,
        "total_current": 3.856, "user_calibrated_phase": [],
    },
    "emdata:0": {
        "a_total_act_energy": 2034616.71, "a_total_act_ret_energy": 0.0,
        "b_total_act_energy": 185686.89, "b_total_act_ret_energy": 40.7,
        "c_total_act_energy": 369469.8, "c_total_act_ret_energy": 985.91, "id": 0,
        "total_act": 2589773.39, "total_act_ret": 1026.61,
    },
}  # fmt: skip

ERRORS = {
    "a_errors": ["out_of_range:voltage"],
    "b_errors": ["out_of_range:current", "out_of_range:active_power"],
    "c_errors": ["power_meter_failure"],
}


def names(channel: str) -> dict[str, str]:
    """The device's name of each key."""
    with (FACTS / "cloud/http_json_fields.csv").open(encoding="utf-8", newline="") as lines:
        return {
            row["point"]: row["json_path"].removeprefix("$.")
            for row in csv.DictReader(lines)
            if row["family"] == "shelly_pro_3em"
            and f"/{CHANNELS[channel][0]}?" in row["endpoint"]
            and row["point"] != "errors_l1"
        }


def errors() -> list[str]:
    """Every error of every phase, alone."""
    return [
        entry(
            "fault",
            values={f"errors_{phase}": f"out_of_range:{quantity}"},
            origin="derived",
            raises=[f"{quantity}_out_of_range_{phase}"],
        )
        for phase in ("l1", "l2", "l3")
        for quantity in ("active_power", "apparent_power", "voltage", "current")
    ]


def good(channel: str, document: dict[str, Any], read: dict[str, Any], origin: str) -> str:
    values = {key: read.get(name) for key, name in names(channel).items()}
    for n, phase in enumerate("abc", 1):
        if listed := read.get(f"{phase}_errors"):
            values[f"errors_l{n}"] = ", ".join(listed)
    return entry(
        "frame", values, channel=channel, origin=origin, source="aioshelly_fixture",
        text=json.dumps(document),
    )  # fmt: skip


def bad(channel: str, text: str, offset: int, reason: str, datapoint: str = "frame") -> str:
    return entry(
        "bad_frame", channel=channel, origin="derived", text=text, datapoint=datapoint,
        offset=offset, reason=reason,
    )  # fmt: skip


def main() -> None:
    captured: list[str] = []
    derived: list[str] = []
    for channel, (_, component) in CHANNELS.items():
        captured.append(good(channel, CAPTURED, CAPTURED[component], "captured"))
        numbers: dict[str, Any] = {
            name: (-1) ** n * (n + 1) * 1.25 for n, name in enumerate(names(channel).values())
        }
        bare = numbers | ERRORS if channel == "em_status" else numbers
        first = next(iter(names(channel)))
        notice = {"method": "NotifyStatus", "params": {"ts": 1.5, component: numbers}}
        shouted = {name.upper(): value for name, value in numbers.items()}
        text = json.dumps({"id": 0, names(channel)[first]: "2.4"})
        derived += [
            good(channel, {"id": 0, **bare}, bare, "derived"),
            good(channel, notice, numbers, "derived"),
            good(channel, shouted, numbers, "derived"),
            bad(channel, text, text.index('"2.4"'), "is not a number", first),
            bad(channel, text[:-1], len(text) - 1, "is not JSON"),
            bad(channel, "[]", 0, "not an object"),
            bad(channel, '{"em1:0": {"act_power": 5.0}}', 0, "none of the"),
        ]
    write(
        PLUGIN,
        "captured",
        "State of a Shelly Pro 3EM, firmware 1.1.0 (aioshelly's tests).",
        captured,
    )
    write(PLUGIN, "derived", "Made by tools/derive_vectors/shelly_pro_3em.py.", derived + errors())


if __name__ == "__main__":
    main()
