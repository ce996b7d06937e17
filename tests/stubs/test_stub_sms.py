"""The SMS gateway judges signatures and messages as Tencent Cloud does."""

import json
from typing import Any

import pytest

from miniprogram_stubs import clock, sms, tc3

PHONE = "+8619900000001"


@pytest.fixture
def send(client, moved, sms_headers, world):
    """Sends one message; keyword arguments replace fields of the body, `edit` the headers."""

    def call(edit=None, **fields: Any):
        party = world["parties"]["sms"]
        body = {
            "PhoneNumberSet": [PHONE],
            "SmsSdkAppId": party["sdk_app_id"],
            "SignName": party["sign_name"],
            "TemplateId": "2401001",
            "TemplateParamSet": ["482913", "5"],
        } | fields
        payload = json.dumps(body, ensure_ascii=False).encode()
        headers = sms_headers(payload, moved.time)
        if edit:
            edit(headers)
        answer = client.post("/tencent-sms/", data=payload, headers=headers)
        assert answer.status_code == 200
        assert answer.json["Response"]["RequestId"]
        return answer.json["Response"]

    return call


def error_of(response) -> str:
    return response["Error"]["Code"]


def status_of(response) -> str:
    return response["SendStatusSet"][0]["Code"]


DOCUMENTED_PAYLOAD = (
    rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
)
DOCUMENTED_KEY = ("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE")
DOCUMENTED_SIGNATURE = "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
DOCUMENTED_HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "host": "cvm.tencentcloudapi.com",
}


def test_the_signer_of_these_tests_reproduces_the_documented_example(sign_tc3):
    made = sign_tc3(DOCUMENTED_KEY, "cvm", DOCUMENTED_HEADERS, DOCUMENTED_PAYLOAD, 1551113065)
    assert made.endswith(f"Signature={DOCUMENTED_SIGNATURE}")


def test_the_verifier_accepts_the_documented_example(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: 1551113065.0)
    headers = {
        **DOCUMENTED_HEADERS,
        "X-TC-Timestamp": "1551113065",
        "Authorization": f"TC3-HMAC-SHA256 Credential={DOCUMENTED_KEY[0]}/2019-02-25/cvm/"
        f"tc3_request, SignedHeaders=content-type;host, Signature={DOCUMENTED_SIGNATURE}",
    }
    credential = tc3.Credential(*DOCUMENTED_KEY, "cvm")
    tc3.verify(headers, DOCUMENTED_PAYLOAD, credential)
    with pytest.raises(tc3.SignatureError):
        tc3.verify(headers, DOCUMENTED_PAYLOAD + b" ", credential)


def test_a_signed_login_code_arrives_on_the_phone(send, client):
    status = send()["SendStatusSet"][0]
    assert (status["Code"], status["Message"], status["Fee"]) == ("Ok", "send success", 1)
    assert status["PhoneNumber"] == PHONE
    assert status["IsoCode"] == "CN"
    messages = client.get("/sms/messages", query_string={"phone": "19900000001"}).json
    assert messages == [
        {
            "text": "【汇办】482913为您的登录验证码，请于5分钟内填写。如非本人操作，请忽略本短信。",
            "code": "482913",
            "sent_at": clock.rfc3339(clock.now()),
        }
    ]


def test_the_inbox_lists_the_newest_first_and_reads_both_spellings_of_a_phone(send, client):
    send(TemplateParamSet=["111111", "5"])
    send(TemplateParamSet=["222222", "5"])
    send(PhoneNumberSet=["19900000002"], TemplateParamSet=["333333", "5"])
    for spelling in ("19900000001", "%2B8619900000001", "+8619900000001"):
        codes = [m["code"] for m in client.get(f"/sms/messages?phone={spelling}").json]
        assert codes == ["222222", "111111"]
    assert [m["code"] for m in client.get("/sms/messages").json] == ["333333", "222222", "111111"]
    assert len(client.get("/sms/messages?limit=1").json) == 1


def test_a_security_notice_has_no_code(send, client):
    notice = send(TemplateId="2401002", TemplateParamSet=["2026年3月1日", "新设备登录"])
    assert status_of(notice) == "Ok"
    newest = client.get("/sms/messages").json[0]
    assert newest["code"] is None
    assert "新设备登录" in newest["text"]


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("Authorization", "", "AuthFailure.InvalidAuthorization"),
        ("Authorization", "Bearer x", "AuthFailure.InvalidAuthorization"),
        ("X-TC-Timestamp", "", "MissingParameter"),
        ("X-TC-Timestamp", "soon", "InvalidParameterValue"),
        ("X-TC-Version", "2019-07-11", "NoSuchVersion"),
        ("X-TC-Action", "PullSmsSendStatus", "AuthFailure.SignatureFailure"),
        ("Content-Type", "application/json", "AuthFailure.SignatureFailure"),
        ("Host", "elsewhere.example", "AuthFailure.SignatureFailure"),
        ("X-TC-Region", "", "MissingParameter"),
    ],
)
def test_a_changed_header_is_refused_with_its_own_code(send, client, header, value, code):
    assert error_of(send(edit=lambda headers: headers.update({header: value}))) == code
    assert client.get("/sms/messages").json == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("AKIDhuiban", "AKIDanother", "AuthFailure.SecretIdNotFound"),
        ("/sms/", "/cvm/", "AuthFailure.SignatureFailure"),
        ("/2026-", "/2025-", "AuthFailure.SignatureFailure"),
        ("content-type;host;x-tc-action", "content-type;host", "AuthFailure.SignatureFailure"),
        ("content-type;host;x-tc-action", "x-tc-action", "AuthFailure.SignatureFailure"),
    ],
)
def test_a_changed_authorization_is_refused_with_its_own_code(send, old, new, code):
    def edit(headers):
        assert old in headers["Authorization"]
        headers["Authorization"] = headers["Authorization"].replace(old, new)

    assert error_of(send(edit=edit)) == code


