"""Push's jobs: evaluating what is due, telling of events, knocking, texting."""

import uuid
from datetime import date

import structlog

from app.connectors.world import World
from app.core import clock
from app.core.db import unit_of_work
from app.core.http import PartyRefused, PartyUnavailable
from app.core.jobs import defer, task
from app.identity.events import WayInChanged
from app.identity.life.following import follow
from app.payments.events import LineSettled, OrderHeld, OrderPaid
from push import delivery, evaluating, texting
from push.models import PushDevice
from push.providers import fcm
from push.rules import Rule

log = structlog.get_logger()

#: Texts per run.
TEXTS = 100


@task(evaluating.EVALUATE_TASK, queue=delivery.QUEUE, cron="*/5 * * * * 40")
def evaluate_due(world: World) -> None:
    """Bring each daily rule of this legal day to everybody. One failing spoils none.

    After so many ranges it makes room for other jobs and goes on as a new one.
    """
    day = clock.legal_today()
    with unit_of_work(world.core) as session:
        due = evaluating.due_rules(session, day)
    ranges = evaluating.JOB
    for rule in due:
        try:
            ranges = _evaluate(world, rule, day, ranges)
        except Exception as error:
            log.error("rule_not_evaluated", code=rule.id, error=type(error).__name__)
    if due and not ranges:
        with unit_of_work(world.core) as session:
            defer(session, evaluating.EVALUATE_TASK, queue=delivery.QUEUE)


def _evaluate(world: World, rule: Rule, day: date, ranges: int) -> int:
    """Evaluate at most so many ranges of people. Answers how many it did not need."""
    deliveries = 0
    while ranges:
        ranges -= 1
        with unit_of_work(world.core) as session:
            step = evaluating.go_on(session, rule, day)
        deliveries += step.made.deliveries
        if step.reached is None:
            break
    # Should this be lost, the next run of `deliver_batch` finds what is due.
    with unit_of_work(world.core) as session:
        delivery.start(session, deliveries)
    return ranges


@task("push.tell_order_paid", queue=delivery.QUEUE)
def tell_order_paid(world: World, *, order_id: str) -> None:
    """Tell the payer that the money has come."""
    with unit_of_work(world.core) as session:
        made = evaluating.follow(session, OrderPaid.NAME, {"order_id": order_id})
        delivery.start(session, made.deliveries)


@task("push.tell_order_held", queue=delivery.QUEUE)
def tell_order_held(world: World, *, order_id: str) -> None:
    """Tell the payer that somebody is looking into the order."""
    with unit_of_work(world.core) as session:
        made = evaluating.follow(session, OrderHeld.NAME, {"order_id": order_id})
        delivery.start(session, made.deliveries)


@task("push.follow_merge", queue=delivery.QUEUE)
def follow_merge(world: World, *, merge_id: str) -> None:
    """Let phones ring for the account that theirs went on in."""
    with unit_of_work(world.core) as session:
        follow(session, uuid.UUID(merge_id), PushDevice, lambda _: PushDevice.dropped_at.is_(None))


@task("push.tell_line_settled", queue=delivery.QUEUE)
def tell_line_settled(world: World, *, line_id: str) -> None:
    """Tell payer and insured that the department has booked; by SMS who has no account."""
    with unit_of_work(world.core) as session:
        made = evaluating.follow(session, LineSettled.NAME, {"line_id": line_id})
        delivery.start(session, made.deliveries)
        texting.request(session, uuid.UUID(line_id))


@task("push.tell_way_in_changed", queue=delivery.QUEUE)
def tell_way_in_changed(world: World, *, id: str, account_id: str, what: str, at: str) -> None:
    """Tell somebody that a way into their account was changed or used."""
    payload = {"id": id, "account_id": account_id, "what": what, "at": at}
    with unit_of_work(world.core) as session:
        made = evaluating.follow(session, WayInChanged.NAME, payload)
        delivery.start(session, made.deliveries)


@task(delivery.DELIVER_TASK, queue=delivery.QUEUE, cron="* * * * * */15")
def deliver_batch(world: World) -> None:
    """Knock for what is due, and go on as a new job when there is more."""
    carrier = fcm.provider(world.core.settings.fcm)
    for _ in range(delivery.JOB // delivery.GROUP):
        with unit_of_work(world.core) as session:
            batch = delivery.claim(session)
        results = carrier.send(batch.knocks)
        with unit_of_work(world.core) as session:
            delivery.settle(session, batch, results)
        if batch.due < delivery.GROUP:
            return
        if results and all(result.outcome == "again" for result in results):
            log.warning("party_silent", party="fcm", count=len(results))
            return
    with unit_of_work(world.core) as session:
        delivery.go_on(session)


@task(texting.SEND_TASK, queue=texting.QUEUE)
def send_text(world: World, *, text_id: str) -> None:
    """Send one text, unless it is sent already or another worker has it."""
    with unit_of_work(world.core) as session:
        message = texting.claim(session, uuid.UUID(text_id))
    if message is None:
        return
    phone, values = message
    world.sms.send(phone, world.core.settings.sms.settled_template, values)
    with unit_of_work(world.core) as session:
        texting.mark_sent(session, uuid.UUID(text_id))


@task("push.send_texts_left", queue=texting.QUEUE, cron="* * * * * */10")
def send_texts_left(world: World) -> None:
    """Send what the jobs could not; a gateway that stays silent ends the run."""
    with unit_of_work(world.core) as session:
        left = texting.unsent(session, TEXTS)
    for text_id in left:
        try:
            send_text.run(world, text_id=str(text_id))
        except PartyRefused as refused:
            log.error("text_passed_over", error=type(refused).__name__)
        except PartyUnavailable:
            log.warning("party_silent", party="sms", count=len(left))
            return
        except Exception as error:
            log.error("text_passed_over", error=type(error).__name__)


tasks = (
    evaluate_due,
    tell_order_paid,
    tell_order_held,
    tell_line_settled,
    tell_way_in_changed,
    follow_merge,
    deliver_batch,
    send_text,
    send_texts_left,
)
