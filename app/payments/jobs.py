"""Work that calls outside parties: telling departments, asking providers. No transaction meanwhile."""

import time
import uuid
from datetime import timedelta

import structlog

from app.connectors.medical_insurance import BookingRefused, MedicalInsurance
from app.connectors.world import World
from app.core import clock
from app.core.db import unit_of_work
from app.core.http import PartyRefused, PartyUnavailable
from app.core.jobs import task
from app.payments import asking, booking
from app.payments.providers.base import PaidAlready, Provider
from app.payments.providers.registry import providers

log = structlog.get_logger()

#: The sweep takes up what the line's own job has not done by then.
BOOKED_BY_NOW = timedelta(minutes=1)
#: A run that asks providers takes up no more after this time; the next begins after five seconds.
RUN_SECONDS = 4


@task(booking.TASK, queue=booking.QUEUE, first_wait=3)
def book_line(world: World, *, line_id: str) -> None:
    """Tell the department that a line is paid. A department that is silent is told again later."""
    with unit_of_work(world.core) as session:
        due = booking.due(session, uuid.UUID(line_id))
    if due is None:
        return
    try:
        reference = _department(world, due.department).book(due.paid)
    except BookingRefused as refused:
        with unit_of_work(world.core) as session:
            booking.refuse(session, due.line_id, refused.because)
        return
    with unit_of_work(world.core) as session:
        booking.acknowledge(session, due.line_id, reference)


@task("payments.book_pending", queue=booking.QUEUE, cron="* * * * * */10")
def book_pending(world: World) -> None:
    """Tell departments of lines that wait longer than a minute, whatever became of their jobs."""
    with unit_of_work(world.core) as session:
        waiting = booking.pending_since(session, clock.now() - BOOKED_BY_NOW)
    for line_id in waiting:
        try:
            book_line.run(world, line_id=str(line_id))
        except PartyRefused as refused:
            _pass_over(refused)
        except PartyUnavailable as silent:
            log.warning("department_still_silent", party=silent.facts["party"], count=len(waiting))
            return
        except Exception as error:
            _pass_over(error)


@task("payments.query_attempts", queue="payments", cron="* * * * * */5")
def query_attempts(world: World) -> None:
    """Ask the providers about attempts whose callback did not come; close what was not paid.

    Goes on while there are more, but hardly into the time of the next run, and with no silent provider.
    """
    ends = time.monotonic() + RUN_SECONDS
    while _ask_batch(world) and time.monotonic() < ends:
        pass


def _ask_batch(world: World) -> bool:
    """Ask about some of the attempts that are due. Answers whether it makes sense to go on."""
    with unit_of_work(world.core) as session:
        due = asking.claim(session)
    known, silent = providers(world.core.settings), set[tuple[str, str]]()
    for each in due:
        if (each.provider, each.merchant_ref) in silent:
            continue
        try:
            _ask(world, known[each.provider], each)
        except PartyRefused as refused:
            _pass_over(refused)
        except PartyUnavailable:
            log.warning("provider_still_silent", party=each.provider, count=len(due))
            silent.add((each.provider, each.merchant_ref))
        except Exception as error:
            _pass_over(error)
    return len(due) == asking.BATCH and not silent


def _ask(world: World, provider: Provider, due: asking.Due) -> None:
    message = provider.query(due.merchant_ref, due.out_trade_no)
    with unit_of_work(world.core) as session:
        unpaid_in_time = asking.take_answer(session, due.attempt_id, message)
    if not unpaid_in_time:
        return
    try:
        provider.cancel(due.merchant_ref, due.out_trade_no)
    except PaidAlready:
        # Paid in this very moment; the next run hears of it.
        return
    with unit_of_work(world.core) as session:
        asking.finish(session, due.attempt_id)


def _department(world: World, name: str) -> MedicalInsurance:
    return {"medical_insurance": world.medical_insurance}[name]


def _pass_over(error: Exception) -> None:
    """One row that cannot be worked on must not keep the others waiting."""
    log.error("payment_passed_over", error=type(error).__name__)


tasks = (book_line, book_pending, query_attempts)
