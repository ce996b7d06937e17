"""Callbacks that WeChat Pay really sent: one effect each, and the right answer."""

import uuid
from datetime import timedelta

import pytest
from placed import balance, facts, place
from sqlalchemy import select, text, update
from wechat_sender import Sender, deliver

from app.core import clock, crypto
from app.core.db import unit_of_work
from app.core.events import RecordedEvent
from app.payments.callbacks import HEARD, REFUSED
from app.payments.ledger import LedgerEntry, LedgerPosting
from app.payments.models import Order, PaymentAttempt, ProviderEvent
from scripts.environment import stub_keys

PAID = {"order": "paid", "lines": {"paid"}, "attempts": ["paid"]}


def brief(found):
    return {"order": found.order, "lines": found.lines, "attempts": found.attempts}


def entries(core, placed):
    with unit_of_work(core) as session:
        rows = session.execute(
            select(LedgerEntry.account, LedgerEntry.amount)
            .join(LedgerPosting, LedgerPosting.id == LedgerEntry.posting_id)
            .where(LedgerPosting.order_id == placed.order_id)
        )
        return dict(rows.all())


def test_a_genuine_callback_pays_posts_and_leaves_jobs(core, client, invent, sender):
    placed = place(core, invent(), lines=2)
    answer = deliver(
        client, "medical", *sender.notify(sender.transaction(placed.out_trade_no, placed.amount))
    )
    assert (answer.status_code, answer.get_data()) == (204, b"")
    found = facts(core, placed)
    assert brief(found) == PAID
    assert (found.payments, found.bookings, found.jobs) == (1, 2, 2)
    assert found.events == [("applied", None)]
    assert entries(core, placed) == {
        "provider:wechatpay:medical": placed.amount,
        "owed:medical_insurance": -placed.amount,
    }
    with unit_of_work(core) as session:
        told = session.scalars(
            select(RecordedEvent.payload).where(RecordedEvent.name == "payments.order_paid")
        ).all()
    assert {"order_id": str(placed.order_id)} in told


def test_it_takes_at_most_eleven_statements(core, client, invent, sender, count_sql):
    placed = place(core, invent(), lines=3)
    headers, body = sender.notify(sender.transaction(placed.out_trade_no, placed.amount))
    with count_sql() as statements:
        assert deliver(client, "medical", headers, body).status_code == 204
    print(f"\nstatements of a callback that pays: {len(statements)}")
    assert len(statements) <= 11
    with count_sql() as again:
        assert deliver(client, "medical", headers, body).status_code == 204
    assert len(again) <= 3


@pytest.mark.parametrize("kind", ["certificate", "public_key"])
def test_both_of_the_platforms_keys_hold_for_a_merchant_that_changes(
    core, client, invent, parties_keys, home, kind
):
    sender = Sender.towards(stub_keys(home), "social", kind)
    placed = place(core, invent(), ref="social")
    answer = deliver(
        client, "social", *sender.notify(sender.transaction(placed.out_trade_no, placed.amount))
    )
    assert answer.status_code == 204
    assert brief(facts(core, placed)) == PAID


def test_the_address_without_a_merchant_is_the_first_merchants(core, client, invent, sender):
    placed = place(core, invent())
    answer = deliver(
        client, None, *sender.notify(sender.transaction(placed.out_trade_no, placed.amount))
    )
    assert answer.status_code == 204
    assert brief(facts(core, placed)) == PAID


def test_a_missing_signature_type_means_the_usual_one(core, client, invent, sender):
    placed = place(core, invent())
    headers, body = sender.notify(sender.transaction(placed.out_trade_no, placed.amount))
    del headers["Wechatpay-Signature-Type"]
    assert deliver(client, "medical", headers, body).status_code == 204
    assert brief(facts(core, placed)) == PAID


def test_a_replayed_event_is_answered_with_success_and_does_nothing(core, client, invent, sender):
    placed = place(core, invent())
    headers, body = sender.notify(sender.transaction(placed.out_trade_no, placed.amount))
    replayed = HEARD.labels("wechatpay", "replayed")
    before = replayed._value.get()
    answers = [deliver(client, "medical", headers, body).status_code for _ in range(8)]
    assert answers == [204] * 8
    assert replayed._value.get() == before + 7
    found = facts(core, placed)
    assert (found.payments, found.jobs, found.events) == (1, 1, [("applied", None)])


