"""The dead prove nothing, one person binds one account, and WeChat's phones must be meant for us."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import func, select
from support import make_person, resident_id

from app.connectors.exchange import PersonRecord
from app.connectors.wechat import WechatApi
from app.connectors.world import build_world
from app.core.db import unit_of_work
from app.identity import real_name
from app.identity.models import Account, Person, WechatLink
from composition import web_app
from scripts.environment import read_world

N = 8


@pytest.fixture
def prove(client):
    def send(person, name, number):
        body = {"name": name, "document_type": "resident_id", "document_number": number}
        return client.post("/api/v1/me/real-name", json=body, headers=person.headers)

    return send


def test_a_deceased_person_is_refused_like_a_wrong_name(stubs, prove, invent, session):
    (late,) = [each for each in read_world()["people"] if each["key"] == "o001"]
    assert late["deceased"]
    person = invent(level="phone")
    answers = [prove(person, name, late["document_number"]) for name in (late["name"], "不是本人")]
    shown = [{**each.get_json(), "trace_id": None} for each in answers]
    assert [each.status_code for each in answers] == [422, 422]
    assert shown[0] == shown[1]
    assert shown[0]["code"] == "real_name_mismatch"
    assert session.get(Account, person.actor.citizen_id, populate_existing=True).level == "phone"
    assert session.scalar(select(func.count()).select_from(Person)) == 0


RECORD = PersonRecord("2", date(1990, 1, 1), False, "420106")


class SlowPopulation:
    """A population database that answers once everybody has asked."""

    def __init__(self):
        self.together = threading.Barrier(N, timeout=5)

    def verify(self, name, document_number):
        self.together.wait()
        return RECORD

    def close(self):
        pass


@pytest.mark.parametrize("known", [False, True], ids=["new", "recorded before"])
def test_accounts_that_prove_one_person_at_once_bind_one(live_core, known):
    app = web_app(replace(build_world(live_core, waiters=N), population=SlowPopulation()))
    people = [make_person(live_core, "phone") for _ in range(N)]
    body = {
        "name": "同一个人",
        "document_type": "resident_id",
        "document_number": resident_id(900_001),
    }
    if known:
        with unit_of_work(live_core) as session:
            claimed = real_name.claim(body["name"], body["document_number"])
            real_name.person_of(session, claimed, RECORD)

    def send(person):
        return app.test_client().post("/api/v1/me/real-name", json=body, headers=person.headers)

    with ThreadPoolExecutor(N) as pool:
        answers = list(pool.map(send, people))
    found = Counter((each.status_code, each.get_json().get("code")) for each in answers)
    print(f"\naccounts n = {N}: {dict(found)}")
    assert found == {(200, None): 1, (409, "identity_in_use"): N - 1}
    with unit_of_work(live_core) as session:
        bound = session.scalars(select(Account).where(Account.person_id.is_not(None))).all()
        assert len(bound) == 1
        assert session.scalar(select(func.count()).select_from(Person)) == 1


@contextmanager
def wechat_saying(appid):
    """A WeChat that is right in everything, with phone numbers meant for the app `appid`."""
    answers = {
        "/sns/jscode2session": {"openid": "someone", "session_key": "k"},
        "/cgi-bin/stable_token": {"access_token": "t", "expires_in": 7200},
        "/wxa/business/getuserphonenumber": {
            "errcode": 0,
            "phone_info": {"purePhoneNumber": "19911117009", "watermark": {"appid": appid}},
        },
    }

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            content = json.dumps(answers[self.path.partition("?")[0]]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815 the names http.server looks for

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def enter_by(world, core):
    """Sign in by a WeChat whose phone numbers are meant for `appid`."""

    def enter(appid):
        with wechat_saying(appid) as url:
            wechat = WechatApi(replace(core.settings.wechat, url=url), waiters=1)
            client = web_app(replace(world, wechat=wechat)).test_client()
            body = {"login_code": "a", "phone_code": "b"}
            answer = client.post("/api/v1/auth/miniprogram/wechat", json=body)
            wechat.close()
            return answer

    return enter


def test_a_phone_number_meant_for_another_app_is_not_believed(enter_by, session, core):
    for appid in ("wx0000000000000000", "", None, core.settings.wechat.appid + " "):
        answer = enter_by(appid)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "party_unavailable")
    assert session.scalar(select(func.count()).select_from(Account)) == 0
    assert session.scalar(select(func.count()).select_from(WechatLink)) == 0


def test_a_phone_number_meant_for_us_is(enter_by, core):
    assert enter_by(core.settings.wechat.appid).status_code == 201
