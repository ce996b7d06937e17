"""Payments opened at the running stand-in, through the real adapter."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from at_wechat import attempt_of, pay
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from placed import facts, place
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from support import make_person

from app.core import clock
from app.core.db import unit_of_work
from app.core.errors import DomainError
from app.core.http import PartyUnavailable
from app.identity.models import WechatLink
from app.payments import attempts
from app.payments.attempts import Wish
from app.payments.errors import PaymentNotOpened
from app.payments.models import Order, PaymentAttempt
from app.payments.providers.wechatpay import WechatPay
from app.payments.providers.wechatpay_merchants import load_merchants
from scripts.environment import read_world, stub_keys

pytestmark = pytest.mark.usefixtures("stubs")


def link(core, person) -> str:
    openid = next(each["openid"] for each in read_world()["people"] if each.get("openid"))
    with unit_of_work(core) as session:
        session.add(
            WechatLink(
                openid=openid,
                account_id=person.actor.account,
                unionid=None,
                linked_at=clock.now(),
            )
        )
    return openid


def test_h5_leads_to_the_cashier(core, client, unopened):
    person, placed = unopened
    answer = pay(client, person, placed)
    assert answer.status_code == 201, answer.json
    assert set(answer.json) == {"attempt_id", "out_trade_no", "client_params"}
    page = httpx.get(answer.json["client_params"]["h5_url"], trust_env=False)
    assert (page.status_code, answer.json["out_trade_no"] in page.text) == (200, True)
    attempt = attempt_of(core, answer.json["out_trade_no"])
    assert (attempt.status, attempt.amount) == ("open", placed.amount)
    assert timedelta(seconds=25) < attempt.next_query_at - clock.now() <= timedelta(seconds=30)
    assert b"h5_url" not in attempt.client_params_sealed


def test_the_miniprogram_is_given_fields_signed_with_the_merchants_key(
    core, client, home, unopened
):
    person, placed = unopened
    refused = pay(client, person, placed, "miniprogram")
    assert (refused.status_code, refused.json["code"]) == (409, "wechat_link_required")
    link(core, person)
    params = pay(client, person, placed, "miniprogram").json["client_params"]
    assert set(params) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert params["signType"] == "RSA"
    assert params["package"].startswith("prepay_id=wx")
    verify(
        home,
        params["paySign"],
        params["appId"],
        params["timeStamp"],
        params["nonceStr"],
        params["package"],
    )


def test_the_app_is_given_fields_signed_with_the_merchants_key(client, home, unopened):
    params = pay(client, *unopened, "app").json["client_params"]
    verify(
        home,
        params["sign"],
        params["appid"],
        params["timestamp"],
        params["noncestr"],
        params["prepayid"],
    )


def verify(home, signature, *lines):
    pem = (stub_keys(home) / "merchants" / "medical" / "apiclient_cert.pem").read_bytes()
    text = "".join(f"{line}\n" for line in lines).encode()
    key = x509.load_pem_x509_certificate(pem).public_key()
    key.verify(base64.b64decode(signature), text, padding.PKCS1v15(), hashes.SHA256())


def test_native_is_given_an_address_to_show_as_a_picture(client, unopened):
    params = pay(client, *unopened, "native").json["client_params"]
    assert params["code_url"].startswith("weixin://")


def test_a_repeat_returns_the_open_attempt(core, client, unopened):
    first, second = pay(client, *unopened), pay(client, *unopened)
    assert first.json == second.json
    assert facts(core, unopened[1]).attempts == ["failed", "open"]


def test_an_address_that_has_grown_old_is_asked_for_again_under_the_same_number(
    core, client, monkeypatch, unopened
):
    first = pay(client, *unopened).json
    later = clock.now() + timedelta(minutes=4, seconds=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    second = pay(client, *unopened)
    assert second.status_code == 201, second.json
    assert second.json["attempt_id"] == first["attempt_id"]
    assert second.json["out_trade_no"] == first["out_trade_no"]


def test_only_the_payer_may_pay_and_only_an_open_order(core, client, invent, unopened):
    person, placed = unopened
    foreign = pay(client, invent(), placed)
    unknown = client.post(
        "/api/v1/orders/00000000-0000-4000-8000-000000000000/payments",
        json={"provider": "wechatpay", "channel": "h5"},
        headers=person.headers,
    )
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json["code"] == unknown.json["code"]
    with unit_of_work(core) as session:
        over = clock.now() - timedelta(seconds=1)
        session.execute(update(Order).values(expires_at=over))
    expired = pay(client, person, placed)
    assert (expired.status_code, expired.json["code"]) == (409, "order_not_open")
    assert facts(core, placed).attempts == ["failed"]


@pytest.mark.parametrize(
    "body",
    [
        {"provider": "alipay", "channel": "h5"},
        {"provider": "wechatpay", "channel": "fax"},
        {"provider": "wechatpay", "channel": "h5", "amount": 1},
        {"provider": "wechatpay"},
    ],
)
def test_strange_requests_are_refused(client, unopened, body):
    person, placed = unopened
    path = f"/api/v1/orders/{placed.order_id}/payments"
    assert client.post(path, json=body, headers=person.headers).status_code == 422


def test_without_a_proved_name_nobody_pays(client, invent, unopened):
    answer = pay(client, invent(level="phone"), unopened[1])
    assert (answer.status_code, answer.json["code"]) == (403, "step_up_required")


def test_an_unreachable_provider_leaves_an_attempt_that_the_repeat_takes_up(
    core, client, home, unopened
):
    person, placed = unopened
    merchants = load_merchants(stub_keys(home) / "merchants.json", production=False)
    dead = WechatPay("http://127.0.0.1:1", "http://127.0.0.1:1/callbacks", merchants, waiters=1)
    wish = Wish("wechatpay", "h5", "127.0.0.1")
    with pytest.raises(PartyUnavailable), unit_of_work(core) as session:
        attempts.start(session, {"wechatpay": dead}, person.actor, placed.order_id, wish)
    assert facts(core, placed).attempts == ["failed", "preparing"]
    with unit_of_work(core) as session:
        left = session.scalars(
            select(PaymentAttempt).where(PaymentAttempt.status == "preparing")
        ).one()
        number = left.out_trade_no
    answer = pay(client, person, placed)
    assert answer.json["out_trade_no"] == number
    assert facts(core, placed).attempts == ["failed", "open"]


def test_what_wechat_refuses_for_good_ends_the_attempt_and_the_next_begins_anew(
    core, adapter, unopened
):
    person, placed = unopened
    wish = Wish("wechatpay", "h5", "not an address")
    with unit_of_work(core) as session:
        known = {"wechatpay": adapter}
        answer = attempts.start(session, known, person.actor, placed.order_id, wish)
    assert isinstance(answer, PaymentNotOpened)
    assert facts(core, placed).attempts == ["failed", "failed"]
    with unit_of_work(core) as session:
        wish = Wish("wechatpay", "h5", "127.0.0.1")
        answer = attempts.start(session, known, person.actor, placed.order_id, wish)
    assert not isinstance(answer, DomainError)


def test_many_at_once_begin_one_payment(live_core, base_core, home):
    person = make_person(live_core)
    placed = place(live_core, person, status="failed", next_query_at=None)
    merchants = load_merchants(stub_keys(home) / "merchants.json", production=False)
    url = base_core.settings.wechatpay.url
    adapter = WechatPay(url, "http://127.0.0.1:1/callbacks", merchants, waiters=8)
    wish = Wish("wechatpay", "h5", "127.0.0.1")

    def begin(_):
        try:
            with unit_of_work(live_core) as session:
                known = {"wechatpay": adapter}
                return attempts.start(session, known, person.actor, placed.order_id, wish)
        except DBAPIError:
            # Waited too long for the order's lock; whoever pressed is told to try again.
            return None

    with ThreadPoolExecutor(8) as threads:
        begun = [each for each in threads.map(begin, range(16)) if each is not None]
    adapter.close()
    print(f"\nparallel beginnings n = 16, answered {len(begun)}")
    assert begun
    assert len({each.out_trade_no for each in begun}) == 1
    assert facts(live_core, placed).attempts == ["failed", "open"]
