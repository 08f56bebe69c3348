"""Further models, out of JSON files in the form in which the SunSpec Alliance publishes its own."""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from thingwright import UNITS, ModelError, Problem

from .models import SIZED, WORDS, Model, Row, unit

FOLDER = "THINGWRIGHT_SUNSPEC_MODELS"
SOURCE = "sunspec_models"


def further_models(known: Collection[int]) -> list[Model]:
    """The models of the folder that the environment names; raises ModelError with all mistakes."""
    folder = os.environ.get(FOLDER, "")
    return [] if not folder else read_folder(Path(folder), known)


def read_folder(folder: Path, known: Collection[int] = ()) -> list[Model]:
    """The models of a folder's JSON files, but for those that are `known` already."""
    if not folder.is_dir():
        hint = f"let {FOLDER} name a folder with model_*.json files"
        raise ModelError([Problem(str(folder), "is not a folder", hint)])
    found: list[Model] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(_model(json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"is no SunSpec model: {type(error).__name__}: {error}"
            problems.append(Problem(str(path), what, "take it out, or mend it"))
    if problems:
        raise ModelError(problems)
    return [model for model in found if model.number not in known]


def _model(said: Mapping[str, Any]) -> Model:
    group = said["group"]
    number, name = str(int(said["id"])), _name(group["name"])
    row = {
        "model_id": number,
        "name": name,
        "label": group.get("label") or name,
        "prefix": f"{name}_",
        "repeats": "",
        "limits": "",
        "source": SOURCE,
    }
    return Model(row, tuple(_points(group, name, number)), tuple(_symbols(group, name, number)))


def _points(group: Mapping[str, Any], path: str, model: str) -> Iterator[Row]:
    """Every point, with its place if nothing before it repeats."""
    offset, repeats = 0, False
    for where, point in _walk(group, path):
        kind, size = point["type"], int(point["size"])
        if kind not in WORDS and kind not in SIZED:
            raise ValueError(f"point {point['name']} is of the type {kind!r}, which is not known")
        repeats = repeats or "[" in where
        units = unit(point.get("units", ""))
        label = point.get("label") or point["name"]
        yield {
            "model_id": model,
            "group_path": where,
            "point": point["name"],
            "offset": "" if repeats else str(offset),
            "size": str(size),
            "type": kind,
            "sf": str(point.get("sf", "")),
            "units": units if units in UNITS else "",
            "access": point.get("access", "R"),
            "label": label if units in UNITS or not units else f"{label} ({units})",
            "role": "",
            "range": "",
            "doc": "",
            "source": SOURCE,
        }
        offset += size


def _walk(group: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every point with the path of its group, in the order of the registers."""
    for point in group["points"]:
        yield path, point
    for inside in group.get("groups", ()):
        count = inside.get("count", 1)
        step = _name(inside["name"]) + ("" if count == 1 else f"[{count}]")
        yield from _walk(inside, f"{path}.{step}")


def _symbols(group: Mapping[str, Any], path: str, model: str) -> Iterator[Row]:
    for where, point in _walk(group, path):
        for symbol in point.get("symbols", ()):
            yield {
                "model_id": model,
                "group_path": where,
                "point": point["name"],
                "symbol": symbol["name"],
                "value": str(symbol["value"]),
                "label": symbol.get("label") or symbol["name"].replace("_", " ").capitalize(),
                "source": SOURCE,
                "severity": "",
            }


def _name(text: str) -> str:
    return text.replace("-", "_")
