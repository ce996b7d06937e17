"""Another phone for an account: with the old one, by face, reissued to somebody else, lost for good."""

import json
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from lives import code_for, headers_of, sign_in, wrong
from sqlalchemy import func, select

from app.audit.models import AuditRow
from app.core import clock
from app.identity import sessions
from app.identity.accounts import phone_of
from app.identity.life.jobs import send_security_text
from app.identity.life.models import SecurityText
from app.identity.models import Account, SessionFamily, WechatLink
from app.identity.sessions import Device
from app.identity.ways.models import AccountPassword, AlipayLink
from scripts.environment import read_world

NEW = "+8619922220001"
PHONE = "/api/v1/me/phone"
PEOPLE = iter(read_world()["people"][100:130])


@pytest.fixture
def change(client, core):
    """Change somebody's phone; what is not given is right."""

    def send(person, old_phone=None, headers=None, **changed):
        body = {
            "new_phone": NEW,
            "code_new": code_for(core, changed.get("new_phone", NEW), "phone"),
            "code_old": code_for(core, old_phone or person.phone, "phone"),
            **changed,
        }
        body = {name: value for name, value in body.items() if value is not None}
        return client.post(PHONE, json=body, headers=headers or person.headers)

    return send


def is_open(session, person):
    row = session.get(SessionFamily, person.actor.session_id, populate_existing=True)
    return row.ended_at is None


def second_device(session, person):
    account = session.get(Account, person.actor.account)
    granted = sessions.open_session(session, account, Device("tablet", "平板", "android"))
    session.commit()
    return granted


def real(invented):
    fields = ("name", "document_type", "document_number")
    return {field: invented[field] for field in fields}


def test_with_both_phones_the_account_changes_its_phone_and_other_devices_end(
    change, invent, session, client
):
    person = invent()
    second_device(session, person)
    assert change(person).status_code == 204
    account = session.get(Account, person.actor.account, populate_existing=True)
    assert phone_of(session, account) == NEW
    ended = select(SessionFamily.ended_because).where(
        SessionFamily.account_id == account.id, SessionFamily.ended_at.is_not(None)
    )
    assert session.scalars(ended).all() == ["phone_changed"]
    assert client.get("/api/v1/me", headers=person.headers).json["phone"] == "199****0001"
    said = session.scalars(select(SecurityText.said)).all()
    assert sorted(said) == ["phone_came", "phone_left"]
    acts = select(AuditRow.reason).where(AuditRow.action == "identity.change_phone")
    assert session.scalars(acts).one() == "both_phones"


@pytest.mark.parametrize("field", ["code_new", "code_old"])
def test_a_wrong_code_changes_nothing_and_is_counted(change, invent, session, core, field):
    person = invent()
    phone = NEW if field == "code_new" else person.phone
    bad = wrong(code_for(core, phone, "phone"))
    answers = [change(person, **{field: bad}) for _ in range(1)]
    assert {(a.status_code, a.json["code"]) for a in answers} == {(422, "code_refused")}
    assert list(answers[0].json["errors"]) == [field]
    account = session.get(Account, person.actor.account, populate_existing=True)
    assert phone_of(session, account) == person.phone


def test_a_number_that_is_no_phone_is_said_at_its_field(change, invent):
    answer = change(invent(), new_phone="12345", code_new="000000")
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["new_phone"])


def test_a_code_to_sign_in_does_not_change_the_phone(change, invent, core):
    person = invent()
    answer = change(person, code_old=code_for(core, person.phone, "login"))
    assert (answer.status_code, answer.json["code"]) == (422, "code_refused")


