"""Pay-only look-up: the exact name and number, and nothing else comes back."""

import json
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from department import AMOUNT
from sqlalchemy import select, text, update

from app.audit.models import AuditRow
from app.core import clock
from app.core.http import PartyUnavailable
from app.payments import jobs_orders, lookups
from app.payments.models import Bill, BillGrant, LookupNotice

UNKNOWN = "11010519491231002X"


class Outbox:
    """An SMS gateway in this process."""

    def __init__(self):
        self.sent = []

    def send(self, phone, template, params):
        self.sent.append((phone, template, params))

    def close(self):
        pass


def jobs_waiting(session):
    waiting = text("SELECT args FROM procrastinate_jobs WHERE task_name = :name ORDER BY id")
    return list(session.scalars(waiting, {"name": lookups.TELL_TASK}))


def test_a_hit_shows_the_allowed_fields_and_no_other(department, payer, invent):
    daughter, father = invent(), invent()
    department.asks(father)
    answer = payer(daughter).look_up(father)
    assert answer.status_code == 200
    (item,) = answer.json["items"]
    assert answer.json == {
        "items": [
            {
                "id": item["id"],
                "scheme": "resident_medical",
                "period": "2027",
                "amount": {"amount": AMOUNT, "currency": "CNY"},
                "beneficiary": {"masked_name": father.name[0] + "*" + father.name[-1]},
                "status": "payable",
            }
        ]
    }


@pytest.fixture
def misses(department, invent):
    """Look-ups that find nothing, each for its own reason: (person, changes of the request)."""
    known, paid, over = invent(), invent(), invent()
    department.asks(known)
    department.asks(paid, paid=True)
    day = clock.legal_today()
    department.asks(over, payable_from=day - timedelta(days=9), payable_until=day - timedelta(1))
    return {
        "wrong name": (known, {"name": "不是本人"}),
        "unknown number": (known, {"document_number": UNKNOWN}),
        "nobody's bill": (invent(), {}),
        "paid": (paid, {}),
        "over": (over, {}),
        "another scheme": (known, {"scheme": "resident_pension"}),
    }


def test_every_miss_is_the_same_answer_by_the_same_steps(
    department, payer, invent, misses, count_sql
):
    payer(invent()).look_up(invent())
    answers, statements = {}, {}
    for reason, (person, changes) in misses.items():
        searcher = payer(invent())
        asked = len(department.asked)
        with count_sql() as seen:
            answer = searcher.look_up(person, **changes)
        assert len(department.asked) == asked + 1, reason
        headers = {name: value for name, value in answer.headers if name != "X-Trace-Id"}
        answers[reason] = (answer.status_code, answer.get_data(), headers)
        statements[reason] = list(seen)
    first = next(iter(answers))
    assert answers[first][:2] == (200, b'{"items":[]}\n')
    for reason in misses:
        assert answers[reason] == answers[first], reason
        assert statements[reason] == statements[first], reason


def test_a_miss_keeps_nothing_but_its_audit_row(payer, invent, misses, session):
    for person, changes in misses.values():
        payer(invent()).look_up(person, **changes)
    assert session.scalars(select(Bill)).all() == []
    assert session.scalars(select(BillGrant)).all() == []
    assert jobs_waiting(session) == []
    rows = session.scalars(select(AuditRow).where(AuditRow.action == "payments.lookup")).all()
    assert len(rows) == len(misses)
    assert {row.object_id for row in rows} == {None}


def test_a_hit_is_audited_with_the_bill_and_the_person(department, payer, invent, session):
    daughter, father = invent(), invent()
    department.asks(father)
    bill_id = payer(daughter).found(father)
    row = session.scalars(select(AuditRow).where(AuditRow.action == "payments.lookup")).one()
    assert row.actor_id == daughter.actor.citizen_id
    assert row.subject_id == father.actor.person_id
    assert row.object_id == uuid.UUID(bill_id)


