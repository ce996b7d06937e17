"""Signing in by phone code, over the whole application."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.core import clock
from app.core.limits import Quota
from app.identity import login_codes
from app.identity.jobs import send_login_code
from app.identity.models import Account, LoginCode

DEVICE = {"id": "device-1", "name": "我的手机", "platform": "ios"}


@pytest.fixture
def phone():
    return "19911110001"


@pytest.fixture
def ask(client, phone):
    def send(number=phone, address="127.0.0.1", **more):
        body = {"phone": number, "purpose": "login", **more}
        there = {"REMOTE_ADDR": address}
        return client.post("/api/v1/auth/codes", json=body, environ_base=there)

    return send


@pytest.fixture
def code(session, ask):
    """Ask for a code and read it as the SMS job would derive it."""

    def fetch():
        assert ask().status_code == 202
        row = session.scalars(select(LoginCode).order_by(LoginCode.created_at.desc())).first()
        return login_codes.derive(session, row)

    return fetch


@pytest.fixture
def enter(client, phone):
    def send(code, number=phone, device=DEVICE, **headers):
        body = {"phone": number, "code": code, "device": device}
        return client.post("/api/v1/auth/sessions", json=body, headers=headers)

    return send


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_right_code_opens_a_session_and_makes_an_account(session, code, enter):
    answer = enter(code())
    assert answer.status_code == 201
    body = answer.get_json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 600
    assert body["citizen"]["level"] == "phone"
    assert session.scalars(select(Account)).one().level == "phone"


def test_the_same_phone_signs_in_to_the_same_account(session, code, enter, monkeypatch):
    first = enter(code()).get_json()["citizen"]["id"]
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert enter(code()).get_json()["citizen"]["id"] == first


def test_a_code_works_once(code, enter):
    known = code()
    assert enter(known).status_code == 201
    assert enter(known).status_code == 401


def test_a_fifth_wrong_guess_kills_the_code(session, code, enter):
    known = code()
    for _ in range(5):
        answer = enter(wrong(known))
        assert (answer.status_code, answer.get_json()["code"]) == (401, "login_refused")
    assert enter(known).status_code == 401
    assert session.scalars(select(LoginCode)).one().tries == 5


def test_an_expired_code_is_refused_like_a_wrong_one(code, enter, monkeypatch):
    known = code()
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert enter(known).get_json()["code"] == "login_refused"


def test_only_the_newest_code_counts(code, enter, monkeypatch):
    older = code()
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    newer = code()
    assert enter(older).status_code == 401 or older == newer
    assert enter(newer).status_code == 201


def test_a_phone_that_asked_for_nothing_is_answered_like_a_wrong_code(enter):
    answer = enter("123456", number="19911119999")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "login_refused")


def test_known_and_unknown_phones_are_answered_alike(ask, code, enter, monkeypatch):
    enter(code())
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    known, unknown = ask(), ask("19911118888")
    assert known.status_code == unknown.status_code == 202
    assert known.get_json() == unknown.get_json()


def test_a_second_code_within_a_minute_must_wait_and_is_told_how_long(ask):
    assert ask().status_code == 202
    answer = ask()
    assert (answer.status_code, answer.json["code"]) == (429, "too_many_requests")
    wait = answer.json["retry_after"]
    assert wait == int(answer.headers["Retry-After"])
    assert 1 <= wait <= 61
    assert answer.json["detail"] == f"刚给这个号码发过验证码，{wait} 秒后可再获取。"


def test_ten_codes_a_day_are_the_most_a_phone_gets(ask, monkeypatch):
    start = clock.now().replace(hour=1, minute=0)
    granted = 0
    for step in range(40):
        at = start + timedelta(minutes=20 * step)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        granted += ask().status_code == 202
    assert granted == 10


def test_twenty_judged_guesses_a_day_are_the_most(session, code, enter, monkeypatch):
    start = clock.now().replace(hour=1, minute=0)
    judged = 0
    for step in range(8):
        at = start + timedelta(minutes=70 * step)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        known = code()
        for _ in range(4):
            enter(wrong(known))
    judged = sum(row.tries for row in session.scalars(select(LoginCode)))
    assert judged == 20


def test_messages_are_counted_for_a_network_and_for_everybody(ask, monkeypatch):
    now = clock.now().replace(minute=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(login_codes, "PER_NETWORK_HOUR", Quota("sms_network_hour", 3, 3_600))
    origins = ["10.1.2.3", "10.1.2.4", "10.1.2.250", "10.1.2.9", "10.1.3.9"]
    statuses = [
        ask(f"1991111{number:04d}", address=address).status_code
        for number, address in enumerate(origins)
    ]
    assert statuses == [202, 202, 202, 429, 202]
    monkeypatch.setattr(login_codes, "ALL_HOUR", Quota("sms_all_hour", 1, 3_600))
    answers = [
        ask(f"1992222{number:04d}", address=f"10.2.{number}.1")
        for number in range(login_codes.SHARES * 4)
    ]
    sent = [answer.status_code for answer in answers].count(202)
    assert 1 <= sent <= login_codes.SHARES
    assert all(int(answer.headers["Retry-After"]) > 3_000 for answer in answers[-1:])


def test_strangers_who_guess_cannot_keep_a_known_device_out(session, code, enter, monkeypatch):
    start = clock.now().replace(hour=1, minute=0)
    monkeypatch.setattr(clock, "now", lambda: start)
    assert enter(code()).status_code == 201
    stranger = DEVICE | {"id": "somebody-elses"}
    for step in range(1, 6):
        at = start + timedelta(minutes=70 * step)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        sent = code()
        for _ in range(5):
            assert enter(wrong(sent), device=stranger).status_code == 401
    assert enter(sent, device=stranger).status_code == 401
    assert enter(sent, device=DEVICE | {"id": "another-strangers"}).status_code == 401
    assert enter(sent).status_code == 201


def test_strangers_who_ask_for_codes_cannot_keep_a_known_device_from_one(
    ask, code, enter, monkeypatch
):
    start = clock.now().replace(hour=1, minute=0)
    monkeypatch.setattr(clock, "now", lambda: start)
    assert enter(code()).status_code == 201
    for step in range(1, 30):
        at = start + timedelta(minutes=20 * step)
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        ask()
    at = start.replace(hour=12)
    monkeypatch.setattr(clock, "now", lambda: at)
    assert ask().status_code == ask(device_id="somebody-elses").status_code == 429
    granted = 0
    for step in range(12):
        monkeypatch.setattr(clock, "now", lambda at=at + timedelta(minutes=2 * step): at)
        granted += ask(device_id=DEVICE["id"]).status_code == 202
    assert granted == 5


def test_a_known_device_has_five_guesses_too(session, code, enter, monkeypatch):
    assert enter(code()).status_code == 201
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    sent = code()
    for _ in range(5):
        assert enter(wrong(sent)).status_code == 401
    assert enter(sent).status_code == 401
    newest = session.scalars(select(LoginCode).order_by(LoginCode.created_at.desc())).first()
    assert (newest.tries, newest.known_tries) == (0, 5)


@pytest.mark.parametrize(
    "number",
    ["12345678901", "1991111", "+8519911110001", "14011110001", "１９９１１１１０００１", ""],
)
def test_a_number_that_is_no_mobile_is_refused(ask, number):
    assert ask(number).status_code == 422


def test_unknown_fields_are_refused(ask):
    answer = ask(admin=True)
    assert answer.status_code == 422
    assert "admin" in answer.get_json()["errors"]


def test_the_job_row_names_the_code_row_and_nothing_personal(session, ask, phone):
    ask()
    rows = session.execute(text("SELECT task_name, args::text FROM procrastinate_jobs")).all()
    assert [row[0] for row in rows] == ["identity.send_login_code"]
    assert phone not in rows[0][1]
    stored = session.scalar(text("SELECT string_agg(l::text, '') FROM login_codes l"))
    assert phone not in stored


def test_the_text_message_carries_the_code(session, world, stubs, ask, code, phone):
    import json
    from urllib.request import urlopen

    known = code()
    row = session.scalars(select(LoginCode)).one()
    send_login_code.run(world, code_id=str(row.id))
    with urlopen(f"{stubs}/sms/messages?phone={phone}") as answer:
        assert json.load(answer)[0]["code"] == known


def test_on_the_web_the_refresh_token_is_a_cookie_and_the_origin_ours(client, code, enter):
    device = {**DEVICE, "platform": "h5"}
    known = code()
    assert enter(known, device=device, Origin="https://evil.example").status_code == 403
    answer = enter(known, device=device, Origin="http://127.0.0.1:1")
    assert answer.status_code == 201
    assert answer.get_json()["refresh_token"] is None
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/api/v1/auth" in cookie
    again = client.post("/api/v1/auth/sessions/refresh", json={})
    assert again.get_json()["code"] == "origin_refused"
    own = {"Origin": "http://127.0.0.1:1"}
    assert client.post("/api/v1/auth/sessions/refresh", json={}, headers=own).status_code == 200
