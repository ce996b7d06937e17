"""People without an account confirm a mandate by their own face, on any device, by a link."""

import json
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from family_support import Somebody, somebody, years_before
from sqlalchemy import func, select, text, update

from app.audit.models import AuditRow, Destruction
from app.core import clock
from app.core.events import RecordedEvent
from app.core.http import Party
from app.family import by_face, face_links
from app.family.models import FaceLink, Mandate, MandateFaceCheck
from app.privacy.models import ConsentEvent
from app.privacy.personal_data import export
from scripts.environment import read_world

BY_KEY = {each["key"]: each for each in read_world()["people"]}
MANDATES = "/api/v1/family/mandates"
CONFIRMATIONS = "/api/v1/family/face-confirmations"


@pytest.fixture
def father(population):
    """Somebody without an account, whose picture the authority has."""
    known = BY_KEY["p013"]
    return population.enter(Somebody(known["name"], known["document_number"]))


@pytest.fixture
def ask(client):
    """Ask to act for somebody; answers the mandate's id."""

    def send(holder, principal):
        until = str(clock.legal_today() + timedelta(days=200))
        terms = {"relation": "parent", "scopes": ["pay"], "until": until}
        body = {"person": principal.claimed, **terms}
        return client.post(MANDATES, json=body, headers=holder.headers).json["id"]

    return send


@pytest.fixture
def link(client):
    """Open a link; answers the token in it."""

    def send(holder, mandate_id):
        told = client.post(f"{MANDATES}/{mandate_id}/face-link", headers=holder.headers)
        assert told.status_code == 201, told.json
        return told.json["url"].rpartition("/")[2]

    return send


@pytest.fixture
def waiting(invent, ask, link, father):
    """A daughter, her mandate, and the link to it."""
    daughter = invent()
    mandate_id = ask(daughter, father)
    return daughter, mandate_id, link(daughter, mandate_id)


@pytest.fixture
def call(client):
    def send(token, what="", **more):
        return client.post(f"{CONFIRMATIONS}{what}", json={"token": token, **more})

    return send


@pytest.fixture
def agree(call, stubs):
    """The principal agrees to the check; answers the provider's token."""

    def send(token):
        told = call(token, "/checks", notice_version=1)
        assert told.status_code == 201, told.json
        return told.json["provider_token"]

    return send


@pytest.fixture
def show_face(stubs):
    """What the provider finds."""

    def send(provider_token, outcome="match"):
        body = json.dumps({"biz_token": provider_token, "outcome": outcome}).encode()
        headers = {"Content-Type": "application/json"}
        urlopen(Request(f"{stubs}/faceid/simulate", data=body, headers=headers)).close()

    return send


@pytest.fixture
def finish(call):
    return lambda token, result: call(token, "/result", result_token=result)


def refusal(answer):
    return answer.status_code, {**answer.json, "trace_id": None}


def code_of(answer):
    return answer.status_code, answer.json["code"]


def status(session):
    return session.scalar(select(Mandate.status))


def acts(session, action):
    its = select(AuditRow.reason, AuditRow.result).where(AuditRow.action == action)
    return session.execute(its.order_by(AuditRow.at)).all()


def test_a_father_confirms_by_face_on_his_daughters_phone(
    waiting, call, agree, show_face, finish, client, session, father
):
    daughter, _, token = waiting
    shown = call(token).json
    assert shown["purpose"]["notice_version"] == 1
    del shown["purpose"]
    assert shown == {
        "holder": daughter.name[0] + "*" + daughter.name[-1],
        "principal": father.name[0] + "*" + father.name[-1],
        "relation": "parent",
        "scopes": ["pay"],
        "until": str(clock.legal_today() + timedelta(days=200)),
    }
    result = agree(token)
    assert code_of(finish(token, result)) == (409, "face_not_finished")
    show_face(result)
    told = finish(token, result)
    assert (told.status_code, told.json) == (200, {"status": "active"})
    (mine,) = client.get(MANDATES, headers=daughter.headers).json["items"]
    assert (mine["status"], mine["confirmed_how"], mine["number"]) == ("active", "face", None)
    mandate = session.scalars(select(Mandate)).one()
    check = session.scalars(select(MandateFaceCheck)).one()
    assert (mandate.face_check_id, mandate.confirmed_by) == (check.id, None)
    assert acts(session, "family.open_face_link") == [(None, "done")]
    assert acts(session, "family.confirm_by_face") == [("face", "done")]


