"""One real device from the broker to the browser: every process as an operator starts it.

Captured frames go through `thingwright simulate --replay`, a real mosquitto, an ingest process and
the portal's process; the values on the page and in its JSON twin are those that an independent
library reads from the same frames.
"""

import html
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.vectors import captures_folder
from portal.assets import build
from tests.servers import HOST, Mosquitto, free_port, mosquitto, start_mosquitto

__all__ = ["mosquitto", "start_mosquitto"]
pytestmark = [pytest.mark.integration, pytest.mark.slow]

CAPTURES = captures_folder() / "goodwe_et"
SN = "9010KETU000W0000"
PATIENCE = 30.0
RENAMED = {"C": "degC"}
SHOWN_AS_TEXT = {"errors", "diagnose_result_label", "battery_error", "battery_warning"}
"""The library shows words of bits as a list of texts; here the word is the value."""


def expected() -> dict[str, tuple[Any, str]]:
    """Numbers that the library reads, by key, with their units."""
    cases = json.loads((CAPTURES / "expected.json").read_text())
    listed = [row for case in cases for row in case["expected"]]
    return {
        row["sensor"]: (row["value"], RENAMED.get(row["unit"], row["unit"]))
        for row in listed
        if isinstance(row["value"], int | float) and row["sensor"] not in SHOWN_AS_TEXT
    }


@pytest.fixture
def environment(tmp_path: Path, mosquitto: Mosquitto) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "THINGWRIGHT_DATA": str(tmp_path),
        "THINGWRIGHT_BROKER": f"mqtt://{HOST}:{mosquitto.port}",
    }


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a `thingwright` process; all are ended afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "portal.cli", *arguments]
        process = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.communicate(timeout=10)


def eventually(check: Callable[[], Any]) -> Any:
    """What `check` gives as soon as it gives something; connections may still be refused."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if found := check():
                return found
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    return pytest.fail(f"did not happen within {PATIENCE:.0f} s")


@pytest.fixture
def visitor(start: Callable[..., subprocess.Popen[str]]) -> Iterator[httpx.Client]:
    """Somebody who has made the first account by the printed link."""
    build()
    port = free_port()
    portal = start("serve", "--port", str(port))
    assert portal.stdout
    link = re.search(r"http\S+/setup\?token=\S+", portal.stdout.readline())
    assert link
    with httpx.Client(base_url=f"http://{HOST}:{port}", follow_redirects=True) as client:
        page = eventually(lambda: client.get(link[0]))
        form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        made = client.post("/setup", data={**form, "name": "ada", "password": "four words are it"})
        assert made.status_code == 200, made.text
        yield client


@pytest.mark.skipif(not CAPTURES.is_dir(), reason=f"{CAPTURES} is not there")
def test_captured_frames_reach_the_page_and_its_twin(start, visitor):
    start("ingest")
    replay = start("simulate", "--replay", str(CAPTURES), "--sn", SN)
    assert "4 frames sent" in replay.communicate(timeout=PATIENCE)[0]
    assert replay.returncode == 0

    readings = eventually(lambda: _complete(visitor))
    for key, (value, unit) in expected().items():
        shown = readings[key]
        said = 0 if shown["value"] is None else shown["value"]  # the library says 0 for absent
        assert said == pytest.approx(value, abs=5e-4), key
        assert shown["unit"] == unit, key

    page = html.unescape(visitor.get(f"/systems/{SN}/readings").text)
    assert "332.6" in page
    assert "Charge" in page
    house = visitor.get(f"/systems/{SN}.json").json()["house"]
    assert house["pv.power"]["value"] == 3456
    assert house["battery.power"]["value"] == 2512
    assert "harging" in house["battery.power"]["words"]
    assert house["load.power"]["value"] == 947


def _complete(visitor: httpx.Client) -> dict[str, Any] | None:
    """All readings of the inverter, once the three channels have arrived."""
    answer = visitor.get(f"/systems/{SN}.json")
    if answer.status_code != 200:
        return None
    readings = answer.json()["readings"].get("inverter", {})
    return readings if {"vpv1", "meter_freq", "battery_soc"} <= readings.keys() else None