def test_a_changed_signature_is_refused(send):
    def edit(headers):
        last = headers["Authorization"][-1]
        headers["Authorization"] = headers["Authorization"][:-1] + ("0" if last != "0" else "1")

    assert error_of(send(edit=edit)) == "AuthFailure.SignatureFailure"


def test_a_signature_older_than_five_minutes_has_expired(send, moved):
    assert status_of(send(edit=lambda _: moved.forward(300))) == "Ok"
    assert error_of(send(edit=lambda _: moved.forward(301))) == "AuthFailure.SignatureExpire"
    assert error_of(send(edit=lambda _: moved.forward(-301))) == "AuthFailure.SignatureExpire"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"TemplateId": "9999999"}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        ({"TemplateParamSet": ["482913"]}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        ({"TemplateParamSet": None}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        (
            {"TemplateParamSet": ["abc", "5"]},
            "InvalidParameterValue.TemplateParameterFormatError",
        ),
        ({"SignName": "别人"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        ({"SmsSdkAppId": "1400009999"}, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
        ({"PhoneNumberSet": ["+8612345"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
    ],
)
def test_an_undeliverable_message_is_refused_per_phone(send, client, fields, code):
    assert status_of(send(**fields)) == code
    assert client.get("/sms/messages").json == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"PhoneNumberSet": None}, "MissingParameter"),
        ({"PhoneNumberSet": []}, "MissingParameter.EmptyPhoneNumberSet"),
        ({"PhoneNumberSet": [PHONE] * 201}, "LimitExceeded.PhoneNumberCountLimit"),
        ({"TemplateId": None}, "MissingParameter"),
        ({"TemplateParamSet": [482913, 5]}, "InvalidParameter"),
    ],
)
def test_a_call_that_asks_for_nothing_sensible_fails_as_a_whole(send, fields, code):
    assert error_of(send(**fields)) == code


def test_one_bad_phone_does_not_stop_the_others(send, client):
    answer = send(PhoneNumberSet=["nonsense", "008619900000002"], SessionContext="call 7")
    codes = [status["Code"] for status in answer["SendStatusSet"]]
    assert codes == ["InvalidParameterValue.IncorrectPhoneNumber", "Ok"]
    assert {status["SessionContext"] for status in answer["SendStatusSet"]} == {"call 7"}
    assert len(client.get("/sms/messages?phone=19900000002").json) == 1


def test_a_flood_to_one_phone_is_cut_off_for_a_while(send, moved):
    answers = [status_of(send()) for _ in range(11)]
    assert answers == ["Ok"] * 10 + ["LimitExceeded.PhoneNumberThirtySecondLimit"]
    assert status_of(send(PhoneNumberSet=["19900000002"])) == "Ok"
    moved.forward(30)
    assert status_of(send()) == "Ok"


def test_the_inbox_forgets_the_oldest_of_all_messages():
    inbox = sms.Inbox(most=2)
    for phone, text in (("a", "1"), ("b", "2"), ("a", "3")):
        inbox.deliver(sms.Message(phone, text, None, ""))
    assert [message.text for message in inbox.newest("a", 9)] == ["3"]
    assert [message.text for message in inbox.newest(None, 9)] == ["3", "2"]
    inbox.deliver(sms.Message("a", "4", None, ""))
    assert inbox.newest("b", 9) == []


@pytest.mark.parametrize("query", ["phone=123", "limit=0", "limit=x", "page=2"])
def test_the_inbox_refuses_bad_questions(client, query):
    answer = client.get(f"/sms/messages?{query}")
    assert answer.status_code == 422
    assert answer.json["error"] == "invalid_input"
    assert answer.json["message"]


@pytest.mark.parametrize(
    ("template", "params", "text"),
    [
        (
            "2401003",
            ["10月8日09:30", "李*梅", "城乡居民医保"],
            "10月8日09:30有人（李*梅）凭您的姓名和证件号码查询了您的城乡居民医保应缴金额",
        ),
        (
            "2401004",
            ["李*梅", "10月8日", "2027年城乡居民医保", "400.00", "JZ2026100800000001"],
            "李*梅已于10月8日为您缴纳2027年城乡居民医保，金额400.00元，"
            "部门受理编号JZ2026100800000001",
        ),
        (
            "2401005",
            ["2027年城乡居民医保", "9月1日", "12月31日", "400.00"],
            "您的2027年城乡居民医保缴费期为9月1日至12月31日，应缴400.00元",
        ),
    ],
)
def test_people_without_an_account_are_told_of_their_bills(send, client, template, params, text):
    assert status_of(send(TemplateId=template, TemplateParamSet=params)) == "Ok"
    message = client.get(f"/sms/messages?phone={PHONE[3:]}").json[0]
    assert message["text"].startswith(f"【汇办】{text}")
    assert message["code"] is None
