"""What data somebody wants, and everything that speaks against it."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, Literal, get_args
from urllib.parse import parse_qsl, urlencode

from attrs import frozen

from core.records import RequestError
from core.thing_model.problems import Problem

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
MOST_SYSTEMS: Final = 10_000


@frozen
class DataRequest:
    """Data of systems, of the days from `first` to `last`, both included, by each site's clock.

    points: addresses of datapoints, "slot.key", where the dataset asks for them.
    """

    dataset: str
    sns: tuple[str, ...]
    first: date
    last: date
    format: Format = "csv"
    points: tuple[str, ...] = ()

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def query(self) -> str:
        """As a job keeps it."""
        return urlencode(
            {
                "dataset": self.dataset,
                "sns": " ".join(self.sns),
                "from": self.first.isoformat(),
                "to": self.last.isoformat(),
                "format": self.format,
                "points": " ".join(self.points),
            }
        )

    @classmethod
    def of(cls, query: str) -> "DataRequest":
        """The inverse of `query`."""
        return read_request(dict(parse_qsl(query)))


def read_request(said: Mapping[str, str]) -> DataRequest:
    """The request in what somebody typed; raises RequestError with all that is wrong."""
    problems: list[Problem] = []
    first, last = (_day(name, said.get(name, ""), problems) for name in ("from", "to"))
    asked = said.get("format", "csv")
    format_: Format | None = next((each for each in FORMATS if each == asked), None)
    if format_ is None:
        problems.append(
            Problem("format", f"{asked!r} is no format", f"one of {', '.join(FORMATS)}")
        )
    if first is None or last is None or format_ is None:
        raise RequestError(*problems)
    sns = tuple(dict.fromkeys(said.get("sns", "").split()))
    points = tuple(dict.fromkeys(said.get("points", "").split()))
    return DataRequest(said.get("dataset", ""), sns, first, last, format_, points)


def span_problems(request: DataRequest, most_days: int) -> Iterator[Problem]:
    """What is wrong with the days and the number of systems."""
    if request.last < request.first:
        what = f"is before {request.first.isoformat()}"
        yield Problem("to", what, "choose the same day or a later one")
    elif request.days > most_days:
        what = f"{request.days} days are asked for, {most_days} are allowed at once"
        yield Problem("to", what, "choose fewer days, or ask in several parts")
    if not request.sns:
        yield Problem("sns", "no system is named", "write a serial number")
    elif len(request.sns) > MOST_SYSTEMS:
        what = f"{len(request.sns):,} systems are named, {MOST_SYSTEMS:,} are allowed at once"
        yield Problem("sns", what, "ask in several parts")


def _day(name: str, text: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.append(Problem(name, f"{text!r} is not a day", "write it as 2026-11-26"))
        return None
