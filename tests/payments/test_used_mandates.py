"""Every use of a mandate to pay is seen by both, and none is made after its end."""

import threading
import uuid
from datetime import timedelta

import pytest
from department import bill_for
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError
from support import make_person
from wechat_sender import deliver

from app.core import clock
from app.core.db import unit_of_work
from app.core.errors import NotFound
from app.core.ids import new_id
from app.family import services
from app.family import uses as recording
from app.family.models import Mandate, MandateUse
from app.family.services import Terms
from app.identity import real_name
from app.payments import bills, placing
from app.payments.bills import Insured
from app.payments.models import Order, PaymentAttempt


@pytest.fixture
def family(department, invent, payer, give_mandate):
    """A daughter who may pay for her mother: both, and the mandate's id."""
    daughter, mother = invent(), invent()
    department.asks(mother)
    return payer(daughter), daughter, mother, give_mandate(daughter, mother)


@pytest.fixture
def uses(client):
    def read(person, mandate_id, query=""):
        path = f"/api/v1/family/mandates/{mandate_id}/uses{query}"
        return client.get(path, headers=person.headers).json

    return read


def attempt(session, order_id):
    """An open payment of this order; answers its number at the provider."""
    order = session.get_one(Order, uuid.UUID(order_id))
    row, at = new_id(), clock.now()
    session.add(
        PaymentAttempt(
            id=row,
            order_id=order.id,
            provider="wechatpay",
            channel="h5",
            merchant_ref="medical",
            out_trade_no=row.hex,
            amount=order.amount,
            status="open",
            client_params_sealed=None,
            transaction_id=None,
            created_at=at,
            expires_at=at + timedelta(minutes=30),
            next_query_at=at,
            queries=0,
        )
    )
    session.commit()
    return row.hex, order.amount


def test_looks_orders_and_payments_are_told_to_both_in_the_same_words(
    family, uses, client, sender, session
):
    me, daughter, mother, mandate = family
    for _ in range(3):
        (bill,) = me.bills(mother.actor.person_id).json["items"]
    order = me.order(bill["id"]).json
    paid = sender.transaction(*attempt(session, order["id"]))
    for _ in range(2):
        assert deliver(client, "medical", *sender.notify(paid)).status_code == 204
    seen = uses(daughter, mandate)["items"]
    assert [each["act"] for each in seen] == ["order_paid", "order_placed", "bills_viewed"]
    assert seen == uses(mother, mandate)["items"]
    assert seen[0]["what"] == "缴清了费用"
    assert (seen[0]["by"], seen[0]["for"]) == tuple(
        person.name[0] + "*" + person.name[-1] for person in (daughter, mother)
    )


def test_looks_are_written_down_once_an_hour(family, uses, session, monkeypatch):
    _, daughter, _, mandate = family
    at = clock.now().replace(minute=10)
    for minutes in (0, 5, 49, 51, 60):
        moment = at + timedelta(minutes=minutes)
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        recording.record(session, uuid.UUID(mandate), "code_shown")
    session.commit()
    monkeypatch.undo()
    assert len(uses(daughter, mandate)["items"]) == 2


def test_the_list_goes_on_by_cursor_and_is_nobody_elses(family, uses, session, invent):
    _, daughter, _, mandate = family
    for _ in range(5):
        session.add(
            MandateUse(
                id=new_id(),
                mandate_id=uuid.UUID(mandate),
                act="health_declared",
                occasion=new_id().hex,
                at=clock.now(),
            )
        )
    session.commit()
    seen, query = [], "?limit=2"
    while query:
        page = uses(daughter, mandate, query)
        seen += [each["id"] for each in page["items"]]
        query = f"?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)
    foreign, unknown = uses(invent(), mandate), uses(invent(), uuid.uuid4())
    assert {**foreign, "trace_id": 0} == {**unknown, "trace_id": 0}
    assert foreign["code"] == "not_found"


def test_ones_own_bills_and_orders_are_no_use_of_anything(department, payer, invent, session):
    me = invent()
    department.asks(me)
    (bill,) = payer(me).bills().json["items"]
    assert payer(me).order(bill["id"]).status_code == 201
    assert session.scalar(select(func.count()).select_from(MandateUse)) == 0


def test_what_was_used_stays(family, session):
    me, _, mother, _ = family
    me.bills(mother.actor.person_id)
    for statement in ("DELETE FROM mandate_uses", "UPDATE mandate_uses SET act = 'x'"):
        with pytest.raises(ProgrammingError), session.begin_nested():
            session.execute(text(statement))


def test_a_payment_that_arrives_after_the_end_is_still_told(family, uses, client, sender, session):
    me, _, mother, mandate = family
    (bill,) = me.bills(mother.actor.person_id).json["items"]
    paid = sender.transaction(*attempt(session, me.order(bill["id"]).json["id"]))
    client.delete(f"/api/v1/family/mandates/{mandate}", headers=mother.headers)
    assert deliver(client, "medical", *sender.notify(paid)).status_code == 204
    assert uses(mother, mandate)["items"][0]["act"] == "order_paid"


def test_a_guardianship_that_the_register_ended_pays_nothing_more(family, client, session):
    me, _, mother, mandate = family
    (bill,) = me.bills(mother.actor.person_id).json["items"]
    order = me.order(bill["id"]).json
    facts = {"guardian_as": "mother", "confirmed_how": "register", "checked_at": clock.now()}
    session.execute(update(Mandate).values(**facts))
    session.commit()
    row = session.get_one(Mandate, uuid.UUID(mandate), populate_existing=True)
    services.revoke(session, row, "register")
    session.commit()
    path = f"/api/v1/orders/{order['id']}/payments"
    refused = me.post(path, {"provider": "wechatpay", "channel": "h5"})
    assert (refused.status_code, refused.json["code"]) == (409, "mandate_over")


def test_no_order_is_placed_by_a_mandate_whose_end_was_committed_first(live_core):
    """The end holds the mandate's row; the order waits for it and then finds none."""
    daughter, mother = make_person(live_core), make_person(live_core)
    with unit_of_work(live_core) as session:
        claimed = real_name.claim(mother.name, mother.document_number)
        terms = Terms("parent", ("pay",), clock.legal_today() + timedelta(days=9))
        mandate = services.ask_mandate(session, daughter.actor, claimed, terms)
        services.activate(mandate, mother.actor.person, "account")
        insured = Insured.by(session, mother.name, "resident_id", mother.document_number)
        (bill,) = bills.keep(session, insured, [bill_for("YB-RACE")])
        mandate_id, bill_id = mandate.id, bill.id
    outcome, begun = [], threading.Event()

    def order():
        begun.wait()
        try:
            with unit_of_work(live_core) as session:
                outcome.append(placing.place_order(session, daughter.actor, [bill_id]))
        except NotFound as refused:
            outcome.append(refused)

    thread = threading.Thread(target=order)
    thread.start()
    with unit_of_work(live_core) as session:
        row = session.get_one(Mandate, mandate_id, with_for_update=True)
        services.revoke(session, row, "principal")
        session.flush()
        begun.set()
        thread.join(0.2)
    thread.join()
    assert isinstance(outcome[0], NotFound)
    with live_core.session() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 0
        assert session.scalar(select(func.count()).select_from(MandateUse)) == 0
