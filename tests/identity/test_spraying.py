"""One guess each at very many phones: strangers must work for their guesses, known devices do not."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock
from app.identity import login_codes, spraying
from app.identity.models import LoginCode

SESSIONS = "/api/v1/auth/sessions"
#: Few bits, so that a test need not work long.
BITS = 6


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """A breaker that trips at 20 failures, at an instant that stands still."""
    monkeypatch.setattr(spraying, "TRIPS_AT", 20)
    monkeypatch.setattr(spraying, "BITS", BITS)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    return now


@pytest.fixture
def guess(client):
    def send(phone, code, device="strange", **more):
        body = {
            "phone": phone,
            "code": code,
            "device": {"id": device, "name": "手机", "platform": "ios"},
            **more,
        }
        return client.post(SESSIONS, json=body)

    return send


@pytest.fixture
def code(client, session):
    def fetch(phone):
        asked = client.post("/api/v1/auth/codes", json={"phone": phone, "purpose": "login"})
        assert asked.status_code == 202
        rows = select(LoginCode).order_by(LoginCode.created_at.desc(), LoginCode.id.desc())
        return login_codes.derive(session, session.scalars(rows).first())

    return fetch


@pytest.fixture
def spray(guess):
    """So many wrong guesses, each at another phone."""
    numbers = itertools.count()

    def run(count):
        return [guess(f"1880000{next(numbers):04d}", "000000") for _ in range(count)]

    return run


def solved(answer):
    body = answer.get_json()
    return spraying.solve(body["task"], body["bits"])


def test_when_most_strangers_fail_each_must_solve_a_task_first(spray, guess, code):
    answers = spray(25)
    told = [answer.get_json()["code"] for answer in answers]
    assert told == ["login_refused"] * 20 + ["proof_of_work_required"] * 5
    assert answers[-1].status_code == 403
    phone = "19911118101"
    known = code(phone)
    refused = guess(phone, known)
    assert refused.get_json()["code"] == "proof_of_work_required"
    assert refused.get_json()["bits"] == BITS
    assert guess(phone, known, work=solved(refused)).status_code == 201


def test_a_device_the_account_knows_is_never_asked(spray, guess, code, soon, monkeypatch):
    phone = "19911118102"
    assert guess(phone, code(phone), device="mine").status_code == 201
    monkeypatch.setattr(clock, "now", lambda: soon + timedelta(minutes=2))
    spray(25)
    assert guess(phone, code(phone), device="mine").status_code == 201


def test_a_refusal_for_want_of_work_judges_nothing(spray, guess, code, session):
    phone = "19911118103"
    known = code(phone)
    spray(25)
    for _ in range(10):
        assert guess(phone, "000000").get_json()["code"] == "proof_of_work_required"
    assert session.scalars(select(LoginCode.tries)).one() == 0
    assert guess(phone, known, work=solved(guess(phone, known))).status_code == 201


def test_a_solution_serves_once_and_its_own_phone_only(spray, guess, code, soon, monkeypatch):
    phone, other = "19911118104", "19911118105"
    code(phone), code(other)
    spray(25)
    work = solved(guess(phone, "000000"))
    task, _, nonce = work.rpartition(":")
    ends, salt, seal = task.split(".")
    forged = [
        "",
        "junk",
        f"{task}:",
        f":{nonce}",
        f"{int(ends) + 600}.{salt}.{seal}:{nonce}",
        f"{ends}.{salt}:{nonce}",
        f"٣.{salt}.{seal}:{nonce}",
    ]
    refused = "proof_of_work_required"
    for each in forged:
        assert guess(phone, "000000", work=each).get_json()["code"] in (refused, "invalid_input")
    assert guess(other, "000000", work=work).get_json()["code"] == refused
    assert guess(phone, "000000", work=work).get_json()["code"] == "login_refused"
    assert guess(phone, "000000", work=work).get_json()["code"] == refused
    late = solved(guess(phone, "000000"))
    monkeypatch.setattr(clock, "now", lambda: soon + timedelta(seconds=spraying.LIFE))
    assert guess(phone, "000000", work=late).get_json()["code"] == refused


def test_the_task_grows_with_the_wave_and_ends_with_it(spray, guess, soon, session, monkeypatch):
    spray(20)
    assert spraying.tripped(session) == BITS
    for _ in range(60):
        spraying.note(session, opened=False)
    assert spraying.tripped(session) == BITS + 2
    for _ in range(81):
        spraying.note(session, opened=True)
    # Many who sign in are no attack.
    assert spraying.tripped(session) is None
    for _ in range(100):
        spraying.note(session, opened=False)
    assert spraying.tripped(session) is not None
    monkeypatch.setattr(clock, "now", lambda: soon + timedelta(minutes=spraying.MINUTES + 1))
    assert spraying.tripped(session) is None
    assert guess("19911118106", "000000").get_json()["code"] == "login_refused"


def test_those_who_watch_see_it_within_a_minute(spray, client, caplog, capsys):
    spray(25)
    page = client.get("/metrics").get_data(as_text=True)
    assert "huiban_login_failed_last_minutes 20.0" in page
    assert f"huiban_login_breaker_bits {BITS}.0" in page
    logged = capsys.readouterr()
    assert (logged.out + logged.err + caplog.text).count("login_breaker_tripped") == 1


def test_ordinary_mistakes_trip_nothing(spray, session):
    assert {answer.get_json()["code"] for answer in spray(19)} == {"login_refused"}
    assert spraying.tripped(session) is None
