"""Notifies about payments reach the merchant over real HTTP, signed and encrypted."""

import json
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.exceptions import InvalidTag
from flask.testing import FlaskClient
from wechatpay_merchant import Merchant

from miniprogram_stubs.application import create_app

JSAPI = "/v3/pay/transactions/jsapi"
WORLD = Path(__file__).resolve().parents[2] / "demo" / "world.json"
NUMBER = "HB20270001"


@pytest.fixture
def place(ask, order_of, receiver):
    """An order whose notifies come to the receiver."""

    def call(merchant: Merchant, kind: str = "jsapi", **fields):
        url = f"{receiver.url}/callbacks/wechatpay/{merchant.file['merchant_ref']}"
        order = order_of(merchant, notify_url=url, **fields)
        answer = ask(merchant, "POST", f"/v3/pay/transactions/{kind}", order)
        assert answer.status_code == 200
        return answer.json

    return call


@pytest.fixture
def simulate(client):
    def call(path="/wechatpay/simulate", **fields):
        answer = client.post(path, json={"out_trade_no": NUMBER, **fields})
        assert answer.status_code == 200
        return answer.json["sent"]

    return call


def state_of(client: FlaskClient) -> str:
    return client.get(f"/wechatpay/orders?out_trade_no={NUMBER}").json["items"][0]["trade_state"]


def test_a_notify_of_a_payment_can_be_verified_and_opened(
    place, simulate, receiver, medical, moved
):
    place(medical, attach="附加")
    receiver.always = (200, b"")
    sent = simulate()
    assert [(told["status"], told["body"], told["tamper"]) for told in sent] == [(200, "", None)]
    (got,) = receiver.received
    assert got.path == "/callbacks/wechatpay/medical"
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
    assert got.headers["Wechatpay-Timestamp"] == str(int(moved.time))
    assert got.headers["Request-ID"]
    assert medical.is_genuine(got.headers, got.body)
    event = json.loads(got.body)
    assert event["event_type"] == "TRANSACTION.SUCCESS"
    assert event["resource_type"] == "encrypt-resource"
    assert event["resource"]["original_type"] == "transaction"
    paid = medical.transaction(got.body)
    assert (paid["mchid"], paid["appid"], paid["out_trade_no"]) == (
        medical.mchid,
        medical.appid,
        NUMBER,
    )
    assert (paid["trade_state"], paid["trade_type"]) == ("SUCCESS", "JSAPI")
    assert paid["amount"] == {
        "total": 40000,
        "payer_total": 40000,
        "currency": "CNY",
        "payer_currency": "CNY",
    }
    assert paid["attach"] == "附加"


def test_the_query_tells_the_same_as_the_notify(place, simulate, receiver, medical, ask):
    place(medical)
    simulate()
    url = f"/v3/pay/transactions/out-trade-no/{NUMBER}?mchid={medical.mchid}"
    assert ask(medical, "GET", url).json == medical.transaction(receiver.received[0].body)


def test_each_merchant_is_notified_under_the_key_the_world_names(
    place, simulate, receiver, medical, social, world
):
    signers = {}
    for merchant in (medical, social):
        place(merchant)
        simulate(mchid=merchant.mchid)
        got = receiver.received[-1]
        assert merchant.is_genuine(got.headers, got.body)
        signers[merchant.mchid] = got.headers["Wechatpay-Serial"]
    merchants = world["parties"]["wechatpay"]["merchants"]
    assert signers == {each["mchid"]: each["notify_id"] for each in merchants}
    assert signers[social.mchid].startswith("PUB_KEY_ID_")


def test_one_merchants_notify_means_nothing_to_the_other(
    place, simulate, receiver, medical, social
):
    place(social)
    simulate()
    with pytest.raises(InvalidTag):
        medical.transaction(receiver.received[0].body)


def test_copies_tell_of_one_event_and_are_signed_anew(place, simulate, receiver, medical):
    place(medical)
    assert len(simulate(copies=3)) == 3
    assert len({got.body for got in receiver.received}) == 1
    assert len({got.headers["Wechatpay-Nonce"] for got in receiver.received}) == 3
    simulate()
    assert len({json.loads(got.body)["id"] for got in receiver.received}) == 1


def test_shuffled_copies_come_at_once_and_over_several_links(place, simulate, receiver, medical):
    place(medical)
    sent = simulate(copies=20, shuffle=True)
    assert len(sent) == len(receiver.received) == 20
    assert all(medical.is_genuine(got.headers, got.body) for got in receiver.received)
    assert len({json.loads(got.body)["id"] for got in receiver.received}) == 1
    assert len({got.headers["Request-ID"] for got in receiver.received}) == 11


