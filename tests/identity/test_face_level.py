"""The face level: opened for one session, counted once, asked of the provider, over in half an hour."""

import concurrent.futures
import json
import uuid
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import func, select

from api.blueprints import AudienceBlueprint
from app.core import clock
from app.core.http import Party
from app.identity import real_name, sessions
from app.identity.face.models import FaceChallenge
from app.identity.models import Account
from composition import web_app
from scripts.environment import read_world

PEOPLE = iter(read_world()["people"][60:100])


@pytest.fixture
def known(client, invent, stubs):
    """Signed-in demonstration people, whom the provider's library knows."""

    def make():
        person, real = invent(level="phone"), next(PEOPLE)
        fields = ("name", "document_type", "document_number")
        body = {field: real[field] for field in fields}
        told = client.post("/api/v1/me/real-name", json=body, headers=person.headers)
        assert told.status_code == 200, told.json
        headers = {"Authorization": f"Bearer {told.json['access_token']}"}
        assert agree(client, headers).status_code == 201
        return headers

    return make


def agree(client, headers):
    return client.post("/api/v1/me/consents/face", json={"notice_version": 1}, headers=headers)


@pytest.fixture
def begin(client):
    def send(headers):
        told = client.post("/api/v1/me/face/challenges", headers=headers)
        assert told.status_code == 201, told.json
        return told.json

    return send


@pytest.fixture
def finish(client):
    def send(headers, challenge, token=None):
        body = {
            "challenge_id": challenge["challenge_id"],
            "result_token": token or challenge["provider_token"],
        }
        return client.post("/api/v1/me/face", json=body, headers=headers)

    return send


@pytest.fixture
def show_face(stubs):
    """What the provider finds."""

    def send(challenge, outcome="match"):
        body = json.dumps({"biz_token": challenge["provider_token"], "outcome": outcome}).encode()
        headers = {"Content-Type": "application/json"}
        urlopen(Request(f"{stubs}/faceid/simulate", data=body, headers=headers)).close()

    return send


def me(client, headers):
    return client.get("/api/v1/me", headers=headers).json


def code_of(answer):
    return answer.status_code, answer.json["code"]


def test_the_face_raises_this_session_for_half_an_hour(
    client, known, begin, finish, show_face, monkeypatch
):
    headers = known()
    challenge = begin(headers)
    show_face(challenge)
    told = finish(headers, challenge)
    assert (told.status_code, told.json["level"]) == (200, "face")
    raised = {"Authorization": f"Bearer {told.json['access_token']}"}
    assert me(client, raised)["level"] == "face"
    assert me(client, raised)["level_until"] == told.json["level_until"]
    assert me(client, headers)["level"] == "real_name", "the token from before stays as it was"
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(seconds=599))
    assert me(client, raised)["level"] == "face"


def test_the_level_falls_back_in_the_token_and_in_the_refresh(
    core, known, begin, finish, show_face, client, monkeypatch
):
    headers = known()
    challenge = begin(headers)
    show_face(challenge)
    raised = finish(headers, challenge).json["access_token"]
    actor = sessions.authenticate(_session(core), raised)
    now = clock.now
    late = actor.level_until - timedelta(seconds=30)
    monkeypatch.setattr(clock, "now", lambda: late)
    with core.session() as session:
        anew = sessions.grant_anew(session, actor)
    assert sessions.authenticate(_session(core), anew).level == "face"
    monkeypatch.setattr(clock, "now", lambda: late + timedelta(seconds=30))
    fallen = sessions.authenticate(_session(core), anew)
    assert (fallen.level, fallen.level_until) == ("real_name", None)
    with core.session() as session:
        later = sessions.grant_anew(session, actor)
    assert sessions.authenticate(_session(core), later).level == "real_name"
    assert now() < late


def _session(core):
    return core.session()


def test_nobody_is_checked_without_their_consent(client, known):
    headers = known()
    begin = lambda: client.post("/api/v1/me/face/challenges", headers=headers)  # noqa: E731
    assert client.delete("/api/v1/me/consents/face", headers=headers).status_code == 204
    refused = begin()
    assert code_of(refused) == (403, "consent_required")
    assert refused.json["purpose"] == "face"
    assert agree(client, headers).status_code == 201
    assert begin().status_code == 201


