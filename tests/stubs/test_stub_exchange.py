"""The data-sharing exchange checks its callers; the parties behind it answer about people."""

from datetime import datetime

import pytest

VERIFY = "/exchange/population/verify"
PERSONNEL = "/exchange/health/personnel"


@pytest.fixture
def woman(people):
    return people["r001"]


@pytest.fixture
def verify(client, moved, exchange_headers):
    """Asks the population database; `edit` changes the headers."""

    def call(number, name, edit=None):
        headers = exchange_headers("population")
        if edit:
            edit(headers)
        answer = client.post(VERIFY, json={"GMSFHM": number, "XM": name}, headers=headers)
        assert answer.status_code == 200
        return answer.json

    return call


@pytest.fixture
def records_of(client, moved, exchange_headers):
    def call(person, **changed):
        body = {"ZJLX": "10", "ZJHM": person["document_number"], "XM": person["name"], **changed}
        headers = exchange_headers("health_authority", moved.time)
        answer = client.post(PERSONNEL, json=body, headers=headers)
        assert answer.status_code == 200
        return answer.json

    return call


def test_a_matching_name_and_number_give_the_details(verify, woman):
    assert verify(woman["document_number"], woman["name"]) == {
        "code": "200",
        "message": "成功",
        "data": {
            "HYJG": "1",
            "XB": "2",
            "CSRQ": "19880314",
            "MZ": "01",
            "HJXZQH": woman["region"][:6],
            "SWBS": "0",
        },
    }


def test_anything_but_a_match_gives_no_details(verify, woman):
    assert verify(woman["document_number"], "王小二")["data"] == {"HYJG": "2"}
    assert verify("11010519491231002X", woman["name"])["data"] == {"HYJG": "3"}


def test_every_person_of_the_world_is_in_the_population_database(verify, people):
    for person in people.values():
        data = verify(person["document_number"], person["name"])["data"]
        assert data["HYJG"] == "1"
        assert data["SWBS"] == ("1" if person.get("deceased") else "0")


@pytest.mark.parametrize(
    ("header", "value", "code", "message"),
    [
        ("rid", None, "401", "缺少请求头 gjgxjhpt_rid"),
        ("sign", None, "401", "缺少请求头 gjgxjhpt_sign"),
        ("rid", "somebody-else", "401", "请求者标识不存在"),
        ("sid", "s_other", "403", "请求者未获授权访问该服务"),
        ("rtime", "1790000000", "401", "请求时间须为 13 位毫秒时间戳"),
        ("rtime", "1790000000001", "401", "签名校验失败"),
        ("sign", "AAAA", "401", "签名校验失败"),
        ("sign", "签", "401", "签名校验失败"),
    ],
)
def test_a_caller_who_cannot_sign_is_refused(verify, woman, header, value, code, message):
    def edit(headers):
        headers.pop(f"gjgxjhpt-{header}")
        if value is not None:
            headers[f"gjgxjhpt-{header}"] = value

    answer = verify(woman["document_number"], woman["name"], edit)
    assert answer == {"code": code, "message": message, "data": None}


def test_a_call_older_than_five_minutes_is_refused(verify, woman, moved):
    number, name = woman["document_number"], woman["name"]
    moved.forward(300)
    assert verify(number, name)["code"] == "200"
    moved.forward(0.001)
    assert verify(number, name)["message"] == "请求时间超出允许范围"
    moved.forward(-600.01)
    assert verify(number, name)["message"] == "请求时间超出允许范围"


def test_the_keys_of_one_service_do_not_open_the_other(client, moved, exchange_headers, woman):
    body = {"GMSFHM": woman["document_number"], "XM": woman["name"]}
    answer = client.post(VERIFY, json=body, headers=exchange_headers("health_authority"))
    assert answer.json["code"] == "401"