def test_both_are_told_and_both_see_every_use(
    waiting, agree, show_face, finish, client, session, sign_in, father
):
    daughter, mandate_id, token = waiting
    result = agree(token)
    show_face(result)
    finish(token, result)
    moved = select(RecordedEvent.payload["to"].astext).order_by(RecordedEvent.id)
    named = moved.where(RecordedEvent.name == "family.mandate_moved")
    assert session.scalars(named).all() == ["asked", "confirmed"]
    person = client.get("/api/v1/family/members", headers=daughter.headers).json["items"][1]
    path = f"/api/v1/bills?beneficiary_id={person['person_id']}"
    assert client.get(path, headers=daughter.headers).status_code == 200
    # Once he has an account, he sees the same and what he agreed to.
    later = sign_in(father)
    uses = [
        client.get(f"{MANDATES}/{mandate_id}/uses", headers=each.headers).json["items"]
        for each in (daughter, later)
    ]
    assert uses[0] == uses[1]
    assert [each["act"] for each in uses[0]] == ["bills_viewed"]
    log = client.get("/api/v1/me/access-log", headers=later.headers).json["items"]
    assert "刷脸确认了为您设立的授权" in {each["what"] for each in log}


def test_he_agrees_to_the_check_as_a_person_in_the_log_of_consents(waiting, agree, session, father):
    _, _, token = waiting
    agree(token)
    consent = session.scalars(select(ConsentEvent)).one()
    check = session.scalars(select(MandateFaceCheck)).one()
    assert (consent.person_id, consent.account_id) == (check.person_id, None)
    assert (consent.purpose, consent.notice_version, consent.act) == ("face", 1, "given")
    assert (consent.channel, len(consent.evidence)) == ("face_link", 32)


def test_what_he_agreed_to_stands_in_the_copy_of_his_data_once_he_has_an_account(
    waiting, agree, session, sign_in, father, client
):
    daughter, _, token = waiting
    agree(token)
    himself = sign_in(father)
    found = [
        {section.name: section.rows for section in export(session, who.account, who.person)}
        for who in (himself.actor, daughter.actor)
    ]
    agreed = [(row["purpose"], row["channel"]) for row in found[0]["consents"]]
    assert (agreed, found[1]["consents"]) == ([("face", "face_link")], [])
    # It was for that check alone: as an account he is asked anew.
    asked = client.get("/api/v1/me/consents", headers=himself.headers).json["items"]
    assert {each["given_version"] for each in asked if each["purpose"] == "face"} == {None}


def test_without_his_consent_nothing_is_checked(waiting, call, finish, session, stubs):
    _, _, token = waiting
    assert call(token, "/checks").status_code == 422
    assert code_of(call(token, "/checks", notice_version=0)) == (409, "notice_outdated")
    assert code_of(finish(token, "somewhere else's")) == (403, "face_not_confirmed")
    assert session.scalar(select(func.count()).select_from(MandateFaceCheck)) == 0


def test_a_consent_taken_back_ends_the_check_and_not_the_request(
    waiting, call, agree, show_face, finish, session
):
    _, _, token = waiting
    result = agree(token)
    show_face(result)
    assert [call(token, "/withdraw").status_code for _ in range(2)] == [204, 204]
    assert code_of(finish(token, result)) == (403, "consent_required")
    said = select(ConsentEvent.act).order_by(ConsentEvent.id)
    assert session.scalars(said).all() == ["given", "withdrawn"]
    assert status(session) == "pending"
    again = agree(token)
    show_face(again)
    assert code_of(finish(token, result)) == (403, "face_not_confirmed"), "the first stays over"
    assert finish(token, again).status_code == 200


@pytest.mark.parametrize("outcome", ["other_face", "not_live"])
def test_the_face_of_whoever_asked_confirms_nothing(
    waiting, agree, show_face, finish, session, outcome
):
    _, _, token = waiting
    result = agree(token)
    show_face(result, outcome)
    assert code_of(finish(token, result)) == (403, "face_not_confirmed")
    show_face(result)
    assert code_of(finish(token, result)) == (403, "face_not_confirmed"), "it is used up"
    assert status(session) == "pending"
    assert acts(session, "family.confirm_by_face") == [("face_not_confirmed", "refused")] * 2
    own = agree(token)
    show_face(own)
    assert finish(token, own).status_code == 200


