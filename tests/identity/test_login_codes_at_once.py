"""Many requests for one phone at the same moment, and codes that must not be sent any more."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.core.ids import new_id
from app.core.limits import Used
from app.identity import login_codes
from app.identity.jobs import send_login_code
from app.identity.login_codes import Asker
from app.identity.models import LoginCode
from composition import web_app

PHONE = "19911117001"
DEVICE = {"id": "device-1", "name": "我的手机", "platform": "ios"}
N = 50


class Gateway:
    """An SMS gateway that keeps what it was to send."""

    def __init__(self):
        self.sent = []

    def send(self, phone, template, params):
        self.sent.append((phone, template, params))

    def close(self):
        pass


@pytest.fixture
def gateway():
    return Gateway()


@pytest.fixture
def live_app(live_core, gateway):
    return web_app(replace(build_world(live_core, waiters=4), sms=gateway))


@pytest.fixture
def at_once(live_app):
    """`at_once(path, bodies)` posts all at the same time; answers the responses."""

    def post(path, bodies):
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(lambda body: live_app.test_client().post(path, json=body), bodies))

    return post


def asked(answers):
    """How often each status and code was answered."""
    return Counter((each.status_code, each.get_json().get("code")) for each in answers)


def test_fifty_requests_at_once_for_one_phone_send_one_message(
    live_core, live_app, at_once, gateway
):
    answers = at_once("/api/v1/auth/codes", [{"phone": PHONE, "purpose": "login"}] * N)
    found = asked(answers)
    print(f"\nparallel requests n = {N}: {dict(found)}")
    # Whoever waited too long behind the others was told to come back.
    assert set(found) <= {
        (202, None),
        (429, "too_many_requests"),
        (503, "database_unavailable"),
    }
    assert found[202, None] == 1
    assert all(each.headers["Retry-After"] for each in answers if each.status_code != 202)
    world = live_app.extensions["huiban"]
    with unit_of_work(live_core) as session:
        assert session.scalar(select(func.count()).select_from(LoginCode)) == 1
        jobs = text("SELECT args->>'code_id' FROM procrastinate_jobs WHERE task_name = :task")
        ids = session.scalars(jobs, {"task": login_codes.SEND_TASK}).all()
    for code_id in ids:
        send_login_code.run(world, code_id=code_id)
    assert [sent[0] for sent in gateway.sent] == ["+86" + PHONE]


def test_fifty_wrong_guesses_at_once_count_as_at_most_five_tries(live_core, at_once):
    with unit_of_work(live_core) as session:
        login_codes.request_code(session, "login", Asker("+86" + PHONE, "127.0.0.1"))
    with unit_of_work(live_core) as session:
        known = login_codes.derive(session, session.scalars(select(LoginCode)).one())
    guesses = [f"{(int(known) + 1 + step) % 1_000_000:06d}" for step in range(N)]
    bodies = [{"phone": PHONE, "code": guess, "device": DEVICE} for guess in guesses]
    found = asked(at_once("/api/v1/auth/sessions", bodies))
    print(f"\nparallel wrong guesses n = {N}: {dict(found)}")
    assert set(found) <= {(401, "login_refused"), (503, "database_unavailable")}
    with unit_of_work(live_core) as session:
        assert session.scalars(select(LoginCode.tries)).one() == login_codes.MAX_TRIES
        # The day's quota counts each guess that was compared with the code at all.
        judged = select(func.sum(Used.used)).where(Used.bucket.like("code_judged_day:%"))
        assert session.scalar(judged) == login_codes.MAX_TRIES
    right = at_once("/api/v1/auth/sessions", [{"phone": PHONE, "code": known, "device": DEVICE}])
    assert asked(right) == {(401, "login_refused"): 1}


def test_the_right_code_entered_fifty_times_at_once_opens_one_session(live_core, at_once):
    with unit_of_work(live_core) as session:
        login_codes.request_code(session, "login", Asker("+86" + PHONE, "127.0.0.1"))
    with unit_of_work(live_core) as session:
        known = login_codes.derive(session, session.scalars(select(LoginCode)).one())
    bodies = [
        {"phone": PHONE, "code": known, "device": {**DEVICE, "id": f"device-{number}"}}
        for number in range(N)
    ]
    found = asked(at_once("/api/v1/auth/sessions", bodies))
    print(f"\nparallel right codes n = {N}: {dict(found)}")
    assert found[201, None] == 1
    assert set(found) <= {(201, None), (401, "login_refused"), (503, "database_unavailable")}


@pytest.fixture
def sent(session, world, gateway):
    """Store a code row, run its job; answers what the gateway was given."""

    def run(minutes_ago=0, *, used=False, sweep=False):
        at = clock.now() - timedelta(minutes=minutes_ago)
        login_codes.request_code(session, "login", Asker("+86" + PHONE, "127.0.0.1"))
        row = session.scalars(select(LoginCode)).one()
        row.created_at, row.expires_at = at, at + login_codes.LIFE
        row.used_at = at if used else None
        session.flush()
        code = login_codes.derive(session, row)
        code_id = str(row.id)
        if sweep:
            session.delete(row)
        session.commit()
        send_login_code.run(replace(world, sms=gateway), code_id=code_id)
        return gateway.sent, code

    return run


def test_a_fresh_code_is_sent_with_the_minutes_it_lives(sent, core):
    messages, code = sent()
    template = core.settings.sms.login_template
    assert messages == [("+86" + PHONE, template, [code, "5"])]


@pytest.mark.parametrize(
    "why", [{"minutes_ago": 6}, {"used": True}, {"sweep": True}], ids=["expired", "used", "swept"]
)
def test_a_code_that_is_no_longer_good_is_not_sent(sent, why):
    assert sent(**why)[0] == []


def test_a_job_for_an_unknown_code_sends_nothing(world, gateway):
    send_login_code.run(replace(world, sms=gateway), code_id=str(new_id()))
    assert gateway.sent == []