def test_what_was_paid_here_is_not_found_before_the_department_knows(
    department, payer, invent, session
):
    daughter, father = invent(), invent()
    department.asks(father)
    bill_id = payer(daughter).found(father)
    assert payer(daughter).order(bill_id).status_code == 201
    session.execute(text("UPDATE order_lines SET status = 'paid'"))
    session.commit()
    assert payer(daughter).look_up(father).json == {"items": []}
    assert payer(father).bills().json["items"][0]["status"] == "paid"


def test_ten_look_ups_a_payer_and_day_also_when_nothing_is_found(payer, invent):
    searcher = payer(invent())
    codes = [searcher.look_up(invent()).status_code for _ in range(12)]
    assert codes == [200] * 10 + [429] * 2
    refused = searcher.look_up(invent())
    assert refused.json["code"] == "too_many_requests"
    assert "Retry-After" in refused.headers


def test_five_look_ups_a_number_and_day_whoever_asks(department, payer, invent):
    father = invent()
    department.asks(father)
    codes = [payer(invent()).look_up(father).status_code for _ in range(4)]
    codes += [payer(invent()).look_up(father, name="不是本人").status_code for _ in range(3)]
    assert codes == [200] * 5 + [429] * 2
    assert len(department.asked) == 5


def test_a_silent_department_is_503_for_every_name(department, payer, invent):
    father = invent()
    department.asks(father)
    payer(invent()).found(father)
    department.silent = True
    answers = [
        payer(invent()).look_up(father),
        payer(invent()).look_up(father, name="不是本人"),
        payer(invent()).look_up(father, document_number=UNKNOWN),
    ]
    shown = [{**each.json, "trace_id": None} for each in answers]
    assert [each.status_code for each in answers] == [503] * 3
    assert shown[0] == shown[1] == shown[2]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"document_number": "110105194912310021"}, "document_number"),
        ({"document_number": "1101051949123100"}, "document_number"),
        ({"document_type": "library_card"}, "document_type"),
        ({"scheme": "taxes"}, "scheme"),
        ({"name": ""}, "name"),
        ({"phone": "13912345678"}, "phone"),
    ],
)
def test_a_malformed_look_up_is_named_and_not_counted(department, payer, invent, changes, field):
    searcher, father = payer(invent()), invent()
    refused = searcher.look_up(father, **changes)
    assert refused.status_code == 422
    assert field in refused.json["errors"]
    assert department.asked == []


def test_looking_up_needs_the_real_name(payer, invent):
    assert payer(invent(level="phone")).look_up(invent()).status_code == 403


def test_the_person_is_told_once_a_day_by_whom_and_for_what(
    department, payer, invent, session, world
):
    daughter, son, father = invent(), invent(), invent()
    department.asks(father)
    payer(daughter).found(father)
    payer(son).found(father)
    (job,) = jobs_waiting(session)
    assert set(job) == {"notice_id"}
    world = with_outbox(world)
    jobs_orders.tell_looked_up.run(world, **job)
    jobs_orders.tell_looked_up.run(world, **job)
    ((phone, template, params),) = world.sms.sent
    assert phone == father.phone
    assert template == "2401003"
    day = f"{clock.legal_today():%m月%d日}"
    assert params == [day, daughter.name[0] + "*" + daughter.name[-1], "城乡居民基本医疗保险"]
    for secret in (daughter.name, father.name, father.document_number):
        assert secret not in json.dumps(world.sms.sent, ensure_ascii=False)


def test_a_person_without_account_is_told_where_the_department_reaches_them(
    department, payer, invent, session, world
):
    daughter = invent()
    department.asks(Stranger, phone="13912345678")
    payer(daughter).found(Stranger)
    world = with_outbox(world)
    jobs_orders.tell_looked_up.run(world, **jobs_waiting(session)[0])
    assert [sent[0] for sent in world.sms.sent] == ["+8613912345678"]
    assert session.scalars(select(Bill.person_id)).all() == [None]


def test_a_person_without_any_phone_cannot_be_told(department, payer, invent, session, world):
    department.asks(Stranger)
    payer(invent()).found(Stranger)
    world = with_outbox(world)
    jobs_orders.tell_looked_up.run(world, **jobs_waiting(session)[0])
    assert world.sms.sent == []