@pytest.mark.parametrize("tamper", ["signature", "amount", "merchant", "order", "stale"])
def test_tampered_notifies_leave_the_order_unpaid(
    place, simulate, receiver, medical, social, client, moved, tamper
):
    place(medical)
    receiver.always = (401, b'{"code":"FAIL"}')
    sent = simulate(tamper=tamper, copies=2)
    assert [(told["status"], told["body"], told["tamper"]) for told in sent] == [
        (401, '{"code":"FAIL"}', tamper)
    ] * 2
    assert state_of(client) == "NOTPAY"
    got = receiver.received[0]
    assert medical.is_genuine(got.headers, got.body) == (tamper != "signature")
    told = medical.transaction(got.body)
    assert (told["amount"]["total"] == 40000) == (tamper != "amount")
    assert told["mchid"] == (social.mchid if tamper == "merchant" else medical.mchid)
    assert (told["out_trade_no"] == NUMBER) == (tamper != "order")
    age = moved.time - int(got.headers["Wechatpay-Timestamp"])
    assert (age > 300) == (tamper == "stale")
    simulate()
    same_event = json.loads(receiver.received[-1].body)["id"] == json.loads(got.body)["id"]
    assert same_event == (tamper in ("signature", "stale"))


def test_a_probe_carries_a_signature_that_is_meant_to_fail(
    place, simulate, receiver, medical, client
):
    place(medical)
    receiver.always = (401, b"")
    (told,) = simulate("/wechatpay/simulate/probe")
    assert (told["status"], told["tamper"]) == (401, "probe")
    got = receiver.received[0]
    assert got.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert not medical.is_genuine(got.headers, got.body)
    assert state_of(client) == "NOTPAY"


def test_a_lost_notify_leaves_a_paid_order_to_be_found_by_asking(
    place, simulate, receiver, medical, client
):
    place(medical)
    assert simulate(copies=0) == []
    assert state_of(client) == "SUCCESS"
    assert receiver.received == []


def test_a_payment_under_way_when_the_order_was_closed_still_arrives(
    place, simulate, receiver, medical, client, ask
):
    place(medical)
    close = f"/v3/pay/transactions/out-trade-no/{NUMBER}/close"
    assert ask(medical, "POST", close, {"mchid": medical.mchid}).status_code == 204
    assert simulate()[0]["status"] == 204
    assert state_of(client) == "SUCCESS"


def test_a_merchant_who_does_not_listen_is_told_as_such(ask, order_of, simulate, medical):
    ask(medical, "POST", JSAPI, order_of(medical))
    (told,) = simulate(tamper="stale")
    assert told["status"] is None
    assert "refused" in told["body"]


def test_a_delay_comes_before_the_notify_and_after_the_payment(place, simulate, medical, receiver):
    place(medical)
    began = time.monotonic()
    simulate(delay_s=0.1)
    assert time.monotonic() - began >= 0.1


@pytest.fixture
def impatient(tmp_path, world, keys_folder, monkeypatch):
    """A platform that waits 20 ms before each of three further attempts."""
    monkeypatch.delenv("HUIBAN_ENV", raising=False)
    quick = json.loads(json.dumps(world))
    quick["parties"]["wechatpay"]["retry_seconds"] = [0.02, 0.02, 0.02]
    path = tmp_path / "world.json"
    path.write_text(json.dumps(quick), encoding="utf-8")
    return create_app(str(path), str(keys_folder)).test_client()


def place_at(client, merchant, order):
    payload = json.dumps(order).encode()
    headers = merchant.headers("POST", JSAPI, payload, time.time())
    assert client.post(f"/wechatpay{JSAPI}", data=payload, headers=headers).status_code == 200


def test_a_refused_notify_comes_again_until_it_is_accepted(impatient, receiver, medical, order_of):
    place_at(impatient, medical, order_of(medical, notify_url=f"{receiver.url}/again"))
    receiver.answers = [(500, b""), (302, b""), (200, b'{"code":"FAIL"}')]
    sent = impatient.post("/wechatpay/simulate", json={"out_trade_no": NUMBER}).json["sent"]
    assert [told["status"] for told in sent] == [500]
    receiver.wait_for(3)
    time.sleep(0.1)
    assert len(receiver.received) == 3
    assert all(medical.is_genuine(got.headers, got.body) for got in receiver.received)
    assert len({json.loads(got.body)["id"] for got in receiver.received}) == 1
    order = impatient.get(f"/wechatpay/orders?out_trade_no={NUMBER}").json["items"][0]
    assert [told["status"] for told in order["notifies"]] == [500, 302, 200]


