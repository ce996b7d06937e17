"""Bills of the department: mine, and of those who let me pay."""

import uuid
from datetime import timedelta

import pytest
from department import AMOUNT, bill_for
from sqlalchemy import func, select, text, update

from app.audit.models import AuditRow
from app.core import clock, crypto
from app.family.models import Mandate
from app.payments.models import Bill


def today(**by):
    return clock.legal_today() + timedelta(**by)


def test_my_bill_is_shown_with_its_amount_and_my_masked_name(department, payer, invent):
    me = invent()
    department.asks(me)
    answer = payer(me).bills()
    assert answer.status_code == 200
    assert answer.json["next_cursor"] is None
    (item,) = answer.json["items"]
    assert item == {
        "id": item["id"],
        "scheme": "resident_medical",
        "period": "2027",
        "amount": {"amount": AMOUNT, "currency": "CNY"},
        "beneficiary": {
            "person_id": str(me.actor.person_id),
            "masked_name": me.name[0] + "*" + me.name[-1],
        },
        "status": "payable",
    }


def test_asking_again_makes_no_second_bill(department, payer, invent, session):
    me = invent()
    department.asks(me)
    first, second = (payer(me).bills().json for _ in range(2))
    assert first == second
    assert session.scalar(select(func.count()).select_from(Bill)) == 1


def test_a_mandate_to_pay_shows_the_principals_bills_and_leaves_an_audit_row(
    department, payer, give_mandate, session, invent
):
    daughter, father = invent(), invent()
    department.asks(father)
    give_mandate(daughter, father, "pay")
    (item,) = payer(daughter).bills(father.actor.person_id).json["items"]
    assert item["beneficiary"]["person_id"] == str(father.actor.person_id)
    reads = select(AuditRow.actor_id, AuditRow.subject_id).where(
        AuditRow.action == "payments.read_bills"
    )
    assert session.execute(reads).all() == [
        (daughter.actor.citizen_id, father.actor.person_id),
    ]


def test_strangers_unknown_ids_and_other_scopes_are_the_same_404(
    department, payer, give_mandate, invent
):
    daughter, father, stranger = invent(), invent(), invent()
    department.asks(father)
    department.asks(stranger)
    give_mandate(daughter, father, "view_code")
    for target in (father.actor.person_id, stranger.actor.person_id, uuid.uuid4()):
        answer = payer(daughter).bills(target)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert department.asked == []


def test_the_end_of_a_mandate_acts_at_once(department, payer, give_mandate, client, invent):
    daughter, father = invent(), invent()
    department.asks(father)
    mandate_id = give_mandate(daughter, father)
    assert payer(daughter).bills(father.actor.person_id).status_code == 200
    client.delete(f"/api/v1/family/mandates/{mandate_id}", headers=father.headers)
    assert payer(daughter).bills(father.actor.person_id).status_code == 404


def test_a_mandate_whose_last_day_is_over_shows_nothing(
    department, payer, give_mandate, session, invent
):
    daughter, father = invent(), invent()
    department.asks(father)
    give_mandate(daughter, father)
    session.execute(update(Mandate).values(until=today(days=-1)))
    session.commit()
    assert payer(daughter).bills(father.actor.person_id).status_code == 404


def test_a_mandate_that_ends_while_the_department_is_asked_shows_nothing(
    department, payer, give_mandate, session, invent, monkeypatch
):
    daughter, father = invent(), invent()
    department.asks(father)
    give_mandate(daughter, father)
    answered = department.bills

    def end_meanwhile(*asked):
        session.execute(update(Mandate).values(status="revoked"))
        session.commit()
        return answered(*asked)

    monkeypatch.setattr(department, "bills", end_meanwhile)
    assert payer(daughter).bills(father.actor.person_id).status_code == 404


def test_a_silent_department_leaves_what_it_said_before(department, payer, invent):
    me = invent()
    department.asks(me)
    told = payer(me).bills().json
    department.silent = True
    assert payer(me).bills().json == told


def test_a_department_that_never_answered_is_503(department, payer, invent):
    department.silent = True
    answer = payer(invent()).bills()
    assert (answer.status_code, answer.json["code"]) == (503, "party_unavailable")
    assert "Retry-After" in answer.headers


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"paid": True}, "paid"),
        ({"payable_from": today(days=-9), "payable_until": today(days=-1)}, "expired"),
        ({"payable_from": today(), "payable_until": today()}, "payable"),
    ],
)
def test_the_status_follows_the_department_and_the_day(department, payer, invent, changes, status):
    me = invent()
    department.asks(me, **changes)
    assert [each["status"] for each in payer(me).bills().json["items"]] == [status]


def test_a_bill_whose_time_has_not_begun_is_not_shown(department, payer, invent):
    me = invent()
    department.asks(me, payable_from=today(days=1))
    assert payer(me).bills().json["items"] == []


def test_a_changed_bill_is_taken_over_under_the_same_id(department, payer, invent):
    me = invent()
    department.asks(me)
    (before,) = payer(me).bills().json["items"]
    department.asks(me, amount=38_000)
    (after,) = payer(me).bills().json["items"]
    assert after == {**before, "amount": {"amount": 38_000, "currency": "CNY"}}


def test_a_bill_stays_with_its_person_when_the_department_mixes_up_its_numbers(
    department, payer, invent, session
):
    first, second = invent(), invent()
    bill = department.asks(first)
    payer(first).bills()
    department.known[second.name, second.document_number] = [bill_for(bill.number)]
    assert payer(second).bills().json["items"] == []
    assert len(payer(first).bills().json["items"]) == 1
    assert session.scalar(select(func.count()).select_from(Bill)) == 1


def test_name_number_and_phone_lie_sealed(department, payer, invent, session):
    me = invent()
    department.asks(me, phone="+8613912345678")
    payer(me).bills()
    stored = session.scalar(text("SELECT string_agg(b::text, '') FROM bills b"))
    for secret in (me.name, me.document_number, "13912345678"):
        assert secret not in stored
        assert secret.encode().hex() not in stored
    bill = session.scalars(select(Bill)).one()
    field = crypto.Field("bills", "phone_sealed", bill.id)
    assert crypto.unseal(session.core.keys, field, bill.phone_sealed) == "+8613912345678"


def test_bills_need_the_real_name(payer, invent):
    answer = payer(invent(level="phone")).bills()
    assert (answer.status_code, answer.json["code"]) == (403, "step_up_required")


def test_a_bill_made_before_its_person_was_known_is_theirs_afterwards(
    department, payer, invent, session, core
):
    daughter, father = invent(), invent()
    department.asks(father)
    payer(daughter).found(father)
    session.execute(update(Bill).values(person_id=None))
    session.commit()
    (item,) = payer(father).bills().json["items"]
    assert item["beneficiary"]["person_id"] == str(father.actor.person_id)
