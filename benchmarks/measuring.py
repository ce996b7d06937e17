"""One run: two rounds over all targets, the second in reverse, so that bare is first and last.

Callbacks come after everything else, because each leaves work for the worker.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select

from app.core.runtime import Core
from benchmarks import load
from benchmarks.figures import Line, Round, line
from benchmarks.load import Burst, LoadFailed, Tally
from benchmarks.orders import Ledger, read_ledger
from benchmarks.people import Citizen
from benchmarks.server import MeasuredStack
from benchmarks.targets import Target
from healthcode import snapshots
from healthcode.models import HealthStatus, Scan

ROUNDS = 2
#: Seconds before each stretch that do not count.
WARM_UP = 1.0
#: People whose statuses are read at once to fill Redis.
READ_AT_ONCE = 5_000


@dataclass(frozen=True)
class Plan:
    """How long and how hard."""

    #: Measured seconds of each target, all rounds together.
    seconds: float
    connections: int


@dataclass
class Measured:
    """What a run gave."""

    lines: dict[str, Line] = field(default_factory=dict)
    #: Scans answered with a verdict, and rows that came into the table meanwhile.
    scans_acknowledged: int = 0
    scans_stored: int = 0
    #: Callbacks answered with 204; the ledger before and after them.
    payments_acknowledged: int = 0
    ledger: tuple[Ledger, Ledger] | None = None
    #: Every prepared notify was sent before the time was over.
    early: bool = False


@dataclass
class Run:
    """Drives the load and keeps Redis as each target wants it."""

    stack: MeasuredStack
    core: Core
    citizens: Sequence[Citizen]
    plan: Plan
    tell: Callable[[str], None]
    measured: Measured = field(default_factory=Measured)
    _rounds: dict[str, list[Round]] = field(default_factory=dict)
    _sent: dict[str, int] = field(default_factory=dict)

    def measure(self, targets: Sequence[Target]) -> Measured:
        """Measure all targets. Raises `LoadFailed` naming the target."""
        before = self._count_scans()
        self._go_round([each for each in targets if each.notifies is None])
        self.measured.scans_stored = self._count_scans() - before
        callbacks = [each for each in targets if each.notifies is not None]
        if callbacks:
            before_payments = read_ledger(self.core)
            self._go_round(callbacks)
            self.measured.ledger = (before_payments, read_ledger(self.core))
        self.measured.lines = {
            target.name: line(target.label, self._rounds[target.name]) for target in targets
        }
        return self.measured

    def _go_round(self, targets: Sequence[Target]) -> None:
        for number in range(ROUNDS):
            for target in targets if number % 2 == 0 else reversed(targets):
                self.tell(f"{number + 1}/{ROUNDS}  {target.label}")
                self._prepare(target, number)
                self._rounds.setdefault(target.name, []).append(self._stretch(target, number))

    def _stretch(self, target: Target, number: int) -> Round:
        burst = self._burst(target, number)
        before = self.stack.processor()
        try:
            tally = load.run(burst)
        except LoadFailed as failure:
            raise LoadFailed(f"{target.label}: {failure}") from None
        used = self.stack.processor().since(before)
        if not tally.latencies:
            raise LoadFailed(f"{target.label}: nothing was left after the warm-up")
        self._sent[target.name] = tally.next
        self._count(target, tally)
        return Round(
            latencies=tally.latencies,
            seconds=tally.seconds,
            web=used.web / tally.acknowledged,
            database=used.database / tally.acknowledged,
            generator=tally.processor / tally.acknowledged,
        )

    def _burst(self, target: Target, number: int) -> Burst:
        burst = Burst(
            port=self.stack.port,
            request=target.request,
            status=target.status,
            holds=target.holds,
            connections=self.plan.connections,
            warm_up=WARM_UP,
            seconds=self.plan.seconds / ROUNDS,
            first=self._sent.get(target.name, 0),
            limit=target.limit,
        )
        if target.notifies is None:
            return burst
        # Each round has its share of the orders.
        end = target.limit * (number + 1) // ROUNDS
        batch = target.notifies.make_ready(burst.first, end, burst.seconds, burst.warm_up)
        limit = batch.first + len(batch.requests)
        return replace(burst, limit=limit, warm_up=batch.warm_up, may_end_early=True)

    def _count(self, target: Target, tally: Tally) -> None:
        if target.stores == "scan":
            self.measured.scans_acknowledged += tally.acknowledged
        if target.stores == "payment":
            self.measured.payments_acknowledged += tally.acknowledged
            self.measured.early = self.measured.early or tally.early

    def _prepare(self, target: Target, number: int) -> None:
        if target.redis == "absent":
            self.stack.services.kill_redis()
            return
        self.stack.services.start_redis()
        if target.redis == "warm":
            share = len(self.citizens) // ROUNDS
            self._sent[target.name] = number * share
            self._fill_redis(self.citizens[number * share : (number + 1) * share])

    def _fill_redis(self, people: Sequence[Citizen]) -> None:
        """Keep these people's statuses by the product's own function, as an earlier opening does."""
        for start in range(0, len(people), READ_AT_ONCE):
            some = [each.status_id for each in people[start : start + READ_AT_ONCE]]
            with self.core.session() as session:
                for status in session.scalars(
                    select(HealthStatus).where(HealthStatus.id.in_(some))
                ):
                    snapshots.keep(self.core, status.person_id, snapshots.snapshot(status))

    def _count_scans(self) -> int:
        with self.core.session() as session:
            return session.scalar(select(func.count()).select_from(Scan)) or 0
