"""WeChat Pay takes, shows and closes orders of merchants who can sign."""

import json
from datetime import datetime

import pytest
from cryptography import x509

JSAPI = "/v3/pay/transactions/jsapi"
H5 = "/v3/pay/transactions/h5"
ORDER = "/v3/pay/transactions/out-trade-no/HB20270001"
SCENE = {"payer_client_ip": "192.0.2.7", "h5_info": {"type": "Wap"}}


def query_of(merchant, number="HB20270001"):
    return f"/v3/pay/transactions/out-trade-no/{number}?mchid={merchant.mchid}"


def refusal(answer):
    return answer.status_code, answer.json["code"]


def test_an_order_gets_a_prepay_and_can_be_queried(ask, medical, order_of):
    placed = ask(medical, "POST", JSAPI, order_of(medical, attach="a|b"))
    assert placed.status_code == 200
    assert list(placed.json) == ["prepay_id"]
    assert placed.json["prepay_id"].startswith("wx20")
    asked = ask(medical, "GET", query_of(medical))
    assert asked.json == {
        "appid": medical.appid,
        "mchid": medical.mchid,
        "out_trade_no": "HB20270001",
        "trade_state": "NOTPAY",
        "trade_state_desc": "订单未支付",
        "promotion_detail": [],
        "amount": {"total": 40000, "currency": "CNY", "payer_currency": "CNY"},
    }


def test_the_same_again_gives_the_same_prepay_for_two_hours(ask, medical, order_of, moved):
    first = ask(medical, "POST", JSAPI, order_of(medical)).json
    moved.forward(7200)
    assert ask(medical, "POST", JSAPI, order_of(medical)).json == first
    moved.forward(1)
    assert ask(medical, "POST", JSAPI, order_of(medical)).json != first


@pytest.mark.parametrize(
    "changed",
    [{"amount": {"total": 40001}}, {"description": "x"}, {"time_expire": "2030-01-01T00:00:00Z"}],
)
def test_a_number_used_for_something_else_is_refused(ask, medical, order_of, changed):
    ask(medical, "POST", JSAPI, order_of(medical))
    again = ask(medical, "POST", JSAPI, order_of(medical, **changed))
    assert refusal(again) == (403, "OUT_TRADE_NO_USED")


def test_a_number_belongs_to_one_way_of_paying_but_each_merchant_has_its_own(
    ask, medical, social, order_of
):
    ask(medical, "POST", JSAPI, order_of(medical))
    again = ask(medical, "POST", H5, order_of(medical, scene_info=SCENE))
    assert refusal(again) == (403, "OUT_TRADE_NO_USED")
    assert ask(social, "POST", JSAPI, order_of(social)).status_code == 200


def test_app_and_native_orders_get_what_their_clients_need(ask, medical, order_of):
    app = ask(
        medical, "POST", "/v3/pay/transactions/app", order_of(medical, out_trade_no="APP0001")
    )
    assert app.json["prepay_id"]
    native = order_of(medical, out_trade_no="NATIVE0001")
    answer = ask(medical, "POST", "/v3/pay/transactions/native", native)
    assert answer.json["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")


def test_a_closed_order_stays_closed_and_a_paid_one_cannot_be_closed(
    ask, medical, order_of, client
):
    ask(medical, "POST", JSAPI, order_of(medical))
    for _ in range(2):
        closed = ask(medical, "POST", f"{ORDER}/close", {"mchid": medical.mchid})
        assert (closed.status_code, closed.data) == (204, b"")
    assert ask(medical, "GET", query_of(medical)).json["trade_state"] == "CLOSED"
    assert refusal(ask(medical, "POST", JSAPI, order_of(medical))) == (400, "ORDER_CLOSED")

    other = order_of(medical, out_trade_no="HB20270002")
    ask(medical, "POST", JSAPI, other)
    client.post("/wechatpay/simulate", json={"out_trade_no": "HB20270002", "copies": 0})
    close = "/v3/pay/transactions/out-trade-no/HB20270002/close"
    refused = ask(medical, "POST", close, {"mchid": medical.mchid})
    assert refusal(refused) == (400, "ORDERPAID")
    assert refusal(ask(medical, "POST", JSAPI, other)) == (400, "ORDERPAID")


def test_an_order_too_old_to_pay_needs_a_new_number(ask, medical, order_of, moved):
    until = datetime.fromtimestamp(moved.time + 900).astimezone().isoformat()
    order = order_of(medical, time_expire=until)
    ask(medical, "POST", JSAPI, order)
    moved.forward(901)
    assert refusal(ask(medical, "POST", JSAPI, order)) == (400, "INVALID_REQUEST")
    assert ask(medical, "GET", query_of(medical)).json["trade_state"] == "NOTPAY"


