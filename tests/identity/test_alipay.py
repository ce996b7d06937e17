"""Signing in from Alipay's mini-program against its stand-in, over HTTP to the real adapter."""

import base64
import json
from urllib.request import Request, urlopen

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import select
from support import recorded

from app.connectors.alipay import AlipayApi, AlipayCodeRefused
from app.core.http import Answer, PartyUnavailable
from app.identity.events import WayInChanged
from app.identity.models import Account
from app.identity.ways.models import AlipayLink
from app.settings import SettingsError


@pytest.fixture
def alipay(stubs):
    def codes(phone):
        body = json.dumps({"phone": phone}).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"{stubs}/alipay/simulate/login", body, headers)) as answer:
            return json.load(answer)

    return codes


@pytest.fixture
def enter(client):
    def send(**body):
        return client.post("/api/v1/auth/miniprogram/alipay", json=body)

    return send


@pytest.fixture
def adapter(configured):
    made = AlipayApi(configured.alipay, production=False, waiters=1)
    yield made
    made.close()


def test_a_new_user_is_linked_to_the_phone_alipay_vouches_for(enter, alipay, session):
    codes = alipay("19900000021")
    answer = enter(login_code=codes["login_code"], phone_code=codes["phone_code"])
    assert answer.status_code == 201, answer.json
    link = session.scalars(select(AlipayLink)).one()
    assert (link.kind, link.subject) == ("open_id", codes["open_id"])
    assert str(link.account_id) == answer.json["citizen"]["id"]


def test_the_owner_of_the_phone_is_told_once(enter, alipay, session):
    for _ in range(2):
        codes = alipay("19900000022")
        enter(login_code=codes["login_code"], phone_code=codes["phone_code"])
    told = recorded(session, WayInChanged)
    assert [each["what"] for each in told] == ["alipay_linked"]


def test_a_known_user_needs_no_phone(enter, alipay):
    codes = alipay("19900000023")
    first = enter(login_code=codes["login_code"], phone_code=codes["phone_code"])
    second = enter(login_code=alipay("19900000023")["login_code"])
    assert second.status_code == 201
    assert first.json["citizen"] == second.json["citizen"]


def test_an_unknown_user_without_a_phone_is_asked_for_it(enter, alipay, session):
    answer = enter(login_code=alipay("19900000024")["login_code"])
    assert (answer.status_code, answer.json["code"]) == (409, "phone_code_required")
    assert session.scalars(select(Account)).all() == []


def test_a_code_works_once_and_an_invented_one_never(enter, alipay):
    codes = alipay("19900000025")
    assert enter(login_code=codes["login_code"], phone_code=codes["phone_code"]).status_code == 201
    for code in (codes["login_code"], "0" * 32):
        answer = enter(login_code=code)
        assert (answer.status_code, answer.json["code"]) == (422, "miniprogram_code_refused")
        assert "支付宝" in answer.json["detail"]


def spoiled(phone_code, **changes):
    return json.dumps({**json.loads(phone_code), **changes})


def test_a_phone_that_alipay_did_not_sign_and_seal_is_refused(enter, alipay, session):
    mine, other = alipay("19900000026"), alipay("19900000027")
    sealed = json.loads(other["phone_code"])["response"]
    plain = json.dumps({"code": "10000", "msg": "Success", "mobile": "19900000027"})
    attempts = [
        spoiled(mine["phone_code"], response=sealed),
        spoiled(mine["phone_code"], response=plain),
        spoiled(mine["phone_code"], sign=""),
        spoiled(mine["phone_code"], sign="!"),
        json.dumps({"response": plain}),
        plain,
        "[]",
        "[" * 3_000,
        "x",
    ]
    for attempt in attempts:
        answer = enter(login_code=mine["login_code"], phone_code=attempt)
        assert (answer.status_code, answer.json["code"]) == (422, "miniprogram_code_refused")
    assert session.scalars(select(Account)).all() == []
    assert enter(login_code=mine["login_code"], phone_code=mine["phone_code"]).status_code == 201


TOUCHED = {
    "another user": lambda body: body.replace(b'"open_id":"0', b'"open_id":"1'),
    "a blank more": lambda body: body.replace(b'"expires_in"', b' "expires_in"'),
    "a longer signature": lambda body: body.replace(b'"sign":"', b'"sign":"AAAA'),
    "no signature": lambda body: body[: body.rindex(b',"sign"')] + b"}",
    "a second, empty signature": lambda body: body[:-1] + b',"sign":null}',
    "another signer": lambda body: resigned(body),
    "something before it": lambda body: b'{"x":1,' + body[1:],
    "no object": lambda _: b"[]",
    "no text": lambda _: b"\xff",
}


@pytest.mark.parametrize("touch", TOUCHED.values(), ids=TOUCHED)
def test_an_answer_whose_bytes_were_touched_is_not_believed(adapter, alipay, monkeypatch, touch):
    """Whoever sits between us and Alipay cannot name another user."""
    genuine = adapter._party.request

    def touched(method, path, **options):
        answer = genuine(method, path, **options)
        changed = touch(answer.body)
        assert changed != answer.body
        return Answer(answer.status, changed, answer.headers)

    monkeypatch.setattr(adapter._party, "request", touched)
    with pytest.raises(PartyUnavailable):
        adapter.user(alipay("19900000028")["login_code"])


def resigned(body):
    """The same node, signed by somebody else."""
    text = body.decode()
    node = text[text.index(":") + 1 : text.rindex(',"sign"')]
    sign = generate_private_key(65537, 2048).sign(node.encode(), PKCS1v15(), SHA256())
    return (
        text[: text.rindex('"sign"')] + f'"sign":"{base64.b64encode(sign).decode()}"}}'
    ).encode()


def test_a_request_of_ours_that_was_changed_is_refused_by_alipay(adapter, alipay, monkeypatch):
    genuine = adapter._signed
    code = alipay("19900000029")["login_code"]
    monkeypatch.setattr(adapter, "_signed", lambda asked: {**genuine(asked), "version": "1.1"})
    with pytest.raises(PartyUnavailable):
        adapter.user(code)
    monkeypatch.undo()
    assert adapter.user(code).open_id


def test_an_outage_uses_up_no_code(enter, alipay, stubs):
    codes = alipay("19900000030")
    set_outage(stubs, "error")
    try:
        answer = enter(login_code=codes["login_code"], phone_code=codes["phone_code"])
        assert (answer.status_code, answer.json["code"]) == (503, "party_unavailable")
    finally:
        set_outage(stubs, "ok")
    assert enter(login_code=codes["login_code"], phone_code=codes["phone_code"]).status_code == 201


def set_outage(stubs, mode):
    body = json.dumps({"party": "alipay", "mode": mode}).encode()
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"{stubs}/simulate/outage", body, headers)):
        pass


def test_keys_of_a_demonstration_do_not_start_in_production(configured):
    with pytest.raises(SettingsError, match="HUIBAN_ALIPAY_PRIVATE_KEY_FILE"):
        AlipayApi(configured.alipay, production=True, waiters=1)


def test_the_phone_is_read_by_the_adapter_alone(adapter, alipay):
    assert adapter.phone(alipay("19900000031")["phone_code"]) == "19900000031"
    with pytest.raises(AlipayCodeRefused):
        adapter.phone("{}")
