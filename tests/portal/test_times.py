"""Which clock a page shows."""

import pytest

from portal.presentation.times import zone_of


@pytest.mark.parametrize(
    ("wanted", "name", "choice", "others"),
    [
        ("site", "Europe/Berlin", "site", ("utc", "me")),
        ("utc", "UTC", "utc", ("me", "site")),
        ("me", "Asia/Shanghai", "me", ("site", "utc")),
        ("nonsense", "UTC", "utc", ("me", "site")),
    ],
)
def test_one_of_three_clocks_and_the_way_to_the_others(
    wanted: str, name: str, choice: str, others: tuple[str, ...]
):
    zone = zone_of("Europe/Berlin", wanted, "Asia/Shanghai")
    assert (zone.name, zone.choice, zone.others) == (name, choice, others)


def test_a_clock_that_is_not_known_is_utc_and_not_offered():
    assert zone_of("", "site", "").others == ()
    for foreign in ("../../etc/passwd", "Mars/Olympus", "x" * 200, "\0"):
        zone = zone_of("Europe/Berlin", "me", foreign)
        assert (zone.name, zone.others) == ("UTC", ("site",))


def test_a_label_says_whose_clock_it_is():
    assert zone_of("America/Sao_Paulo", "site").label == "Site time, America/Sao Paulo"
    assert zone_of("", "me", "Asia/Shanghai").label == "My time, Asia/Shanghai"
