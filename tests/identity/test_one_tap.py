"""One-tap sign-in: the carrier's word for the phone, through Aliyun's real protocol."""

import json
from datetime import UTC, datetime
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import select

from app.connectors import acs3
from app.connectors.one_tap import AliyunOneTap, OneTapRefused
from app.core.http import Answer, PartyUnavailable
from app.identity.accounts import account_of_phone
from app.identity.models import Account
from app.parties import OneTapSettings

DEVICE = {"id": "one-tap-device", "name": "我的手机", "platform": "android"}


@pytest.fixture
def token(stubs):
    def given(phone):
        body = json.dumps({"phone": phone}).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"{stubs}/dypns/simulate/token", body, headers)) as answer:
            return json.load(answer)["token"]

    return given


@pytest.fixture
def enter(client):
    def send(token, **more):
        body = {"provider": "aliyun", "token": token, "device": DEVICE, **more}
        return client.post("/api/v1/auth/one-tap", json=body)

    return send


def test_the_signature_is_that_of_aliyuns_own_example():
    """Source: help.aliyun.com, V3 request structure and signature, the fixed-parameter example."""
    query = {
        "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        "RegionId": "cn-shanghai",
    }
    call = acs3.Call("ecs.cn-shanghai.aliyuncs.com", "RunInstances", "2014-05-26", query)
    at = datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC)
    key = ("YourAccessKeyId", "YourAccessKeySecret")
    headers = acs3.headers(call, key, at, "3156853299f313e23d1673dc12e1703d")
    signature = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    assert headers["Authorization"].endswith(f"Signature={signature}")


def test_the_phone_reaches_its_own_account(enter, token, session):
    before = account_of_phone(session, "+8619900000041").id
    session.commit()
    answer = enter(token("19900000041"))
    assert answer.status_code == 201, answer.json
    assert answer.json["citizen"]["id"] == str(before)
    assert answer.json["citizen"]["level"] == "phone"


def test_a_token_works_once_and_an_invented_one_never(enter, token, session):
    good = token("19900000042")
    assert enter(good).status_code == 201
    for bad in (good, "0" * 64, "=+/ %&?#"):
        answer = enter(bad)
        assert (answer.status_code, answer.json["code"]) == (422, "one_tap_refused")
    assert len(session.scalars(select(Account)).all()) == 1


def test_other_providers_are_unknown(enter):
    answer = enter("x", provider="cmcc")
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")


def test_a_browser_must_come_from_our_own_pages(enter, token):
    answer = enter(token("19900000043"), device={**DEVICE, "platform": "h5"})
    assert (answer.status_code, answer.json["code"]) == (403, "origin_refused")


def test_wrong_keys_of_ours_are_no_fault_of_the_token(configured, token, stubs):
    given = configured.one_tap
    for wrong in (
        OneTapSettings(given.url, given.access_key_id, "another"),
        OneTapSettings(given.url, "another", given.access_key_secret),
    ):
        adapter = AliyunOneTap(wrong, waiters=1)
        with pytest.raises(PartyUnavailable):
            adapter.phone(token("19900000044"))
        adapter.close()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b'{"Code":"OK"}', PartyUnavailable),
        (200, b"[]", PartyUnavailable),
        (200, b"<html>", PartyUnavailable),
        (503, b'{"Code":"Whatever"}', PartyUnavailable),
        (400, b'{"Code":"Throttling.User"}', PartyUnavailable),
        (400, b'{"Code":"isp.SYSTEM_ERROR"}', PartyUnavailable),
        (400, b'{"Code":"isv.ANYTHING_ELSE"}', OneTapRefused),
    ],
)
def test_no_answer_but_ok_opens_anything(configured, monkeypatch, status, body, error):
    adapter = AliyunOneTap(configured.one_tap, waiters=1)
    answer = Answer(status, body, None)
    monkeypatch.setattr(adapter._party, "request", lambda *_, **__: answer)
    with pytest.raises(error):
        adapter.phone("token")
    adapter.close()
