"""What the adapter makes of WeChat's answers, and of answers that are not WeChat's."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from at_wechat import paid_at_wechat
from placed import facts, place
from sqlalchemy import select
from wechat_sender import Sender

from app.core import clock, crypto
from app.core.db import unit_of_work
from app.core.http import PartyUnavailable
from app.payments import asking
from app.payments.models import ProviderEvent
from app.payments.providers.base import Opening, OpeningRefused, PaidAlready
from app.payments.providers.wechatpay import WechatPay
from app.payments.providers.wechatpay_merchants import load_merchants
from scripts.environment import stub_keys

pytestmark = pytest.mark.usefixtures("stubs")


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


def test_an_answer_that_the_money_was_given_back_is_kept_word_for_word(core, invent, liar, sender):
    person = invent()
    for placed in (place(core, person), place(core, person)):
        content = sender.transaction(placed.out_trade_no, placed.amount, trade_state="REFUND")
        Liar.status, Liar.body = 200, json.dumps(content).encode()
        Liar.headers_sent = sender.headers(Liar.body)
        answer = liar.query("medical", placed.out_trade_no)
        with unit_of_work(core) as session:
            assert not asking.take_answer(session, placed.attempt_id, answer)
        with unit_of_work(core) as session:
            its = select(ProviderEvent).where(ProviderEvent.attempt_id == placed.attempt_id)
            kept = session.scalars(its).one()
        field = crypto.Field("provider_events", "body_sealed", kept.id)
        assert json.loads(crypto.unseal(core.keys, field, kept.body_sealed)) == content
        assert (kept.kind, kept.outcome) == ("QUERY.REFUND", "mismatch")
        assert kept.event_id == f"query:{placed.out_trade_no}:REFUND"
        assert facts(core, placed).held_because == "provider_state"
