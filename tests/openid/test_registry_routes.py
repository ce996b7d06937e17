"""Officers who keep the client registry."""

import pytest
from sqlalchemy import text

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
def registered(client, registrar):
    """The answer to a registration."""
    return client.post(PATH, json=NEW, headers=registrar.headers).get_json()


def test_a_client_is_registered_shown_changed_and_disabled(client, registrar, registered, session):
    headers, path = registrar.headers, f"{PATH}/{registered['client_id']}"
    assert registered["client_secret"].startswith("hbs_")
    listed = client.get(PATH, headers=headers)
    assert registered["client_secret"] not in listed.get_data(as_text=True)
    assert [item["name"] for item in listed.get_json()["items"]] == ["公积金查询"]
    changed = client.put(path, json={**NEW, "scopes": ["openid", "phone"]}, headers=headers)
    assert changed.get_json()["scopes"] == ["openid", "phone"]
    secret = client.post(f"{path}/secret", headers=headers).get_json()["client_secret"]
    assert secret != registered["client_secret"]
    assert client.delete(path, headers=headers).status_code == 204
    assert client.get(path, headers=headers).get_json()["disabled_at"] is not None
    acts = session.execute(
        text("SELECT action, actor_id FROM audit_rows WHERE action LIKE 'openid.%' ORDER BY id")
    ).all()
    assert acts == [
        (f"openid.client_{act}", registrar.actor.officer_id)
        for act in ("registered", "changed", "secret_renewed", "disabled")
    ]


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
def test_what_makes_a_client_another_one_cannot_be_changed(client, registrar, registered, changed):
    path = f"{PATH}/{registered['client_id']}"
    answer = client.put(path, json={**NEW, **changed}, headers=registrar.headers)
    assert answer.status_code == 422
    kept = client.get(path, headers=registrar.headers).get_json()
    assert (kept["redirect_uris"], kept["sector"]) == (NEW["redirect_uris"], "site.example")


def test_other_officers_and_citizens_have_no_access(client, invent_officer, invent, registered):
    for headers in (invent_officer("system_admin").headers, invent().headers):
        assert client.get(PATH, headers=headers).status_code in (401, 403)
        assert client.post(PATH, json=NEW, headers=headers).status_code in (401, 403)
