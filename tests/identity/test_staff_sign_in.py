"""Staff sign in by password and second factor; sessions end by idleness, age, lock and sign-out."""

import uuid
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import update
from staffing import first_sign_in

from app.core import clock
from app.core.ids import new_id
from app.identity.staff.models import Officer, OfficerSession
from app.identity.staff.sessions import IDLE, LONGEST

SESSIONS = "/api/v1/officer/sessions"
ME = "/api/v1/officer/me"
CHOSEN = "Wu-Chang 2027 tong"


@pytest.fixture
def shift(monkeypatch):
    """Let the clock run ahead."""
    real, ahead = clock.now, [timedelta()]
    monkeypatch.setattr(clock, "now", lambda: real() + ahead[0])

    def by(delta):
        ahead[0] += delta

    return by


def begin(client, login, password, **more):
    return client.post(SESSIONS, json={"login": login, "password": password, **more})


def second(client, challenge, otp, **more):
    body = {"challenge": challenge, "otp": otp, **more}
    return client.post(f"{SESSIONS}/second-factor", json=body)


def otp_at(secret, moment):
    return pyotp.TOTP(secret).at(moment)


def test_the_first_sign_in_enrols_a_second_factor_and_changes_the_password(client, invent_officer):
    officer = invent_officer("window_officer")
    _, answer = first_sign_in(client, officer, CHOSEN)
    assert answer.status_code == 201
    tokens = answer.get_json()
    me = client.get(ME, headers={"Authorization": f"Bearer {tokens['access_token']}"}).get_json()
    assert (me["login"], me["name"]) == (officer.login, officer.name)
    assert [role["role"] for role in me["roles"]] == ["window_officer"]
    assert me["unit"]["region"] == "420106000000"
    assert begin(client, officer.login, officer.password).status_code == 401
    again = begin(client, officer.login.upper(), CHOSEN).get_json()
    assert again["enrolment"] is None
    assert again["must_change"] is False


@pytest.mark.parametrize("weak", [None, "short", "only-lower-case-here", "Post0001 is my name 1"])
def test_a_password_given_out_must_become_a_strong_one_of_ones_own(client, invent_officer, weak):
    officer = invent_officer()
    weak = weak and weak.replace("Post0001", officer.login)
    _, answer = first_sign_in(client, officer, weak)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "password_too_weak")
    _, same = first_sign_in(client, officer, officer.password)
    assert same.get_json()["code"] == "password_too_weak"


def test_a_one_time_password_is_good_once_and_for_its_half_minute(client, invent_officer, shift):
    officer = invent_officer()
    secret, first = first_sign_in(client, officer, CHOSEN)
    assert first.status_code == 201
    used = otp_at(secret, clock.now())
    challenge = begin(client, officer.login, CHOSEN).get_json()["challenge"]
    replayed = second(client, challenge, used)
    assert (replayed.status_code, replayed.get_json()["code"]) == (401, "second_factor_refused")
    shift(timedelta(seconds=60))
    old, fresh = otp_at(secret, clock.now() - timedelta(seconds=90)), otp_at(secret, clock.now())
    assert second(client, challenge, old).status_code == 401
    assert second(client, challenge, fresh).status_code == 201
    assert second(client, challenge, fresh).status_code == 401


def test_a_challenge_takes_five_guesses_and_five_minutes(client, invent_officer, shift):
    officer = invent_officer()
    secret, _ = first_sign_in(client, officer, CHOSEN)
    shift(timedelta(seconds=60))
    challenge = begin(client, officer.login, CHOSEN).get_json()["challenge"]
    right = otp_at(secret, clock.now())
    wrong = [f"{(int(right) + offset) % 1_000_000:06d}" for offset in range(10, 15)]
    assert [second(client, challenge, otp).status_code for otp in wrong] == [401] * 5
    assert second(client, challenge, right).status_code == 401
    later = begin(client, officer.login, CHOSEN).get_json()["challenge"]
    shift(timedelta(minutes=5))
    assert second(client, later, otp_at(secret, clock.now())).status_code == 401


def test_a_session_ends_after_half_an_hour_of_silence(client, invent_officer, shift):
    officer = invent_officer()
    shift(timedelta(minutes=9))
    assert client.get(ME, headers=officer.headers).status_code == 200
    body = {"refresh_token": officer.refresh_token}
    shift(IDLE - timedelta(minutes=1))
    fresh = client.post(f"{SESSIONS}/refresh", json=body)
    assert fresh.status_code == 200
    shift(IDLE + timedelta(seconds=1))
    body = {"refresh_token": fresh.get_json()["refresh_token"]}
    assert client.post(f"{SESSIONS}/refresh", json=body).status_code == 401