def test_a_notice_that_did_not_go_out_is_sent_by_the_sweep_and_only_once(
    department, payer, invent, session, world
):
    daughter, father = invent(), invent()
    department.asks(father)
    payer(daughter).found(father)
    (job,) = jobs_waiting(session)
    silent = replace(world, sms=SilentGateway())
    with pytest.raises(PartyUnavailable):
        jobs_orders.tell_looked_up.run(silent, **job)
    world = with_outbox(world)
    jobs_orders.tell_waiting.run(world)
    assert world.sms.sent == [], "the failed try is still under its lease"
    let_the_lease_run_out(session)
    jobs_orders.tell_waiting.run(silent)
    let_the_lease_run_out(session)
    for _ in range(2):
        jobs_orders.tell_waiting.run(world)
    assert [sent[0] for sent in world.sms.sent] == [father.phone]


def test_a_text_whose_answer_is_lost_each_time_is_sent_ever_more_seldom(
    department, payer, invent, world, monkeypatch
):
    daughter, father = invent(), invent()
    department.asks(father)
    payer(daughter).found(father)
    gateway, began = LostAnswers(), clock.now()
    for minute in range(0, 24 * 60, 2):
        monkeypatch.setattr(clock, "now", lambda at=minute: began + timedelta(minutes=at))
        jobs_orders.tell_waiting.run(replace(world, sms=gateway))
    assert 3 <= len(gateway.sent) <= 6


def test_a_notice_that_cannot_be_read_keeps_no_other_waiting(
    department, payer, invent, session, world
):
    daughter, unreadable, father = invent(), invent(), invent()
    for each in (unreadable, father):
        department.asks(each)
    known = payer(daughter)
    damaged = known.found(unreadable)
    known.found(father)
    bill = session.get(Bill, uuid.UUID(damaged))
    bill.beneficiary_index, bill.phone_sealed = b"nobody's", b"damaged"
    session.commit()
    world = with_outbox(world)
    jobs_orders.tell_waiting.run(world)
    assert [sent[0] for sent in world.sms.sent] == [father.phone]


def test_nobody_is_told_of_looking_themselves_up(department, payer, invent, session):
    me = invent()
    department.asks(me)
    payer(me).found(me)
    assert jobs_waiting(session) == []


def test_grants_that_are_over_are_forgotten(department, payer, invent, session, world):
    daughter, first, second = invent(), invent(), invent()
    department.asks(first)
    department.asks(second)
    over, living = payer(daughter).found(first), payer(daughter).found(second)
    let_the_grant_run_out(session, over)
    jobs_orders.forget_lookups.run(world)
    assert [str(each) for each in session.scalars(select(BillGrant.bill_id))] == [living]


class Stranger:
    """Somebody insured whom we do not know."""

    name = "无名氏"
    document_number = UNKNOWN


def with_outbox(world):
    return replace(world, sms=Outbox())


class SilentGateway:
    """An SMS gateway that does not answer."""

    def send(self, *_):
        raise PartyUnavailable("sms")


class LostAnswers(Outbox):
    """An SMS gateway that sends, and whose answers never arrive."""

    def send(self, *message):
        super().send(*message)
        raise PartyUnavailable("sms")


def let_the_lease_run_out(session):
    ended = clock.now() - timedelta(seconds=1)
    waiting = update(LookupNotice).where(LookupNotice.next_try_at.is_not(None))
    session.execute(waiting.values(next_try_at=ended))
    session.commit()


def let_the_grant_run_out(session, bill_id):
    ended = clock.now() - timedelta(seconds=1)
    session.execute(update(BillGrant).where(BillGrant.bill_id == bill_id).values(until=ended))
    session.commit()


def test_a_silent_department_costs_no_look_up(department, payer, invent):
    daughter, father = invent(), invent()
    department.asks(father)
    department.silent = True
    assert {payer(daughter).look_up(father).status_code for _ in range(8)} == {503}
    department.silent = False
    assert payer(daughter).look_up(father).status_code == 200
