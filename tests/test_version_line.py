"""The number line of firmware versions, and what may not stand on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.thing_model.datapoint import Datapoint
from core.thing_model.scope import Version, applies, specificity
from core.thing_model.version_line import version_line

ROWS = st.lists(
    st.lists(
        st.tuples(st.sampled_from([">=", ">", "<", "<=", "==", "!="]), st.integers(1, 6)),
        max_size=2,
    ).map(lambda clauses: ",".join(f"{sign}{limit}.5" for sign, limit in clauses)),
    min_size=1,
    max_size=4,
)


def said(*ranges: str) -> list[tuple[str, str | None]]:
    """Stretches and the units of the rows that count on them: "0", "1", in the order given."""
    rows = [Datapoint(str(n), firmware=each) for n, each in enumerate(ranges)]
    return [(str(s.firmware), s.row and s.row.key) for s in version_line(rows)]


def test_two_ranges_and_the_gap_between_them():
    assert said("<3.6", ">=4,<5") == [("<3.6", "0"), (">=3.6,<4", None), (">=4,<5", "1"),
                                      (">=5", None)]  # fmt: skip


def test_a_row_with_a_range_comes_before_one_for_all():
    assert said("", ">3.6,<=4") == [("<=3.6", "0"), (">3.6,<=4", "1"), (">4", "0")]


def test_one_version_alone_and_all_but_one():
    assert said("==2.1") == [("<2.1", None), ("==2.1", "0"), (">2.1", None)]
    assert said("!=2.1") == [("<2.1", "0"), ("==2.1", None), (">2.1", "0")]


def test_neighbours_with_the_same_rows_are_one_stretch():
    assert said(">=3.6.0", ">=1,<3.6") == [("<1", None), (">=1,<3.6.0", "1"), (">=3.6.0", "0")]
    assert said("") == [("", "0")]


def test_a_version_that_ends_in_zeros_is_the_one_without():
    assert Version.of("3.6.0") == Version.of("3.6")
    assert hash(Version.of("3.6.0")) == hash(Version.of("3.6"))
    assert Version.of("3.6-beta") < Version.of("3.6") < Version.of("3.6.1") < Version.of("3.10")


@pytest.mark.parametrize("ranges", [(">=1", "<2"), ("<2", "<3"), ("", ""), ("==1", "!=2")])
def test_equally_specific_rows_contest_what_they_share(ranges: tuple[str, ...]):
    rows = [Datapoint("x", firmware=each) for each in ranges]
    assert any(stretch.contested for stretch in version_line(rows))


@given(ROWS, st.sampled_from([f"{n}.{m}" for n in range(8) for m in (0, 4, 5, 6)]))
def test_every_version_stands_on_one_stretch_whose_row_is_the_most_specific(
    ranges: list[str], version: str
):
    rows = [Datapoint(str(n), firmware=each) for n, each in enumerate(ranges)]
    (stretch,) = [s for s in version_line(rows) if version in s.firmware]
    fitting = [r for r in rows if applies(r.variants, r.firmware, variant="", version=version)]
    best = sorted(fitting, key=lambda r: specificity(r.variants, r.firmware))
    assert [row.key for row in stretch.rows] == [row.key for row in best]
