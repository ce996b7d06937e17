"""Departments told until they acknowledge, providers asked when no callback came, receipts, ledger."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from at_wechat import attempt_of, due_now
from placed import Placed, balance, facts, place
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from support import make_person
from wechat_sender import deliver

from app.connectors.medical_insurance import BookingRefused
from app.core import clock
from app.core.db import unit_of_work
from app.core.events import RecordedEvent
from app.core.http import PartyUnavailable
from app.payments import asking, attempts, jobs, ledger
from app.payments.ledger import LedgerEntry, LedgerPosting
from app.payments.models import Bill, Booking, Order, OrderLine, PaymentAttempt, Receipt
from app.payments.providers.base import Message, Payment


@pytest.fixture
def paid(core, client, invent, sender):
    """A paid order of `lines` bills; answers it and the ids of its lines."""

    def make(lines: int = 1) -> tuple[Placed, list[uuid.UUID]]:
        placed = place(core, invent(), lines=lines)
        content = sender.transaction(placed.out_trade_no, placed.amount)
        assert deliver(client, "medical", *sender.notify(content)).status_code == 204
        return placed, line_ids(core, placed)

    return make


def line_ids(core, placed) -> list[uuid.UUID]:
    with unit_of_work(core) as session:
        lines = select(OrderLine.id).where(OrderLine.order_id == placed.order_id)
        return list(session.scalars(lines.order_by(OrderLine.id)))


def book(world, line_id) -> None:
    jobs.book_line.run(world, line_id=str(line_id))


def test_an_acknowledged_line_is_posted_settled_and_receipted_once(core, world, paid):
    placed, (line_id,) = paid()
    for _ in range(3):
        book(world, line_id)
    found = facts(core, placed)
    assert (found.order, found.lines, found.settlements) == ("settled", {"settled"}, 1)
    with unit_of_work(core) as session:
        booking = session.get_one(Booking, line_id)
        assert (booking.status, bool(booking.reference)) == ("booked", True)
        receipts = session.scalars(select(Receipt).where(Receipt.line_id == line_id)).all()
        assert {each.audience for each in receipts} == {"payer", "beneficiary"}
        assert len({each.number for each in receipts}) == 2
        payer = next(each for each in receipts if each.audience == "payer")
        assert payer.person_id == session.get_one(Order, placed.order_id).payer_person_id
        news = session.scalars(
            select(RecordedEvent.payload).where(RecordedEvent.name == "payments.line_settled")
        ).all()
        assert news == [{"line_id": str(line_id)}]
        accounts = dict(
            session.execute(
                select(LedgerEntry.account, LedgerEntry.amount)
                .join(LedgerPosting, LedgerPosting.id == LedgerEntry.posting_id)
                .where(LedgerPosting.kind == "settlement")
            ).all()
        )
    assert accounts == {
        "owed:medical_insurance": placed.amount,
        "paid_over:medical_insurance": -placed.amount,
    }


def test_the_department_is_told_what_was_paid_and_under_which_of_our_ids(
    core, world, department, paid
):
    placed, (line_id,) = paid()
    book(world, line_id)
    (told,) = department.booked.values()
    with unit_of_work(core) as session:
        line = session.get_one(OrderLine, line_id)
        bill = session.get_one(Bill, line.bill_id)
        order = session.get_one(Order, placed.order_id)
        attempt = session.get_one(PaymentAttempt, placed.attempt_id)
    assert (told.number, told.client_ref) == (bill.department_number, str(bill.id))
    assert (told.order_number, told.amount) == (order.number, line.amount)
    assert (told.paid_at, told.transaction_id) == (order.paid_at, attempt.transaction_id)


def test_an_order_settles_with_its_last_line(core, world, paid):
    placed, (first, second) = paid(lines=2)
    book(world, first)
    assert facts(core, placed).order == "paid"
    book(world, second)
    found = facts(core, placed)
    assert (found.order, found.settlements) == ("settled", 2)


def test_a_silent_department_is_told_again(core, world, department, paid):
    placed, (line_id,) = paid()
    department.silent = True
    with pytest.raises(PartyUnavailable):
        book(world, line_id)
    assert facts(core, placed).order == "paid"
    department.silent = False
    book(world, line_id)
    assert facts(core, placed).order == "settled"


def test_a_sweep_stops_at_a_silent_department(core, world, department, paid):
    for _ in range(3):
        paid()
    with unit_of_work(core) as session:
        before = clock.now() - timedelta(minutes=2)
        session.execute(update(Booking).values(created_at=before))
    department.silent = True
    jobs.book_pending.run(world)
    department.silent = False
    jobs.book_pending.run(world)
    with unit_of_work(core) as session:
        assert set(session.scalars(select(Booking.status))) == {"booked"}


def test_a_refused_booking_holds_the_order_and_settles_nothing(core, world, department, paid):
    placed, (refused, fine) = paid(lines=2)

    class Refusing(type(department)):
        def book(self, told):
            raise BookingRefused("paid_elsewhere")

    jobs.book_line.run(replace(world, medical_insurance=Refusing()), line_id=str(refused))
    found = facts(core, placed)
    assert (found.order, found.held_because) == ("held", "booking_refused")
    book(world, refused)
    book(world, fine)
    found = facts(core, placed)
    assert (found.order, found.lines, found.settlements) == ("held", {"paid", "settled"}, 1)
    with unit_of_work(core) as session:
        assert session.get_one(Booking, refused).refused_because == "paid_elsewhere"


def test_a_double_payment_later_does_not_change_what_the_department_is_told(
    core, client, world, department, sender, paid
):
    placed, (line_id,) = paid()
    other = uuid.UUID(int=placed.attempt_id.int - 1)
    with unit_of_work(core) as session:
        first = session.get_one(PaymentAttempt, placed.attempt_id)
        columns = {c.name: getattr(first, c.name) for c in PaymentAttempt.__table__.columns}
        columns |= {"id": other, "out_trade_no": other.hex, "status": "closed"}
        session.add(PaymentAttempt(**(columns | {"transaction_id": None})))
    content = sender.transaction(other.hex, placed.amount)
    assert deliver(client, "medical", *sender.notify(content)).status_code == 204
    book(world, line_id)
    (told,) = department.booked.values()
    with unit_of_work(core) as session:
        attempt = session.get_one(PaymentAttempt, placed.attempt_id)
        assert told.transaction_id == attempt.transaction_id


def test_money_by_an_ended_attempt_has_the_living_one_asked_about_at_once(
    core, client, invent, sender
):
    placed = place(core, invent())
    ended = uuid.uuid4()
    with unit_of_work(core) as session:
        living = session.get_one(PaymentAttempt, placed.attempt_id)
        columns = {c.name: getattr(living, c.name) for c in PaymentAttempt.__table__.columns}
        columns |= {"id": ended, "out_trade_no": ended.hex, "status": "closed"}
        session.add(PaymentAttempt(**columns))
    content = sender.transaction(ended.hex, placed.amount)
    assert deliver(client, "medical", *sender.notify(content)).status_code == 204
    assert facts(core, placed).order == "paid"
    assert attempt_of(core, placed.out_trade_no).next_query_at <= clock.now()


def said(placed: Placed, state: Any, **facts: Any) -> Message:
    payment = Payment(placed.out_trade_no, state, **facts)
    number = f"query:{payment.transaction_id or f'{placed.out_trade_no}:{state}'}"
    return Message("wechatpay", "medical", number, f"QUERY.{state}", "{}", payment)


def confirmed(placed: Placed) -> Message:
    facts = {"transaction_id": f"T{placed.out_trade_no}", "amount": placed.amount}
    return said(placed, "paid", currency="CNY", **facts)


def answered(core, placed, message) -> bool:
    with unit_of_work(core) as session:
        return asking.take_answer(session, placed.attempt_id, message)


def test_a_lost_callback_is_made_good_by_the_query_and_comes_late_without_effect(
    core, client, invent, sender
):
    placed = place(core, invent())
    content = sender.transaction(placed.out_trade_no, placed.amount)
    payment = {"transaction_id": content["transaction_id"], "amount": placed.amount}
    message = said(placed, "paid", currency="CNY", **payment)
    for _ in range(2):
        assert not answered(core, placed, message)
    assert deliver(client, "medical", *sender.notify(content)).status_code == 204
    found = facts(core, placed)
    assert (found.order, found.payments, found.jobs) == ("paid", 1, 1)
    assert found.events == [("applied", None), ("repeated", None)]
    assert attempt_of(core, placed.out_trade_no).next_query_at is None


def test_an_answer_that_does_not_fit_holds_the_order(core, invent):
    placed = place(core, invent())
    message = said(placed, "paid", transaction_id="T1", amount=placed.amount + 1, currency="CNY")
    assert not answered(core, placed, message)
    found = facts(core, placed)
    assert (found.order, found.held_because, found.payments) == ("held", "amount", 0)
    assert attempt_of(core, placed.out_trade_no).next_query_at is None


def test_we_ask_after_30_seconds_2_10_and_30_minutes_and_when_the_time_is_over(core, invent):
    placed = place(core, invent(), expires_at=clock.now() + timedelta(minutes=31))
    with unit_of_work(core) as session:
        attempt = session.get_one(PaymentAttempt, placed.attempt_id)
        began, waits = clock.now(), []
        for asked in range(6):
            attempt.queries = asked
            attempts.schedule(attempt)
            waits.append(round((attempt.next_query_at - began).total_seconds()))
    assert waits == [30, 90, 480, 1_200, 1_200, 1_200]
    assert [sum(waits[: n + 1]) for n in range(4)] == [30, 120, 600, 1_800]
    expiring = place(core, invent(), expires_at=clock.now() + timedelta(seconds=10))
    with unit_of_work(core) as session:
        attempt = session.get_one(PaymentAttempt, expiring.attempt_id)
        attempts.schedule(attempt)
        assert attempt.next_query_at == attempt.expires_at


def test_what_is_not_paid_in_time_is_closed_and_frees_the_bills(core, invent):
    placed = place(core, invent())
    assert not answered(core, placed, said(placed, "unpaid"))
    due_now(core, placed.out_trade_no, expired=True)
    assert answered(core, placed, said(placed, "unpaid"))
    with unit_of_work(core) as session:
        asking.finish(session, placed.attempt_id)
    found = facts(core, placed)
    assert (found.order, found.lines, found.attempts) == ("closed", {"closed"}, ["closed"])
    assert attempt_of(core, placed.out_trade_no).next_query_at is None


@pytest.mark.parametrize(("status", "ended"), [("open", "closed"), ("preparing", "failed")])
def test_an_attempt_the_provider_has_ended_ends_here_too(core, invent, status, ended):
    placed = place(core, invent(), status=status)
    due_now(core, placed.out_trade_no, expired=True)
    assert not answered(core, placed, said(placed, "ended"))
    assert facts(core, placed).attempts == [ended]
    assert facts(core, placed).order == "closed"


def test_money_given_back_outside_of_us_holds_each_order_and_its_message_is_kept_once(core, invent):
    for placed in (place(core, invent()), place(core, invent(), status="preparing")):
        for _ in range(2):
            assert not answered(core, placed, said(placed, "other"))
        found = facts(core, placed)
        assert (found.order, found.held_because) == ("held", "provider_state")
        assert found.events == [("mismatch", "provider_state")]
        assert (found.payments, found.jobs) == (0, 0)
        attempt = attempt_of(core, placed.out_trade_no)
        assert attempt.status in ("closed", "failed")
        assert attempt.next_query_at is None


def test_money_given_back_after_the_callback_holds_the_paid_order_too(core, paid):
    placed, _ = paid()
    assert not answered(core, placed, said(placed, "other"))
    found = facts(core, placed)
    assert (found.order, found.held_because) == ("held", "provider_state")
    assert found.events == [("applied", None), ("mismatch", "provider_state")]
    assert (found.attempts, found.payments) == (["paid"], 1)


def test_due_attempts_are_claimed_once_and_come_back_after_the_lease(core, invent):
    person = invent()
    due = clock.now() - timedelta(seconds=1)
    placed = [place(core, person, next_query_at=due) for _ in range(asking.BATCH + 3)]
    with unit_of_work(core) as session:
        first = asking.claim(session)
        second = asking.claim(session)
        third = asking.claim(session)
    assert (len(first), len(second), len(third)) == (asking.BATCH, 3, 0)
    assert {each.attempt_id for each in first + second} == {each.attempt_id for each in placed}
    again = attempt_of(core, placed[0].out_trade_no).next_query_at
    assert again is not None
    assert timedelta(seconds=50) < again - clock.now() <= asking.LEASE


@pytest.mark.parametrize(
    "table", ["ledger_postings", "ledger_entries", "provider_events", "receipts"]
)
@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_application_cannot_change_what_is_written(core, world, paid, table, verb):
    _, (line_id,) = paid()
    book(world, line_id)
    column = {"ledger_entries": "amount", "ledger_postings": "kind"}.get(table, "id")
    with unit_of_work(core) as session:
        with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
            session.execute(text(verb.format(table, column, column)))
        session.rollback()


@pytest.mark.parametrize(
    "entries",
    [
        {"provider:wechatpay:medical": 100, "owed:medical_insurance": -99},
        {"provider:wechatpay:medical": 100},
        {"provider:wechatpay:medical": 100, "owed:medical_insurance": 100},
    ],
)
def test_a_posting_that_does_not_balance_is_refused_by_the_database(live_core, entries):
    placed = place(live_core, make_person(live_core))
    with pytest.raises(DBAPIError, match="does not balance"), unit_of_work(live_core) as session:
        ledger.post(session, "payment", placed.attempt_id, placed.order_id, entries)
    assert balance(live_core) == (0, 0, 0)


def test_a_posting_that_stands_takes_no_more_entries_even_balanced_ones(live_core):
    order = place(live_core, make_person(live_core)).order_id
    with unit_of_work(live_core) as session:
        ledger.post(session, "payment", uuid.uuid4(), order, {"a": 100, "b": -100})
        posting = session.scalars(select(LedgerEntry.posting_id).distinct()).one()
    for entries in ([("c", 5), ("d", -5)], [("c", 5)]):
        rows = [
            {"posting_id": posting, "account": account, "amount": amount}
            for account, amount in entries
        ]
        with (
            pytest.raises(DBAPIError, match="does not balance"),
            unit_of_work(live_core) as session,
        ):
            session.execute(insert(LedgerEntry), rows)
    assert balance(live_core) == (1, 100, 100)


def test_a_second_posting_of_the_same_thing_is_refused_by_the_database(live_core):
    placed = place(live_core, make_person(live_core))
    entries = {"provider:wechatpay:medical": 100, "owed:medical_insurance": -100}
    with unit_of_work(live_core) as session:
        ledger.post(session, "payment", placed.attempt_id, placed.order_id, entries)
    with pytest.raises(IntegrityError), unit_of_work(live_core) as session:
        ledger.post(session, "payment", placed.attempt_id, placed.order_id, entries)
    assert balance(live_core) == (1, 100, 100)
