"""Officers who keep the client registry: one proposes, another approves."""

import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.identity.openid.secrets import digest

PATH = "/api/v1/officer/clients"
NEW = {
    "name": "公积金查询",
    "department": "市公积金中心",
    "redirect_uris": ["https://site.example/callback"],
    "scopes": ["openid", "profile"],
    "auth_method": "client_secret_basic",
}


@pytest.fixture
def registrar(invent_officer):
    """An officer with that role."""
    return invent_officer("client_registrar")


@pytest.fixture
def second(invent_officer):
    """Somebody else who may approve."""
    return invent_officer("security_admin")


@pytest.fixture
def propose(client, registrar):
    """Propose something; returns the proposal's address."""

    def run(method, path, body=None):
        answer = getattr(client, method)(path, json=body, headers=registrar.headers)
        assert answer.status_code == 202, answer.json
        return f"{PATH}/proposals/{answer.json['proposal_id']}"

    return run


@pytest.fixture
def approve(client, second):
    """As the second person; returns the status."""
    return lambda there: client.post(f"{there}/approval", headers=second.headers).status_code


@pytest.fixture
def registered(client, registrar, propose, approve):
    """(address, secret) of a client that both registered."""
    there = propose("post", PATH, NEW)
    assert approve(there) == 204
    told = client.post(f"{there}/secret", headers=registrar.headers).json
    return f"{PATH}/{told['client_id']}", told["client_secret"]


def secret_hash(session):
    return session.scalar(text("SELECT secret_hash FROM openid_clients"))


def test_a_client_is_registered_changed_given_a_secret_and_disabled(
    client, registrar, second, registered, propose, approve, session
):
    (path, secret), headers = registered, registrar.headers
    assert secret_hash(session) == digest(secret)
    there = propose("put", path, {**NEW, "scopes": ["openid", "phone"]})
    assert client.get(path, headers=headers).json["scopes"] == NEW["scopes"]
    assert approve(there) == 204
    assert client.get(path, headers=headers).json["scopes"] == ["openid", "phone"]
    there = propose("post", f"{path}/secret")
    assert approve(there) == 204
    assert secret_hash(session) == digest(secret), "good until the new one is fetched"
    fresh = client.post(f"{there}/secret", headers=headers).json["client_secret"]
    assert secret_hash(session) == digest(fresh)
    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(path, headers=headers).json["disabled_at"] is not None
    acts = session.execute(
        text("SELECT action, actor_id FROM audit_rows WHERE action LIKE 'openid.%' ORDER BY id")
    ).all()
    one, two = registrar.actor.officer_id, second.actor.officer_id
    assert acts == [
        *(("openid.proposal_made", one), ("openid.client_registered", two)),
        *(("openid.proposal_approved", two), ("openid.client_secret_renewed", one)),
        *(("openid.proposal_made", one), ("openid.client_changed", two)),
        *(("openid.proposal_approved", two), ("openid.proposal_made", one)),
        *(("openid.proposal_approved", two), ("openid.client_secret_renewed", one)),
        ("openid.client_disabled", one),
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uris": ["https://site.example/thief"]},
        {"scopes": ["openid", "profile", "real_name"]},
        {"backchannel_logout_uri": "https://site.example/told"},
        {"post_logout_redirect_uris": ["https://site.example/bye"]},
        {"name": "另一个名字"},
    ],
)
def test_nobody_changes_a_client_alone(
    client, registrar, registered, propose, approve, session, changed
):
    path, _ = registered
    before = client.get(path, headers=registrar.headers).json
    there = propose("put", path, {**NEW, **changed})
    alone = client.post(f"{there}/approval", headers=registrar.headers)
    assert (alone.status_code, alone.json["code"]) == (403, "second_person_needed")
    assert client.get(path, headers=registrar.headers).json == before
    assert approve(there) == 204
    after = client.get(path, headers=registrar.headers).json
    assert {name: after[name] for name in changed} == changed


def test_neither_of_the_two_gets_a_secret_alone(
    client, registrar, second, invent_officer, registered, propose, approve
):
    path, _ = registered
    there = propose("post", f"{path}/secret")
    early = client.post(f"{there}/secret", headers=registrar.headers)
    assert early.status_code == 404
    assert approve(there) == 204
    other = invent_officer("client_registrar")
    for officer, status in ((second, 403), (other, 404), (registrar, 201), (registrar, 404)):
        answer = client.post(f"{there}/secret", headers=officer.headers)
        assert answer.status_code == status


def test_who_proposed_and_who_decided_is_shown_and_no_secret(
    client, registrar, second, registered, propose, approve
):
    path, secret = registered
    refused = propose("put", path, {**NEW, "name": "改名"})
    assert client.delete(refused, headers=second.headers).status_code == 204
    assert approve(refused) == 404, "decided is decided"
    propose("post", f"{path}/secret")
    listed = client.get(f"{PATH}/proposals", headers=registrar.headers)
    assert secret not in listed.get_data(as_text=True)
    assert [
        (each["kind"], each["proposed_by"], each["decided_by"], each["approved"])
        for each in listed.json["items"]
    ] == [
        ("secret", registrar.login, None, None),
        ("change", registrar.login, second.login, False),
        ("register", registrar.login, second.login, True),
    ]
    assert listed.json["items"][1]["wanted"]["name"] == "改名"


def test_one_change_of_a_client_waits_at_a_time(client, registrar, registered, propose):
    path, _ = registered
    propose("post", f"{path}/secret")
    answer = client.put(path, json=NEW, headers=registrar.headers)
    assert (answer.status_code, answer.json["code"]) == (409, "proposal_waits")


def test_the_database_itself_wants_two_people(client, registrar, propose, session):
    there = propose("post", PATH, NEW)
    alone = text(
        "UPDATE openid_client_proposals SET approved = true, decided_at = :at,"
        " decided_by = proposed_by WHERE id = :id"
    )
    proposal = uuid.UUID(there.rpartition("/")[2])
    with pytest.raises(IntegrityError, match="two_people"):
        session.execute(alone, {"at": clock.now(), "id": proposal})


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uris": ["https://elsewhere.example/callback"]},
        {"sector": "elsewhere.example"},
        {"auth_method": "none"},
        {"application_type": "native"},
        {"redirect_uris": []},
        {"redirect_uris": ["https://site.example/*#"]},
        {"secret_hash": "x"},
    ],
)
def test_what_makes_a_client_another_one_cannot_be_proposed(client, registrar, registered, changed):
    path, _ = registered
    answer = client.put(path, json={**NEW, **changed}, headers=registrar.headers)
    assert answer.status_code == 422
    kept = client.get(path, headers=registrar.headers).json
    assert (kept["redirect_uris"], kept["sector"]) == (NEW["redirect_uris"], "site.example")


def test_other_officers_and_citizens_have_no_access(client, invent_officer, invent, propose):
    there = propose("post", PATH, NEW)
    for headers in (invent_officer("system_admin").headers, invent().headers):
        for path in (PATH, f"{PATH}/proposals"):
            assert client.get(path, headers=headers).status_code in (401, 403)
        assert client.post(PATH, json=NEW, headers=headers).status_code in (401, 403)
        assert client.post(f"{there}/approval", headers=headers).status_code in (401, 403)