def test_without_the_old_phone_the_face_is_asked_for(change, invent, session, client):
    person = invent()
    answer = change(person, code_old=None)
    assert (answer.status_code, answer.json["code"]) == (403, "step_up_required")
    assert answer.json["level"] == "face"
    family = session.get(SessionFamily, person.actor.session_id)
    family.face_until = clock.now() + timedelta(minutes=10)
    session.commit()
    token = sessions.grant_anew(session, person.actor)
    answer = change(person, code_old=None, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 204
    acts = select(AuditRow.reason).where(AuditRow.action == "identity.change_phone")
    assert session.scalars(acts).one() == "face"


def give_ways_in(session, account_id):
    at = clock.now()
    session.add(WechatLink(openid="theirs", account_id=account_id, unionid=None, linked_at=at))
    session.add(AlipayLink(kind="open_id", subject="theirs", account_id=account_id, linked_at=at))
    session.add(AccountPassword(account_id=account_id, password_hash="theirs", set_at=at))
    session.commit()


def ways_in(session):
    tables = (WechatLink, AlipayLink, AccountPassword)
    return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def test_other_ways_in_stay_with_both_phones_and_end_without_the_old_one(change, invent, session):
    person = invent()
    give_ways_in(session, person.actor.account)
    assert change(person).status_code == 204
    assert ways_in(session) == [1, 1, 1]
    family = session.get(SessionFamily, person.actor.session_id)
    family.face_until = clock.now() + timedelta(minutes=10)
    session.flush()
    raised = {"Authorization": f"Bearer {sessions.grant_anew(session, person.actor)}"}
    session.commit()
    third = "+8619922220003"
    answer = change(person, old_phone=NEW, headers=raised, new_phone=third, code_old=None)
    assert answer.status_code == 204, answer.json
    assert ways_in(session) == [0, 0, 0]
    assert "phone_came_anew" in session.scalars(select(SecurityText.said)).all()


def test_an_account_that_loses_its_number_loses_its_other_ways_in(change, invent, session):
    person, stranger = invent(), invent()
    give_ways_in(session, stranger.actor.account)
    assert change(person, new_phone=stranger.phone, new_to_me=True).status_code == 204
    assert ways_in(session) == [0, 0, 0]


def test_a_phone_with_an_account_is_not_taken_unless_declared_new(change, invent, session):
    person, stranger, nobody = invent(), invent(), invent(level="phone")
    answer = change(person, new_phone=stranger.phone)
    assert (answer.status_code, answer.json["code"]) == (409, "phone_in_use")
    assert is_open(session, stranger)
    answer = change(person, new_phone=nobody.phone, new_to_me=True)
    assert (answer.status_code, answer.json["code"]) == (409, "number_not_recycled")
    assert change(person, new_phone=stranger.phone, new_to_me=True).status_code == 204
    lost = session.get(Account, stranger.actor.account, populate_existing=True)
    assert (lost.state, lost.phone_index, lost.person_id) == (
        "phone_lost",
        None,
        stranger.actor.person,
    )
    assert not is_open(session, stranger)


def test_after_a_change_a_new_device_proves_the_name_first(change, invent, session, core, client):
    person = invent()
    assert change(person).status_code == 204
    body = sign_in(core, client, NEW)
    assert body["citizen"]["level"] == "phone"
    me = client.get("/api/v1/me", headers=headers_of(body)).json
    assert (me["must_prove"], me["name"], me["person_id"]) == (True, None, None)
    for path in ("/api/v1/notices", "/api/v1/auth/sessions", "/api/v1/bills"):
        answer = client.get(path, headers=headers_of(body))
        assert (answer.status_code, answer.json["code"]) == (403, "step_up_required"), path
    again = sign_in(core, client, NEW)
    assert client.get("/api/v1/me", headers=headers_of(again)).json["must_prove"]
    known = sign_in(core, client, NEW, device=_device(session, person))
    assert known["citizen"]["level"] == "real_name"


def _device(session, person):
    return session.get(SessionFamily, person.actor.session_id).device_id


def test_a_long_unused_account_is_not_opened_by_whoever_has_the_phone_now(
    invent, session, core, client, stubs
):
    person, newcomer = invent(), next(PEOPLE)
    family = session.get(SessionFamily, person.actor.session_id)
    family.rotated_at = clock.now() - timedelta(days=61)
    session.commit()
    body = sign_in(core, client, person.phone)
    me = client.get("/api/v1/me", headers=headers_of(body)).json
    assert me["must_prove"]
    claimed = {**real(newcomer), "code": code_for(core, person.phone, "phone")}
    told = client.post(f"{PHONE}/new-to-me", json=claimed, headers=headers_of(body))
    assert told.status_code == 201, told.json
    assert told.json["citizen"]["level"] == "real_name"
    assert told.json["citizen"]["id"] != str(person.actor.account)
    former = session.get(Account, person.actor.account, populate_existing=True)
    assert (former.state, former.person_id) == ("phone_lost", person.actor.person)
    assert not is_open(session, person)


def test_the_owner_of_a_long_unused_account_proves_the_name_and_is_in(
    invent, session, core, client, stubs
):
    owner = next(PEOPLE)
    person = invent(level="phone")
    path = "/api/v1/me/real-name"
    assert client.post(path, json=real(owner), headers=person.headers).status_code == 200
    session.get(SessionFamily, person.actor.session_id).rotated_at -= timedelta(days=61)
    session.commit()
    body = sign_in(core, client, person.phone)
    other = client.post(path, json=real(next(PEOPLE)), headers=headers_of(body))
    assert (other.status_code, other.json["code"]) == (409, "real_name_already_proved")
    assert client.get("/api/v1/me", headers=headers_of(body)).json["must_prove"]
    proved = client.post(path, json=real(owner), headers=headers_of(body)).json
    assert proved["level"] == "real_name"
    me = client.get("/api/v1/me", headers=headers_of(proved)).json
    assert (me["must_prove"], me["level"]) == (False, "real_name")


def test_the_owner_cannot_declare_the_own_number_new(invent, session, core, client, stubs):
    owner, person = next(PEOPLE), invent(level="phone")
    path = "/api/v1/me/real-name"
    assert client.post(path, json=real(owner), headers=person.headers).status_code == 200
    body = {**real(owner), "code": code_for(core, person.phone, "phone")}
    answer = client.post(f"{PHONE}/new-to-me", json=body, headers=person.headers)
    assert (answer.status_code, answer.json["code"]) == (409, "number_not_recycled")
    assert is_open(session, person)


@pytest.fixture
def recover(client, core, stubs):
    """Come back with a new phone: name, document, face."""

    def run(headers, who, outcome="match"):
        agreed = {"notice_version": 1}
        client.post("/api/v1/me/consents/face", json=agreed, headers=headers)
        begun = client.post("/api/v1/me/recoveries", json=real(who), headers=headers)
        assert begun.status_code == 201, begun.json
        shown = {"biz_token": begun.json["provider_token"], "outcome": outcome}
        sent = {"Content-Type": "application/json"}
        data = json.dumps(shown).encode()
        urlopen(Request(f"{stubs}/faceid/simulate", data=data, headers=sent)).close()
        path = f"/api/v1/me/recoveries/{begun.json['proof_id']}"
        token = {"result_token": begun.json["provider_token"]}
        return client.post(path, json=token, headers=headers), path, token

    return run


def test_who_lost_phone_and_devices_comes_back_by_name_and_face(
    invent, session, core, client, recover
):
    owner, person = next(PEOPLE), invent(level="phone")
    path = "/api/v1/me/real-name"
    assert client.post(path, json=real(owner), headers=person.headers).status_code == 200
    fresh = sign_in(core, client, NEW)
    refused = client.post(path, json=real(owner), headers=headers_of(fresh))
    assert refused.json["code"] == "identity_in_use"
    told, again, token = recover(headers_of(fresh), owner)
    assert told.status_code == 201, told.json
    assert told.json["citizen"] == {
        "id": str(person.actor.account),
        "level": "real_name",
        "organisation_id": None,
    }
    account = session.get(Account, person.actor.account, populate_existing=True)
    assert (account.state, phone_of(session, account)) == ("active", NEW)
    assert not is_open(session, person)
    assert session.get(Account, _id(fresh), populate_existing=True).state == "merged"
    repeated = client.post(again, json=token, headers=headers_of(told.json))
    assert repeated.status_code == 404


def test_who_comes_back_leaves_no_way_in_to_whoever_had_the_account(
    invent, session, core, client, recover
):
    owner, person = next(PEOPLE), invent(level="phone")
    path = "/api/v1/me/real-name"
    assert client.post(path, json=real(owner), headers=person.headers).status_code == 200
    fresh = sign_in(core, client, NEW)
    give_ways_in(session, person.actor.account)
    at = clock.now()
    session.add(WechatLink(openid="mine", account_id=_id(fresh), unionid=None, linked_at=at))
    session.commit()
    told, *_ = recover(headers_of(fresh), owner)
    assert told.status_code == 201, told.json
    assert session.scalars(select(WechatLink.openid)).all() == ["mine"]
    assert session.scalars(select(AlipayLink.subject)).all() == []
    assert session.scalars(select(AccountPassword.account_id)).all() == []


def test_a_face_that_does_not_match_opens_nothing(invent, session, core, client, recover):
    owner, person = next(PEOPLE), invent(level="phone")
    path = "/api/v1/me/real-name"
    assert client.post(path, json=real(owner), headers=person.headers).status_code == 200
    fresh = sign_in(core, client, NEW)
    told, again, token = recover(headers_of(fresh), owner, outcome="other_face")
    assert (told.status_code, told.json["code"]) == (403, "face_refused")
    assert client.post(again, json=token, headers=headers_of(fresh)).status_code == 403
    thief = sign_in(core, client, "+8619922220002", device="thief")
    assert client.post(again, json=token, headers=headers_of(thief)).status_code == 404
    assert is_open(session, person)


def test_who_had_no_other_account_is_simply_proved(session, core, client, recover):
    fresh = sign_in(core, client, NEW)
    told, _, _ = recover(headers_of(fresh), next(PEOPLE))
    assert told.json["citizen"] == {
        "id": fresh["citizen"]["id"],
        "level": "real_name",
        "organisation_id": None,
    }


def _id(body):
    return body["citizen"]["id"]


def test_texts_go_to_both_phones_once(change, invent, session, world, stubs):
    person = invent()
    assert change(person).status_code == 204
    for _ in range(2):
        for row in session.scalars(select(SecurityText)).all():
            send_security_text.run(world, text_id=str(row.id))
    session.expire_all()
    for phone, words in ((person.phone, "已更换手机号"), (NEW, "已成为账号")):
        local = phone.removeprefix("+86")
        with urlopen(f"{stubs}/sms/messages?phone={local}") as answer:
            texts = [each["text"] for each in json.load(answer)]
        assert len([each for each in texts if words in each]) == 1, texts
    unsent = select(func.count()).where(SecurityText.sent_at.is_(None))
    assert session.scalar(unsent.select_from(SecurityText)) == 0
