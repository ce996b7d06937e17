"""Prometheus metrics. With several processes `PROMETHEUS_MULTIPROC_DIR` joins their counts."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import text

from app.core.db import Session

REQUESTS = Histogram(
    "huiban_request_seconds",
    "Time to answer a request",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
OUTBOUND = Histogram(
    "huiban_outbound_seconds",
    "Time an outside party took",
    ["party", "outcome"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 3),
)
REFUSED = Counter("huiban_refused_total", "Requests refused, by stable error code", ["code"])
PASSED_OVER = Counter("huiban_passed_over_total", "Objects a recurring task could not do", ["task"])
REFRESH_REUSED = Counter(
    "huiban_refresh_reused_total", "Copies of a refresh token seen, by whose it was", ["whose"]
)
SMS_BUDGET_SPENT = Counter(
    "huiban_sms_budget_spent_total", "Codes not sent because the hour's budget was spent"
)
# There from the first look on, so that the first copy is a rise.
for _whose in ("citizen", "site", "officer"):
    REFRESH_REUSED.labels(_whose)

_PENDING = text(
    "SELECT queue_name, count(*), coalesce(extract(epoch FROM now() - min(greatest("
    " coalesce(scheduled_at, e.at), e.at))), 0)"
    " FROM procrastinate_jobs j"
    " JOIN LATERAL (SELECT min(at) AS at FROM procrastinate_events WHERE job_id = j.id) e ON true"
    " WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())"
    " GROUP BY queue_name"
)
_FAILED = text(
    "SELECT task_name, count(*) FROM procrastinate_jobs WHERE status = 'failed' GROUP BY task_name"
)


@dataclass(frozen=True)
class Figure:
    """A value read from the database when somebody looks."""

    name: str
    meaning: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@cache
def freshness_read_at() -> Gauge:
    """Made by whoever reads first: a process that never reads must not stand there with 0."""
    return Gauge(
        "huiban_freshness_read_timestamp_seconds",
        "When the process furthest behind last read the revocation list (Unix time)",
        multiprocess_mode="livemin",
    )


class _Looked(Collector):
    """Figures as they are now. A `Gauge` would leave them in the folder, where they grow old."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        families: dict[str, GaugeMetricFamily] = {}
        for each in self._figures:
            family = families.setdefault(
                each.name, GaugeMetricFamily(each.name, each.meaning, labels=list(each.labels))
            )
            family.add_metric(list(each.labels.values()), each.value)
        return families.values()


def render(session: Session, figures: Iterable[Figure] = ()) -> bytes:
    """The metrics of all processes, the queues and `figures`, in Prometheus text format."""
    registry = CollectorRegistry()
    registry.register(_Looked((*figures, *_of_jobs(session))))
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        _forget_ended(Path(folder))
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return generate_latest(shared) + generate_latest(registry)
    return generate_latest() + generate_latest(registry)


def _of_jobs(session: Session) -> Iterable[Figure]:
    for queue, count, age in session.execute(_PENDING):
        of = {"queue": queue}
        yield Figure("huiban_jobs_pending", "Jobs due and not begun", count, of)
        yield Figure("oldest_pending_seconds", "Age of the oldest due job", age, of)
    for name, count in session.execute(_FAILED):
        yield Figure("huiban_jobs_failed", "Jobs kept for a person", count, {"task": name})


def _forget_ended(folder: Path) -> None:
    """Processes that ended, however they ended, are not taken for ones that fell behind."""
    for file in folder.glob("gauge_live*_*.db"):
        try:
            os.kill(int(file.stem.rpartition("_")[2]), 0)
        except ProcessLookupError:
            file.unlink(missing_ok=True)
        except PermissionError:
            pass  # It lives, as another user.
