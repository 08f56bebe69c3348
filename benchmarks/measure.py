"""Runs things turn by turn, so that a busy machine slows all of them alike, and says the medians.

Times are CPU seconds of this process: what else the machine does is not counted.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import process_time

from attrs import frozen


@frozen
class Measured:
    """Seconds per call of each thing, one figure per round."""

    rounds: Mapping[str, Sequence[float]]

    def seconds(self, name: str) -> float:
        return median(self.rounds[name])

    def rate(self, name: str) -> float:
        """Calls per second."""
        return 1 / self.seconds(name)

    def speed(self, name: str, than: str) -> float:
        """How many times as fast as another: the median of what each round says."""
        pairs = zip(self.rounds[than], self.rounds[name], strict=True)
        return median(other / own for other, own in pairs)


@frozen
class Target:
    """A figure that has to be reached, or (`most`) not to be passed."""

    figure: str
    limit: float
    most: bool = False

    def met(self, value: float) -> bool:
        return value <= self.limit if self.most else value >= self.limit

    def __str__(self) -> str:
        return f"{'at most' if self.most else 'at least'} {self.limit:g}"


@frozen
class Report:
    """The figures of one benchmark, how they compare, and the targets among either."""

    name: str
    figures: Mapping[str, float]
    ratios: Mapping[str, float]
    targets: Sequence[Target] = ()

    def show(self, *, as_json: bool) -> None:
        values = {**self.figures, **self.ratios}
        met = {target.figure: target.met(values[target.figure]) for target in self.targets}
        said = {t.figure: f"{t}: {'met' if met[t.figure] else 'MISSED'}" for t in self.targets}
        print(self.name)
        for name, value in values.items():
            shown = f"{value:,.0f}" if value >= 1000 else f"{value:,.3g}"
            print(f"  {name.replace('_', ' '):<42}{shown:>12}  {said.get(name, '')}".rstrip())
        if as_json:
            document = {
                "benchmark": self.name,
                "figures": {name: round(value, 4) for name, value in self.figures.items()},
                "ratios": {name: round(value, 4) for name, value in self.ratios.items()},
                "targets_met": met,
            }
            print(json.dumps(document))


def arguments(doc: str | None) -> argparse.Namespace:
    """`short` and `json`, from the command line of a benchmark."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--short", action="store_true", help="fewer rounds; ends within 40 seconds")
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    return parser.parse_args()


def measure(calls: Mapping[str, Callable[[], object]], *, rounds: int, seconds: float) -> Measured:
    """Call each thing for about `seconds` per round, one after the other, `rounds` times."""
    times = {name: _times(call, seconds) for name, call in calls.items()}
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            taken[name].append(_seconds(call, times[name]))
    return Measured(taken)


def _times(call: Callable[[], object], seconds: float) -> int:
    times = 1
    while (taken := _seconds(call, times) * times) < seconds / 5:
        times *= 2
    return max(1, round(times * seconds / taken))


def _seconds(call: Callable[[], object], times: int) -> float:
    """CPU seconds of one call, averaged over `times` calls."""
    started = process_time()
    for _ in range(times):
        call()
    return (process_time() - started) / times
