"""WeChat delivers a subscribe message for each consent, and no more."""

import pytest

SEND = "/wechat/cgi-bin/message/subscribe/send"
RECEIPT = "HuibanDemoTemplatePaymentReceipt00000000001"


@pytest.fixture
def openid(people):
    return people["r001"]["openid"]


@pytest.fixture
def consent(client, openid):
    def call(template_ids=(RECEIPT,), whose=None):
        body = {"openid": whose or openid, "template_ids": list(template_ids)}
        return client.post("/wechat/simulate/subscribe", json=body)

    return call


@pytest.fixture
def send(client, moved, openid, world):
    party = world["parties"]["wechat"]
    credentials = {"appid": party["appid"], "secret": party["secret"]}
    body = {"grant_type": "client_credential", **credentials}
    token = client.post("/wechat/cgi-bin/stable_token", json=body).json["access_token"]

    def call(values=None, access_token=token, **fields):
        data = {
            "thing1": "城乡居民医保 2027",
            "amount2": "400.00元",
            "time3": "2026年10月8日 09:30",
            "character_string4": "HB20270001",
        } | (values or {})
        message = {
            "touser": openid,
            "template_id": RECEIPT,
            "page": "pages/orders/detail?id=1",
            "data": {name: {"value": value} for name, value in data.items()},
        } | fields
        answer = client.post(f"{SEND}?access_token={access_token}", json=message)
        assert answer.status_code == 200
        return answer.json

    return call


def test_one_consent_is_good_for_one_message(send, consent, client, openid):
    assert send()["errcode"] == 43101
    assert consent().json == {RECEIPT: 1}
    assert consent().json == {RECEIPT: 2}
    sent = send()
    assert (sent["errcode"], sent["errmsg"]) == (0, "ok")
    assert sent["msgid"]
    assert send({"thing1": "第二条"})["errcode"] == 0
    assert send()["errcode"] == 43101
    shown = client.get(f"/wechat/subscribe-messages?openid={openid}").json
    assert [message["data"]["thing1"] for message in shown] == ["第二条", "城乡居民医保 2027"]
    assert shown[0]["title"] == "缴费成功通知"
    assert shown[0]["lines"][1] == "缴费金额：400.00元"
    assert shown[0]["page"] == "pages/orders/detail?id=1"


def test_a_consent_is_for_one_person_and_one_template(send, consent, people, world):
    other = next(each for each in world["parties"]["wechat"]["templates"] if each != RECEIPT)
    consent([other])
    consent(whose=people["r002"]["openid"])
    assert send()["errcode"] == 43101


def test_a_refused_message_uses_no_consent_up(send, consent):
    consent()
    assert send({"thing1": ""})["errcode"] == 47003
    assert send()["errcode"] == 0


@pytest.mark.parametrize(
    ("fields", "errcode"),
    [
        ({"access_token": ""}, 41001),
        ({"access_token": "invented"}, 40001),
        ({"template_id": "unknown"}, 40037),
        ({"touser": "o" + "x" * 27}, 40003),
        ({"page": "/pages/index"}, 41030),
        ({"miniprogram_state": "beta"}, 47003),
        ({"lang": "fr"}, 47003),
        ({"data": {}}, 47003),
        ({"data": "thing1"}, 47003),
        ({"values": {"thing1": "长" * 21}}, 47003),
        ({"values": {"amount2": "四百元"}}, 47003),
        ({"values": {"time3": "soon"}}, 47003),
        ({"values": {"character_string4": "订单"}}, 47003),
        ({"values": {"thing9": "x"}}, 47003),
    ],
)
def test_a_message_that_does_not_fit_has_its_own_number(send, consent, fields, errcode):
    consent()
    answer = send(**fields)
    assert answer["errcode"] == errcode
    assert ", rid: " in answer["errmsg"]


def test_the_wrong_field_is_named(send):
    assert "data.amount2.value invalid" in send({"amount2": "x"})["errmsg"]


def test_messages_are_sent_by_post_only(client):
    assert client.get(SEND).json["errcode"] == 43002


def test_only_existing_people_consent_to_existing_templates(consent):
    assert consent(whose="nobody").status_code == 404
    assert consent(["unknown"]).status_code == 422
    assert consent([]).status_code == 422
    assert consent([7]).status_code == 422


def test_every_template_can_be_filled(world):
    for template in world["parties"]["wechat"]["templates"].values():
        assert template["title"]
        assert template["fields"]
