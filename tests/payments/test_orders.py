"""Orders: whose bills, one order a bill, sums, cancelling and running out."""

import re
import uuid
from datetime import timedelta

import pytest
from department import AMOUNT
from sqlalchemy import func, select, text, update

from app.core import clock
from app.core.ids import new_id
from app.core.limits import Quota
from app.family.models import Mandate
from app.payments import asking, jobs_orders, orders, placing
from app.payments.models import Bill, BillGrant, Booking, Order, OrderLine, PaymentAttempt
from app.payments.orders import luhn
from app.payments.states import MoveRefused


@pytest.fixture
def owe(department, invent):
    """Somebody with a bill to pay."""

    def make(**changes):
        person = invent()
        department.asks(person, **changes)
        return person

    return make


@pytest.fixture
def placed(owe, payer, session):
    """An order for one looked-up bill: (payer, insured person, row)."""

    def place():
        daughter, father = payer(owe()), owe()
        order_id = daughter.order(daughter.found(father)).json["id"]
        return daughter, father, session.get(Order, uuid.UUID(order_id))

    return place


def attempt_for(session, order, status="open"):
    attempt = PaymentAttempt(
        id=new_id(),
        order_id=order.id,
        provider="wechatpay",
        channel="native",
        merchant_ref="medical",
        out_trade_no=f"T{order.number}",
        amount=order.amount,
        status=status,
        client_params_sealed=None,
        transaction_id=None,
        created_at=clock.now(),
        expires_at=order.expires_at,
        next_query_at=None,
        queries=0,
    )
    session.add(attempt)
    session.commit()
    return attempt


def let_it_run_out(session, *rows):
    ended = clock.now() - timedelta(seconds=1)
    ids = [row.id for row in rows]
    session.execute(update(Order).where(Order.id.in_(ids)).values(expires_at=ended))
    session.commit()


def order_lines(session, order):
    return list(session.scalars(select(OrderLine).where(OrderLine.order_id == order.id)))


def line_statuses(session, order):
    its = select(OrderLine.status).where(OrderLine.order_id == order.id)
    return list(session.scalars(its))


def test_one_order_pays_own_mandated_and_found_bills_together(owe, payer, give_mandate):
    daughter, mother, father = owe(), owe(), owe()
    give_mandate(daughter, mother)
    me = payer(daughter)
    (own,) = me.bills().json["items"]
    (mothers,) = me.bills(mother.actor.person_id).json["items"]
    answer = me.order(own["id"], mothers["id"], me.found(father))
    assert answer.status_code == 201
    order = answer.json
    assert order["status"] == "awaiting_payment"
    assert order["amount"] == {"amount": 3 * AMOUNT, "currency": "CNY"}
    assert order["payer"] == {"masked_name": daughter.name[0] + "*" + daughter.name[-1]}
    assert (order["attempts"], order["refunds"]) == ([], [])
    assert {line["beneficiary"]["masked_name"] for line in order["lines"]} == {
        each.name[0] + "*" + each.name[-1] for each in (daughter, mother, father)
    }
    for line in order["lines"]:
        assert set(line) == {"bill_id", "scheme", "period", "beneficiary", "amount", "status"}
        assert (line["scheme"], line["period"]) == (own["scheme"], own["period"])
        assert set(line["beneficiary"]) == {"masked_name"}
        assert line["status"] == "awaiting_payment"
        assert line["amount"] == {"amount": AMOUNT, "currency": "CNY"}
    assert me.get(f"/api/v1/orders/{order['id']}").json == order


def test_the_number_can_be_read_out_and_checked(placed):
    _, _, order = placed()
    assert re.fullmatch(r"HB20\d{6}\d{10}\d", order.number)
    digits = order.number[2:]
    assert luhn(digits[:-1]) == int(digits[-1])
    assert order.expires_at - order.created_at == timedelta(minutes=30)


def test_the_check_digit_is_the_published_one():
    assert luhn("7992739871") == 3


