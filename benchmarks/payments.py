"""Whether the callbacks that were acknowledged are the payments that were stored."""

from collections.abc import Sequence

from benchmarks.measuring import Measured

CALLBACK = "callback"
#: Milliseconds within which 99 of 100 callbacks are to be answered.
P99_WANTED = 500.0
#: The department of the demonstration knows its own people's bills only.
WORKER = (
    "the worker ran and told the department of each payment, which refuses bills it does not know",
    "the worker was stopped; the jobs of the payments waited",
)


def differ(measured: Measured) -> bool:
    """Whether a payment was lost or came twice, or debits and credits are not the same."""
    if measured.ledger is None:
        return False
    after = measured.ledger[1]
    return after.debits != after.credits or stored(measured) != measured.payments_acknowledged


def stored(measured: Measured) -> int:
    """Payment postings that came while callbacks were measured."""
    if measured.ledger is None:
        return 0
    before, after = measured.ledger
    return after.payments - before.payments


def sentences(measured: Measured, orders: int, *, worker: bool) -> Sequence[str]:
    """One fact each."""
    if measured.ledger is None:
        return ()
    after = measured.ledger[1]
    ended = "every order of a round was paid before its time was over, so the round ended early"
    return (
        f"{orders} different orders, each called back at most once; callbacks acknowledged "
        f"{measured.payments_acknowledged}, payment postings stored {stored(measured)}; "
        f"debits {after.debits} fen, credits {after.credits} fen",
        f"callbacks after all others; {WORKER[0] if worker else WORKER[1]}",
        *([_against_goal(measured.lines[CALLBACK].p99)] if CALLBACK in measured.lines else []),
        *([ended] if measured.early else []),
    )


def _against_goal(p99: float) -> str:
    verdict = "held" if p99 <= P99_WANTED else "MISSED"
    return (
        f"callbacks are to have a p99 of at most {P99_WANTED:.0f} ms: {verdict} with {p99:.0f} ms"
    )
