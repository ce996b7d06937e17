"""Who else vouches for identities: exit-entry, business registry, face check."""

import json
import uuid

import pytest

EXIT_ENTRY = "/exchange/exit-entry/verify"
REGISTRY = "/exchange/business-registry/entity"
CODES = {
    "hk_macau_travel_permit": "14",
    "taiwan_travel_permit": "15",
    "passport": "20",
    "foreign_permanent_residence": "34",
    "hk_macau_residence_permit": "41",
    "taiwan_residence_permit": "42",
}


@pytest.fixture
def ask(client, moved, exchange_headers):
    def call(path, party, body):
        answer = client.post(path, json=body, headers=exchange_headers(party, moved.time))
        assert answer.status_code == 200
        return answer.json

    return call


@pytest.fixture
def faceid(client, moved, world, sign_tc3):
    """A signed call of the face check; header fields given replace others."""

    def call(action, body, **changed):
        party = world["parties"]["faceid"]
        payload = json.dumps(body).encode()
        signed = {
            "content-type": "application/json; charset=utf-8",
            "host": "localhost",
            "x-tc-action": action,
        }
        key = (party["secret_id"], changed.pop("secret", party["secret_key"]))
        headers = {
            "Content-Type": signed["content-type"],
            "Host": "localhost",
            "X-TC-Action": action,
            "X-TC-Version": "2018-03-01",
            "X-TC-Timestamp": str(int(moved.time)),
            "Authorization": sign_tc3(key, "faceid", signed, payload, int(moved.time)),
            **changed,
        }
        return client.post("/tencent-faceid/", data=payload, headers=headers).json["Response"]

    return call


def test_every_holder_is_known_by_kind_number_and_name(ask, world):
    for holder in world["other_documents"]:
        body = {
            "ZJLX": CODES[holder["document_type"]],
            "ZJHM": holder["document_number"],
            "XM": holder["name"],
        }
        told = ask(EXIT_ENTRY, "exit_entry", body)["data"]
        assert told == {"HYJG": "1", "XB": "2", "CSRQ": holder["birth_date"].replace("-", "")}
        assert ask(EXIT_ENTRY, "exit_entry", body | {"XM": "别人"})["data"] == {"HYJG": "2"}
        assert ask(EXIT_ENTRY, "exit_entry", body | {"ZJLX": "10"})["data"] == {"HYJG": "3"}
    assert {holder["document_type"] for holder in world["other_documents"]} == set(CODES)


def test_the_exchange_checks_its_callers_here_too(ask):
    body = {"ZJLX": "20", "ZJHM": "XX0000001", "XM": "DOE JANE"}
    assert ask(EXIT_ENTRY, "population", body)["code"] == "401"
    assert ask(REGISTRY, "exit_entry", {"TYSHXYDM": "x"})["code"] == "401"
    assert ask(REGISTRY, "business_registry", {})["code"] == "400"


def test_the_registry_names_the_representative_of_every_company(ask, world, people):
    assert len(world["organisations"]) == 20
    for entry in world["organisations"]:
        told = ask(REGISTRY, "business_registry", {"TYSHXYDM": entry["uscc"]})["data"]
        owner = people[entry["representative"]]
        assert (told["CXJG"], told["QYMC"]) == ("1", entry["name"])
        assert (told["FDDBR"], told["FDDBRZJHM"]) == (owner["name"], owner["document_number"])
    unknown = ask(REGISTRY, "business_registry", {"TYSHXYDM": "91350100M000100Y43"})["data"]
    assert unknown == {"CXJG": "2"}


def test_no_company_lies_in_a_division_that_was_ever_assigned(world):
    codes = [entry["uscc"] for entry in world["organisations"]]
    assert len(set(codes)) == len(codes)
    assert {code[2:8] for code in codes} == {"429999"}


def test_a_change_in_the_registry_is_told_from_then_on(ask, client, world, people):
    uscc = world["organisations"][0]["uscc"]
    change = {"uscc": uscc, "representative": people["r005"]["document_number"]}
    assert client.post("/business-registry/simulate", json=change).status_code == 200
    client.post("/business-registry/simulate", json={"uscc": uscc, "status": "revoked"})
    told = ask(REGISTRY, "business_registry", {"TYSHXYDM": uscc})["data"]
    assert (told["FDDBR"], told["JYZT"]) == (people["r005"]["name"], "2")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"uscc": "nothing"}, 404),
        ({"uscc": "nothing", "status": "asleep"}, 422),
        ({"uscc": "nothing", "representative": "1"}, 404),
        ({}, 422),
    ],
)
def test_a_change_that_cannot_be_is_refused(client, body, status):
    assert client.post("/business-registry/simulate", json=body).status_code == status


def test_a_face_check_ends_as_it_was_told_to(faceid, client, people):
    person = people["r001"]
    body = {
        "RuleId": "1",
        "IdCard": person["document_number"],
        "Name": person["name"],
        "Extra": "ref",
    }
    begun = faceid("DetectAuth", body)
    token = begun["BizToken"]
    assert begun["Url"].endswith(f"/faceid/page?token={token}")
    ask_result = {"RuleId": "1", "BizToken": token, "InfoType": "1"}
    assert faceid("GetDetectInfoEnhanced", ask_result)["Text"]["ErrCode"] is None
    for outcome, code in (("not_live", 1004), ("other_face", 2004), ("match", 0)):
        body = {"biz_token": token, "outcome": outcome}
        assert client.post("/faceid/simulate", json=body).status_code == 200
        text = faceid("GetDetectInfoEnhanced", ask_result)["Text"]
        assert (text["ErrCode"], text["Extra"]) == (code, "ref")
        assert (text["IdCard"], text["Name"]) == (person["document_number"], person["name"])


def test_a_name_that_is_not_the_numbers_is_no_match(faceid, client, people):
    body = {"RuleId": "1", "IdCard": people["r001"]["document_number"], "Name": "别人"}
    token = faceid("DetectAuth", body)["BizToken"]
    client.post(f"/faceid/page?token={token}", data={"outcome": "match"})
    result = {"RuleId": "1", "BizToken": token}
    assert faceid("GetDetectInfoEnhanced", result)["Text"]["ErrCode"] == 2005


def test_the_page_offers_every_outcome(client):
    page = client.get("/faceid/page?token=x").text
    assert all(f'value="{each}"' in page for each in ("match", "other_face", "not_live"))


@pytest.mark.parametrize(
    ("action", "body", "changed", "code"),
    [
        ("DetectAuth", {"RuleId": "1"}, {"secret": "wrong"}, "AuthFailure.SignatureFailure"),
        ("DetectAuth", {"RuleId": "9"}, {}, "InvalidParameterValue.RuleIdNotExist"),
        ("DetectAuth", [], {}, "InvalidParameter"),
        ("DetectAuth", {"RuleId": "1"}, {"X-TC-Version": "2020-01-01"}, "NoSuchVersion"),
        ("GuessWho", {"RuleId": "1"}, {}, "InvalidAction"),
        (
            "GetDetectInfoEnhanced",
            {"RuleId": "1", "BizToken": str(uuid.UUID(int=1))},
            {},
            "InvalidParameter",
        ),
    ],
)
def test_a_call_that_the_provider_refuses_says_why(faceid, action, body, changed, code):
    assert faceid(action, body, **changed)["Error"]["Code"] == code
