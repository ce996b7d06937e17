"""Firebase Cloud Messaging admits a service account and answers for every kind of device."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

SEND = "/fcm/v1/projects/huiban-demo/messages:send"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"


@pytest.fixture
def account(keys_folder):
    return json.loads((keys_folder / "fcm-service-account.json").read_text(encoding="utf-8"))


def base64url(value) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.fixture
def assertion(account, moved):
    """A signed assertion; `key` signs instead of the account's own, claims replace others."""

    def make(key=None, header=None, **claims):
        private = key or serialization.load_pem_private_key(account["private_key"].encode(), None)
        given = {
            "iss": account["client_email"],
            "scope": SCOPE,
            "aud": account["token_uri"],
            "iat": int(moved.time),
            "exp": int(moved.time) + 3600,
        } | claims
        head = {"alg": "RS256", "typ": "JWT", "kid": account["private_key_id"]} | (header or {})
        signed = f"{base64url(head)}.{base64url(given)}"
        signature = private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64url(signature)}"

    return make


@pytest.fixture
def token(client, assertion):
    answer = client.post("/fcm/token", data={"grant_type": GRANT, "assertion": assertion()})
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3599)
    return answer.json["access_token"]


@pytest.fixture
def send(client, token):
    def call(device="device-1", project="huiban-demo", bearer=None, more=None, **message):
        message = {"token": device, "notification": {"title": "汇办"}} | message
        return client.post(
            f"/fcm/v1/projects/{project}/messages:send",
            json={"message": message} | (more or {}),
            headers={"Authorization": f"Bearer {bearer or token}"},
        )

    return call


def error_code(answer) -> str:
    (detail,) = (
        each for each in answer.json["error"]["details"] if each["@type"].endswith("v1.FcmError")
    )
    assert detail["@type"] == "type.googleapis.com/google.firebase.fcm.v1.FcmError"
    return detail["errorCode"]


def test_a_message_reaches_its_device_and_the_newest_comes_first(send, client):
    first = send(data={"notice": "1"})
    assert first.json["name"].startswith("projects/huiban-demo/messages/")
    send(data={"notice": "2"})
    send(device="device-2")
    shown = client.get("/fcm/messages?token=device-1").json
    assert [message["data"]["notice"] for message in shown] == ["2", "1"]
    assert shown[1]["name"] == first.json["name"]
    assert shown[0]["notification"] == {"title": "汇办"}
    assert shown[0]["sent_at"]
    assert len(client.get("/fcm/messages").json) == 3
    assert len(client.get("/fcm/messages?limit=1").json) == 1


def test_a_message_replaces_the_one_with_the_same_collapse_key(send, client):
    def listed(device="device-1"):
        shown = client.get(f"/fcm/messages?token={device}").json
        return [(each["data"]["n"], each["collapse_key"], each["replaced"]) for each in shown]

    for number in "123":
        send(data={"n": number}, android={"collapse_key": "notice-7"})
    send(data={"n": "4"}, apns={"headers": {"apns-collapse-id": "notice-8"}})
    send(data={"n": "5"}, android={"collapse_key": "notice-7"}, device="device-2")
    assert listed() == [("4", "notice-8", 0), ("3", "notice-7", 2)]
    assert listed("device-2") == [("5", "notice-7", 0)]


def test_a_device_may_be_named_by_its_installation_id(client, token):
    headers = {"Authorization": f"Bearer {token}"}
    sent = client.post(SEND, json={"message": {"fid": "device-3"}}, headers=headers)
    assert sent.status_code == 200
    assert client.get("/fcm/messages?token=device-3").json[0]["fid"] == "device-3"
    bad = client.post(SEND, json={"message": {"fid": "bad-unregistered-3"}}, headers=headers)
    assert error_code(bad) == "UNREGISTERED"