def test_orders_nobody_placed_are_not_there_for_anybody(ask, medical, social, order_of):
    ask(social, "POST", JSAPI, order_of(social))
    assert refusal(ask(medical, "GET", query_of(medical))) == (404, "ORDERNOTEXIST")
    closed = ask(medical, "POST", f"{ORDER}/close", {"mchid": medical.mchid})
    assert refusal(closed) == (404, "ORDERNOTEXIST")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"description": ""}, "/description"),
        ({"description": "长" * 128}, "/description"),
        ({"out_trade_no": "12345"}, "/out_trade_no"),
        ({"out_trade_no": "号码一二三四"}, "/out_trade_no"),
        ({"attach": "x" * 129}, "/attach"),
        ({"notify_url": "http://127.0.0.1:9/x?a=1"}, "/notify_url"),
        ({"notify_url": "http://192.0.2.1/x"}, "/notify_url"),
        ({"notify_url": "http://127.0.0.1:9@192.0.2.1/x"}, "/notify_url"),
        ({"notify_url": "http://127.0.0.1:x/"}, "/notify_url"),
        ({"time_expire": "2030-01-01T00:00:00"}, "/time_expire"),
        ({"amount": 40000}, "/amount"),
        ({"amount": {"total": 400.0}}, "/amount/total"),
        ({"amount": {"total": True}}, "/amount/total"),
        ({"amount": {"total": 0}}, "/amount/total"),
        ({"amount": {"total": 1, "currency": "USD"}}, "/amount/currency"),
        ({"payer": {}}, "/payer/openid"),
        ({"payer": ["x"]}, "/payer/openid"),
        ({"mchid": "1900000002"}, "/mchid"),
        ({"mchid": None}, "/mchid"),
    ],
)
def test_a_wrong_parameter_is_named(ask, medical, order_of, fields, field):
    answer = ask(medical, "POST", JSAPI, order_of(medical, **fields))
    assert refusal(answer) == (400, "PARAM_ERROR")
    assert answer.json["detail"]["field"] == field


@pytest.mark.parametrize(
    "scene",
    [None, {}, SCENE | {"payer_client_ip": "here"}, SCENE | {"h5_info": {"type": "Desktop"}}],
)
def test_a_payment_in_a_browser_needs_its_scene(ask, medical, order_of, scene):
    answer = ask(medical, "POST", H5, order_of(medical, scene_info=scene))
    assert refusal(answer) == (400, "PARAM_ERROR")


def test_a_foreign_appid_or_openid_does_not_match(ask, medical, order_of):
    answer = ask(medical, "POST", JSAPI, order_of(medical, appid="wx0000000000000000"))
    assert refusal(answer) == (400, "APPID_MCHID_NOT_MATCH")
    answer = ask(medical, "POST", JSAPI, order_of(medical, payer={"openid": "o" + "x" * 27}))
    assert refusal(answer) == (400, "PARAM_ERROR")
    assert answer.json["message"] == "appid和openid不匹配"


@pytest.mark.parametrize(
    ("signed", "status", "code"),
    [
        ({"signature": "AAAA"}, 401, "SIGN_ERROR"),
        ({"signature": "签名"}, 401, "SIGN_ERROR"),
        ({"nonce_str": "another"}, 401, "SIGN_ERROR"),
        ({"timestamp": "1790000001"}, 401, "SIGN_ERROR"),
        ({"timestamp": "now"}, 401, "SIGN_ERROR"),
        ({"serial_no": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"}, 401, "SIGN_ERROR"),
        ({"extra": "1"}, 401, "SIGN_ERROR"),
        ({"mchid": "1999999999"}, 400, "MCH_NOT_EXISTS"),
        ({"mchid": "1900000002"}, 401, "SIGN_ERROR"),
    ],
)
def test_a_merchant_who_cannot_sign_is_refused(ask, medical, order_of, signed, status, code):
    answer = ask(medical, "POST", JSAPI, order_of(medical), signed=signed)
    assert refusal(answer) == (status, code)


def test_a_signature_holds_for_its_time_path_and_body_only(client, medical, order_of, moved, ask):
    body = json.dumps(order_of(medical)).encode()
    headers = medical.headers("POST", JSAPI, body, moved.time)
    other = client.post(f"/wechatpay{JSAPI}", data=body + b" ", headers=headers)
    assert refusal(other) == (401, "SIGN_ERROR")
    shown = other.json["detail"]["sign_information"]
    assert (shown["method"], shown["url"]) == ("POST", JSAPI)
    assert refusal(client.post(f"/wechatpay{H5}", data=body, headers=headers)) == (
        401,
        "SIGN_ERROR",
    )
    moved.forward(301)
    late = client.post(f"/wechatpay{JSAPI}", data=body, headers=headers)
    assert refusal(late) == (401, "SIGN_ERROR")


def test_a_call_without_signature_or_accept_is_refused(client, medical):
    path = "/wechatpay/v3/certificates"
    refused = client.get(path, headers={"Accept": "application/json"})
    assert refusal(refused) == (401, "SIGN_ERROR")
    assert medical.is_genuine(refused.headers, refused.data)
    assert refusal(client.get(path)) == (400, "PARAM_ERROR")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_refused(client, medical, moved, body):
    headers = medical.headers("POST", JSAPI, body, moved.time)
    answer = client.post(f"/wechatpay{JSAPI}", data=body, headers=headers)
    assert refusal(answer) == (400, "PARAM_ERROR")


def test_the_certificates_come_encrypted_and_are_the_ones_that_sign(ask, medical, keys_folder):
    entry = ask(medical, "GET", "/v3/certificates").json["data"][0]
    assert datetime.fromisoformat(entry["effective_time"]).tzinfo is not None
    pem = medical.open(entry["encrypt_certificate"])
    assert pem == (keys_folder / "platform" / "platform_cert.pem").read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    assert f"{certificate.serial_number:040X}" == entry["serial_no"]
    assert entry["serial_no"] in medical.platform


def test_the_public_key_signs_answers_only_to_a_merchant_who_has_it_and_asks(ask, medical, social):
    public, certificate = (key["id"] for key in social.file["platform_keys"])
    asking = {"Wechatpay-Serial": public}

    def signer(merchant, headers):
        answer = ask(merchant, "GET", "/v3/certificates", headers=headers)
        return answer.headers["Wechatpay-Serial"]

    assert signer(social, asking) == public
    assert signer(social, {}) == certificate
    assert signer(medical, asking) == certificate
