"""The sun and the weather over a place, as functions of the moment: asked twice, they say the same.

Good enough that nights, seasons, latitudes and cloudy days look right in a curve; no forecast.
"""

import math
import random
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from attrs import frozen

TILT: Final = math.radians(23.44)
"""The axis of the earth."""
DAY_LIGHT: Final = (0.95, 0.85, 0.65, 0.4, 0.25)
"""Of the light of a clear sky, what comes through on average on a day: from bright to dull."""
ODDS: Final = (3, 3, 2, 2, 1)
_COORDINATES: Final = re.compile(r"([+-]\d{4}(?:\d\d)?)([+-]\d{5}(?:\d\d)?)")


@frozen
class Place:
    """Where a house stands, in degrees; north and east are positive."""

    latitude: float
    longitude: float


@cache
def places() -> Mapping[str, Place]:
    """The principal place of every time zone, from the table that comes with the zones."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    found: dict[str, Place] = {}
    for line in table.splitlines():
        _, coordinates, zone, *_ = (*line.split("\t"), "", "")
        if parts := _COORDINATES.fullmatch(coordinates):
            found[zone] = Place(_degrees(parts[1]), _degrees(parts[2]))
    return found


def place_of(zone: str) -> Place:
    """Where a zone's principal place is; on the equator for a zone that is no place."""
    return places().get(zone, Place(0, 0))


def _degrees(text: str) -> float:
    """ISO 6709: degrees, two digits of minutes, and perhaps two of seconds."""
    digits, seconds = (text[1:-2], text[-2:]) if len(text) > 6 else (text[1:], "0")
    value = int(digits[:-2]) + int(digits[-2:]) / 60 + int(seconds) / 3600
    return -value if text[0] == "-" else value


def sine_of_elevation(place: Place, moment: datetime) -> float:
    """How high the sun stands: 1 in the zenith, 0 at the horizon, negative at night."""
    angle = 2 * math.pi * (moment.timetuple().tm_yday - 1) / 365
    declination = -TILT * math.cos(angle + 2 * math.pi * 10 / 365)
    equation_of_time = 9.87 * math.sin(2 * (angle - 1.39)) - 7.53 * math.cos(angle - 1.39)
    hours = moment.hour + moment.minute / 60 + moment.second / 3600
    solar = hours + place.longitude / 15 + equation_of_time / 60
    latitude, hour_angle = math.radians(place.latitude), (solar - 12) * math.pi / 12
    return math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(
        declination
    ) * math.cos(hour_angle)


def clear_sky(sine: float) -> float:
    """W/m² on level ground under a clear sky (Haurwitz 1945), of the sine of the elevation."""
    return 1098 * sine * math.exp(-0.057 / sine) if sine > 0 else 0


@frozen
class Weather:
    """Clouds and temperature over a place; `seed` tells one place's weather from another's."""

    place: Place
    seed: str

    def light(self, moment: datetime) -> float:
        """W/m² on level ground at a moment (UTC)."""
        return clear_sky(sine_of_elevation(self.place, moment)) * self.passing(moment)

    def passing(self, moment: datetime) -> float:
        """The share of the light that clouds let through: steady on clear days only."""
        level, phases = _day(self.seed, moment.toordinal())
        minute = moment.hour * 60 + moment.minute + moment.second / 60
        waves = sum(
            math.sin(2 * math.pi * minute / period + phase)
            for period, phase in zip((97, 41, 17, 7), phases, strict=True)
        )
        return max(0.08, min(1, level + (1 - level) * 0.35 * waves))

    def temperature(self, moment: datetime) -> float:
        """°C outside: colder towards the poles, in winter, at night."""
        north = self.place.latitude
        season = -math.cos(2 * math.pi * (moment.timetuple().tm_yday - 20) / 365)
        local = moment.hour + moment.minute / 60 + self.place.longitude / 15
        day = 4 * math.cos(2 * math.pi * (local - 15) / 24)
        yearly = 27 - 0.35 * abs(north)
        return yearly + math.copysign(0.2 * abs(north), north) * season + day


@lru_cache(maxsize=4096)
def _day(seed: str, day: int) -> tuple[float, tuple[float, ...]]:
    """How much light a day has, and how its clouds pass."""
    chance = random.Random(f"{seed} {day}")  # noqa: S311  weather, not a secret
    level = chance.choices(DAY_LIGHT, ODDS)[0]
    return level, tuple(chance.uniform(0, 2 * math.pi) for _ in range(4))
