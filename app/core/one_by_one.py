"""Recurring work on many objects: what fails with one keeps no other waiting."""

import uuid
from collections.abc import Callable, Sequence

import structlog

from app.core.http import PartyUnavailable
from app.core.metrics import PASSED_OVER

log = structlog.get_logger()


def one_by_one(task: str, due: Sequence[uuid.UUID], do: Callable[[uuid.UUID], None]) -> None:
    """Do each of `due` in a transaction of its own, which `do` opens.

    One that fails is logged, counted and passed over. A silent party ends the round.
    """
    for done, each in enumerate(due):
        try:
            do(each)
        except PartyUnavailable:
            log.warning("party_silent", task=task, left=len(due) - done)
            return
        except Exception as error:
            # The error's own words may hold personal data; its type does not.
            PASSED_OVER.labels(task).inc()
            log.error("passed_over", task=task, id=str(each), error=type(error).__name__)
