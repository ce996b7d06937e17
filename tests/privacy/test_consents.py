"""Agreeing, withdrawing, and what rests on it."""

import json

import pytest
from health_support import HEALTHY
from sqlalchemy import select

from app.core.errors import NotFound
from app.privacy import consents, registered
from app.privacy.errors import ConsentRequired
from app.privacy.models import ConsentEvent
from composition import SUBSCRIPTIONS
from healthcode.jobs import end_withdrawn

URL = "/api/v1/me/consents"


@pytest.fixture
def give(client):
    def send(person, purpose, version=1):
        body = {"notice_version": version}
        return client.post(f"{URL}/{purpose}", json=body, headers=person.headers)

    return send


@pytest.fixture
def take_back(client):
    return lambda person, purpose: client.delete(f"{URL}/{purpose}", headers=person.headers)


@pytest.fixture
def standing(client):
    def read(person, purpose):
        items = client.get(URL, headers=person.headers).json["items"]
        return next(each["given_version"] for each in items if each["purpose"] == purpose)

    return read


def rows_of(session, person):
    mine = select(ConsentEvent).where(ConsentEvent.account_id == person.actor.account)
    return list(session.scalars(mine.order_by(ConsentEvent.id)))


def test_everybody_may_read_what_data_are_used_for(client):
    zh = client.get("/api/v1/privacy/purposes").json["items"]
    en = client.get("/api/v1/privacy/purposes", headers={"Accept-Language": "en"}).json["items"]
    assert [each["purpose"] for each in zh] == sorted(registered.current())
    assert {each["basis"] for each in zh} == {"consent", "statutory_duty", "public_health"}
    for one, other in zip(zh, en, strict=True):
        assert one["title"] != other["title"]
        assert one["fields"]
        assert "法" in one["law"]


def test_sensitive_data_ask_for_a_consent_of_their_own(client):
    items = client.get("/api/v1/privacy/purposes").json["items"]
    assert {each["purpose"] for each in items if each["sensitive"]} == {"face", "health_code"}
    assert all(each["asks_consent"] for each in items if each["sensitive"])


def test_a_consent_is_given_withdrawn_and_given_again_and_every_step_stays(
    session, invent, give, take_back, standing
):
    person = invent()
    assert standing(person, "face") is None
    answer = give(person, "face")
    assert (answer.status_code, answer.json["given_version"]) == (201, 1)
    assert give(person, "face").status_code == 201
    assert take_back(person, "face").status_code == 204
    assert take_back(person, "face").status_code == 204
    assert standing(person, "face") is None
    give(person, "face")
    assert standing(person, "face") == 1
    rows = rows_of(session, person)
    assert [row.act for row in rows] == ["given", "withdrawn", "given"]
    assert {row.channel for row in rows} == {"ios"}
    assert {row.session_id for row in rows} == {person.actor.session_id}
    assert {row.evidence for row in rows} == {registered.current()["face"].digest}


def test_whoever_processes_sensitive_data_asks_first(session, invent, give, take_back):
    person = invent()
    with pytest.raises(ConsentRequired) as refused:
        consents.require(session, person.actor, "face")
    assert refused.value.facts == {"purpose": "face", "notice_version": 1}
    give(person, "face")
    consents.require(session, person.actor, "face")
    take_back(person, "face")
    with pytest.raises(ConsentRequired):
        consents.require(session, person.actor, "face")


def test_a_new_notice_must_be_agreed_to_anew(
    session, invent, give, standing, tmp_path, monkeypatch
):
    person = invent()
    give(person, "face")
    content = json.loads((registered.FOLDER / "face.v1.json").read_text())
    for path in registered.FOLDER.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "face.v2.json").write_text(json.dumps({**content, "version": 2}))
    monkeypatch.setattr(registered, "FOLDER", tmp_path)
    registered.current.cache_clear()
    try:
        with pytest.raises(ConsentRequired) as refused:
            consents.require(session, person.actor, "face")
        assert refused.value.facts["notice_version"] == 2
        old = give(person, "face", version=1)
        assert (old.status_code, old.json["code"]) == (409, "notice_outdated")
        assert old.json["notice_version"] == 2
        assert standing(person, "face") == 1
        assert give(person, "face", version=2).json["given_version"] == 2
        consents.require(session, person.actor, "face")
    finally:
        registered.current.cache_clear()