def test_who_no_longer_agrees_has_the_level_no_longer(
    core, client, known, begin, finish, show_face
):
    headers = known()
    challenge = begin(headers)
    show_face(challenge)
    raised = {"Authorization": f"Bearer {finish(headers, challenge).json['access_token']}"}
    assert me(client, raised)["level"] == "face"
    assert client.delete("/api/v1/me/consents/face", headers=raised).status_code == 204
    shown = me(client, raised)
    assert (shown["level"], shown["level_until"]) == ("real_name", None)
    actor = sessions.authenticate(_session(core), raised["Authorization"].split()[1])
    with core.session() as session:
        anew = sessions.grant_anew(session, actor)
    assert sessions.authenticate(_session(core), anew).level == "real_name"


def test_a_check_under_way_does_not_count_once_the_consent_is_withdrawn(
    client, known, begin, finish, show_face
):
    headers = known()
    challenge = begin(headers)
    show_face(challenge)
    assert client.delete("/api/v1/me/consents/face", headers=headers).status_code == 204
    assert code_of(finish(headers, challenge)) == (403, "consent_required")
    assert me(client, headers)["level"] == "real_name"
    assert agree(client, headers).status_code == 201
    assert finish(headers, challenge).json["level"] == "face"


def test_withdrawing_something_else_leaves_the_face_alone(client, known, begin, finish, show_face):
    headers = known()
    challenge = begin(headers)
    show_face(challenge)
    raised = {"Authorization": f"Bearer {finish(headers, challenge).json['access_token']}"}
    assert client.delete("/api/v1/me/consents/health_code", headers=raised).status_code == 204
    assert me(client, raised)["level"] == "face"


@pytest.mark.parametrize("outcome", ["other_face", "not_live"])
def test_a_failed_check_is_refused_and_cannot_be_tried_again(
    client, known, begin, finish, show_face, outcome
):
    headers = known()
    challenge = begin(headers)
    show_face(challenge, outcome)
    assert code_of(finish(headers, challenge)) == (403, "face_refused")
    show_face(challenge)
    assert code_of(finish(headers, challenge)) == (403, "face_refused")
    assert me(client, headers)["level"] == "real_name"


def test_a_result_counts_once(known, begin, finish, show_face):
    headers = known()
    challenge = begin(headers)
    show_face(challenge)
    assert finish(headers, challenge).status_code == 200
    assert code_of(finish(headers, challenge)) == (403, "face_refused")


def test_another_persons_challenge_is_unknown(known, begin, finish, show_face):
    mine, theirs = known(), known()
    challenge = begin(theirs)
    show_face(challenge)
    foreign = finish(mine, challenge)
    unknown = finish(mine, {**challenge, "challenge_id": str(uuid.uuid4())})
    assert code_of(foreign) == code_of(unknown) == (404, "not_found")
    assert finish(theirs, challenge).status_code == 200, "and stays theirs"


def test_the_good_result_of_another_account_opens_nothing(known, begin, finish, show_face):
    mine, theirs = known(), known()
    my_challenge, their_challenge = begin(mine), begin(theirs)
    show_face(their_challenge)
    stolen = finish(mine, my_challenge, their_challenge["provider_token"])
    assert code_of(stolen) == (403, "face_refused")


def test_an_earlier_good_result_of_my_own_opens_nothing_later(known, begin, finish, show_face):
    headers = known()
    first, second = begin(headers), begin(headers)
    show_face(first)
    assert code_of(finish(headers, second, first["provider_token"])) == (403, "face_refused")


def test_a_challenge_of_my_other_device_is_unknown_here(
    known, begin, finish, show_face, core, client, session
):
    headers = known()
    account = session.get(Account, uuid.UUID(me(client, headers)["id"]))
    other = sessions.open_session(session, account, sessions.Device("d2", "另一台", "ios"))
    session.commit()
    challenge = begin(headers)
    show_face(challenge)
    elsewhere = {"Authorization": f"Bearer {other.access_token}"}
    assert code_of(finish(elsewhere, challenge)) == (404, "not_found")


def test_a_check_takes_ten_minutes_at_most(known, begin, finish, show_face, monkeypatch, core):
    headers = known()
    challenge = begin(headers)
    show_face(challenge)
    now = clock.now
    with core.session() as session:
        row = session.get(FaceChallenge, uuid.UUID(challenge["challenge_id"]))
        row.expires_at = now() - timedelta(seconds=1)
        session.commit()
    assert code_of(finish(headers, challenge)) == (403, "face_refused")


