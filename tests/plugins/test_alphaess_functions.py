"""Functions of AlphaESS systems, and the product models that have them."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from core.registry import Registry

CODES = Path(__file__).parents[3] / "shared/facts/products/alphaess_function_codes.csv"
SMILE = [
    "smile5",
    "smile-b3",
    "smile-b3-plus",
    "smile-s5",
    "smile-b5",
    "smile-t10-hv",
    "smile-g3-s3-6",
    "smile-g3-s5",
    "smile-g3-b5",
    "smile-g3-s8",
    "smile-g3-t10",
    "smile-g3-t20",
    "smile-m5",
    "smile-m10",
]


def test_each_code_belongs_to_one_function(registry: Registry) -> None:
    told = Counter(code for f in registry.functions.values() for code in f.codes)
    assert [code for code, times in told.items() if times > 1] == []


@pytest.mark.skipif(not CODES.exists(), reason=f"the fact tables are not at {CODES.parents[1]}")
def test_every_code_of_the_facts_is_declared(registry: Registry) -> None:
    told = {code for f in registry.functions.values() for code in f.codes}
    with CODES.open(encoding="utf-8", newline="") as lines:
        assert {row["code"] for row in csv.DictReader(lines)} == told


def test_codes_of_one_country_say_so(registry: Registry) -> None:
    assert registry.functions["self_check_italy"].countries == ("IT",)
    assert registry.functions["fcas_fast"].countries == ()


@pytest.mark.parametrize("product", SMILE)
def test_functions_have_the_commands_that_serve_them(registry: Registry, product: str) -> None:
    model = registry.product(product)
    assert model is not None
    part = registry.system(model).parts["inverter"]
    assert part.component is not None
    assert part.component.label == model.name
    for use in (*model.hardware_functions, *model.software_functions):
        assert set(registry.functions[use.id].commands) <= part.commands.keys()
