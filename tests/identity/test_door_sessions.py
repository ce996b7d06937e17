"""A session opened at a door checks codes, nothing else, and ends with the shift."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock
from app.identity import login_codes, sessions, tokens
from app.identity.accounts import account_of_phone
from app.identity.login_codes import Asker
from app.identity.models import LoginCode, SessionFamily
from app.identity.sessions import Device, Refused

PHONE = "19911118001"
REFRESH = "/api/v1/auth/sessions/refresh"
DOOR = Device("tablet", "门口平板", "h5", use="verifier")


@pytest.fixture
def opened(session):
    """A session at a door, opened past HTTP."""
    account = account_of_phone(session, f"+86{PHONE}")
    granted = sessions.open_session(session, account, DOOR)
    session.commit()
    return granted


@pytest.fixture
def headers(opened):
    return {"Authorization": f"Bearer {opened.access_token}"}


@pytest.fixture
def origin(core):
    return {"Origin": core.settings.public_url}


def set_cookie(client, name, value):
    client.set_cookie(name, value, path="/api/v1/auth")


def test_every_route_but_those_of_doors_refuses_it(app, client, headers):
    refused, allowed = 0, set()
    for rule in app.url_map.iter_rules():
        line = app.view_functions[rule.endpoint].huiban_route
        if line.level in ("anonymous", "operator", "second_factor"):
            continue
        path = re.sub(r"<[^>]+>", "00000000-0000-4000-8000-000000000000", rule.rule)
        for method in line.methods:
            # Signed out, every further route would be 401.
            if (method, rule.rule) == ("DELETE", "/api/v1/auth/sessions/current"):
                allowed.add((method, rule.rule))
                continue
            answer = client.open(path, method=method, json={}, headers=headers)
            if answer.get_json()["code"] == "session_for_doors":
                assert answer.status_code == 403
                refused += 1
            else:
                allowed.add((method, rule.rule))
    assert allowed == {
        ("DELETE", "/api/v1/auth/sessions/current"),
        ("GET", "/api/v1/verifier/venues"),
        ("POST", "/api/v1/verifier/scans"),
    }
    assert refused > 25


def test_a_residents_own_session_is_never_refused_for_that(app, client, invent):
    person = invent()
    for rule in app.url_map.iter_rules():
        line = app.view_functions[rule.endpoint].huiban_route
        if line.level in ("anonymous", "operator") or "GET" not in line.methods:
            continue
        path = re.sub(r"<[^>]+>", "00000000-0000-4000-8000-000000000000", rule.rule)
        answer = client.get(path, headers=person.headers)
        assert (answer.get_json() or {}).get("code") != "session_for_doors", rule.rule


def test_it_can_be_signed_out_and_its_own_cookie_goes(client, headers, opened, session):
    set_cookie(client, "huiban_door", opened.refresh_token)
    answer = client.delete("/api/v1/auth/sessions/current", headers=headers)
    assert answer.status_code == 204
    assert client.get_cookie("huiban_door", path="/api/v1/auth") is None
    assert session.scalars(select(SessionFamily.ended_because)).one() == "signed_out"


def test_signing_in_for_a_door_says_when_it_ends_and_sets_a_cookie_of_its_own(
    client, session, origin
):
    login_codes.request_code(session, "login", Asker(f"+86{PHONE}", "127.0.0.1"))
    code = login_codes.derive(session, session.scalars(select(LoginCode)).one())
    device = {"id": "tablet", "name": "门口平板", "platform": "h5"}
    body = {"phone": PHONE, "code": code, "device": device, "use": "verifier"}
    answer = client.post("/api/v1/auth/sessions", json=body, headers=origin)
    assert answer.status_code == 201
    assert answer.headers["Set-Cookie"].startswith("huiban_door=")
    family = session.scalars(select(SessionFamily)).one()
    assert family.use == "verifier"
    assert family.expires_at - family.created_at == timedelta(hours=8)
    assert answer.get_json()["ends_at"] == family.expires_at.isoformat()


def test_what_it_is_for_is_one_of_two(client, origin):
    device = {"id": "tablet", "name": "门口平板", "platform": "h5"}
    body = {"phone": PHONE, "code": "000000", "device": device, "use": "officer"}
    answer = client.post("/api/v1/auth/sessions", json=body, headers=origin)
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["use"]


def test_renewed_it_is_still_for_a_door_and_ends_no_later(
    client, opened, session, core, origin, monkeypatch
):
    before = session.scalars(select(SessionFamily.expires_at)).one()
    set_cookie(client, "huiban_door", opened.refresh_token)
    real = clock.now
    with monkeypatch.context() as late:
        late.setattr(clock, "now", lambda: real() + timedelta(seconds=50))
        answer = client.post(REFRESH, json={"use": "verifier"}, headers=origin)
    assert answer.status_code == 200
    assert tokens.read_access(core.keys, answer.get_json()["access_token"]).use == "verifier"
    session.expire_all()
    assert session.scalars(select(SessionFamily.expires_at)).one() == before


def test_after_eight_hours_it_is_over(opened, session, monkeypatch):
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=8, seconds=1))
    assert isinstance(sessions.refresh(session, opened.refresh_token), Refused)


def test_a_resident_and_a_door_in_one_browser_are_renewed_each_by_their_own_cookie(
    client, opened, session, core, origin
):
    resident = sessions.open_session(
        session, account_of_phone(session, "+8619911118002"), Device("own", "浏览器", "h5")
    )
    session.commit()
    set_cookie(client, "huiban_door", opened.refresh_token)
    set_cookie(client, "huiban_refresh", resident.refresh_token)
    for body, account in (({}, resident.account_id), ({"use": "verifier"}, opened.account_id)):
        answer = client.post(REFRESH, json=body, headers=origin).get_json()
        assert tokens.read_access(core.keys, answer["access_token"]).account == account
    # A browser that knows no door has no session there.
    client.delete_cookie("huiban_door", path="/api/v1/auth")
    assert client.post(REFRESH, json={"use": "verifier"}, headers=origin).status_code == 401


def test_the_token_itself_names_the_audience(core, opened, invent):
    assert tokens.read_access(core.keys, opened.access_token).use == "verifier"
    assert tokens.read_access(core.keys, invent().access_token).use == "citizen"
