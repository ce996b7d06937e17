"""Every kind of identity document: its form, what it tells, what is shown of it."""

import json
import uuid
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from app.connectors.exchange import DOCUMENT_CODES, PersonRecord
from app.core.http import Party
from app.identity import documents, real_name
from app.identity.documents import DOCUMENT_TYPES, mask_document, parse_document
from app.identity.errors import IdentityInUse
from app.identity.models import Person

TODAY = date(2026, 11, 23)
WORLD = json.loads((Path(__file__).resolve().parents[2] / "demo" / "world.json").read_text())
HOLDERS = WORLD["other_documents"]


def of_kind(kind, place=0):
    return [each for each in HOLDERS if each["document_type"] == kind][place]


@pytest.mark.parametrize(
    ("kind", "text", "kept", "born", "sex"),
    [
        ("resident_id", "11010519491231002x", "11010519491231002X", date(1949, 12, 31), "2"),
        ("hk_macau_residence_permit", "810000198102010005", None, date(1981, 2, 1), "2"),
        ("hk_macau_residence_permit", "820000198203050008", None, date(1982, 3, 5), "2"),
        ("taiwan_residence_permit", "830000198304060004", None, date(1983, 4, 6), "2"),
        ("foreign_permanent_residence", "942999198506080001", None, date(1985, 6, 8), "2"),
        ("foreign_permanent_residence", "xxa429986071000", "XXA429986071000", None, None),
        ("passport", "xx0000001", "XX0000001", None, None),
        ("hk_macau_travel_permit", "H0000000102", "H00000001", None, None),
        ("taiwan_travel_permit", "0000000103", "00000001", None, None),
    ],
)
def test_a_number_of_each_kind_says_what_it_says(kind, text, kept, born, sex):
    found = parse_document(kind, text, TODAY)
    assert (found.type, found.number) == (kind, kept or text)
    assert (found.birth_date, found.sex) == (born, sex)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        # Each permit has its own division; none of them is a resident ID.
        ("resident_id", "810000198102010005"),
        ("resident_id", "830000198304060004"),
        ("resident_id", "942999198506080001"),
        ("hk_macau_residence_permit", "830000198304060004"),
        ("taiwan_residence_permit", "810000198102010005"),
        ("foreign_permanent_residence", "810000198102010005"),
        ("hk_macau_residence_permit", "810000198102010006"),
        ("foreign_permanent_residence", "XXA429986131000"),
        ("foreign_permanent_residence", "XX1429986071000"),
        ("passport", "ABCDEFGH"),
        ("passport", "12"),
        ("passport", "Ｘ12345678"),
        ("passport", "X1234567'"),
        ("hk_macau_travel_permit", "A00000001"),
        ("hk_macau_travel_permit", "H0000001"),
        ("taiwan_travel_permit", "H00000001"),
        ("taiwan_travel_permit", "000000010"),
        ("driving_licence", "11010519491231002X"),
        ("", ""),
    ],
)
def test_numbers_of_another_form_are_refused(kind, text):
    assert parse_document(kind, text, TODAY) is None


def test_no_kind_shows_more_than_seven_characters_or_half_of_the_number():
    for holder in HOLDERS:
        number = holder["document_number"]
        shown = mask_document(number)
        assert len(shown) == len(number)
        clear = len(shown.replace("*", ""))
        assert clear <= (7 if len(number) >= 15 else len(number) / 2)


def test_each_kind_has_a_code_of_the_exchange_and_a_row_in_the_catalogue():
    table = Path(documents.__file__).parents[1] / "catalogue" / "data" / "document_types.csv"
    catalogued = {line.partition(",")[0] for line in table.read_text().splitlines()[1:]}
    assert set(DOCUMENT_CODES) == set(DOCUMENT_TYPES)
    assert set(DOCUMENT_TYPES) <= catalogued
    assert len(set(DOCUMENT_CODES.values())) == len(DOCUMENT_TYPES)


@pytest.fixture
def prove(client):
    def send(person, **claimed):
        return client.post("/api/v1/me/real-name", json=claimed, headers=person.headers)

    return send


def claim_of(holder):
    return {each: holder[each] for each in ("name", "document_type", "document_number")}


