"""Sampled values: which element of a message's list is which datapoint.

An element says its measurand, phase, location and unit, and leaves out what is usual: the energy
charged, all phases, the outlet, Wh. What is not in a unit of `measurands.csv` is left alone.
"""

from collections.abc import Iterable, Iterator, Mapping

from thingwright import Datapoint, register_table
from thingwright.layout import JsonField, number

ROWS = register_table(__file__, "measurands.csv")
UNIT = {"v16": "unit", "v201": "unitOfMeasure.unit"}
NOT_SIGNED = {"v16": ", format=|Raw", "v201": ""}
POWER_OF_TEN = {"v16": "", "v201": "unitOfMeasure.multiplier"}
ANYWHERE = ("soc", "temperature", "rpm")
"""Measured in the vehicle or in the charger, not at the outlet."""


def measurands(variant: str) -> Iterator[Datapoint]:
    """The datapoints that meter values of a version can hold."""
    keys = {row["point"] for row in _rows(variant)}
    for datapoint in ROWS.datapoints(group="Meter", variants=variant):
        if datapoint.key in keys:
            yield datapoint


def sampled(variant: str) -> Iterator[JsonField]:
    """The same as fields of a message with `meterValue`."""
    for row in _rows(variant):
        units = [unit.split(":") for unit in row["said"].split()] or [["", "1"]]
        yield number(
            row["point"],
            *(_path(row, variant, unit) for unit, _ in units),
            factors=[float(factor) for _, factor in units],
            scaled_by=POWER_OF_TEN[variant],
        )


def _path(row: Mapping[str, str], variant: str, unit: str) -> str:
    place = "" if row["point"] in ANYWHERE else ", location=Outlet|"
    said = f", {UNIT[variant]}={unit}" if row["said"] else ""
    where = f"measurand={row['measurand']}, phase={row['phase']}{place}{said}{NOT_SIGNED[variant]}"
    return f"meterValue[].sampledValue[{where}].value"


def _rows(variant: str) -> Iterable[Mapping[str, str]]:
    return (row for row in ROWS.rows if variant in row["versions"].split())