def test_a_good_check_of_another_mandate_confirms_nothing(
    waiting, invent, ask, link, agree, show_face, finish, father, session
):
    _, _, token = waiting
    other = invent()
    others = link(other, ask(other, father))
    result = agree(others)
    show_face(result)
    agree(token)
    assert code_of(finish(token, result)) == (403, "face_not_confirmed")
    assert session.scalars(select(Mandate.status)).all() == ["pending"] * 2


def test_links_that_lead_nowhere_look_alike(
    waiting, invent, ask, link, call, agree, show_face, finish, client, session, population
):
    daughter, mandate_id, token = waiting
    unknown = "A" * len(token)
    expected = [refusal(call(unknown, what, **more)) for what, more in CALLS]
    assert {code for code, _ in expected} == {404}
    newer = link(daughter, mandate_id)
    assert [refusal(call(token, what, **more)) for what, more in CALLS] == expected, "replaced"
    result = agree(newer)
    show_face(result)
    assert finish(newer, result).status_code == 200
    assert [refusal(call(newer, what, **more)) for what, more in CALLS] == expected, "used"
    known = BY_KEY["p015"]
    elder = population.enter(Somebody(known["name"], known["document_number"]))
    expired = link(daughter, ask(daughter, elder))
    session.execute(update(FaceLink).values(expires_at=clock.now()))
    session.commit()
    assert [refusal(call(expired, what, **more)) for what, more in CALLS] == expected, "expired"


CALLS = [
    ("", {}),
    ("/checks", {"notice_version": 1}),
    ("/result", {"result_token": "x"}),
    ("/decline", {}),
    ("/withdraw", {}),
]


def test_a_mandate_that_ended_meanwhile_stays_so(
    waiting, call, agree, show_face, finish, client, session
):
    daughter, mandate_id, token = waiting
    result = agree(token)
    show_face(result)
    client.delete(f"{MANDATES}/{mandate_id}", headers=daughter.headers)
    assert code_of(finish(token, result)) == (404, "face_link_over")
    assert status(session) == "revoked"


def test_he_says_no_and_the_request_is_over(waiting, call, agree, session, client):
    daughter, _, token = waiting
    agree(token)
    assert call(token, "/decline").status_code == 204
    assert code_of(call(token, "/decline")) == (404, "face_link_over")
    (mine,) = client.get(MANDATES, headers=daughter.headers).json["items"]
    assert (mine["status"], mine["ended_by"]) == ("declined", "principal")
    assert acts(session, "family.decline_by_link") == [(None, "done")]
    said = select(ConsentEvent.act).order_by(ConsentEvent.id)
    assert session.scalars(said).all() == ["given", "withdrawn"]


def test_five_checks_a_mandate_are_the_most_whichever_link_they_come_by(waiting, link, call, agree):
    daughter, mandate_id, token = waiting
    for _ in range(3):
        agree(token)
    token = link(daughter, mandate_id)
    for _ in range(2):
        agree(token)
    assert call(token, "/checks", notice_version=1).status_code == 429
    assert call(link(daughter, mandate_id), "/checks", notice_version=1).status_code == 429


def test_a_person_is_checked_ten_times_a_day_whoever_asks(
    invent, ask, link, call, father, monkeypatch, stubs
):
    quota = by_face.CHECKS_OF_PERSON
    monkeypatch.setattr(by_face, "CHECKS_OF_PERSON", type(quota)(quota.name, 2, quota.seconds))
    codes = []
    for _ in range(3):
        asking = invent()
        told = call(link(asking, ask(asking, father)), "/checks", notice_version=1)
        codes.append(told.status_code)
    assert (quota.limit, codes) == (10, [201, 201, 429])


def test_whose_number_belongs_to_a_name_cannot_be_guessed(
    invent, ask, link, call, father, session, stubs
):
    daughter = invent()
    codes = []
    for number in range(6):
        guess = Somebody("猜" + chr(0x4E00 + number), father.document_number)
        mandate_id = ask(daughter, guess)
        codes.append(code_of(call(link(daughter, mandate_id), "/checks", notice_version=1)))
        session.execute(update(Mandate).values(status="revoked"))
        session.commit()
    assert codes == [(403, "face_not_confirmed")] * 5 + [(429, "too_many_requests")]
    assert session.scalar(select(func.count()).select_from(ConsentEvent)) == 0