def test_unknown_foreign_unpayable_and_ungranted_bills_are_the_same_404(
    owe, payer, department, session, invent
):
    searcher, father, over = payer(owe()), owe(), owe()
    day = clock.legal_today()
    own = searcher.bills().json["items"][0]["id"]
    payer(father).bills()
    payer(over).bills()
    foreign = session.scalar(select(Bill.id).where(Bill.person_id == father.actor.person_id))
    granted = searcher.found(over)
    department.asks(over, payable_from=day - timedelta(days=9), payable_until=day - timedelta(1))
    payer(over).bills()
    paid = invent()
    department.asks(paid)
    granted_paid = searcher.found(paid)
    department.asks(paid, paid=True)
    payer(paid).bills()
    shown = []
    for each in (uuid.uuid4(), foreign, granted, granted_paid):
        answer = searcher.order(own, each)
        assert answer.status_code == 404, answer.json
        shown.append({**answer.json, "trace_id": None})
    assert all(each == shown[0] for each in shown)
    assert session.scalar(select(func.count()).select_from(Order)) == 0


def test_a_grant_lasts_half_an_hour(owe, payer, session):
    searcher, father = payer(owe()), owe()
    bill_id = searcher.found(father)
    left = session.scalars(select(BillGrant.until)).one() - clock.now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    session.execute(update(BillGrant).values(until=clock.now() - timedelta(seconds=1)))
    session.commit()
    assert searcher.order(bill_id).status_code == 404


def test_a_grant_is_the_searchers_alone(owe, payer):
    searcher, other, father = payer(owe()), payer(owe()), owe()
    assert other.order(searcher.found(father)).status_code == 404


def test_an_ended_mandate_places_no_order(owe, payer, give_mandate, client, session):
    daughter, father = owe(), owe()
    mandate_id = give_mandate(daughter, father)
    me = payer(daughter)
    (bill,) = me.bills(father.actor.person_id).json["items"]
    client.delete(f"/api/v1/family/mandates/{mandate_id}", headers=father.headers)
    assert me.order(bill["id"]).status_code == 404
    give_mandate(daughter, father)
    living = Mandate.status == "active"
    yesterday = clock.legal_today() - timedelta(days=1)
    session.execute(update(Mandate).where(living).values(until=yesterday))
    session.commit()
    assert me.order(bill["id"]).status_code == 404


def test_a_mandate_without_pay_places_no_order(owe, payer, give_mandate, session):
    daughter, father = owe(), owe()
    payer(father).bills()
    give_mandate(daughter, father, "view_code", "handle_cases")
    bill_id = session.scalars(select(Bill.id)).one()
    assert payer(daughter).order(bill_id).status_code == 404


def test_a_bill_in_another_order_is_refused_and_nothing_of_the_second_stays(owe, payer, session):
    daughter, son, father = payer(owe()), payer(owe()), owe()
    first, second = daughter.found(father), son.found(father)
    assert first == second
    assert daughter.order(first).status_code == 201
    sons_own = son.bills().json["items"][0]["id"]
    refused = son.order(sons_own, second)
    assert (refused.status_code, refused.json["code"]) == (409, "bill_in_another_order")
    assert session.scalar(select(func.count()).select_from(Order)) == 1
    assert son.order(sons_own).status_code == 201


@pytest.mark.parametrize(
    "bill_ids", [[], ["no-id"], [str(uuid.UUID(int=5))] * 2, [str(uuid.uuid4()) for _ in range(21)]]
)
def test_one_to_twenty_different_bills(payer, invent, bill_ids):
    answer = payer(invent()).order(*bill_ids)
    assert answer.status_code == 422
    assert "bill_ids" in answer.json["errors"]


def test_an_order_needs_a_key_and_takes_no_other_field(owe, payer, client):
    me = owe()
    (bill,) = payer(me).bills().json["items"]
    body = {"bill_ids": [bill["id"]]}
    missing = client.post("/api/v1/orders", json=body, headers=me.headers)
    assert missing.status_code == 422
    assert list(missing.json["errors"]) == ["Idempotency-Key"]
    keyed = {**me.headers, "Idempotency-Key": "k"}
    for field in ("amount", "status", "payer_account_id"):
        refused = client.post("/api/v1/orders", json={**body, field: 1}, headers=keyed)
        assert refused.status_code == 422
        assert field in refused.json["errors"]


