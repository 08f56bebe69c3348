"""Product models that are made in the portal: drafts, their mistakes, versions, retiring."""

import asyncio

import pytest

from tests.portal import unseen
from tests.portal.conftest import Site

OURS = unseen.PRODUCT.replace('"zephyr-q9"', '"our-q9"').replace("ZQ9*", "OUR*")
DRAFT = "/product-drafts/our-q9"


async def test_a_text_is_kept_to_the_letter_and_comes_back_so(site: Site):
    text = f"\n  # ours, ünïcode\n{OURS}\n\n"
    await _begin(site, text.replace("\n", "\r\n"))
    assert (await site.client.get("/products/our-q9/toml?version=draft")).text == text
    form = (await site.client.get(f"{DRAFT}/edit")).text
    assert "ünïcode" in form


async def test_everything_that_is_wrong_is_said_at_its_lines(site: Site):
    wrong = OURS.replace('version = "1.0.0"', 'version = "one"') + 'colour = "red"\n'
    await _begin(site, wrong + 'grid_specs = ["moon_1969"]\n')
    lines = wrong.split("\n")
    page = (await site.client.get(DRAFT)).text
    for said in ('version = "one"', 'colour = "red"'):
        number = next(n for n, line in enumerate(lines, 1) if line.startswith(said))
        assert f'<li id="line-{number}" class="wrong">' in page
    assert "moon_1969&#39; is not a grid specification" in page
    refused = await _act(site, "publish", release="1.0.0", version="1", _reason="try")
    assert "moon_1969" in refused.text
    assert (await site.client.get("/products/our-q9")).status_code == 404


async def test_a_version_is_published_compared_and_retired(site: Site):
    await _begin(site, OURS)
    await _publish(site, "1.0.0", version=1)
    text = OURS.replace("sn_rules", 'vendor = "Us"\nsn_rules') if "vendor" not in OURS else OURS
    changed = text.replace("OUR*", "OURS*")
    await site.post(DRAFT, f"{DRAFT}/edit", text=changed, _version="1")
    await _publish(site, "1.1.0", version=2)
    versions = (await site.client.get("/products/our-q9.json")).json()["history"]
    assert [each["version"] for each in versions] == ["1.1.0", "1.0.0"]
    asked = "/products/our-q9/compare.json?old=1.0.0&new=1.1.0"
    changes = (await site.client.get(asked)).json()["changes"]
    assert {"version", "sn_rules[OUR*]", "sn_rules[OURS*]"} <= {each["path"] for each in changes}
    assert (await site.client.get("/products/our-q9/toml?version=1.0.0")).text == OURS
    await site.post(
        "/products/act/retire", "/products/our-q9", key="our-q9", release="", _step="go",
        _reason="sold no more",
    )  # fmt: skip
    await _until_known(site, "/products.json?state=retired", "our-q9")


async def test_two_people_who_change_one_draft_see_both_texts(site: Site):
    await _begin(site, OURS)
    for name in ("First", "Second"):
        text = OURS.replace("name = ", f"# {name}\nname = ")
        answer = await site.post(DRAFT, f"{DRAFT}/edit", text=text, _version="1")
    assert answer.status_code == 409
    assert answer.text.count("# First") == 1
    assert answer.text.count("# Second") == 2  # beside the other, and in the form
    late = await _act(site, "publish", release="1.0.0", version="1", _reason="mine")
    assert "somebody else changed the text" in late.text


async def test_a_copy_has_another_id_and_a_draft_can_be_discarded(site: Site):
    await site.post(
        "/products/act/copy", "/products/zephyr-q9", key="zephyr-q9", new_id="our-q9", _step="go"
    )
    copied = (await site.client.get("/products/our-q9/toml?version=draft")).text
    assert copied == unseen.PRODUCT.replace('"zephyr-q9"', '"our-q9"')
    await _act(site, "delete")
    assert (await site.client.get(DRAFT)).status_code == 404


async def test_a_model_that_systems_have_is_not_retired_and_they_are_named(site: Site):
    await _begin(site, OURS)
    await _publish(site, "1.0.0", version=1)
    async with site.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE systems SET product_id = 'our-q9'")
    refused = await site.post(
        "/products/act/retire", "/products/our-q9", key="our-q9", release="", _step="go",
        _reason="why not",
    )  # fmt: skip
    assert unseen.SN in refused.text


@pytest.mark.parametrize("path", ["/product-drafts", "/product-drafts/new", DRAFT])
async def test_support_sees_models_and_no_drafts(site: Site, path: str):
    await _begin(site, OURS)
    async with site.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE users SET roles = 'l1'")
    assert (await site.client.get(path)).status_code == 403
    assert (await site.client.get("/products/zephyr-q9")).status_code == 200


async def _begin(site: Site, text: str) -> None:
    made = await site.post("/product-drafts", "/product-drafts/new", text=text)
    assert made.status_code == 303, made.text


async def _publish(site: Site, release: str, version: int) -> None:
    done = await _act(site, "publish", release=release, version=str(version), _reason="ready")
    assert done.status_code == 200, done.text
    await _until_known(site, "/products.json", release)


async def _act(site: Site, action: str, **fields: str):
    return await site.post(
        f"/product-drafts/act/{action}", DRAFT, key="our-q9", _step="go", **fields
    )


async def _until_known(site: Site, path: str, said: str) -> None:
    for _ in range(60):
        if said in (found := (await site.client.get(path)).text) and "our-q9" in found:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(found)
