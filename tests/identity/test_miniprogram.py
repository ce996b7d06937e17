"""Signing in from WeChat against its stand-in, over HTTP to the real adapter."""

import json
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import select

from app.identity.models import Account, WechatLink


@pytest.fixture
def wechat(stubs):
    def codes(phone):
        body = json.dumps({"phone": phone}).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"{stubs}/wechat/simulate/login", body, headers)) as answer:
            return json.load(answer)

    return codes


@pytest.fixture
def enter(client):
    def send(**body):
        return client.post("/api/v1/auth/miniprogram/wechat", json=body)

    return send


def test_a_new_user_is_linked_to_the_phone_wechat_vouches_for(enter, wechat, session):
    codes = wechat("19900000011")
    answer = enter(login_code=codes["login_code"], phone_code=codes["phone_code"])
    assert answer.status_code == 201
    link = session.scalars(select(WechatLink)).one()
    assert link.openid == codes["openid"]
    assert str(link.account_id) == answer.get_json()["citizen"]["id"]


def test_a_known_user_needs_no_phone_code(enter, wechat):
    codes = wechat("19900000012")
    first = enter(login_code=codes["login_code"], phone_code=codes["phone_code"])
    second = enter(login_code=wechat("19900000012")["login_code"])
    assert second.status_code == 201
    assert first.get_json()["citizen"] == second.get_json()["citizen"]


def test_an_unknown_user_without_phone_code_is_asked_for_it(enter, wechat, session):
    answer = enter(login_code=wechat("19900000013")["login_code"])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "phone_code_required")
    assert session.scalars(select(Account)).all() == []


def test_a_login_code_works_once(enter, wechat):
    codes = wechat("19900000014")
    assert enter(login_code=codes["login_code"], phone_code=codes["phone_code"]).status_code == 201
    again = enter(login_code=codes["login_code"])
    assert (again.status_code, again.get_json()["code"]) == (422, "miniprogram_code_refused")


def test_an_invented_code_is_refused(enter):
    answer = enter(login_code="0" * 32)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "miniprogram_code_refused")


def test_an_expired_access_token_of_ours_is_renewed_once(enter, wechat, world, app):
    adapter = app.extensions["huiban"].wechat
    adapter._token, adapter._token_until = "stale", adapter._token_until
    from datetime import timedelta

    from app.core import clock

    adapter._token_until = clock.now() + timedelta(hours=1)
    codes = wechat("19900000015")
    answer = enter(login_code=codes["login_code"], phone_code=codes["phone_code"])
    assert answer.status_code == 201


def test_a_phone_login_and_wechat_reach_the_same_account(enter, wechat, session, core):
    from app.identity.accounts import account_of_phone

    before = account_of_phone(session, "+8619900000016").id
    session.commit()
    codes = wechat("19900000016")
    answer = enter(login_code=codes["login_code"], phone_code=codes["phone_code"])
    assert answer.get_json()["citizen"]["id"] == str(before)
