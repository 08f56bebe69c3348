"""A house with photovoltaics, a battery, people and perhaps a car: what flows, and is counted.

The battery takes a surplus and covers a lack, as in self-consumption; the grid does the rest.
"""

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from attrs import define, field, frozen

from core.simulation.sky import Weather

STEP: Final = 60.0
"""Seconds at most in which nothing is thought to change."""
LONGEST: Final = timedelta(days=2)
"""A pause longer than that is not lived through."""
YIELD: Final = 0.85
"""Of the peak power what a roof gives in full light: heat, wiring, inverter."""
LOSS: Final = 0.95
"""What is left of energy that goes into a battery, and again of what comes out."""
HEATED: Final = 16.0
"""°C outside below which a house is heated."""


@frozen
class House:
    """What a house has: peak of the roof and other powers in W, storage in kWh."""

    pv_peak: float = 8000
    storage: float = 10
    storage_power: float = 5000
    base_load: float = 300
    heating: float = 60
    """W for each °C below HEATED."""
    charger: float = 0
    floor: float = 10
    ceiling: float = 98


@frozen
class Use:
    """Something that draws power for a while; minutes count from local midnight."""

    begin: float
    end: float
    power: float


@define
class Flow:
    """The state of a house: powers in W in the house's sign, counters in kWh, charge in %."""

    house: House
    weather: Weather
    zone: str
    chance: random.Random
    soc: float = 50
    readings: dict[str, float] = field(factory=dict[str, float])
    counters: dict[str, float] = field(factory=dict[str, float])

    def advance(self, since: datetime, now: datetime) -> None:
        """Live from one moment to another (UTC), a minute at a time."""
        begin = max(since, now - LONGEST)
        steps = max(1, math.ceil((now - begin).total_seconds() / STEP))
        for n in range(1, steps + 1):
            self._live(begin + (now - begin) * n / steps, (now - begin).total_seconds() / steps)

    def _live(self, moment: datetime, seconds: float) -> None:
        house, local = self.house, moment.astimezone(ZoneInfo(self.zone))
        pv = house.pv_peak * YIELD * min(1, self.weather.light(moment) / 1000)
        car = _drawn(_car(house.charger, self.weather.seed, local.toordinal()), local)
        load = house.base_load + _drawn(_uses(self.weather.seed, local.toordinal()), local) + car
        load += house.heating * max(0, HEATED - self.weather.temperature(moment))
        battery = self._battery(pv - load, seconds / 3600)
        self.readings = {
            "pv.power": pv,
            "load.power": load,
            "battery.power": battery,
            "grid.power": load + battery - pv,
            "charger.power": car,
            "generator.power": 0,
            "battery.soc": self.soc,
            "battery.soh": 98,
        }
        self._count(seconds / 3600)

    def _battery(self, surplus: float, hours: float) -> float:
        """The power into the battery, which never fills or empties within the step."""
        house = self.house
        if not house.storage:
            return 0
        room = (house.ceiling - self.soc) / 100 * house.storage * 1000
        rest = (self.soc - house.floor) / 100 * house.storage * 1000
        most = min(house.storage_power, room / LOSS / hours if hours else 0)
        least = -min(house.storage_power, rest * LOSS / hours if hours else 0)
        power = max(least, min(most, surplus))
        kept = power * LOSS if power > 0 else power / LOSS
        self.soc += kept * hours / 1000 / house.storage * 100
        return power

    def _count(self, hours: float) -> None:
        said = self.readings
        for counter, power in (
            ("pv.energy", said["pv.power"]),
            ("load.energy", said["load.power"]),
            ("charger.energy", said["charger.power"]),
            ("battery.energy_charged", said["battery.power"]),
            ("battery.energy_discharged", -said["battery.power"]),
            ("grid.energy_imported", said["grid.power"]),
            ("grid.energy_exported", -said["grid.power"]),
        ):
            begin = self.counters.setdefault(counter, round(self.chance.uniform(500, 5000), 1))
            self.counters[counter] = begin + max(0, power) * hours / 1000


def _drawn(uses: tuple[Use, ...], local: datetime) -> float:
    minute = local.hour * 60 + local.minute + local.second / 60
    return sum(use.power for use in uses if use.begin <= minute < use.end)


@lru_cache(maxsize=4096)
def _uses(seed: str, day: int) -> tuple[Use, ...]:
    """What people switch on in a day; more at home at the weekend."""
    chance = random.Random(f"{seed} uses {day}")  # noqa: S311  a simulated house, not a secret
    weekend = datetime.fromordinal(day).weekday() >= 5
    return tuple(_household(chance, weekend=weekend))


def _household(chance: random.Random, *, weekend: bool) -> Iterator[Use]:
    rise, sleep = chance.gauss(8.5 if weekend else 6.5, 0.4) * 60, chance.gauss(22.7, 0.5) * 60
    yield Use(rise, sleep, chance.uniform(60, 160))
    for hour in (rise / 60, chance.gauss(12.5, 0.5), chance.gauss(18.8, 0.6)):
        yield from _run(chance, hour * 60, 4, 2000)
        yield from _run(chance, hour * 60 + chance.uniform(5, 20), 12, 1200)
    if weekend or chance.random() < 0.3:
        yield from _run(chance, chance.gauss(12, 0.7) * 60, 45, 2200)
    yield from _run(chance, chance.gauss(18.5, 0.5) * 60, 50, 2200)
    yield from _run(chance, chance.gauss(19.5, 0.8) * 60, 240, 180)
    if chance.random() < (0.8 if weekend else 0.4):
        begin = chance.gauss(10.5 if weekend else 17, 1.2) * 60
        yield from _run(chance, begin, 22, 2100)
        yield from _run(chance, begin + 22, 75, 350)


def _run(chance: random.Random, begin: float, minutes: float, power: float) -> Iterator[Use]:
    yield Use(begin, begin + minutes * chance.uniform(0.8, 1.2), power * chance.uniform(0.9, 1.1))


@lru_cache(maxsize=4096)
def _car(power: float, seed: str, day: int) -> tuple[Use, ...]:
    """A car comes home on most evenings and is charged before midnight."""
    chance = random.Random(f"{seed} car {day}")  # noqa: S311  a simulated house, not a secret
    if not power or chance.random() < 0.35:
        return ()
    begin = chance.gauss(18.2, 0.8) * 60
    return (Use(begin, begin + chance.uniform(60, 200), power),)