def test_a_session_ends_after_twelve_hours_of_work(client, invent_officer, shift):
    officer = invent_officer()
    refresh = officer.refresh_token
    for _ in range(int(LONGEST / timedelta(minutes=20)) - 1):
        shift(timedelta(minutes=20))
        answer = client.post(f"{SESSIONS}/refresh", json={"refresh_token": refresh})
        assert answer.status_code == 200
        refresh = answer.get_json()["refresh_token"]
    shift(timedelta(minutes=20))
    assert client.post(f"{SESSIONS}/refresh", json={"refresh_token": refresh}).status_code == 401


def test_an_access_token_does_not_outlive_the_twelve_hours(client, session, invent_officer):
    officer = invent_officer()
    assert client.get(ME, headers=officer.headers).status_code == 200
    session.get_one(OfficerSession, officer.actor.session_id).expires_at = clock.now()
    session.commit()
    assert client.get(ME, headers=officer.headers).status_code == 401


def test_signing_out_acts_at_once(client, invent_officer):
    officer = invent_officer()
    assert client.delete(f"{SESSIONS}/current", headers=officer.headers).status_code == 204
    assert client.get(ME, headers=officer.headers).status_code == 401
    body = {"refresh_token": officer.refresh_token}
    assert client.post(f"{SESSIONS}/refresh", json=body).status_code == 401


def test_a_reused_refresh_token_ends_the_session(client, session, invent_officer, shift):
    officer = invent_officer()
    body = {"refresh_token": officer.refresh_token}
    first = client.post(f"{SESSIONS}/refresh", json=body).get_json()
    assert (
        client.post(f"{SESSIONS}/refresh", json=body).get_json()["refresh_token"]
        == (first["refresh_token"])
    )
    shift(timedelta(seconds=31))
    assert client.post(f"{SESSIONS}/refresh", json=body).status_code == 401
    assert session.get_one(OfficerSession, officer.actor.session_id).ended_because == "reuse"
    assert client.get(ME, headers=officer.headers).status_code == 401


def test_a_locked_officer_is_out_at_once(client, session, invent_officer):
    officer = invent_officer()
    lock = update(Officer).where(Officer.id == officer.actor.officer).values(state="locked")
    session.execute(lock)
    session.commit()
    assert client.get(ME, headers=officer.headers).status_code == 401
    body = {"refresh_token": officer.refresh_token}
    assert client.post(f"{SESSIONS}/refresh", json=body).status_code == 401
    assert begin(client, officer.login, officer.password).status_code == 401


def test_tokens_of_citizens_and_officers_do_not_serve_for_each_other(
    client, invent, invent_officer
):
    citizen, officer = invent(), invent_officer("system_admin")
    assert client.get(ME, headers=citizen.headers).status_code == 401
    assert client.get("/api/v1/me", headers=officer.headers).status_code == 401
    for path, token in (
        (f"{SESSIONS}/refresh", citizen.refresh_token),
        ("/api/v1/auth/sessions/refresh", officer.refresh_token),
    ):
        assert client.post(path, json={"refresh_token": token}).status_code == 401


def test_a_browsers_session_lives_in_a_cookie_of_our_own_pages(client, core, invent_officer):
    ours = {"Origin": core.settings.public_url}
    officer = invent_officer()
    _, elsewhere = first_sign_in(client, officer, CHOSEN, browser=True)
    assert (elsewhere.status_code, elsewhere.get_json()["code"]) == (403, "origin_refused")
    begun = begin(client, officer.login, officer.password).get_json()
    answer = client.post(
        f"{SESSIONS}/second-factor",
        json={
            "challenge": begun["challenge"],
            "otp": pyotp.TOTP(begun["enrolment"]["totp_secret"]).now(),
            "new_password": CHOSEN,
            "browser": True,
        },
        headers=ours,
    )
    assert answer.get_json()["refresh_token"] is None
    cookie = answer.headers["Set-Cookie"]
    for part in ("huiban_officer_refresh=", "HttpOnly", "SameSite=Strict", f"Path={SESSIONS}"):
        assert part in cookie
    assert client.post(f"{SESSIONS}/refresh", json={}).status_code == 403
    foreign = {"Origin": "https://elsewhere.example"}
    assert client.post(f"{SESSIONS}/refresh", json={}, headers=foreign).status_code == 403
    renewed = client.post(f"{SESSIONS}/refresh", json={}, headers=ours)
    assert renewed.status_code == 200
    bearer = {"Authorization": f"Bearer {renewed.get_json()['access_token']}"}
    client.delete(f"{SESSIONS}/current", headers=bearer)
    assert client.get_cookie("huiban_officer_refresh", path=SESSIONS) is None


def test_a_challenge_nobody_was_given_is_refused_like_a_wrong_one(client):
    answer = second(client, uuid.UUID(int=new_id().int).hex, "123456")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "second_factor_refused")