def test_the_same_payment_under_another_event_id_is_stored_and_does_nothing(
    core, client, invent, sender
):
    placed = place(core, invent())
    paid = sender.transaction(placed.out_trade_no, placed.amount)
    assert deliver(client, "medical", *sender.notify(paid)).status_code == 204
    assert deliver(client, "medical", *sender.notify(paid)).status_code == 204
    found = facts(core, placed)
    assert (found.payments, found.jobs) == (1, 1)
    assert found.events == [("applied", None), ("repeated", None)]


def test_a_second_transaction_for_a_paid_attempt_is_held(core, client, invent, sender):
    placed = place(core, invent())
    for answer in (204, 400):
        paid = sender.transaction(placed.out_trade_no, placed.amount)
        assert deliver(client, "medical", *sender.notify(paid)).status_code == answer
    found = facts(core, placed)
    assert (found.order, found.held_because, found.payments) == ("held", "transaction", 1)


def test_one_transaction_cannot_pay_two_orders(core, client, invent, sender):
    first, second = place(core, invent()), place(core, invent())
    paid = sender.transaction(first.out_trade_no, first.amount)
    assert deliver(client, "medical", *sender.notify(paid)).status_code == 204
    again = paid | {"out_trade_no": second.out_trade_no}
    assert deliver(client, "medical", *sender.notify(again)).status_code == 400
    found = facts(core, second)
    assert (found.order, found.held_because, found.payments) == ("held", "transaction", 0)


def test_money_after_the_order_was_closed_is_posted_and_held(core, client, invent, sender):
    placed = place(core, invent(), status="closed")
    with unit_of_work(core) as session:
        session.execute(update(Order).where(Order.id == placed.order_id).values(status="closed"))
        session.execute(
            text("UPDATE order_lines SET status = 'closed' WHERE order_id = :id"),
            {"id": placed.order_id},
        )
    paid = sender.transaction(placed.out_trade_no, placed.amount)
    assert deliver(client, "medical", *sender.notify(paid)).status_code == 204
    found = facts(core, placed)
    assert (found.order, found.held_because) == ("held", "paid_after_close")
    assert (found.lines, found.attempts, found.jobs) == ({"closed"}, ["paid"], 0)
    assert found.events == [("late", "paid_after_close")]
    assert entries(core, placed)["owed:payer"] == -placed.amount


def test_money_by_a_second_attempt_is_posted_for_the_payer(core, client, invent, sender):
    placed = place(core, invent(), status="closed")
    other = uuid.uuid4()
    with unit_of_work(core) as session:
        first = session.get_one(PaymentAttempt, placed.attempt_id)
        columns = {c.name: getattr(first, c.name) for c in PaymentAttempt.__table__.columns}
        columns |= {"id": other, "out_trade_no": other.hex, "status": "open"}
        session.add(PaymentAttempt(**columns))
    for number in (other.hex, placed.out_trade_no):
        paid = sender.transaction(number, placed.amount)
        assert deliver(client, "medical", *sender.notify(paid)).status_code == 204
    found = facts(core, placed)
    assert (found.order, found.payments, found.jobs) == ("paid", 2, 1)
    assert found.events == [("late", "paid_twice")]
    assert entries(core, placed)["owed:payer"] == -placed.amount


def test_true_money_for_a_held_order_is_kept_safe(core, client, invent, sender):
    placed = place(core, invent())
    wrong = sender.transaction(placed.out_trade_no, placed.amount + 1)
    assert deliver(client, "medical", *sender.notify(wrong)).status_code == 400
    right = sender.transaction(placed.out_trade_no, placed.amount)
    assert deliver(client, "medical", *sender.notify(right)).status_code == 204
    found = facts(core, placed)
    assert (found.order, found.held_because, found.payments) == ("held", "amount", 1)
    assert found.events == [("mismatch", "amount"), ("late", "paid_while_held")]