def test_the_platform_gives_up_at_last(impatient, receiver, medical, order_of):
    place_at(impatient, medical, order_of(medical, notify_url=f"{receiver.url}/never"))
    receiver.always = (503, b"")
    impatient.post("/wechatpay/simulate", json={"out_trade_no": NUMBER})
    receiver.wait_for(4)
    time.sleep(0.1)
    assert len(receiver.received) == 4


SCENE = {"payer_client_ip": "192.0.2.7", "h5_info": {"type": "Wap"}}


@pytest.fixture
def cashier(place, medical):
    """Path and query of the cashier for a fresh order."""

    def open_for(**fields):
        address = urlsplit(place(medical, "h5", scene_info=SCENE, **fields)["h5_url"])
        assert address.hostname == "localhost"
        return f"{address.path}?{address.query}"

    return open_for


def form_of(cashier: str, action: str, back: str = "") -> dict[str, str]:
    prepay_id = parse_qs(urlsplit(cashier).query)["prepay_id"][0]
    return {"prepay_id": prepay_id, "action": action, "redirect_url": back}


def test_the_cashier_shows_what_is_paid_to_whom_and_runs_no_script(client, cashier):
    page = client.get(cashier(description="<b>医保</b>"))
    assert page.status_code == 200
    shown = page.get_data(as_text=True)
    for expected in ("¥400.00", "演示医疗保障基金", NUMBER, "支付", "Pay", "取消", "Cancel"):
        assert expected in shown
    assert "&lt;b&gt;医保" in shown
    assert "<script" not in shown
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_paying_at_the_cashier_notifies_and_leads_back(client, cashier, receiver, medical):
    address = cashier()
    back = "http://127.0.0.1:8000/orders/1?a=b"
    page = client.get(f"{address}&redirect_url={back}")
    assert f'value="{back}"' in page.get_data(as_text=True)
    answer = client.post(address.split("?")[0], data=form_of(address, "pay", back))
    assert (answer.status_code, answer.headers["Location"]) == (303, back)
    receiver.wait_for(1)
    assert medical.transaction(receiver.received[0].body)["trade_type"] == "MWEB"
    again = client.post(address.split("?")[0], data=form_of(address, "pay"))
    assert "支付成功" in again.get_data(as_text=True)
    time.sleep(0.05)
    assert len(receiver.received) == 1


def test_giving_up_at_the_cashier_pays_nothing(client, cashier, receiver):
    address = cashier()
    answer = client.post(address, data=form_of(address, "cancel"))
    assert "已取消" in answer.get_data(as_text=True)
    for wicked in ("javascript:alert(1)", "//192.0.2.1/x", "data:text/html,x"):
        answer = client.post(address, data=form_of(address, "cancel", wicked))
        assert answer.status_code == 200
    assert state_of(client) == "NOTPAY"
    assert receiver.received == []


def test_the_address_of_the_cashier_lasts_five_minutes_from_when_it_was_last_asked_for(
    client, cashier, moved
):
    address = cashier()
    moved.forward(300)
    assert cashier() == address
    moved.forward(300)
    assert client.get(address).status_code == 200
    moved.forward(1)
    assert client.get(address).status_code == 410
    renewed = cashier()
    assert renewed != address
    assert client.get(renewed).status_code == 200
    assert client.get("/wechatpay/cgi-bin/mmpayweb-bin/checkmweb").status_code == 404


def test_a_closed_order_cannot_be_paid_at_the_cashier(client, cashier, ask, medical):
    address = cashier()
    close = f"/v3/pay/transactions/out-trade-no/{NUMBER}/close"
    ask(medical, "POST", close, {"mchid": medical.mchid})
    assert "订单已关闭" in client.get(address).get_data(as_text=True)
    assert client.post(address, data=form_of(address, "pay")).status_code == 409
    assert state_of(client) == "CLOSED"


def test_a_number_two_merchants_use_must_be_told_apart(client, place, medical, social):
    place(medical)
    place(social)
    answer = client.post("/wechatpay/simulate", json={"out_trade_no": NUMBER})
    assert (answer.status_code, answer.json["error"]) == (409, "ambiguous")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"out_trade_no": "nobody's"}, 404),
        ({"copies": -1}, 422),
        ({"copies": 201}, 422),
        ({"copies": True}, 422),
        ({"shuffle": 1}, 422),
        ({"delay_s": 31}, 422),
        ({"delay_s": "1"}, 422),
        ({"tamper": "everything"}, 422),
        ({"amount": 1}, 422),
    ],
)
def test_a_simulation_that_makes_no_sense_is_refused(client, place, medical, fields, status):
    place(medical)
    answer = client.post("/wechatpay/simulate", json={"out_trade_no": NUMBER} | fields)
    assert answer.status_code == status
    assert answer.json["message"]
