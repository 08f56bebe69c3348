"""The OpenAPI document is valid, and names the addresses that answer."""

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from portal.openapi import document
from portal.resources import ALL
from tests.portal import unseen
from tests.portal.conftest import Site

KNOWN = {
    "sn": unseen.SN, "slot": "inverter", "key": "mode", "product": "zephyr-q9", "name": unseen.NAME,
}  # fmt: skip
NEEDED = {"/real-time.json": {"q": unseen.SN, "columns": "sn,inverter.mode"}}
"""What lists have to be asked that list nothing by themselves."""


def test_document_is_valid():
    said = document()
    assert said["openapi"].startswith("3.1")
    validate(said)


async def test_every_route_answers_as_its_schema_says(site: Site):
    said = document()
    await site.hear(unseen.frame(), "wrong")
    read = {path: item for path, item in said["paths"].items() if "get" in item}
    assert set(said["paths"]) - set(read) == {"/api/provision"}
    for path, item in read.items():
        known = {**KNOWN, "row": await first_row(site, path)} if "{row}" in path else KNOWN
        if not known.get("row", "there"):
            continue  # there is nothing in that list yet
        answer = await site.client.get(path.format(**known), params=NEEDED.get(path))
        assert answer.status_code == 200, path
        schema = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": said["components"]}
        errors = [e.message for e in Draft202012Validator(whole).iter_errors(answer.json())]
        assert not errors, (path, errors[:3])


async def first_row(site: Site, path: str) -> str:
    """The key of the first row of the list that a row's own path belongs to."""
    resource = next(r for r in ALL if path == f"{r.path}/{{row}}.json")
    rows = (await site.client.get(f"{resource.path}.json")).json()["rows"]
    return str(rows[0][resource.listing.key]) if rows else ""
