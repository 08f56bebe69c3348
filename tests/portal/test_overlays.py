"""What firmware decides: on the pages of plugins, components, product models and systems."""

from pathlib import Path

import pytest

from core.access import PLATFORM
from core.commanding import orders
from core.commanding.orders import Order
from core.commanding.records import CommandRequest
from core.host import Host
from core.registry import Registry
from tests import scaled
from tests.portal.conftest import Site

SN = "SC00000001"


@pytest.fixture
def unseen_registry(unseen_registry: Registry, tmp_path: Path) -> Registry:
    """The unseen plugin, and one whose scales depend on firmware."""
    scaled.written(tmp_path)
    host = Host()
    host.load_folder(tmp_path / "plugins", "folder")
    return host.registry()


@pytest.mark.parametrize(
    "path", [f"/plugins/{scaled.NAME}", "/products/scaled", f"/inverters/{scaled.NAME}"]
)
async def test_declarations_are_shown_as_lines_of_versions(site: Site, path: str):
    page = (await site.client.get(path)).text
    assert "By firmware" in page
    assert "soc: scale 0.1" in page
    assert "soc: scale 0.4" in page
    assert 'aria-current="true"' not in page.partition("version-lines")[2]


async def test_a_plugin_tells_its_lines_to_machines(site: Site):
    said = (await site.client.get(f"/plugins/{scaled.NAME}.json")).json()["overlays"]
    assert [(each["what"], each["name"], each["there"]) for each in said] == [
        ("datapoint", "reserve", None),
        ("channel", "running", None),
        ("command", "set_reserve", None),
    ]
    assert [(part["firmware"], part["there"]) for part in said[0]["line"]] == [
        ("<3.6", False),
        (">=3.6", True),
    ]
    assert (await site.client.get("/plugins/inverters.zephyr_q9.json")).json()["overlays"] == []


async def test_a_system_stands_on_the_lines_of_its_firmware(site: Site):
    await site.register(SN, model="scaled", firmware="3.4")
    await site.hear(bytes((0x03, 0xE8)), sn=SN)
    said = (await site.client.get(f"/systems/{SN}/firmware.json")).json()["overlays"]
    assert [(each["name"], each["there"]) for each in said] == [
        ("reserve", False), ("running", True), ("set_reserve", False),
    ]  # fmt: skip
    assert said[1]["why"] == "It holds because the firmware is < 3.6: the system runs 3.4."
    assert said[2]["why"] == "Not there: it needs firmware ≥ 3.6, the system runs 3.4."
    assert [part["here"] for part in said[1]["line"]] == [True, False]
    page = (await site.client.get(f"/systems/{SN}/firmware")).text
    assert "What the firmware decides" in page
    assert 'aria-current="true"><b>&lt; 3.6</b>' in page


async def test_a_reading_is_explained_by_its_firmware(site: Site):
    await site.register(SN, model="scaled", firmware="3.4")
    await site.hear(bytes((0x03, 0xE8)), sn=SN)
    said = (await site.client.get(f"/systems/{SN}/explain/inverter/soc.json")).json()
    assert said["reading"]["value"] == 100
    assert said["because"] == [
        "Channel running: scale 0.1. It holds because the firmware is < 3.6: the system runs 3.4."
    ]
    assert (
        said["because"][0].replace("<", "&lt;")
        in (await site.client.get(f"/systems/{SN}/explain/inverter/soc")).text
    )
    lost = await site.client.get(f"/systems/{SN}/explain/inverter/reserve")
    assert lost.status_code == 404
    assert "Not there: it needs firmware ≥ 3.6, the system runs 3.4." in lost.text


async def test_firmware_that_is_not_known_says_so(site: Site):
    await site.register(SN, model="scaled")
    said = (await site.client.get(f"/systems/{SN}/firmware.json")).json()["overlays"]
    assert {each["why"] for each in said} == {
        f"Not there: it needs firmware {needed}, and the system has not said which it runs."
        for needed in ("≥ 3.6", "< 3.6 or ≥ 3.6")
    }


async def test_a_command_that_the_firmware_has_not_is_refused_with_the_reason(site: Site):
    await site.register(SN, model="scaled", firmware="3.4")
    order = Order(CommandRequest("inverter", "set_reserve", {"reserve": 5}), [SN])
    async with site.database.read() as connection:
        trial = await orders.dry_run(connection, site.registry, PLATFORM, order, site.clock())
    assert [problem.what for problem in trial.systems[0].problems] == [
        "is not offered: command set_reserve of inverter needs firmware >=3.6, the system has 3.4"
    ]
