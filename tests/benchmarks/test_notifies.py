"""Prepared notifies are what the product believes, one an order, and only as many as can be used."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.core import clock
from app.payments.providers import wechatpay_crypto as crypto
from app.payments.providers.wechatpay_messages import envelope, parse
from benchmarks import payments
from benchmarks.figures import Round, line
from benchmarks.load import LoadFailed
from benchmarks.measuring import Measured
from benchmarks.notifies import MOST_A_SECOND, Notifies, Platform
from benchmarks.orders import Ledger

APIV3_KEY = b"k" * 32


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def platform(key):
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Platform("medical", "1900000001", "wx1", APIV3_KEY, "SERIAL", pem)


def read(request):
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert first == "POST /callbacks/wechatpay/medical HTTP/1.1"
    assert int(headers["Content-Length"]) == len(body)
    return headers, body


def test_each_notify_is_signed_and_speaks_of_its_own_order(key, platform):
    numbers = [f"order{number}" for number in range(9)]
    notifies = Notifies(platform, numbers, 40_000)
    batch = notifies.make_ready(2, 7, seconds=1.0, warm_up=1.0)
    assert (batch.first, len(batch.requests)) == (2, 5)
    keys = {"SERIAL": crypto.PlatformKey(key.public_key())}
    events = set()
    for number in range(2, 7):
        headers, body = read(notifies.request(number))
        crypto.verify(crypto.Signed.of(headers), body, keys, clock.now())
        outer = envelope(body)
        events.add(outer.event_id)
        content = parse(crypto.decrypt(outer.resource, APIV3_KEY))
        assert content["out_trade_no"] == numbers[number]
        assert content["amount"]["total"] == 40_000
    assert len(events) == 5


def test_no_more_is_signed_than_the_time_can_use(platform):
    numbers = [str(number) for number in range(1_000)]
    batch = Notifies(platform, numbers, 1).make_ready(0, 1_000, seconds=0.06, warm_up=0.04)
    assert len(batch.requests) == MOST_A_SECOND // 10
    assert batch.warm_up < 0.04


def test_a_stretch_in_which_signatures_grow_old_is_refused(platform):
    with pytest.raises(LoadFailed, match="lower --seconds"):
        Notifies(platform, ["one"], 1).make_ready(0, 1, seconds=300.0, warm_up=1.0)


@pytest.mark.parametrize(
    ("acknowledged", "after", "expected"),
    [
        (5, Ledger(7, 70, 70), False),
        (6, Ledger(7, 70, 70), True),
        (4, Ledger(7, 70, 70), True),
        (5, Ledger(7, 70, 60), True),
    ],
)
def test_lost_payments_and_uneven_sides_are_found(acknowledged, after, expected):
    measured = Measured(payments_acknowledged=acknowledged, ledger=(Ledger(2, 20, 20), after))
    assert payments.differ(measured) is expected
    assert f"stored {after.payments - 2};" in payments.sentences(measured, 9, worker=True)[0]


@pytest.mark.parametrize(("latency", "word"), [(0.5, "held"), (0.501, "MISSED")])
def test_the_goal_is_named_with_what_became_of_it(latency, word):
    rounds = [Round([latency], seconds=1.0, web=0.0, database=0.0, generator=0.0)]
    measured = Measured(ledger=(Ledger(0, 0, 0),) * 2, lines={"callback": line("x", rounds)})
    assert any(word in each for each in payments.sentences(measured, 9, worker=False))


def test_without_callbacks_there_is_nothing_to_say():
    assert not payments.differ(Measured())
    assert payments.sentences(Measured(), 9, worker=True) == ()
