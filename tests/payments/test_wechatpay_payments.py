"""Payments opened, asked about and closed at the running stand-in, through the real adapter."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from placed import facts, place
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from support import make_person
from wechat_sender import Sender

from app.core import clock
from app.core.db import unit_of_work
from app.core.errors import DomainError
from app.core.http import PartyUnavailable
from app.identity.models import WechatLink
from app.payments import asking, attempts, ending, jobs
from app.payments.attempts import Wish
from app.payments.errors import PaymentNotOpened
from app.payments.models import Order, PaymentAttempt
from app.payments.providers.base import Message, Opening, OpeningRefused, PaidAlready, Payment
from app.payments.providers.registry import providers
from app.payments.providers.wechatpay import WechatPay
from app.payments.providers.wechatpay_merchants import load_merchants
from scripts.environment import read_world, stub_keys

pytestmark = pytest.mark.usefixtures("stubs")


@pytest.fixture
def adapter(core):
    return providers(core.settings)["wechatpay"]


@pytest.fixture
def unopened(core, invent):
    """An order that awaits its payment and has no attempt: (person, placed)."""
    person = invent()
    placed = place(core, person, status="failed", next_query_at=None)
    return person, placed


def pay(client, person, placed, channel="h5"):
    return client.post(
        f"/api/v1/orders/{placed.order_id}/payments",
        json={"provider": "wechatpay", "channel": channel},
        headers=person.headers,
    )


def paid_at_wechat(stubs, number, copies=0):
    """The payer pays; WeChat's notify is lost on its way."""
    body = {"out_trade_no": number, "copies": copies}
    answer = httpx.post(f"{stubs}/wechatpay/simulate", json=body, trust_env=False)
    assert answer.status_code == 200, answer.text


