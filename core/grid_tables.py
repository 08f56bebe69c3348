"""Grid specifications kept beside a plugin as CSV, in the columns of the project's fact tables.

`specs.csv` has one row per specification; the other tables name it in `spec_id`, and a plugin has
those that it needs. Every row says its `basis` (read or recalled), `source` and `confidence`.

- `specs.csv`: id, name, edition, region, countries (separated by `;`), nominal_voltage,
  nominal_frequency, confidence, doc
- `limits.csv`: protection, quantity, value, unit, time (seconds), timing
- `parameters.csv`: function, name, value (number, True, False or text), unit
- `curves.csv`: curve, x, x_unit, y, y_unit; the points of a curve in order
- `export_rules.csv`: value, unit, relative_to, operator, countries (where it does not hold in all
  of the specification's, separated by `;`), note
- `vendor_codes.csv`: vendor, code; how inverters are told which specification holds
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from core.thing_model.grid_spec import ExportRule, GridCurve, GridLimit, GridParameter, GridSpec
from core.thing_model.problems import ModelError, Problem
from core.thing_model.provenance import CONFIDENCE

Row = Mapping[str, str]
T = TypeVar("T")


def grid_tables(beside: str) -> Iterator[GridSpec]:
    """The specifications in the folder of the file `beside` (a plugin's `__file__`)."""
    folder = Path(beside).parent
    specs = _rows(folder / "specs.csv")
    known = {row["id"] for row in specs}
    limits = _by_spec(folder / "limits.csv", known, _limit)
    parameters = _by_spec(folder / "parameters.csv", known, _parameter)
    points = _by_spec(folder / "curves.csv", known, dict[str, str])
    rules = _by_spec(folder / "export_rules.csv", known, _export_rule)
    codes = _by_spec(folder / "vendor_codes.csv", known, _vendor_code)
    for row in specs:
        id_ = row["id"]
        yield GridSpec(
            id_,
            row["name"],
            row["edition"],
            row["region"],
            tuple(row["countries"].split(";")),
            float(row["nominal_voltage"]),
            float(row["nominal_frequency"]),
            limits=tuple(limits[id_]),
            parameters=tuple(parameters[id_]),
            curves=tuple(_curves(points[id_])),
            export_rules=tuple(rules[id_]),
            vendor_codes=tuple(codes[id_]),
            confidence=row["confidence"],
            doc=row["doc"],
        )


def _by_spec(path: Path, specs: set[str], read: Callable[[Row], T]) -> dict[str, list[T]]:
    """The rows of a table by specification; a table that is not there is empty."""
    found: dict[str, list[T]] = {id_: [] for id_ in specs}
    for number, row in enumerate(_rows(path) if path.exists() else (), 2):
        try:
            found[row["spec_id"]].append(read(row))
        except (KeyError, ValueError) as error:
            what = f"{type(error).__name__}: {error}"
            hint = f"specifications are {', '.join(sorted(specs))}"
            raise ModelError([Problem(f"{path}: line {number}", what, hint)]) from None
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return [{k: v or "" for k, v in row.items()} for row in csv.DictReader(lines)]
    except OSError as error:
        raise ModelError([Problem(str(path), f"cannot be read: {error}")]) from None


def _one_of(row: Row, column: str, allowed: Iterable[str]) -> Any:
    """A text whose type is a choice of literals."""
    text = row[column]
    if text not in allowed:
        raise ValueError(f"{column} {text!r} is none of {', '.join(allowed)}")
    return text


def _provenance(row: Row) -> dict[str, Any]:
    return {
        "basis": _one_of(row, "basis", ("read", "recalled")),
        "source": row["source"],
        "confidence": _one_of(row, "confidence", CONFIDENCE),
    }


def _limit(row: Row) -> GridLimit:
    return GridLimit(
        row["protection"],
        _one_of(row, "quantity", ("voltage", "frequency")),
        float(row["value"]),
        row["unit"],
        float(row["time"]) if row["time"] else None,
        _one_of(row, "timing", ("delay", "maximum", "average")),
        **_provenance(row),
    )


def _parameter(row: Row) -> GridParameter:
    value = _said(row["value"])
    return GridParameter(row["function"], row["name"], value, row["unit"], **_provenance(row))


def _said(text: str) -> float | bool | str:
    if text in ("True", "False"):
        return text == "True"
    try:
        return float(text)
    except ValueError:
        return text


def _curves(points: list[dict[str, str]]) -> Iterator[GridCurve]:
    for name, rows in groupby(points, lambda row: row["curve"]):
        listed = list(rows)
        first = listed[0]
        places = tuple((float(row["x"]), float(row["y"])) for row in listed)
        yield GridCurve(name, first["x_unit"], first["y_unit"], places, **_provenance(first))


def _export_rule(row: Row) -> ExportRule:
    return ExportRule(
        float(row["value"]),
        row["unit"],
        row["relative_to"],
        row["operator"],
        row["source"],
        _one_of(row, "confidence", CONFIDENCE),
        row["note"],
        tuple(filter(None, row.get("countries", "").split(";"))),
    )


def _vendor_code(row: Row) -> tuple[str, int]:
    return row["vendor"], int(row["code"])
