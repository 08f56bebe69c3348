"""Countries and their time zones, as the IANA database lists them."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

TABLE: Final = files("tzdata").joinpath("zoneinfo", "zone.tab")


@cache
def zones() -> Mapping[str, tuple[str, ...]]:
    """The zones of each country by its two letters."""
    found: dict[str, tuple[str, ...]] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found[country] = (*found.get(country, ()), zone)
    return found


def of_country(country: str) -> tuple[str, ...]:
    """The zones of a country; none where there is no such country."""
    return zones().get(country, ())
