"""What processes report, in the form that Prometheus reads. The one user of prometheus-client."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import frozen
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.upkeep.background import BackgroundJob
from core.upkeep.conditions import LEVELS, Condition
from core.upkeep.heartbeats import Process

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_GAUGES: Final = (
    ("lag_ms", "ingest_lag_seconds", "Age of the newest live frame when acknowledged", 1000),
    ("last_batch", "ingest_batch_messages", "Messages of the last batch", 1),
    ("largest_batch", "ingest_largest_batch_messages", "Messages of the largest batch", 1),
    (
        "acknowledged_after_ms",
        "ingest_acknowledged_after_seconds",
        "From getting the last batch to acknowledging it",
        1000,
    ),
    ("disk_free", "disk_free_bytes", "Room left on the disk of the data folder", 1),
    ("disk_total", "disk_total_bytes", "Size of the disk of the data folder", 1),
    ("peak_memory", "process_peak_memory_bytes", "Largest resident size so far", 1),
)
_COUNTERS: Final = (
    ("batches", "ingest_batches", "Batches stored and acknowledged", 1),
    ("messages", "ingest_messages", "Messages stored and acknowledged; its rate is frames/s", 1),
    ("cpu_seconds", "process_cpu_seconds", "CPU time used", 1),
)


@frozen
class Observed:
    """All that is exposed."""

    processes: Iterable[Process]
    jobs: Iterable[BackgroundJob]
    conditions: Iterable[Condition]
    now: int


def exposition(observed: Observed) -> bytes:
    """The text that Prometheus scrapes, of CONTENT_TYPE."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Observed(observed))
    return generate_latest(registry)


class _Observed(Collector):
    def __init__(self, observed: Observed) -> None:
        self.observed = observed

    def collect(self) -> Iterable[Metric]:
        processes = list(self.observed.processes)
        yield from _of_processes(processes, self.observed.now)
        yield _outcomes(processes)
        yield from _of_jobs(self.observed.jobs)
        yield _of_conditions(self.observed.conditions)


def _of_processes(processes: Iterable[Process], now: int) -> Iterator[Metric]:
    labels = ("process", "kind", "queue")
    age = GaugeMetricFamily(_name("heartbeat_age_seconds"), "Since it last reported", labels=labels)
    families: dict[str, Any] = {
        key: GaugeMetricFamily(_name(name), text, labels=labels) for key, name, text, _ in _GAUGES
    } | {
        key: CounterMetricFamily(_name(name), text, labels=labels)
        for key, name, text, _ in _COUNTERS
    }
    units = {key: unit for key, _, _, unit in (*_GAUGES, *_COUNTERS)}
    for process in processes:
        age.add_metric((process.name, process.kind, ""), (now - process.beat_at) / 1000)
        for queue, figures in _queues(process):
            for key, family in families.items():
                if figures.get(key) is not None:
                    labelled = (process.name, process.kind, queue)
                    family.add_metric(labelled, figures[key] / units[key])
    yield age
    yield from families.values()


def _queues(process: Process) -> Iterator[tuple[str, Any]]:
    """Its own figures, and those of its backfill."""
    yield "live" if process.kind == "ingest" else "", process.figures
    if "backfill" in process.figures:
        yield "backfill", process.figures["backfill"]


def _outcomes(processes: Iterable[Process]) -> Metric:
    family = CounterMetricFamily(
        _name("ingest_outcomes"),
        "Messages by what became of them: taken, or the code of the dead letter",
        labels=("process", "queue", "outcome"),
    )
    for process in processes:
        for queue, figures in _queues(process):
            for outcome, count in figures.get("counts", {}).items():
                family.add_metric((process.name, queue, outcome), count)
    return family


def _of_jobs(jobs: Iterable[BackgroundJob]) -> Iterator[Metric]:
    done = GaugeMetricFamily(_name("job_done"), "Things done in the newest run", labels=("job",))
    total = GaugeMetricFamily(_name("job_total"), "Things to be done in it", labels=("job",))
    rate = GaugeMetricFamily(_name("job_rate"), "Things done a second", labels=("job",))
    for job in jobs:
        done.add_metric((job.name,), job.done)
        total.add_metric((job.name,), job.done if job.total is None else job.total)
        rate.add_metric((job.name,), job.rate)
    yield from (done, total, rate)


def _of_conditions(conditions: Iterable[Condition]) -> Metric:
    family = GaugeMetricFamily(
        _name("condition"), "1 is a warning, 2 is critical", labels=("code",)
    )
    for each in conditions:
        family.add_metric((each.code,), LEVELS.index(each.level))
    return family


def _name(name: str) -> str:
    return f"thingwright_{name}"