def test_the_same_key_answers_the_same_order(owe, payer, session):
    me = payer(owe())
    (bill,) = me.bills().json["items"]
    first, second = (me.order(bill["id"], key="k-1") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert session.scalar(select(func.count()).select_from(Order)) == 1
    assert me.order(uuid.uuid4(), key="k-1").json["code"] == "idempotency_key_reused"


def test_an_order_is_its_payers_alone_even_towards_the_insured(placed, payer, owe):
    daughter, father, order = placed()
    path = f"/api/v1/orders/{order.id}"
    shown = []
    for person in (father, owe()):
        for answer in (
            payer(person).get(path),
            payer(person).post(f"{path}/cancel"),
            payer(person).get(f"/api/v1/orders/{uuid.uuid4()}"),
        ):
            assert answer.status_code == 404
            shown.append({**answer.json, "trace_id": None})
    assert all(each == shown[0] for each in shown)
    assert payer(father).get("/api/v1/orders").json["items"] == []
    assert daughter.get(path).status_code == 200


def test_my_orders_come_newest_first_page_by_page(owe, payer):
    me = payer(owe())
    made = [me.order(me.found(owe())).json["id"] for _ in range(5)]
    seen, query = [], "?limit=2"
    while query:
        page = me.get(f"/api/v1/orders{query}").json
        seen += [each["id"] for each in page["items"]]
        query = f"?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == made[::-1]
    for cursor in ("WzFd", "x", "WyIyMDI2LTAxLTAxIiwgIngiXQ"):
        assert me.get(f"/api/v1/orders?cursor={cursor}").json["code"] == "invalid_cursor"


def test_cancelling_frees_the_bills(placed, session):
    daughter, father, order = placed()
    path = f"/api/v1/orders/{order.id}/cancel"
    cancelled = daughter.post(path)
    assert cancelled.status_code == 200
    assert cancelled.json["status"] == "closed"
    assert [line["status"] for line in cancelled.json["lines"]] == ["closed"]
    again = daughter.post(path)
    assert (again.status_code, again.json["status"]) == (200, "closed")
    assert daughter.order(daughter.found(father)).status_code == 201


@pytest.mark.parametrize(("state", "expected"), [("preparing", 409), ("failed", 200)])
def test_an_order_whose_payment_is_being_opened_is_not_cancelled(placed, session, state, expected):
    daughter, _, order = placed()
    attempt = attempt_for(session, order, state)
    answer = daughter.post(f"/api/v1/orders/{order.id}/cancel")
    assert answer.status_code == expected
    if expected == 409:
        assert answer.json["code"] == "payment_running"
    shown = daughter.get(f"/api/v1/orders/{order.id}").json["attempts"]
    assert shown == [
        {
            "id": str(attempt.id),
            "provider": "wechatpay",
            "channel": "native",
            "status": state,
            "out_trade_no": attempt.out_trade_no,
        }
    ]


def test_a_mandate_that_ended_after_the_order_pays_nothing(owe, payer, give_mandate):
    daughter, mother = owe(), owe()
    mandate = give_mandate(daughter, mother)
    me = payer(daughter)
    (bill,) = me.bills(mother.actor.person_id).json["items"]
    order = me.order(bill["id"]).json
    ended = me.client.delete(f"/api/v1/family/mandates/{mandate}", headers=mother.headers)
    assert ended.status_code in (200, 204), ended.json
    refused = me.post(
        f"/api/v1/orders/{order['id']}/payments", {"provider": "wechatpay", "channel": "h5"}
    )
    assert (refused.status_code, refused.json["code"]) == (409, "mandate_over")
    assert me.post(f"/api/v1/orders/{order['id']}/cancel").json["status"] == "closed"


def test_whoever_only_looked_a_bill_up_cannot_keep_it_from_the_insured_person(
    placed, session, payer, give_mandate, owe
):
    stranger, father, order = placed()
    daughter = owe()
    give_mandate(daughter, father)
    bill_id = order_lines(session, order)[0].bill_id
    taken = payer(daughter).order(str(bill_id))
    assert taken.status_code == 201, taken.json
    session.expire_all()
    assert (order.status, line_statuses(session, order)) == ("closed", ["closed"])
    assert stranger.order(str(bill_id)).json["code"] == "bill_in_another_order"
    own = payer(father).order(str(bill_id))
    assert own.json["code"] == "bill_in_another_order", "a mandate's order is not displaced"


def test_a_payment_a_stranger_left_open_is_ended_for_whose_bill_it_is(placed, session, payer):
    _, father, order = placed()
    attempt = attempt_for(session, order)
    attempt.created_at -= timedelta(minutes=6)
    session.commit()
    bill_id = str(order_lines(session, order)[0].bill_id)
    refused = payer(father).order(bill_id)
    assert (refused.status_code, refused.json["code"]) == (409, "bill_in_another_order")
    session.expire_all()
    assert order.status == "awaiting_payment", "WeChat is asked before anything ends"
    assert order.expires_at == attempt.expires_at == attempt.next_query_at <= clock.now()
    asking.finish(session, attempt.id)
    session.commit()
    assert payer(father).order(bill_id).status_code == 201
    session.expire_all()
    assert (order.status, attempt.status) == ("closed", "closed")


def test_a_looked_up_bill_that_is_being_paid_is_not_taken_away(placed, session, payer):
    _, father, order = placed()
    attempt_for(session, order)
    refused = payer(father).order(str(order_lines(session, order)[0].bill_id))
    assert (refused.status_code, refused.json["code"]) == (409, "bill_in_another_order")
    session.expire_all()
    assert order.status == "awaiting_payment"


def test_orders_are_counted_a_payer_and_day(placed, session, owe, payer, monkeypatch):
    monkeypatch.setattr(placing, "A_PAYER_A_DAY", Quota("orders_payer_day", 2, 86_400))
    me = payer(owe())
    answers = [me.order(me.found(owe())) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[2].headers["Retry-After"]


def test_unpaid_orders_run_out_and_their_bills_are_free(placed, session, world):
    daughter, father, order = placed()
    _, _, fresh = placed()
    let_it_run_out(session, order)
    jobs_orders.close_expired.run(world)
    session.expire_all()
    assert (order.status, line_statuses(session, order)) == ("closed", ["closed"])
    assert (fresh.status, line_statuses(session, fresh)) == ("awaiting_payment", ["open"])
    assert daughter.order(daughter.found(father)).status_code == 201


def test_an_order_that_ran_out_is_not_in_the_way_of_a_new_one(placed, session):
    daughter, father, order = placed()
    let_it_run_out(session, order)
    assert daughter.order(daughter.found(father)).status_code == 201
    session.expire_all()
    assert (order.status, line_statuses(session, order)) == ("closed", ["closed"])


def test_an_order_that_ran_out_while_being_paid_is_in_the_way(placed, session):
    daughter, father, order = placed()
    attempt_for(session, order)
    let_it_run_out(session, order)
    refused = daughter.order(daughter.found(father))
    assert (refused.status_code, refused.json["code"]) == (409, "bill_in_another_order")


def test_more_than_one_batch_runs_out_in_one_go(placed, session, world, monkeypatch):
    monkeypatch.setattr(orders, "BATCH", 2)
    due = [placed()[2] for _ in range(5)]
    let_it_run_out(session, *due)
    jobs_orders.close_expired.run(world)
    session.expire_all()
    assert {order.status for order in due} == {"closed"}


def test_an_order_with_a_living_attempt_waits_for_it(placed, session, world):
    _, _, order = placed()
    attempt = attempt_for(session, order)
    assert not orders.close_if_free(session, order.id)
    let_it_run_out(session, order)
    jobs_orders.close_expired.run(world)
    session.expire_all()
    assert order.status == "awaiting_payment"
    assert not orders.close_if_free(session, order.id)
    attempt.status = "closed"
    assert orders.close_if_free(session, order.id)
    assert (order.status, line_statuses(session, order)) == ("closed", ["closed"])
    assert not orders.close_if_free(session, order.id)


def test_paying_moves_lines_and_bills_and_leaves_bookings_to_do(placed, session):
    daughter, father, order = placed()
    attempt = attempt_for(session, order)
    orders.mark_paid(session, orders.locked(session, order.id), attempt.id)
    session.commit()
    assert (order.status, line_statuses(session, order)) == ("paid", ["paid"])
    assert order.paid_at is not None
    assert session.scalars(select(Booking.status)).all() == ["pending"]
    assert daughter.look_up(father).json["items"] == []
    with pytest.raises(MoveRefused):
        orders.mark_paid(session, order, attempt.id)


def test_an_attempt_pays_its_own_order_only(placed, session):
    _, _, first = placed()
    _, _, second = placed()
    attempt = attempt_for(session, first)
    with pytest.raises(ValueError, match="another order"):
        orders.mark_paid(session, second, attempt.id)


def test_an_order_settles_when_every_department_has_booked(owe, payer, session):
    me = payer(owe())
    answer = me.order(me.found(owe()), me.found(owe()))
    order = orders.locked(session, uuid.UUID(answer.json["id"]))
    orders.mark_paid(session, order, attempt_for(session, order).id)
    assert orders.settle_if_booked(session, order.id) == []
    first, second = session.scalars(select(Booking).order_by(Booking.line_id)).all()
    for booking, status in ((first, "paid"), (second, "settled")):
        booking.status, booking.reference = "booked", "JZ1"
        assert orders.settle_if_booked(session, order.id) == [booking.line_id]
        assert orders.settle_if_booked(session, order.id) == []
        assert order.status == status


def test_a_held_order_keeps_its_bills_and_runs_out_no_more(placed, session, world):
    daughter, father, order = placed()
    orders.hold(session, orders.locked(session, order.id), "amount_differs")
    session.commit()
    let_it_run_out(session, order)
    jobs_orders.close_expired.run(world)
    session.expire_all()
    assert (order.status, order.held_because) == ("held", "amount_differs")
    shown = daughter.get(f"/api/v1/orders/{order.id}").json
    assert shown["status"] == "held"
    assert "amount_differs" not in str(shown)
    assert daughter.order(daughter.found(father)).json["code"] == "bill_in_another_order"
    refused = daughter.post(f"/api/v1/orders/{order.id}/cancel")
    assert refused.json["code"] == "order_not_open"


def test_late_money_holds_a_closed_order_and_the_bill_stays_free(placed, session):
    daughter, father, order = placed()
    assert daughter.post(f"/api/v1/orders/{order.id}/cancel").status_code == 200
    orders.hold(session, orders.locked(session, order.id), "late")
    session.commit()
    assert line_statuses(session, order) == ["closed"]
    assert daughter.order(daughter.found(father)).status_code == 201


def test_orders_need_the_real_name(payer, invent):
    someone = payer(invent(level="phone"))
    assert someone.get("/api/v1/orders").status_code == 403
    assert someone.order(uuid.uuid4()).status_code == 403


def test_the_number_of_statements_does_not_grow_with_the_list(owe, payer, count_sql):
    me = payer(owe())
    counts = []
    for _ in range(3):
        me.order(me.found(owe()))
        with count_sql() as seen:
            me.get("/api/v1/orders")
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]


def test_no_name_or_number_stands_in_order_rows(placed, session):
    _, father, _ = placed()
    for table in ("orders", "order_lines", "bill_grants", "procrastinate_jobs"):
        stored = session.scalar(text(f"SELECT string_agg(t::text, '') FROM {table} t"))
        for secret in (father.name, father.document_number, father.phone):
            assert secret not in (stored or "")