@pytest.mark.parametrize("kind", [each for each in DOCUMENT_TYPES if each != "resident_id"])
def test_exit_entry_vouches_for_every_other_document(kind, prove, invent, client, stubs, session):
    person, holder = invent(level="phone"), of_kind(kind)
    answer = prove(person, **claim_of(holder))
    assert answer.status_code == 200, answer.json
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    me = client.get("/api/v1/me", headers=headers).json
    assert me["document_type"] == kind
    assert me["document_number"] == mask_document(holder["document_number"])
    stored = session.get(Person, uuid.UUID(me["person_id"]))
    assert (stored.birth_date.isoformat(), stored.sex) == (holder["birth_date"], "2")


def test_a_wrong_name_an_unknown_number_and_another_kind_are_answered_alike(prove, invent, stubs):
    holder, person = of_kind("passport"), invent(level="phone")
    told = [
        prove(person, **{**claim_of(holder), "name": "NOBODY ELSE"}),
        prove(person, **{**claim_of(holder), "document_number": "XX9999999"}),
        prove(person, **{**claim_of(holder), "document_type": "resident_id"}),
    ]
    assert [each.status_code for each in told] == [422, 422, 422]
    assert told[0].json["code"] == told[1].json["code"] == "real_name_mismatch"
    assert told[2].json["errors"].keys() == {"document_number"}


def test_names_in_latin_letters_are_compared_in_one_spelling(prove, invent, stubs):
    holder = of_kind("passport", 1)
    spelt = {**claim_of(holder), "name": f" {holder['name'].lower().replace(' ', '   ')} "}
    assert prove(invent(level="phone"), **spelt).status_code == 200


def test_while_exit_entry_is_silent_the_attempt_is_given_back(prove, invent, app, stubs):
    authority = app.extensions["huiban"].exit_entry
    working, authority._party = authority._party, Party("exit_entry", "http://127.0.0.1:9")
    person, holder = invent(level="phone"), of_kind("taiwan_travel_permit")
    assert {prove(person, **claim_of(holder)).status_code for _ in range(7)} == {503}
    authority._party.close()
    authority._party = working
    assert prove(person, **claim_of(holder)).status_code == 200


def test_the_same_number_of_two_countries_is_never_taken_for_one_person(session):
    claimed = real_name.claim("DOE JANE", "ZZ1234567", "passport")
    first = real_name.person_of(session, claimed, PersonRecord("2", date(1980, 1, 1), False))
    again = real_name.person_of(session, claimed, PersonRecord("2", date(1980, 1, 1), False))
    assert first == again
    with pytest.raises(IdentityInUse):
        real_name.person_of(session, claimed, PersonRecord("1", date(1991, 5, 5), False))


def test_the_kind_is_part_of_what_a_person_is_known_by(session):
    record = PersonRecord("2", date(1980, 1, 1), False)
    passport = real_name.claim("A", "12345678", "passport")
    permit = real_name.claim("A", "12345678", "taiwan_travel_permit")
    found = {real_name.person_of(session, each, record) for each in (passport, permit)}
    assert len(found) == 2
    indexes = session.scalars(select(Person.document_index).where(Person.id.in_(found))).all()
    assert len(set(indexes)) == 2


def test_a_mandate_may_be_asked_of_somebody_with_any_document(client, invent, stubs, prove):
    holder = of_kind("hk_macau_travel_permit")
    daughter, mother = invent(), invent(level="phone")
    asked = {
        "person": claim_of(holder),
        "relation": "parent",
        "scopes": ["pay"],
        "until": "2027-06-01",
    }
    made = client.post("/api/v1/family/mandates", json=asked, headers=daughter.headers)
    assert made.status_code == 201, made.json
    token = prove(mother, **claim_of(holder)).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    accept = f"/api/v1/family/mandates/{made.json['id']}/accept"
    assert client.post(accept, headers=headers).status_code == 200
    members = client.get("/api/v1/family/members", headers=daughter.headers).json["items"]
    assert members[1]["masked_name"] == "黎*敏"
    bills = f"/api/v1/bills?beneficiary_id={members[1]['person_id']}"
    assert client.get(bills, headers=daughter.headers).json["items"] == []