def test_a_payment_that_has_ended_at_wechat_is_soon_no_longer_in_the_way(
    core, client, monkeypatch, adapter, unopened
):
    first = pay(client, *unopened).json
    adapter.cancel("medical", first["out_trade_no"])
    later = clock.now() + timedelta(minutes=4, seconds=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    answer = pay(client, *unopened)
    assert (answer.status_code, answer.json["code"]) == (409, "payment_not_opened")
    jobs.query_attempts.run(_world(core))
    assert facts(core, unopened[1]).attempts == ["failed", "closed"]
    assert pay(client, *unopened).json["attempt_id"] != first["attempt_id"]


def attempt_of(core, number) -> PaymentAttempt:
    with unit_of_work(core) as session:
        one = select(PaymentAttempt).where(PaymentAttempt.out_trade_no == number)
        return session.scalars(one.execution_options(populate_existing=True)).one()


def due_now(core, number, *, expired=False) -> None:
    past = clock.now() - timedelta(seconds=1)
    attempt = attempt_of(core, number)
    with unit_of_work(core) as session:
        changed = {"next_query_at": past} | ({"expires_at": past} if expired else {})
        session.execute(
            update(PaymentAttempt).where(PaymentAttempt.out_trade_no == number).values(changed)
        )
        if expired:
            session.execute(
                update(Order).where(Order.id == attempt.order_id).values(expires_at=past)
            )


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


def test_another_channel_closes_the_first_attempt_at_wechat_before_it_opens_its_own(
    core, client, stubs, unopened
):
    first = pay(client, *unopened).json
    second = pay(client, *unopened, "native").json
    assert second["attempt_id"] != first["attempt_id"]
    assert facts(core, unopened[1]).attempts == ["failed", "closed", "open"]
    query = {"out_trade_no": first["out_trade_no"]}
    shown = httpx.get(f"{stubs}/wechatpay/orders", params=query, trust_env=False).json()
    assert [each["trade_state"] for each in shown["items"]] == ["CLOSED"]


def test_a_channel_the_payer_cannot_use_ends_nothing(client, stubs, unopened):
    first = pay(client, *unopened).json
    answer = pay(client, *unopened, "miniprogram")
    assert (answer.status_code, answer.json["code"]) == (409, "wechat_link_required")
    query = {"out_trade_no": first["out_trade_no"]}
    shown = httpx.get(f"{stubs}/wechatpay/orders", params=query, trust_env=False).json()
    assert [each["trade_state"] for each in shown["items"]] == ["NOTPAY"]


def test_another_channel_waits_when_the_first_attempt_is_paid(core, client, stubs, unopened):
    first = pay(client, *unopened).json
    paid_at_wechat(stubs, first["out_trade_no"])
    answer = pay(client, *unopened, "native")
    assert (answer.status_code, answer.json["code"]) == (409, "payment_running")
    assert attempt_of(core, first["out_trade_no"]).next_query_at <= clock.now()


def test_another_channel_begun_a_moment_ago_is_not_taken_for_this_one(
    client, monkeypatch, unopened
):
    assert pay(client, *unopened).status_code == 201
    # The first began after this request had looked which attempt to leave.
    monkeypatch.setattr(ending, "leave", lambda *_: None)
    answer = pay(client, *unopened, "native")
    assert (answer.status_code, answer.json["code"]) == (409, "payment_running")


def cancel(client, person, placed):
    path = f"/api/v1/orders/{placed.order_id}/cancel"
    return client.post(path, json={}, headers=person.headers)


def test_cancelling_an_order_first_closes_its_open_payment_at_wechat(core, client, stubs, unopened):
    first = pay(client, *unopened).json
    answer = cancel(client, *unopened)
    assert answer.json["status"] == "closed", answer.json
    assert facts(core, unopened[1]).attempts == ["failed", "closed"]
    query = {"out_trade_no": first["out_trade_no"]}
    shown = httpx.get(f"{stubs}/wechatpay/orders", params=query, trust_env=False).json()
    assert [each["trade_state"] for each in shown["items"]] == ["CLOSED"]


def test_an_order_that_wechat_says_is_paid_is_not_cancelled(core, client, stubs, unopened):
    first = pay(client, *unopened).json
    paid_at_wechat(stubs, first["out_trade_no"])
    answer = cancel(client, *unopened)
    assert (answer.status_code, answer.json["code"]) == (409, "payment_running")
    assert facts(core, unopened[1]).order == "awaiting_payment"
    assert attempt_of(core, first["out_trade_no"]).next_query_at <= clock.now()


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


@pytest.mark.parametrize(("silent", "asked"), [(False, 43), (True, 1)])
def test_one_run_asks_about_all_that_is_due_unless_nobody_answers(
    core, invent, monkeypatch, silent, asked
):
    person, numbers = invent(), []
    due = clock.now() - timedelta(seconds=1)
    for _ in range(2 * asking.BATCH + 3):
        place(core, person, next_query_at=due)

    def query(_, merchant_ref, number):
        numbers.append(number)
        if silent:
            raise PartyUnavailable("wechatpay")
        return Message(
            "wechatpay", merchant_ref, "query:", "QUERY", "{}", Payment(number, "unpaid")
        )

    monkeypatch.setattr(WechatPay, "query", query)
    monkeypatch.setattr(jobs, "RUN_SECONDS", 60)
    jobs.query_attempts.run(_world(core))
    assert len(set(numbers)) == len(numbers) == asked


def test_a_payment_wechat_has_already_is_soon_asked_about(
    core, client, monkeypatch, stubs, unopened
):
    number = pay(client, *unopened).json["out_trade_no"]
    paid_at_wechat(stubs, number)
    later = clock.now() + timedelta(minutes=4, seconds=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    answer = pay(client, *unopened)
    assert (answer.status_code, answer.json["code"]) == (409, "payment_running")
    jobs.query_attempts.run(_world(core))
    assert facts(core, unopened[1]).order == "paid"


def _world(core):
    class Only:
        def __init__(self) -> None:
            self.core = core

    return Only()


def test_a_lost_callback_is_made_good_by_asking(core, client, stubs, unopened):
    person, placed = unopened
    number = pay(client, person, placed).json["out_trade_no"]
    due_now(core, number)
    jobs.query_attempts.run(_world(core))
    attempt = attempt_of(core, number)
    assert (attempt.status, attempt.queries) == ("open", 1)
    assert attempt.next_query_at > clock.now() + timedelta(seconds=80)
    paid_at_wechat(stubs, number)
    due_now(core, number)
    jobs.query_attempts.run(_world(core))
    found = facts(core, placed)
    assert (found.order, found.payments, found.jobs) == ("paid", 1, 1)
    assert attempt_of(core, number).transaction_id.startswith("4200")


def test_what_nobody_pays_is_closed_at_wechat_and_here(core, client, stubs, unopened):
    person, placed = unopened
    number = pay(client, person, placed).json["out_trade_no"]
    due_now(core, number, expired=True)
    jobs.query_attempts.run(_world(core))
    found = facts(core, placed)
    assert (found.order, found.lines, found.attempts) == (
        "closed",
        {"closed"},
        ["failed", "closed"],
    )
    shown = httpx.get(
        f"{stubs}/wechatpay/orders", params={"out_trade_no": number}, trust_env=False
    ).json()
    assert [each["trade_state"] for each in shown["items"]] == ["CLOSED"]


def test_the_adapter_says_what_wechat_says(adapter, stubs):
    wanted = Opening(
        channel="native",
        merchant_ref="social",
        out_trade_no="HBADAPTER0001",
        amount=100,
        description="汇办缴费",
        expires_at=clock.now() + timedelta(minutes=30),
        openid=None,
        address="127.0.0.1",
    )
    assert adapter.query("social", "HBADAPTER0001").payment.state == "unknown"
    opened = adapter.open(wanted)
    assert set(opened.client_params) == {"code_url"}
    assert adapter.query("social", "HBADAPTER0001").payment.state == "unpaid"
    with pytest.raises(OpeningRefused, match="OUT_TRADE_NO_USED"):
        adapter.open(Opening(**{**wanted.__dict__, "amount": 101}))
    paid_at_wechat(stubs, "HBADAPTER0001")
    message = adapter.query("social", "HBADAPTER0001")
    assert (message.payment.state, message.payment.amount) == ("paid", 100)
    assert message.event_id == f"query:{message.payment.transaction_id}"
    with pytest.raises(PaidAlready):
        adapter.cancel("social", "HBADAPTER0001")
    with pytest.raises(PaidAlready):
        adapter.open(wanted)
    adapter.cancel("social", "HBNOBODYKNOWS")


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


class Liar(BaseHTTPRequestHandler):
    """Answers what the test wants, with headers of the test's making."""

    status, body, headers_sent = 200, b"{}", {}

    def do_GET(self) -> None:
        self.send_response(self.status)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def liar(home):
    server = HTTPServer(("127.0.0.1", 0), Liar)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    merchants = load_merchants(stub_keys(home) / "merchants.json", production=False)
    url = f"http://127.0.0.1:{server.server_port}"
    adapter = WechatPay(url, f"{url}/callbacks", merchants, waiters=1)
    yield adapter
    adapter.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "lie", ["unsigned", "other_body", "stale", "other_number", "other_merchant", "error", "list"]
)
def test_an_answer_that_is_not_wechats_is_not_believed(liar, home, lie):
    sender = Sender.towards(stub_keys(home), "medical")
    content = sender.transaction("HB123456", 100)
    if lie == "other_number":
        content["out_trade_no"] = "HB654321"
    Liar.body = b"[]" if lie == "list" else json.dumps(content).encode()
    Liar.status = 500 if lie == "error" else 200
    at = clock.now().timestamp() - (400 if lie == "stale" else 0)
    Liar.headers_sent = sender.headers(Liar.body, at)
    if lie == "unsigned":
        Liar.headers_sent = {}
    if lie == "other_body":
        Liar.body = Liar.body.replace(b"100", b"101")
    if lie == "other_merchant":
        Liar.headers_sent = Sender.towards(stub_keys(home), "social", "public_key").headers(
            Liar.body
        )
    with pytest.raises(PartyUnavailable):
        liar.query("medical", "HB123456")
