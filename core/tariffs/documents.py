"""Tariffs as JSON and back, with every error of a file at once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final

import msgspec
from jsonschema import Draft202012Validator

from core.product_files import document_problems
from core.records import RequestError
from core.schemas import tariff_schema
from core.tariffs.tariff import (
    DAY_TYPES,
    DayType,
    Rate,
    Tariff,
    between,
    clock_text,
    problems_of,
    stretches,
)
from core.telemetry.half_hours import HALF_HOURS
from core.thing_model.problems import Problem

LARGEST: Final = 65_536
"""Characters: a tariff of 96 windows with all that people may write around them has fewer."""
WHERE: Final = "tariff"
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def read(text: str) -> Tariff:
    """The tariff of a JSON document; raises RequestError with everything that is wrong with it."""
    if len(text) > LARGEST:
        hint = f"at most {LARGEST}"
        raise RequestError(Problem(WHERE, f"has {len(text)} characters", hint))
    try:
        plain = json.loads(text, object_pairs_hook=_unrepeated)
        exact = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=Decimal)
    except (ValueError, RecursionError) as error:
        hint = "export a plan to see its form"
        raise RequestError(Problem(WHERE, f"is not JSON: {error}", hint)) from None
    problems = list(document_problems(plain, _validator(), WHERE))
    if problems:
        raise RequestError(*problems)
    found = _tariff(exact, problems)
    problems += problems_of(found)
    if problems:
        raise RequestError(*problems)
    return found


def write(tariff: Tariff) -> str:
    """The inverse of `read`, for people to read."""
    return msgspec.json.format(_ENCODER.encode(document(tariff)), indent=2).decode() + "\n"


def document(tariff: Tariff) -> dict[str, Any]:
    """What `write` writes; prices are Decimals."""
    said: dict[str, Any] = {
        "name": tariff.name,
        "currency": tariff.currency,
        "valid_from": tariff.valid_from.isoformat(),
        "valid_until": tariff.valid_until.isoformat() if tariff.valid_until else "",
        "bands": {
            name: {"buy": rate.buy, "feed_in": rate.feed_in} for name, rate in tariff.bands.items()
        },
    }
    if not tariff.is_fixed:
        said |= {day_type: _windows(tariff.cells(day_type)) for day_type in DAY_TYPES}
    return said


def _windows(cells: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"start": clock_text(start), "end": clock_text(end), "band": band}
        for start, end, band in stretches(cells)
    ]


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; a name that it says twice would lose what was said first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(n for n in names if names.count(n) > 1)!r} is there twice")
    return found


def _tariff(said: Mapping[str, Any], problems: list[Problem]) -> Tariff:
    """The tariff of a document that its schema finds nothing wrong with."""
    bands = {name: Rate(each["buy"], each["feed_in"]) for name, each in said["bands"].items()}
    days = {
        name: _day(name, said.get(name, ""), problems) for name in ("valid_from", "valid_until")
    }
    cells = {name: _cells(name, said.get(name, ()), bands, problems) for name in DAY_TYPES}
    return Tariff(
        said["name"], said["currency"], days["valid_from"] or date.min, days["valid_until"], bands,
        cells["weekday"], cells["weekend"],
    )  # fmt: skip


def _day(where: str, text: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        problems.append(Problem(where, f"{text!r} is no day of the calendar", "year-month-day"))
        return None


def _cells(
    day_type: DayType,
    windows: Sequence[Mapping[str, str]],
    bands: Mapping[str, Rate],
    problems: list[Problem],
) -> tuple[str, ...]:
    if not windows and len(bands) == 1:
        return tuple(bands) * HALF_HOURS
    cells = [""] * HALF_HOURS
    for n, window in enumerate(windows):
        start, end = _half_hour(window["start"]), _half_hour(window["end"])
        where = f"{day_type}[{n}] {window['start']}–{window['end']}"
        if start >= end:
            hint = "a window past midnight is two: until 24:00, and from 00:00"
            problems.append(Problem(where, "ends at or before its start", hint))
        problems += _overlaps(where, cells, start, end)
        cells[start:end] = [window["band"]] * max(0, end - start)
    return tuple(cells)


def _overlaps(where: str, cells: Sequence[str], start: int, end: int) -> Iterator[Problem]:
    for first, last, band in stretches(cells[start:end]):
        if band:
            what = f"overlaps an earlier window of {band} at {between(start + first, start + last)}"
            yield Problem(where, what, "let only one of them hold that time")


def _half_hour(text: str) -> int:
    hour, minute = text.split(":")
    return 2 * int(hour) + int(minute) // 30


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(tariff_schema())
