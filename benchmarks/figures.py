"""From latencies to the lines of the result."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Round:
    """One measured stretch of one target. Times in seconds."""

    latencies: Sequence[float]
    seconds: float
    #: Processor seconds of each good answer: web processes, PostgreSQL, load generator.
    web: float
    database: float
    generator: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


@dataclass(frozen=True)
class Line:
    """All rounds of one target: medians. Times in milliseconds, processor time in microseconds."""

    label: str
    answered: int
    rates: tuple[float, ...]
    rate: float
    p50: float
    p99: float
    web: float
    database: float
    generator: float


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed. Needs one value."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def line(label: str, rounds: Sequence[Round]) -> Line:
    """The rounds of one target as one line."""
    return Line(
        label=label,
        answered=sum(len(each.latencies) for each in rounds),
        rates=tuple(each.rate for each in rounds),
        rate=median(each.rate for each in rounds),
        p50=1e3 * median(percentile(each.latencies, 0.50) for each in rounds),
        p99=1e3 * median(percentile(each.latencies, 0.99) for each in rounds),
        web=1e6 * median(each.web for each in rounds),
        database=1e6 * median(each.database for each in rounds),
        generator=1e6 * median(each.generator for each in rounds),
    )
