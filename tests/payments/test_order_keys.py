"""The `Idempotency-Key` of an order: required, its owner's alone, kept for ever."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from api import idempotency
from api.idempotency import KeptAnswer
from app.core import clock
from app.payments.models import Bill, Order


@pytest.fixture
def owe(department, invent):
    """Somebody with a bill to pay."""

    def make():
        person = invent()
        department.asks(person)
        return person

    return make


def replayed(answer):
    return answer.headers.get("Idempotency-Replayed") == "true"


def orders(session):
    return session.scalar(select(func.count()).select_from(Order))


def test_an_order_without_a_key_is_refused(owe, payer, client, session):
    me = payer(owe())
    bill_id = me.bills().json["items"][0]["id"]
    answer = client.post("/api/v1/orders", json={"bill_ids": [bill_id]}, headers=me.headers)
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["Idempotency-Key"]
    assert orders(session) == 0


def test_another_payer_with_the_same_key_is_not_shown_my_order(owe, payer, session):
    father, searcher = owe(), payer(owe())
    me = payer(father)
    (bill,) = me.bills().json["items"]
    mine = me.order(bill["id"], key="k")
    assert mine.status_code == 201
    assert searcher.found(father) == bill["id"]
    theirs = searcher.order(bill["id"], key="k")
    assert not replayed(theirs)
    assert theirs.status_code == 409
    assert mine.json["id"] not in theirs.get_data(as_text=True)
    assert orders(session) == 1


def test_the_answer_is_replayed_after_years_although_the_order_is_long_over(
    owe, payer, session, world, monkeypatch
):
    me, now = payer(owe()), clock.now()
    (bill,) = me.bills().json["items"]
    first = me.order(bill["id"], key="k")
    for days in (1.1, 400, 4_000):
        later = now + timedelta(days=days)
        monkeypatch.setattr(clock, "now", lambda later=later: later)
        idempotency.forget_answers.run(world)
        again = me.order(bill["id"], key="k")
        assert (again.status_code, replayed(again)) == (201, True), f"after {days} days"
        assert again.json == first.json
    assert orders(session) == 1


def test_a_refused_order_leaves_its_key_free(owe, payer, session):
    me = payer(owe())
    (bill,) = me.bills().json["items"]
    session.execute(update(Bill).values(status="paid"))
    session.commit()
    for _ in range(2):
        refused = me.order(bill["id"], key="k")
        assert (refused.status_code, replayed(refused)) == (404, False)
    assert session.scalar(select(func.count()).select_from(KeptAnswer)) == 0
    session.execute(update(Bill).values(status="payable"))
    session.commit()
    placed = me.order(bill["id"], key="k")
    assert (placed.status_code, replayed(placed)) == (201, False)
