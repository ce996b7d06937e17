"""Proving the real name against the population stand-in, over HTTP to its real adapter."""

import json
from datetime import date
from urllib.request import urlopen

import pytest
from sqlalchemy import text

from app.identity.documents import mask_name, normalise_name, parse_resident_id
from app.identity.models import Account

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="session")
def residents(stubs):
    with urlopen(f"{stubs}/demo/accounts?role=resident") as answer:
        return json.load(answer)


@pytest.fixture
def prove(client):
    def send(person, name, number, **headers):
        body = {"name": name, "document_type": "resident_id", "document_number": number}
        return client.post("/api/v1/me/real-name", json=body, headers={**person.headers, **headers})

    return send


def test_a_matching_name_and_number_raise_the_level(prove, invent, residents, client, session):
    person, real = invent(level="phone"), residents[0]
    answer = prove(person, real["name"], real["document_number"])
    assert answer.status_code == 200
    assert answer.get_json()["level"] == "real_name"
    headers = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    me = client.get("/api/v1/me", headers=headers).get_json()
    assert me["name"] == mask_name(real["name"])
    assert me["document_number"].startswith(real["document_number"][:3])
    assert real["document_number"] not in json.dumps(me)
    stored = session.scalar(text("SELECT string_agg(p::text, '') FROM persons p"))
    assert real["name"] not in stored
    assert real["document_number"] not in stored


def test_a_wrong_name_is_refused_and_nothing_is_bound(prove, invent, residents, session):
    person = invent(level="phone")
    answer = prove(person, "不是本人", residents[1]["document_number"])
    assert (answer.status_code, answer.get_json()["code"]) == (422, "real_name_mismatch")
    assert session.get(Account, person.actor.citizen_id).level == "phone"


def test_an_unknown_number_is_answered_like_a_wrong_name(prove, invent, residents):
    person = invent(level="phone")
    unknown = prove(person, residents[1]["name"], "11010519491231002X")
    wrong = prove(person, "不是本人", residents[1]["document_number"])
    shown = [{**each.get_json(), "trace_id": None} for each in (unknown, wrong)]
    assert shown[0] == shown[1]


def test_a_wrong_check_digit_never_reaches_the_population_database(prove, invent, residents):
    number = residents[2]["document_number"]
    other = "1" if number[-1] != "1" else "2"
    answer = prove(invent(level="phone"), residents[2]["name"], number[:-1] + other)
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["document_number"]


def test_five_attempts_a_day_are_the_most(prove, invent, residents):
    person = invent(level="phone")
    codes = [
        prove(person, "不是本人", residents[3]["document_number"]).status_code for _ in range(7)
    ]
    assert codes == [422] * 5 + [429] * 2


def test_an_outage_costs_no_attempt(client, invent, residents, app, stubs):
    from app.core.http import Party

    person, real = invent(level="phone"), residents[11]
    population = app.extensions["huiban"].population
    working, population._party = population._party, Party("population", "http://127.0.0.1:9")
    body = {
        "name": real["name"],
        "document_type": "resident_id",
        "document_number": real["document_number"],
    }
    send = lambda: client.post("/api/v1/me/real-name", json=body, headers=person.headers)  # noqa: E731
    assert {send().status_code for _ in range(7)} == {503}
    population._party.close()
    population._party = working
    assert send().status_code == 200


def test_a_person_proves_for_one_account_only(prove, invent, residents):
    first, second, real = invent(level="phone"), invent(level="phone"), residents[4]
    assert prove(first, real["name"], real["document_number"]).status_code == 200
    answer = prove(second, real["name"], real["document_number"])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "identity_in_use")


def test_an_account_does_not_change_its_person(prove, invent, residents):
    person = invent(level="phone")
    assert prove(person, residents[5]["name"], residents[5]["document_number"]).status_code == 200
    answer = prove(person, residents[6]["name"], residents[6]["document_number"])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "real_name_already_proved")


def test_proving_twice_is_harmless(prove, invent, residents):
    person, real = invent(level="phone"), residents[7]
    for _ in range(2):
        assert prove(person, real["name"], real["document_number"].lower()).status_code == 200


def test_without_the_population_database_the_answer_is_503(client, invent, residents, app):
    from app.core.http import Party

    person = invent(level="phone")
    population = app.extensions["huiban"].population
    population._party = Party("population", "http://127.0.0.1:9")
    body = {
        "name": residents[8]["name"],
        "document_type": "resident_id",
        "document_number": residents[8]["document_number"],
    }
    answer = client.post("/api/v1/me/real-name", json=body, headers=person.headers)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "party_unavailable")
    assert "Retry-After" in answer.headers


def test_a_half_signed_in_person_must_step_up(client, invent):
    answer = client.get("/api/v1/health-code", headers=invent(level="phone").headers)
    assert answer.status_code == 403
    assert (answer.get_json()["code"], answer.get_json()["level"]) == (
        "step_up_required",
        "real_name",
    )


@pytest.mark.parametrize(
    "number", ["11010519491231002X", "440524188001010014", "11010519491231002x"]
)
def test_the_standards_own_numbers(number):
    found = parse_resident_id(number, TODAY)
    if "1880" in number:
        assert found is None, "nobody born before 1900"
    else:
        assert (found.sex, found.birth_date) == ("2", date(1949, 12, 31))


@pytest.mark.parametrize(
    "number",
    [
        "110105194912310021",
        "11010519490229002X",
        "11010520991231002X",
        "1101051949123100",
        "11010519491231002Ｘ",
        "０10105194912310020",
        "",
        "X" * 18,
    ],
)
def test_numbers_that_cannot_be(number):
    assert parse_resident_id(number, TODAY) is None


def test_names_are_spelt_one_way():
    assert normalise_name(" 阿依古丽•买买提 ") == "阿依古丽·买买提"
    assert mask_name("张三") == "张*"
    assert mask_name("欧阳修") == "欧*修"