def test_a_mismatch_is_answered_with_failure_each_time_it_comes(core, client, invent, sender):
    placed = place(core, invent())
    headers, body = sender.notify(sender.transaction(placed.out_trade_no, placed.amount - 1))
    for _ in range(2):
        answer = deliver(client, "medical", headers, body)
        assert answer.status_code == 400
        assert answer.json == {"code": "FAIL", "message": "mismatch"}
        assert answer.mimetype == "application/json"
    assert facts(core, placed).events == [("mismatch", "amount")]


@pytest.mark.parametrize(
    ("event_type", "changed"),
    [
        ("PAYSCORE.USER_OPEN_SERVICE", {}),
        ("TRANSACTION.SUCCESS", {"trade_state": "NOTPAY"}),
        ("TRANSACTION.SUCCESS", {"trade_state": "CLOSED"}),
        ("TRANSACTION.SUCCESS", {"trade_state": "REVOKED"}),
        ("TRANSACTION.SUCCESS", {"trade_state": "USERPAYING"}),
        ("TRANSACTION.SUCCESS", {"trade_state": "PAYERROR"}),
    ],
)
def test_news_that_is_not_a_payment_is_stored_and_ignored(
    core, client, invent, sender, event_type, changed
):
    placed = place(core, invent())
    content = sender.transaction(placed.out_trade_no, placed.amount, **changed)
    headers, body = sender.notify(content, id="the-event", event_type=event_type)
    assert deliver(client, "medical", headers, body).status_code == 204
    found = facts(core, placed)
    assert (found.order, found.payments, found.attempts) == ("awaiting_payment", 0, ["open"])
    with unit_of_work(core) as session:
        stored = session.scalars(select(ProviderEvent)).one()
        assert (stored.event_id, stored.kind, stored.outcome) == (
            "the-event",
            event_type,
            "ignored",
        )


@pytest.mark.parametrize("state", ["REFUND", "SOMETHING_NEW"])
def test_a_state_nobody_asked_for_holds_the_order(core, client, invent, sender, state):
    placed = place(core, invent())
    content = sender.transaction(placed.out_trade_no, placed.amount, trade_state=state)
    assert deliver(client, "medical", *sender.notify(content)).status_code == 400
    found = facts(core, placed)
    assert (found.order, found.held_because) == ("held", "provider_state")


def test_the_message_is_stored_sealed_and_opens(core, client, invent, sender):
    placed = place(core, invent())
    paid = sender.transaction(placed.out_trade_no, placed.amount)
    deliver(client, "medical", *sender.notify(paid))
    with unit_of_work(core) as session:
        stored = session.scalars(select(ProviderEvent)).one()
        assert paid["transaction_id"].encode() not in stored.body_sealed
        field = crypto.Field("provider_events", "body_sealed", stored.id)
        assert paid["transaction_id"] in crypto.unseal(core.keys, field, stored.body_sealed)


def test_a_probe_fails_quietly_and_is_counted_by_itself(core, client, invent, sender, capsys):
    placed = place(core, invent())
    headers, body = sender.notify(sender.transaction(placed.out_trade_no, placed.amount))
    headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
    probes = REFUSED.labels("wechatpay", "probe")
    before = probes._value.get()
    answer = deliver(client, "medical", headers, body)
    assert (answer.status_code, answer.json["code"]) == (401, "FAIL")
    assert probes._value.get() == before + 1
    assert "callback_refused" not in capsys.readouterr().out
    assert balance(core)[0] == 0


def test_the_paid_attempt_is_not_asked_about_again(core, client, invent, sender):
    placed = place(core, invent(), next_query_at=clock.now() - timedelta(minutes=1))
    before = HEARD.labels("wechatpay", "applied")._value.get()
    deliver(
        client, "medical", *sender.notify(sender.transaction(placed.out_trade_no, placed.amount))
    )
    with unit_of_work(core) as session:
        assert session.get_one(PaymentAttempt, placed.attempt_id).next_query_at is None
    assert HEARD.labels("wechatpay", "applied")._value.get() == before + 1
