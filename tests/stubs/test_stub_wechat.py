"""WeChat's codes and tokens live as long, and fail with the numbers, as the real ones."""

import base64
import json

import pytest

PHONE = "19900000001"


@pytest.fixture
def keys(world):
    return world["parties"]["wechat"]


@pytest.fixture
def handed_out(client, moved):
    """What the WeChat on a phone gives the mini-program."""

    def call(phone: str = PHONE) -> dict[str, str]:
        answer = client.post("/wechat/simulate/login", json={"phone": phone})
        assert answer.status_code == 200
        return answer.json

    return call


@pytest.fixture
def exchange_login(client, keys):
    def call(js_code: str, /, **changed: str | None):
        query = keys | {"js_code": js_code, "grant_type": "authorization_code"} | changed
        answer = client.get(
            "/wechat/sns/jscode2session",
            query_string={name: value for name, value in query.items() if value is not None},
        )
        assert answer.status_code == 200
        assert answer.content_type == "text/plain"
        return json.loads(answer.data)

    return call


@pytest.fixture
def token(client, keys, moved):
    def call(**changed):
        body = {"grant_type": "client_credential", **keys, **changed}
        answer = client.post("/wechat/cgi-bin/stable_token", json=body)
        assert answer.status_code == 200
        return answer.json

    return call


@pytest.fixture
def phone_of(client):
    def call(access_token: str, code: str):
        answer = client.post(
            f"/wechat/wxa/business/getuserphonenumber?access_token={access_token}",
            json={"code": code},
        )
        assert answer.status_code == 200
        return answer.json

    return call


def test_a_login_code_gives_the_same_openid_and_a_session_key(handed_out, exchange_login, people):
    first = handed_out()
    session = exchange_login(first["login_code"])
    assert session["openid"] == first["openid"] == people["r001"]["openid"]
    assert len(base64.b64decode(session["session_key"])) == 16
    assert exchange_login(handed_out("+86" + PHONE)["login_code"])["openid"] == session["openid"]


def test_a_login_code_works_once(handed_out, exchange_login):
    code = handed_out()["login_code"]
    assert "errcode" not in exchange_login(code)
    answer = exchange_login(code)
    assert answer["errcode"] == 40163
    assert answer["errmsg"].startswith("code been used, rid: ")


def test_a_login_code_lives_five_minutes(handed_out, exchange_login, moved):
    young, old = handed_out()["login_code"], handed_out()["login_code"]
    moved.forward(300)
    assert "openid" in exchange_login(young)
    moved.forward(1)
    assert exchange_login(old)["errcode"] == 40029


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"appid": None}, 41002),
        ({"secret": None}, 41004),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"js_code": None}, 41008),
        ({"js_code": "never-issued"}, 40029),
        ({"grant_type": "password"}, 40002),
    ],
)
def test_a_wrong_login_request_has_its_own_number(handed_out, exchange_login, changed, errcode):
    code = handed_out()["login_code"]
    assert exchange_login(code, **changed)["errcode"] == errcode
    assert "openid" in exchange_login(code)


def test_one_person_logs_in_a_hundred_times_a_minute(handed_out, exchange_login, moved):
    for _ in range(100):
        assert "openid" in exchange_login(handed_out()["login_code"])
    assert exchange_login(handed_out()["login_code"])["errcode"] == 45011
    moved.forward(60)
    assert "openid" in exchange_login(handed_out()["login_code"])


def test_the_stable_token_stays_the_same_until_five_minutes_before_its_end(token, moved):
    first = token()
    assert first["expires_in"] == 7200
    moved.forward(6899)
    assert token() == {"access_token": first["access_token"], "expires_in": 301}
    moved.forward(1)
    assert token()["access_token"] != first["access_token"]


