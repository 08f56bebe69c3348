"""The decode playground: payloads and lines of a plugin that nobody has seen."""

import re
import tomllib
from base64 import b64encode
from html import unescape
from pathlib import Path

import pytest

from core.vectors import read_vectors
from tests.portal import unseen
from tests.portal.conftest import Site
from thingwright.testing import conformance_cases

PAGE = f"/plugins/{unseen.NAME}/playground"
GOOD = unseen.frame()


async def tried(site: Site, **asked: str):
    answer = await site.client.get(f"{PAGE}.json", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("form", "payload"),
    [
        ("hex", GOOD.hex(" ")),
        ("hex", ", ".join(f"0x{byte:02X}" for byte in GOOD)),
        ("base64", b64encode(GOOD).decode()),
    ],
)
async def test_a_payload_is_read_however_it_is_written(site: Site, form: str, payload: str):
    said = await tried(site, channel="running", form=form, payload=payload)
    assert said["frame"] == GOOD.hex()
    values = {value["key"]: value for value in said["values"]}
    assert (values["roof_power"]["value"], values["roof_power"]["spans"]) == (3200, [[2, 4]])
    assert values["mode"]["meaning"] == "Feeding"
    assert [fault["code"] for fault in said["faults"]] == ["melting"]


async def test_the_page_marks_every_byte_by_its_field(site: Site):
    page = (await site.client.get(PAGE, params={"payload": GOOD.hex()})).text
    shown = re.findall(r'<a href="#value-(\w+)" data-hue="\d" title="[^"]*">([^<]+)</a>', page)
    assert dict(shown)["roof_power"] == "0c 80"
    assert "".join(text for _, text in shown).replace(" ", "") == GOOD.hex()


async def test_implausible_values_say_what_they_are(site: Site):
    said = await tried(site, payload=unseen.frame(charge=2000).hex())
    charge = next(value for value in said["values"] if value["key"] == "charge")
    assert (charge["value"], charge["implausible"]) == (None, 200.0)
    assert "outside its range 0 to 100" in charge["reason"]


@pytest.mark.parametrize(
    ("asked", "problem", "offset"),
    [
        ({"payload": "12 3x"}, "This is not hex: 'x' stands at digit 4.", None),
        ({"payload": "123"}, "Half a byte is missing: 3 digits.", None),
        ({"form": "base64", "payload": "abcde"}, "This is not Base64", None),
        ({"payload": "0102"}, "roof_power at byte 2", 2),
        ({"form": "line", "payload": "nobody knows"}, "No rule of this plugin", None),
    ],
)
async def test_what_cannot_be_read_is_said(site: Site, asked, problem: str, offset: int | None):
    said = await tried(site, **asked)
    assert said["problem"].startswith(problem)
    assert said["offset"] == offset
    page = (await site.client.get(PAGE, params=asked)).text
    assert said["problem"] in unescape(page)
    assert unescape(page).count(asked["payload"]) >= 1


async def test_a_line_of_the_log_becomes_records(site: Site):
    said = await tried(site, form="line", payload="CFG mode: 0 -> 1;feed_limit: 5 -> 6")
    assert [(r["name"], r["old"], r["new"]) for r in said["records"]] == [
        ("mode", "0", "1"),
        ("feed_limit", "5", "6"),
    ]


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        ({"channel": "running", "payload": GOOD.hex()}, "frames"),
        ({"channel": "running", "payload": unseen.frame(charge=2000).hex()}, "frames"),
        ({"channel": "running", "payload": "0102"}, "bad_frames"),
        ({"form": "line", "payload": "CFG mode: 0 -> 1"}, "log_rules"),
    ],
)
async def test_an_attempt_becomes_a_test_case_that_conforms(
    site: Site, tmp_path: Path, asked: dict[str, str], rule: str
):
    answer = await site.client.get(f"{PAGE}/vector", params=asked)
    assert answer.status_code == 200, answer.text
    assert tomllib.loads(answer.text)
    folder = tmp_path / "inverters" / "zephyr_q9"
    (folder / "vectors").mkdir(parents=True)
    (folder / "__init__.py").write_text(unseen.SOURCE)
    (folder / "products").mkdir()
    (folder / "products" / "q9.toml").write_text(unseen.PRODUCT)
    (folder / "vectors" / "tried.toml").write_text(answer.text)
    assert len([*read_vectors(folder)]) == 1
    cases = {str(case).rsplit("-", 1)[1]: case for case in conformance_cases(folder=tmp_path)}
    assert [*cases[rule].findings()] == []


async def test_nothing_becomes_no_test_case(site: Site):
    assert (await site.client.get(f"{PAGE}/vector")).status_code == 404


async def test_its_own_vectors_are_offered(site: Site):
    page = (await site.client.get("/plugins/inverters.zephyr_q9")).text
    assert f'href="{PAGE}"' in page
