"""Countries, their time zones and the places of these, as the IANA database lists them."""

import re
from cmath import phase, rect
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import degrees, radians
from typing import Final

TABLE: Final = files("tzdata").joinpath("zoneinfo", "zone.tab")


_PLACE: Final = re.compile(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?")


@cache
def zones() -> Mapping[str, tuple[str, ...]]:
    """The zones of each country by its two letters."""
    found: dict[str, tuple[str, ...]] = {}
    for country, _, zone in _lines():
        found[country] = (*found.get(country, ()), zone)
    return found


@cache
def middles() -> Mapping[str, tuple[float, float]]:
    """Where each country is, in degrees north and east: amid the main cities of its zones."""
    found: dict[str, list[tuple[float, float]]] = {}
    for country, place, _ in _lines():
        if said := _PLACE.fullmatch(place):
            parts = said.groups("0")
            cities = found.setdefault(country, [])
            cities.append((_degrees(*parts[:4]), _degrees(*parts[4:])))
    return {country: _middle(cities) for country, cities in found.items()}


def _middle(cities: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Of places on both sides of the date line, it is there too."""
    north = sum(n for n, _ in cities) / len(cities)
    return north, degrees(phase(sum(rect(1, radians(east)) for _, east in cities)))


def _degrees(sign: str, whole: str, minutes: str, seconds: str) -> float:
    return float(f"{sign}1") * (int(whole) + int(minutes) / 60 + int(seconds) / 3600)


def _lines() -> Iterator[tuple[str, str, str]]:
    """Country, place and zone."""
    for line in TABLE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            country, place, zone = line.split("\t")[:3]
            yield country, place, zone


def of_country(country: str) -> tuple[str, ...]:
    """The zones of a country; none where there is no such country."""
    return zones().get(country, ())