def test_old_and_new_token_both_work_for_five_minutes(token, moved, phone_of, handed_out):
    old = token()["access_token"]
    moved.forward(7000)
    new = token()["access_token"]
    moved.forward(299)
    for text in (old, new):
        assert phone_of(text, handed_out()["phone_code"])["errcode"] == 0
    moved.forward(1)
    assert phone_of(old, handed_out()["phone_code"])["errcode"] == 42001
    assert phone_of(new, handed_out()["phone_code"])["errcode"] == 0


def test_a_token_nobody_renews_expires_after_two_hours(token, moved, phone_of, handed_out):
    text = token()["access_token"]
    moved.forward(7200)
    assert phone_of(text, handed_out()["phone_code"])["errcode"] == 42001


def test_a_forced_refresh_kills_the_old_token_at_once(token, phone_of, handed_out):
    old = token()["access_token"]
    new = token(force_refresh=True)["access_token"]
    assert phone_of(old, handed_out()["phone_code"])["errcode"] == 40001
    assert phone_of(new, handed_out()["phone_code"])["errcode"] == 0
    assert token()["access_token"] == new


def test_a_second_forced_refresh_within_thirty_seconds_does_nothing(token, moved):
    first = token(force_refresh=True)["access_token"]
    moved.forward(29)
    assert token(force_refresh=True)["access_token"] == first
    moved.forward(1)
    assert token(force_refresh=True)["access_token"] != first


def test_forced_refreshes_are_limited_to_twenty_a_day(token, moved):
    for _ in range(20):
        assert "access_token" in token(force_refresh=True)
        moved.forward(30)
    assert token(force_refresh=True)["errcode"] == 45009
    assert "access_token" in token()
    moved.forward(86_400)
    assert "access_token" in token(force_refresh=True)


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"grant_type": "x"}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx1"}, 40013),
        ({"secret": "wrong"}, 40125),
    ],
)
def test_a_wrong_token_request_has_its_own_number(token, changed, errcode):
    assert token(**changed)["errcode"] == errcode


@pytest.mark.parametrize("path", ["cgi-bin/stable_token", "wxa/business/getuserphonenumber"])
def test_posted_calls_refuse_get_and_anything_but_json(client, path):
    assert client.get(f"/wechat/{path}").json["errcode"] == 43002
    assert client.post(f"/wechat/{path}", data=b"a=1").json["errcode"] == 47001


def test_a_phone_code_gives_the_phone_once(token, phone_of, handed_out, keys):
    text, code = token()["access_token"], handed_out()["phone_code"]
    answer = phone_of(text, code)
    assert (answer["errcode"], answer["errmsg"]) == (0, "ok")
    info = answer["phone_info"]
    assert info["phoneNumber"] == info["purePhoneNumber"] == PHONE
    assert info["countryCode"] == "86"
    assert info["watermark"]["appid"] == keys["appid"]
    assert phone_of(text, code)["errcode"] == 40029


def test_a_phone_code_lives_five_minutes_and_is_no_login_code(
    token, phone_of, handed_out, exchange_login, moved
):
    text, codes = token()["access_token"], handed_out()
    assert phone_of(text, codes["login_code"])["errcode"] == 40029
    assert exchange_login(codes["phone_code"])["errcode"] == 40029
    moved.forward(301)
    assert phone_of(text, codes["phone_code"])["errcode"] == 40029


@pytest.mark.parametrize(("text", "errcode"), [("", 41001), ("90_invented", 40001)])
def test_a_phone_is_not_given_without_a_valid_token(phone_of, handed_out, text, errcode):
    assert phone_of(text, handed_out()["phone_code"])["errcode"] == errcode


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"phone": "13800000000"}, 404),
        ({"phone": "12"}, 422),
        ({"phone": 19900000001}, 422),
        ({}, 422),
        ({"phone": PHONE, "name": "x"}, 422),
        (["x"], 400),
    ],
)
def test_simulating_a_login_of_nobody_says_what_is_wrong(client, body, status):
    answer = client.post("/wechat/simulate/login", json=body)
    assert answer.status_code == status
    assert answer.json["message"]