@pytest.mark.parametrize(
    ("purpose", "kind"),
    [("account", (409, "consent_not_asked")), ("weather", (404, "not_found"))],
)
def test_what_the_law_allows_is_neither_given_nor_withdrawn(invent, give, take_back, purpose, kind):
    person = invent(level="phone")
    for answer in (give(person, purpose), take_back(person, purpose)):
        assert (answer.status_code, answer.json["code"]) == kind


@pytest.mark.parametrize("version", ["1", 1.0, True, None, 0, 10**30])
def test_a_version_is_a_number_that_was_shown(invent, give, version):
    assert give(invent(), "face", version=version).status_code in (409, 422)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"version": 2}, "says it is"),
        ({"basis": "because"}, "no such basis"),
        ({"separate_consent": False}, "separate consent"),
        ({"en": {"title": "", "notice": "x"}}, "words are missing"),
        ({"since": "soon"}, "soon"),
    ],
)
def test_a_purposes_file_that_is_wrong_is_refused(tmp_path, change, word):
    content = json.loads((registered.FOLDER / "face.v1.json").read_text())
    path = tmp_path / "face.v1.json"
    path.write_text(json.dumps({**content, **change}))
    with pytest.raises(registered.PurposeRefused, match=word):
        registered.read(path)


def declare(client, person):
    url = "/api/v1/health-code/declaration"
    answer = client.put(url, json=HEALTHY, headers=person.headers)
    assert answer.status_code == 200, answer.json
    return answer.json


def open_code(client, person):
    return client.get("/api/v1/health-code", headers=person.headers).json


def test_declaring_is_agreeing_and_is_written_down_once(session, stubs, client, invent, standing):
    person = invent()
    declare(client, person)
    declare(client, person)
    (row,) = rows_of(session, person)
    assert (row.purpose, row.act, row.channel) == ("health_code", "given", "declaration")
    assert standing(person, "health_code") == 1


def test_a_withdrawn_consent_ends_the_health_code_until_it_is_declared_anew(
    stubs, world, client, invent, take_back, standing
):
    person = invent()
    before = declare(client, person)
    assert take_back(person, "health_code").status_code == 204
    assert end_withdrawn in {each.task for each in SUBSCRIPTIONS}
    ids = {
        "account_id": str(person.actor.account),
        "person_id": str(person.actor.person),
    }
    for _ in range(2):
        end_withdrawn.run(world, purpose="health_code", **ids)
    world.core.freshness.read_once()
    ended = open_code(client, person)
    assert (ended["state"], ended["code"]) == ("none", None)
    after = declare(client, person)
    assert (after["state"], after["colour"]) == (before["state"], before["colour"])
    assert standing(person, "health_code") == 1
    # A withdrawal that is told late ends nothing that was declared since.
    end_withdrawn.run(world, purpose="health_code", **ids)
    assert open_code(client, person)["state"] == after["state"]


def test_withdrawing_from_something_else_leaves_the_health_code_alone(stubs, world, client, invent):
    person = invent()
    state = declare(client, person)["state"]
    ids = {"account_id": str(person.actor.account), "person_id": str(person.actor.person)}
    end_withdrawn.run(world, purpose="face", **ids)
    end_withdrawn.run(world, purpose="health_code", account_id=ids["account_id"], person_id="")
    assert open_code(client, person)["state"] == state


def test_nobody_withdraws_for_another(session, invent, give, take_back):
    one, other = invent(), invent()
    give(one, "face")
    take_back(other, "face")
    consents.require(session, one.actor, "face")
    assert rows_of(session, other) == []


def test_an_unknown_purpose_is_not_found(session, invent):
    with pytest.raises(NotFound):
        consents.give(session, invent().actor, "weather", 1, "ios")