def test_a_message_that_is_only_judged_is_not_delivered(send, client):
    answer = send(more={"validate_only": True})
    assert answer.json == {"name": "projects/huiban-demo/messages/fake_message_id"}
    assert client.get("/fcm/messages").json == []
    assert send("bad-unregistered-1", more={"validate_only": True}).status_code == 404


@pytest.mark.parametrize(
    ("device", "status", "google", "code"),
    [
        ("bad-unregistered-1", 404, "NOT_FOUND", "UNREGISTERED"),
        ("bad-sender-1", 403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
        ("bad-quota-1", 429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
        ("bad-argument-1", 400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        ("bad-apns-1", 401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
        ("bad-unavailable-1", 503, "UNAVAILABLE", "UNAVAILABLE"),
        ("bad-internal-1", 500, "INTERNAL", "INTERNAL"),
    ],
)
def test_a_bad_device_brings_the_error_it_names(send, client, device, status, google, code):
    answer = send(device)
    error = answer.json["error"]
    assert (answer.status_code, error["code"], error["status"]) == (status, status, google)
    assert error["message"]
    assert error_code(answer) == code
    assert ("Retry-After" in answer.headers) == (status == 429)
    assert client.get("/fcm/messages").json == []


def test_an_exhausted_quota_says_how_long_to_wait(send):
    assert send("bad-quota-1").headers["Retry-After"] == "60"
    assert send("bad-quota-2-x").headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    "message",
    [
        {"token": ""},
        {"token": 7},
        {"token": "x", "topic": "all"},
        {"token": "x", "fid": "y"},
        {"token": "x", "data": {"n": 1}},
        {"token": "x", "data": ["n"]},
        {"token": "x", "notification": "hello"},
        {"token": "x", "apns": {"headers": "x"}},
        {"token": "x", "android": {"collapse_key": 7}},
        {"token": "x", "data": {"text": "长" * 1400}},
    ],
)
def test_a_message_that_is_not_one_is_refused(client, token, message):
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.post(SEND, json={"message": message}, headers=headers)
    assert answer.status_code == 400
    assert error_code(answer) == "INVALID_ARGUMENT"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"message": 1}', b'{"massage": {}}'])
def test_a_body_without_a_message_is_refused(client, token, body):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    assert client.post(SEND, data=body, headers=headers).status_code == 400


def test_only_a_fresh_token_for_the_right_project_may_send(send, client, moved):
    assert client.post(SEND, json={"message": {"token": "x"}}).status_code == 401
    assert send(bearer="ya29.invented").json["error"]["status"] == "UNAUTHENTICATED"
    assert send(project="another").json["error"]["status"] == "PERMISSION_DENIED"
    moved.forward(3600)
    assert send().status_code == 401


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "somebody@else.example"}, "invalid_grant"),
        ({"aud": "https://somewhere.example/token"}, "invalid_grant"),
        ({"iat": 1790000000 - 4000, "exp": 1790000000 - 400}, "invalid_grant"),
        ({"exp": 1790000000 + 3601}, "invalid_grant"),
        ({"iat": "now"}, "invalid_grant"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
    ],
)
def test_an_assertion_that_does_not_fit_gets_no_token(client, assertion, claims, error):
    form = {"grant_type": GRANT, "assertion": assertion(**claims)}
    answer = client.post("/fcm/token", data=form)
    assert (answer.status_code, answer.json["error"]) == (400, error)
    assert answer.json["error_description"]


def test_an_assertion_by_another_key_or_algorithm_gets_no_token(client, assertion):
    stranger = generate_private_key(65537, 2048)
    unsigned = f"{base64url({'alg': 'none'})}.{base64url({'iss': 'x'})}."
    for made in (assertion(stranger), assertion(header={"kid": "other"}), unsigned, "x", ""):
        answer = client.post("/fcm/token", data={"grant_type": GRANT, "assertion": made})
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")
    form = {"grant_type": "password", "assertion": assertion()}
    assert client.post("/fcm/token", data=form).json["error"] == "unsupported_grant_type"