def test_while_the_person_is_not_done_the_challenge_stays_good(known, begin, finish, show_face):
    headers = known()
    challenge = begin(headers)
    assert code_of(finish(headers, challenge)) == (409, "face_not_finished")
    show_face(challenge)
    assert finish(headers, challenge).status_code == 200


def test_a_silent_provider_costs_neither_a_check_nor_the_challenge(
    client, known, begin, finish, show_face, app
):
    provider = app.extensions["huiban"].faceid
    headers = known()
    challenge = begin(headers)
    show_face(challenge)
    working, provider._party = provider._party, Party("faceid", "http://127.0.0.1:9")
    for _ in range(12):
        told = client.post("/api/v1/me/face/challenges", headers=headers)
        assert code_of(told) == (503, "party_unavailable")
    assert code_of(finish(headers, challenge)) == (503, "party_unavailable")
    provider._party.close()
    provider._party = working
    assert finish(headers, challenge).status_code == 200


def test_ten_checks_a_day_are_the_most(client, known):
    headers = known()
    send = lambda: client.post("/api/v1/me/face/challenges", headers=headers).status_code  # noqa: E731
    assert [send() for _ in range(11)] == [201] * 10 + [429]


def test_who_has_no_picture_with_the_authority_is_sent_to_a_window(client, invent, stubs):
    person, holder = invent(level="phone"), read_world()["other_documents"][6]
    body = {field: holder[field] for field in ("name", "document_type", "document_number")}
    told = client.post("/api/v1/me/real-name", json=body, headers=person.headers).json
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    refused = client.post("/api/v1/me/face/challenges", headers=headers)
    assert code_of(refused) == (409, "face_impossible")


def test_whoever_has_not_proved_the_name_cannot_show_a_face(client, invent):
    refused = client.post("/api/v1/me/face/challenges", headers=invent(level="phone").headers)
    assert code_of(refused) == (403, "step_up_required")
    assert (refused.json["level"], refused.json["lasts_seconds"]) == ("real_name", None)


def test_a_route_for_faces_says_which_level_it_wants_and_how_long_it_lasts(
    world, invent, known, begin, finish, show_face
):
    strict = AudienceBlueprint("strict", __name__, audience="citizen", url_prefix="/strict")

    @strict.route("", policy="own face, for a test", level="face")
    def strict_view():
        return {"seen": True}

    application = web_app(world)
    application.register_blueprint(strict)
    client = application.test_client()
    headers = known()
    refused = client.get("/strict", headers=headers)
    assert code_of(refused) == (403, "step_up_required")
    assert (refused.json["level"], refused.json["lasts_seconds"]) == ("face", 1_800)
    challenge = begin(headers)
    show_face(challenge)
    raised = {"Authorization": f"Bearer {finish(headers, challenge).json['access_token']}"}
    assert client.get("/strict", headers=raised).json == {"seen": True}


def test_a_result_sent_many_times_at_once_counts_once(live_core, stubs, show_face):
    from support import make_person

    from app.connectors.world import build_world

    person, real = make_person(live_core, "phone"), next(PEOPLE)
    made = build_world(live_core, waiters=8)
    client = web_app(made).test_client
    authorities = real_name.Authorities(made.population, made.exit_entry)
    with live_core.session() as session:
        claimed = real_name.claim(real["name"], real["document_number"])
        real_name.prove_real_name(session, authorities, person.actor, claimed)
        token = sessions.grant_anew(session, person.actor)
        session.commit()
    headers = {"Authorization": f"Bearer {token}"}
    agree(client(), headers)
    challenge = client().post("/api/v1/me/face/challenges", headers=headers).json
    show_face(challenge)
    body = {
        "challenge_id": challenge["challenge_id"],
        "result_token": challenge["provider_token"],
    }
    send = lambda _: client().post("/api/v1/me/face", json=body, headers=headers).status_code  # noqa: E731
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(send, range(8)))
    made.close_parties()
    assert codes == [200] + [403] * 7


def test_nothing_of_the_check_is_kept_but_a_digest(session, known, begin):
    challenge = begin(known())
    row = session.execute(select(func.row_to_json(FaceChallenge.__table__.table_valued()))).all()
    assert row
    assert challenge["provider_token"] not in str(row)
