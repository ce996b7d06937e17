"""Closing an account: refused while money is under way, taken back by signing in, erased when due."""

from datetime import date, timedelta

import pytest
from lives import code_for, sign_in, wrong
from payments.placed import place
from sqlalchemy import select, text

from app.core import clock, workdays
from app.identity.life import closing
from app.identity.life.models import Closure, SecurityText
from app.identity.models import Account, SessionFamily, WechatLink
from composition import PARTS, closure

CLOSURE = "/api/v1/me/closure"


@pytest.fixture
def ask(client, core):
    def send(person, code=None):
        body = {"code": code or code_for(core, person.phone, "closure")}
        return client.post(CLOSURE, json=body, headers=person.headers)

    return send


def account_of(session, person):
    return session.get(Account, person.actor.account, populate_existing=True)


def close(session, made):
    row = session.get(Closure, made.json["id"])
    row.due_on = clock.legal_today()
    session.commit()
    assert closing.due(session) == [row.id]
    done = closing.finish(session, row.id, PARTS, closure.OBSTACLES)
    session.commit()
    return done


def test_it_waits_fifteen_working_days_and_says_what_the_law_keeps(ask, invent, session):
    person = invent()
    made = ask(person)
    assert made.status_code == 201, made.json
    due = date.fromisoformat(made.json["due_on"])
    assert due == workdays.after(clock.legal_today(), 15)
    assert due - clock.legal_today() >= timedelta(days=19)
    assert [each["law"] for each in made.json["kept"]]
    assert account_of(session, person).state == "closing"
    family = session.get(SessionFamily, person.actor.session_id, populate_existing=True)
    assert family.ended_because == "closing"


def test_a_wrong_code_closes_nothing(ask, invent, session, core):
    person = invent()
    answer = ask(person, wrong(code_for(core, person.phone, "closure")))
    assert (answer.status_code, answer.json["code"]) == (422, "code_refused")
    assert account_of(session, person).state == "active"


def test_signing_in_takes_it_back(ask, invent, session, core, client):
    person = invent()
    made = ask(person)
    back = sign_in(core, client, person.phone, device="again")
    assert back["citizen"] == {
        "id": str(person.actor.account),
        "level": "real_name",
        "organisation_id": None,
    }
    assert back["closure_withdrawn"]
    assert not sign_in(core, client, person.phone, device="later")["closure_withdrawn"]
    assert account_of(session, person).state == "active"
    row = session.get(Closure, made.json["id"], populate_existing=True)
    assert row.state == "cancelled"
    assert not closing.finish(session, row.id, PARTS, closure.OBSTACLES)


def test_money_under_way_stands_in_the_way_and_is_named(ask, invent, session, core):
    person = invent()
    place(core, person, status="open")
    answer = ask(person)
    assert (answer.status_code, answer.json["code"]) == (409, "closure_refused")
    assert answer.json["reasons"] == "order_open, payment_open"
    assert account_of(session, person).state == "active"


def test_money_that_came_under_way_meanwhile_puts_it_off(ask, invent, session, core):
    person = invent()
    made = ask(person)
    place(core, person, status="open")
    assert not close(session, made)
    assert account_of(session, person).state == "closing"
    row = session.get(Closure, made.json["id"], populate_existing=True)
    assert row.due_on == clock.legal_today() + timedelta(days=1)


def test_when_due_the_account_is_erased_and_its_phone_free(ask, invent, session, core, client):
    person = invent()
    at = clock.now()
    link = {"openid": "closing", "account_id": person.actor.account, "unionid": None}
    session.add(WechatLink(**link, linked_at=at))
    made = ask(person)
    assert close(session, made)
    account = account_of(session, person)
    assert (account.state, account.phone_index, account.person_id) == ("closed", None, None)
    assert session.scalars(select(WechatLink)).all() == []
    row = session.get(Closure, made.json["id"], populate_existing=True)
    assert row.state == "done"
    assert {each["law"] for each in row.kept} >= {each["law"] for each in made.json["kept"]}
    said = session.scalars(select(SecurityText.said)).all()
    assert sorted(said) == ["closed", "closing"]
    assert closing.finish(session, row.id, PARTS, closure.OBSTACLES)
    fresh = sign_in(core, client, person.phone)
    assert fresh["citizen"]["id"] != str(person.actor.account)
    assert fresh["citizen"]["level"] == "phone"


def test_no_job_and_no_text_names_a_phone(ask, invent, session):
    person = invent()
    ask(person)
    local = person.phone.removeprefix("+86")
    for table in ("procrastinate_jobs", "security_texts", "account_closures"):
        rows = session.scalar(text(f"SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t"))
        assert local not in rows
    assert rows


def test_working_days_know_holidays_and_made_up_days():
    assert workdays.after(date(2025, 9, 30), 1) == date(2025, 10, 9)
    assert workdays.after(date(2025, 10, 10), 1) == date(2025, 10, 11)
    assert workdays.after(date(2090, 1, 6), 1) == date(2090, 1, 9)
