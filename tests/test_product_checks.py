"""Shapes of serial numbers that meet, and what two texts of a product model differ in."""

from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.product_checks import have_common_text
from core.product_files import product_document, read_product_text
from core.products.changes import changes
from core.registry import Registry
from core.thing_model.problems import ModelError

RULES = st.text("AB*?", min_size=1, max_size=4)
TEXTS = ["".join(letters) for n in range(9) for letters in product("AB", repeat=n)]


@given(RULES, RULES)
def test_shapes_meet_where_some_text_has_both(one: str, other: str) -> None:
    some = any(fnmatchcase(text, one) and fnmatchcase(text, other) for text in TEXTS)
    assert have_common_text(one, other) is have_common_text(other, one) is some


def test_long_shapes_are_compared_at_once() -> None:
    assert not have_common_text("*A" * 32, "*B" * 31 + "*C")


OLD = """
id = "a"
name = "A"
version = "1.0.0"
inverter = "inverters.x"
batteries = [{ model = "batteries.y", max_count = 2 }, "batteries.z"]
markets = ["DE", "AT"]
software_functions = ["tou", { id = "storm", version = "1.0.0" }]
"""
NEW = """
# another order, and short forms written out
version = "1.1.0"
name = "A"
id = "a"
inverter = { model = "inverters.x" }
batteries = [{ model = "batteries.y", max_count = 4 }]
markets = ["FR", "DE"]
software_functions = ["storm", "vpp", "tou"]
offline_after = 60
"""


def test_changes_are_told_key_by_key() -> None:
    assert list(map(str, changes(OLD, NEW))) == [
        "version: '1.0.0' → '1.1.0'",
        "batteries[1].max_count: 2 → 4",
        "batteries[2].model: gone, was 'batteries.z'",
        "markets[AT]: gone, was 'AT'",
        "software_functions[storm]: '1.0.0' → 'newest'",
        "markets[FR]: new, 'FR'",
        "software_functions[vpp]: new, 'newest'",
        "offline_after: new, 60",
    ]
    assert changes(OLD, OLD) == changes(NEW, "# no change\n" + NEW) == []


@pytest.mark.parametrize("text", ["", "x = [[1, 2], { y = [{ z = 1 }] }]", "x = 2026-01-01\n[a.b]"])
def test_texts_that_are_no_models_yet_can_be_compared(text: str) -> None:
    assert changes(text, text) == []
    assert {change.after for change in changes(text, "")} <= {None}


def test_what_is_not_toml_cannot_be_compared() -> None:
    with pytest.raises(ModelError, match="is not TOML"):
        changes(OLD, "x = ")


def test_every_shipped_text_says_its_model(registry: Registry) -> None:
    for plugin in registry.plugins.values():
        for model in plugin.products:
            text = plugin.product_texts[model.id, model.version]
            assert read_product_text(text, "") == model
            assert product_document(model)["id"] == model.id


def test_a_version_that_only_looks_right_is_refused() -> None:
    with pytest.raises(ModelError, match="'version' must match regex"):
        read_product_text('id = "a"\nname = "A"\nversion = "1.0.0\\n"\n', "x")
