"""Orders held for a person: seen in the list and the figures, and let go on by a command."""

import pytest
from placed import balance, facts, place
from sqlalchemy import select, update
from wechat_sender import deliver

from app.audit.models import AuditRow
from app.connectors.medical_insurance import BookingRefused
from app.core import clock
from app.core.db import unit_of_work
from app.payments import asking, figures, jobs
from app.payments.models import Order, OrderLine, PaymentAttempt
from app.payments.providers.base import Message, Payment
from composition import web_app


@pytest.fixture
def flask(world):
    """`flask("payments", "held")` as an operator types it."""
    app = web_app(world)

    def run(*words):
        with app.app_context():
            return app.test_cli_runner().invoke(args=words)

    return run


def number_of(core, placed):
    with unit_of_work(core) as session:
        return session.get_one(Order, placed.order_id).number


def told(client, sender, placed, **changed):
    content = sender.transaction(placed.out_trade_no, placed.amount, **changed)
    return deliver(client, "medical", *sender.notify(content)).status_code


def release(flask, core, placed):
    return flask("payments", "release", number_of(core, placed), "--yes")


def end_attempts(core, placed):
    with unit_of_work(core) as session:
        its = update(PaymentAttempt).where(PaymentAttempt.order_id == placed.order_id)
        session.execute(its.values(status="closed", next_query_at=None))


def test_a_refused_booking_is_told_again_after_a_person_has_looked(
    core, client, invent, sender, world, department, flask, monkeypatch
):
    placed = place(core, invent())
    assert told(client, sender, placed) == 204
    with unit_of_work(core) as session:
        line = session.scalars(
            select(OrderLine.id).where(OrderLine.order_id == placed.order_id)
        ).one()

    def refuse(_):
        raise BookingRefused("unknown_bill")

    with monkeypatch.context() as refusing:
        refusing.setattr(department, "book", refuse)
        jobs.book_line.run(world, line_id=str(line))
    assert facts(core, placed).order == "held"
    listed = flask("payments", "held").output
    assert number_of(core, placed) in listed
    assert "booking_refused" in listed
    released = release(flask, core, placed)
    assert (released.exit_code, "paid" in released.output) == (0, True), released.output
    jobs.book_line.run(world, line_id=str(line))
    found = facts(core, placed)
    assert (found.order, found.lines, found.payments, found.settlements) == (
        "settled",
        {"settled"},
        1,
        1,
    )
    with unit_of_work(core) as session:
        acts = session.scalars(
            select(AuditRow.object_id).where(AuditRow.action == "payments.release_held")
        ).all()
    assert acts == [placed.order_id]


def test_an_unpaid_held_order_closes_and_its_bills_are_free(core, client, invent, sender, flask):
    placed = place(core, invent())
    assert told(client, sender, placed, amount={"total": 1, "currency": "CNY"}) == 400
    assert facts(core, placed).order == "held"
    waiting = release(flask, core, placed)
    assert (waiting.exit_code, "try again later" in waiting.output) == (1, True)
    end_attempts(core, placed)
    assert release(flask, core, placed).exit_code == 0
    found = facts(core, placed)
    assert (found.order, found.lines, found.payments) == ("closed", {"closed"}, 0)


def test_a_payment_that_does_not_fit_leaves_a_way_out_once_the_provider_was_asked(
    core, client, invent, sender, flask
):
    placed = place(core, invent())
    assert told(client, sender, placed, amount={"total": 1, "currency": "CNY"}) == 400
    payment = Payment(placed.out_trade_no, "paid", "T1", 1, "CNY")
    message = Message("wechatpay", "medical", "query:T1", "QUERY.SUCCESS", "{}", payment)
    with unit_of_work(core) as session:
        assert not asking.take_answer(session, placed.attempt_id, message)
    assert release(flask, core, placed).exit_code == 0
    found = facts(core, placed)
    assert (found.order, found.attempts, found.payments) == ("closed", ["closed"], 0)


def test_money_that_belongs_to_the_payer_is_not_released_away(core, client, invent, sender, flask):
    placed = place(core, invent())
    end_attempts(core, placed)
    with unit_of_work(core) as session:
        session.execute(update(Order).values(status="closed"))
        session.execute(update(OrderLine).values(status="closed"))
    assert told(client, sender, placed) == 204
    assert facts(core, placed).held_because == "paid_after_close"
    refused = release(flask, core, placed)
    assert (refused.exit_code, "belongs to the payer" in refused.output) == (1, True)
    with unit_of_work(core) as session:
        shown = {(each.name, *each.labels.values()): each.value for each in figures.read(session)}
    assert shown["huiban_owed_to_payers_fen",] == placed.amount
    assert shown["huiban_orders_held", "paid_after_close"] == 1
    assert balance(core)[1] == balance(core)[2]


def test_an_order_that_is_not_held_and_an_unknown_one_are_refused(core, invent, flask):
    placed = place(core, invent())
    assert "is not held" in release(flask, core, placed).output
    assert flask("payments", "release", "HB0", "--yes").exit_code == 1
    assert "no order is held" in flask("payments", "held").output


@pytest.mark.parametrize("event_type", ["REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"])
def test_news_of_a_refund_we_did_not_ask_for_holds_the_order(
    core, client, invent, sender, event_type
):
    placed = place(core, invent())
    content = sender.transaction(placed.out_trade_no, placed.amount)
    del content["trade_state"]
    notify = sender.notify(content, event_type=event_type)
    assert deliver(client, "medical", *notify).status_code == 400
    found = facts(core, placed)
    assert (found.order, found.held_because) == ("held", "provider_state")
    assert found.events == [("mismatch", "provider_state")]


def test_no_department_is_told_of_money_that_went_back_before_a_person_has_looked(
    core, client, invent, sender, world, department, flask, monkeypatch
):
    placed = place(core, invent())
    assert told(client, sender, placed) == 204
    content = sender.transaction(placed.out_trade_no, placed.amount)
    del content["trade_state"]
    notify = sender.notify(content, event_type="REFUND.SUCCESS")
    assert deliver(client, "medical", *notify).status_code == 400
    with unit_of_work(core) as session:
        line = session.scalars(
            select(OrderLine.id).where(OrderLine.order_id == placed.order_id)
        ).one()
    later = clock.now() + 2 * jobs.BOOKED_BY_NOW
    monkeypatch.setattr(clock, "now", lambda: later)
    jobs.book_line.run(world, line_id=str(line))
    jobs.book_pending.run(world)
    assert department.booked == {}
    assert facts(core, placed).order == "held"
    assert release(flask, core, placed).exit_code == 0
    jobs.book_pending.run(world)
    assert len(department.booked) == 1
    assert facts(core, placed).order == "settled"


def test_money_that_went_back_outweighs_why_an_order_was_held_before(core, client, invent, sender):
    placed = place(core, invent())
    assert told(client, sender, placed, amount={"total": 1, "currency": "CNY"}) == 400
    assert facts(core, placed).held_because == "amount"
    assert told(client, sender, placed, trade_state="REFUND") == 400
    assert facts(core, placed).held_because == "provider_state"
    assert told(client, sender, placed, amount={"total": 1, "currency": "CNY"}) == 400
    assert facts(core, placed).held_because == "provider_state"
