"""Makes the vectors of `chargers.alphaess_evct11` from the fact table of the Open API.

The values of status and currents are those with which the library's own tests work.
"""

import csv
import json
from collections.abc import Mapping
from typing import Any

from vector_toml import FACTS, entry, faults, spaced, write

PLUGIN = "chargers.alphaess_evct11"
ABOUT = "Made by tools/derive_vectors/alphaess_evct11.py."
CALLS = {
    "config": "getEvChargerConfigList",
    "status": "getEvChargerStatusBySn",
    "currents": "getEvChargerCurrentsBySn",
}
STATES = (1, 2, 3, 4, 5, 6, 9)
SYSTEM, CHARGER = "AL2002021040500", "EV123"


def points(call: str, direction: str) -> dict[str, str]:
    """Field of a call: our key."""
    with (FACTS / "cloud/alphaess_openapi_fields.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["endpoint"] == call]
    return {row["field"]: row["point"] for row in rows if row["direction"] == direction}


def frame(channel: str, said: Mapping[str, Any]) -> str:
    keys = points(CALLS[channel], "response")
    data = [said] if channel == "config" else said
    text = json.dumps({"code": 200, "msg": "Success", "data": data})
    values = {keys[name]: number for name, number in said.items()}
    return entry("frame", values, channel=channel, origin="derived", text=text)


def bad(channel: str, text: str, reason: str, datapoint: str = "frame") -> str:
    facts: dict[str, Any] = {"channel": channel, "origin": "derived", "text": text}
    return entry("bad_frame", **facts, datapoint=datapoint, reason=reason)


def command(name: str, call: str, said: Mapping[str, Any], *fixed: str) -> str:
    keys = points(call, "request")
    asked = {keys[field]: value for field, value in said.items() if field not in fixed}
    data = json.dumps(said, separators=(",", ":")).encode()
    facts: dict[str, Any] = {"command": name, "origin": "derived", "parameters": asked}
    return entry("command", **facts, hex=spaced(data))


def main() -> None:
    refused = json.dumps({"code": 6007, "msg": "refused", "data": None})
    write(PLUGIN, "answers", ABOUT, [
        frame("config", {"evchargerSn": CHARGER, "evchargerModel": "SMILE-EVCT11"}),
        *(frame("status", {"evchargerStatus": state}) for state in STATES),
        frame("currents", {"currentsetting": 16}),
        frame("currents", {"currentsetting": 12.5}),
        *(bad(channel, refused, "holds none of the") for channel in CALLS),
        bad("status", '{"data": {"evchargerStatus": "idle"}}', "", "ev_charger_status"),
        bad("status", '{"data": {"evchargerStatus": 3}', ""),
        bad("currents", '{"data": {"currentsetting": "16 A"}}', "", "household_current_limit"),
    ])  # fmt: skip
    write(PLUGIN, "faults", ABOUT, faults("ev_charger_status", {9: "faulted"}, bits=False))
    control = {"sysSn": SYSTEM, "evchargerSn": CHARGER}
    start, stop = {**control, "controlMode": 1}, {**control, "controlMode": 0}
    currents = {"sysSn": SYSTEM, "currentsetting": 16.5}
    write(PLUGIN, "commands", ABOUT, [
        command("start_charging", "remoteControlEvCharger", start, "controlMode"),
        command("stop_charging", "remoteControlEvCharger", stop, "controlMode"),
        command("set_household_current", "setEvChargerCurrentsBySn", currents),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
