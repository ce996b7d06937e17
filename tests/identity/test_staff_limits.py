"""Guessing staff's passwords: bounded, equal for any login, and no way to keep the owner out."""

import statistics
import threading
import time
from datetime import timedelta

import pyotp
import pytest
from staffing import first_sign_in

from app.core import clock
from app.core.errors import Unavailable
from app.core.limits import Quota
from app.identity import passwords
from app.identity.staff import signing_in

SESSIONS = "/api/v1/officer/sessions"
CHOSEN = "Wu-Chang 2027 tong"
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}


def begin(client, login, password, environ=None, **more):
    body = {"login": login, "password": password, **more}
    return client.post(SESSIONS, json=body, environ_base=environ or {})


def test_five_wrong_passwords_make_this_login_wait_in_this_network(client, invent_officer):
    officer = invent_officer()
    answers = [begin(client, officer.login, f"wrong {n}", ELSEWHERE) for n in range(5)]
    assert [each.status_code for each in answers] == [401] * 5
    sixth = begin(client, officer.login, officer.password, ELSEWHERE)
    assert sixth.status_code == 429
    assert 1 <= int(sixth.headers["Retry-After"]) <= 900
    neighbour = {"REMOTE_ADDR": "203.0.113.77"}
    assert begin(client, officer.login, officer.password, neighbour).status_code == 429
    assert begin(client, officer.login, officer.password).status_code == 200


def test_a_known_device_is_never_locked_out_by_strangers(client, invent_officer, monkeypatch):
    fewer = Quota("officer_failed_login", 12, 86_400)
    assert signing_in.FAILED_ANYWHERE.limit == 100
    monkeypatch.setattr(signing_in, "FAILED_ANYWHERE", fewer)
    officer = invent_officer()
    begun = begin(client, officer.login, officer.password, device_id="desk-1").get_json()
    body = {
        "challenge": begun["challenge"],
        "otp": pyotp.TOTP(begun["enrolment"]["totp_secret"]).now(),
        "new_password": CHOSEN,
    }
    assert client.post(f"{SESSIONS}/second-factor", json=body).status_code == 201
    stopped = 0
    for number in range(20):
        stranger = {"REMOTE_ADDR": f"203.0.{number % 5}.9"}
        answer = begin(client, officer.login, "wrong", stranger, device_id="another")
        stopped += answer.status_code == 429
    assert stopped == 8, "strangers of all networks together have their number a day"
    assert begin(client, officer.login, CHOSEN).status_code == 429
    assert begin(client, officer.login, CHOSEN, device_id="desk-1").status_code == 200
    wrong = [begin(client, officer.login, "no", device_id="desk-1").status_code for _ in range(6)]
    assert wrong == [401] * 5 + [429], "the device itself has five too"


def test_signing_in_rightly_uses_up_nothing(client, invent_officer):
    officer = invent_officer()
    codes = [begin(client, officer.login, officer.password).status_code for _ in range(8)]
    assert codes == [200] * 8


def test_wrong_second_factors_are_counted_over_all_challenges(client, invent_officer, monkeypatch):
    officer = invent_officer()
    assert signing_in.FAILED_FACTOR.limit == 20
    secret, _ = first_sign_in(client, officer, CHOSEN)
    right = pyotp.TOTP(secret).now()
    judged = []
    monkeypatch.setattr(signing_in, "FAILED_FACTOR", Quota("officer_failed_factor", 7, 86_400))
    for round_ in range(2):
        challenge = begin(client, officer.login, CHOSEN).get_json()["challenge"]
        for guess in range(5):
            otp = f"{(int(right) + 1_000 + 5 * round_ + guess) % 1_000_000:06d}"
            body = {"challenge": challenge, "otp": otp}
            judged.append(client.post(f"{SESSIONS}/second-factor", json=body).status_code)
    assert judged == [401] * 10
    moment = clock.now() + timedelta(seconds=60)
    monkeypatch.setattr(clock, "now", lambda: moment)
    challenge = begin(client, officer.login, CHOSEN).get_json()["challenge"]
    body = {"challenge": challenge, "otp": pyotp.TOTP(secret).at(moment)}
    stopped = client.post(f"{SESSIONS}/second-factor", json=body)
    assert stopped.get_json()["code"] == "second_factor_refused", "seven wrong ones were enough"


def test_unknown_locked_and_known_logins_are_refused_alike_and_as_slowly(client, invent_officer):
    officer = invent_officer()
    times, bodies = {"known": [], "unknown": []}, set()
    for number in range(4):
        for kind, login in (("known", officer.login), ("unknown", "never.heard.of")):
            began = time.perf_counter()
            answer = begin(client, login, f"wrong {number}")
            times[kind].append(time.perf_counter() - began)
            body = answer.get_json()
            body.pop("trace_id")
            bodies.add((answer.status_code, str(body)))
    assert len(bodies) == 1
    known, unknown = (statistics.median(times[kind]) for kind in ("known", "unknown"))
    print(f"\nmedian of 4: known {known * 1000:.0f} ms, unknown {unknown * 1000:.0f} ms")
    # Without the comparison with nobody's password it would be a few milliseconds.
    assert unknown > 0.01


def test_passwords_are_argon2id_with_the_stated_parameters():
    stored = passwords.hash_password(CHOSEN)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify(stored, CHOSEN)
    assert not passwords.verify(stored, CHOSEN + " ")
    assert not passwords.verify(None, "nobody's password")


def test_hashing_leaves_threads_for_others(monkeypatch):
    monkeypatch.setattr(passwords, "LONGEST_WAIT", 0.05)
    stop = threading.Event()

    def occupy():
        with passwords._place():
            stop.wait(5)

    busy = [threading.Thread(target=occupy) for _ in range(passwords.AT_ONCE)]
    for thread in busy:
        thread.start()
    time.sleep(0.05)
    with pytest.raises(Unavailable):
        passwords.verify(None, "anything")
    stop.set()
    for thread in busy:
        thread.join()
    assert not passwords.verify(None, "anything")