@pytest.mark.parametrize("body", [None, [], {}, {"GMSFHM": "1"}, {"GMSFHM": 1, "XM": "x"}])
def test_a_question_without_its_fields_is_refused(client, moved, exchange_headers, body):
    answer = client.post(VERIFY, json=body, headers=exchange_headers("population"))
    assert answer.status_code == 200
    assert answer.json["code"] == "400"


def test_header_names_with_underscores_are_understood_too(client, moved, exchange_headers, woman):
    headers = exchange_headers("population", separator="_")
    body = {"GMSFHM": woman["document_number"], "XM": woman["name"]}
    assert client.post(VERIFY, json=body, headers=headers).json["code"] == "200"


def test_the_records_of_the_world_are_told(records_of, world, people):
    by_number = {person["document_number"]: person for person in people.values()}
    assert len(world["health_records"]) == 8
    for record in world["health_records"]:
        answer = records_of(by_number[record["document_number"]])
        assert (answer["code"], len(answer["data"])) == ("200", 1)
        told = answer["data"][0]
        assert told["JLBH"] == record["record_id"]
        assert told["RYLB"] == record["category"]
        assert told["RYLBMC"]
        assert (told["KSSJ"], told["JSSJ"]) == ("2026-01-01T00:00:00+08:00", None)
        assert datetime.fromisoformat(told["GXSJ"]).tzinfo is not None


def test_a_healthy_person_has_no_records_and_a_wrong_name_learns_nothing(records_of, people):
    assert records_of(people["r001"]) == {"code": "200", "message": "成功", "data": []}
    contact = people["r204"]
    assert records_of(contact)["data"][0]["RYLB"] == "04"
    assert records_of(contact, XM="王小二")["data"] == []
    assert records_of(contact, ZJLX="20")["data"] == []


def test_a_simulated_record_appears_and_can_be_ended(client, records_of, woman, moved):
    body = {"document_number": woman["document_number"], "category": "04"}
    made = client.post("/health-authority/simulate", json=body)
    assert made.status_code == 201
    record_id = made.json["record_id"]
    told = records_of(woman)["data"]
    assert [(r["JLBH"], r["RYLBMC"], r["JSSJ"]) for r in told] == [(record_id, "密切接触者", None)]
    moved.forward(3600)
    ended = client.post("/health-authority/simulate/release", json={"record_id": record_id})
    assert ended.status_code == 200
    told = records_of(woman)["data"][0]
    assert datetime.fromisoformat(told["JSSJ"]).timestamp() == moved.time
    assert datetime.fromisoformat(told["GXSJ"]).timestamp() == moved.time
    again = client.post("/health-authority/simulate/release", json={"record_id": record_id})
    assert again.json["JSSJ"] == told["JSSJ"]


def test_records_come_in_the_order_in_which_they_began(client, records_of, woman):
    for category, since in (("07", "2026-05-02T00:00:00Z"), ("04", "2026-05-01T00:00:00+08:00")):
        body = {"document_number": woman["document_number"], "category": category, "since": since}
        assert client.post("/health-authority/simulate", json=body).status_code == 201
    assert [record["RYLB"] for record in records_of(woman)["data"]] == ["04", "07"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"document_number": "11010519491231002X"}, 404),
        ({"document_number": ["x"]}, 422),
        ({"category": "09"}, 422),
        ({"category": 4}, 422),
        ({"since": "yesterday"}, 422),
        ({"since": "2026-05-01T00:00:00"}, 422),
        ({"since": "2030-05-01T00:00:00+08:00"}, 422),
        ({"until": "2020-05-01T00:00:00+08:00"}, 422),
        ({"colour": "red"}, 422),
        ({"category": None}, 422),
    ],
)
def test_a_record_that_makes_no_sense_is_not_made(client, moved, woman, changed, status):
    body = {"document_number": woman["document_number"], "category": "04"} | changed
    answer = client.post("/health-authority/simulate", json=body)
    assert answer.status_code == status
    assert answer.json["message"]


def test_a_record_nobody_made_cannot_be_ended(client):
    answer = client.post("/health-authority/simulate/release", json={"record_id": "x"})
    assert answer.status_code == 404