def test_twenty_links_a_day_are_the_most(waiting, client, monkeypatch):
    daughter, mandate_id, _ = waiting
    quota = face_links.LINKS_A_DAY
    monkeypatch.setattr(face_links, "LINKS_A_DAY", type(quota)(quota.name, 3, quota.seconds))
    path = f"{MANDATES}/{mandate_id}/face-link"
    codes = [client.post(path, headers=daughter.headers).status_code for _ in range(3)]
    assert (quota.limit, codes) == (20, [201, 201, 429])


def test_silent_parties_cost_no_try_and_no_check(
    waiting, call, agree, show_face, finish, population, app
):
    _, _, token = waiting
    population.silent = True
    codes = [call(token, "/checks", notice_version=1).status_code for _ in range(7)]
    population.silent = False
    assert codes == [503] * 7
    result = agree(token)
    show_face(result)
    provider = app.extensions["huiban"].faceid
    working, provider._party = provider._party, Party("faceid", "http://127.0.0.1:9")
    assert code_of(finish(token, result)) == (503, "party_unavailable")
    assert code_of(call(token, "/checks", notice_version=1)) == (503, "party_unavailable")
    provider._party.close()
    provider._party = working
    assert finish(token, result).status_code == 200


def test_whoever_has_an_account_agrees_there(
    waiting, agree, show_face, finish, sign_in, father, session
):
    _, _, token = waiting
    result = agree(token)
    sign_in(father)
    show_face(result)
    assert code_of(finish(token, result)) == (409, "confirms_in_app")
    assert status(session) == "pending"
    assert acts(session, "family.confirm_by_face") == [("confirms_in_app", "refused")]


def test_for_a_child_below_fourteen_only_a_guardian_acts(
    invent, ask, client, population, link, agree, stubs
):
    daughter = invent()
    for age, days, told in ((14, 1, 201), (14, -1, 403)):
        young = population.enter(somebody(years_before(clock.legal_today(), age, days)))
        path = f"{MANDATES}/{ask(daughter, young)}/face-link"
        assert client.post(path, headers=daughter.headers).status_code == told


def test_only_who_asked_gets_a_link_and_only_while_it_waits(
    waiting, invent, client, sign_in, father
):
    daughter, mandate_id, _ = waiting
    path = f"{MANDATES}/{mandate_id}/face-link"
    himself = sign_in(father)
    assert client.post(path, headers=himself.headers).status_code == 404
    assert client.post(path, headers=invent().headers).status_code == 404
    client.delete(f"{MANDATES}/{mandate_id}", headers=daughter.headers)
    assert code_of(client.post(path, headers=daughter.headers)) == (409, "mandate_not_open")


def test_neither_the_token_nor_anything_personal_is_kept_in_clear(waiting, agree, session, father):
    _, _, token = waiting
    result = agree(token)
    for table in ("mandate_face_links", "mandate_face_checks", "consent_events", "audit_rows"):
        stored = session.scalar(text(f"SELECT string_agg(t::text, '') FROM {table} t"))
        assert stored
        for secret in (token, result, father.name, father.document_number):
            assert secret not in stored
            assert secret.encode().hex() not in stored
    assert father.name not in token


def test_links_are_forgotten_with_their_checks_a_day_after_their_time(waiting, agree, session):
    _, _, token = waiting
    agree(token)
    assert face_links.forget_old(session) == 0
    over = clock.now() - timedelta(days=1, seconds=1)
    session.execute(update(FaceLink).values(expires_at=over))
    link_id, check_id = (
        session.scalar(select(FaceLink.id)),
        session.scalar(select(MandateFaceCheck.id)),
    )
    assert face_links.forget_old(session) == 1
    assert session.scalar(select(func.count()).select_from(MandateFaceCheck)) == 0
    records = session.scalars(select(Destruction).order_by(Destruction.table_name)).all()
    assert [(each.table_name, each.count) for each in records] == [
        ("mandate_face_checks", 1),
        ("mandate_face_links", 1),
    ]
    # Nobody reads an id from what was written down.
    assert {check_id.bytes, link_id.bytes}.isdisjoint(each.digest for each in records)
    assert face_links.forget_old(session) == 0
