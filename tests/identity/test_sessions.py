"""Refreshing, ending and listing sessions."""

import threading
import time
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from support import make_person

from app.core import clock
from app.core.db import unit_of_work
from app.identity import sessions, tokens
from app.identity.accounts import take_phone
from app.identity.models import Account, SessionFamily
from app.identity.sessions import Granted, Refused


@pytest.fixture
def refresh(client):
    def send(token):
        return client.post("/api/v1/auth/sessions/refresh", json={"refresh_token": token})

    return send


def test_a_refresh_token_is_exchanged_for_its_successor(refresh, invent):
    person = invent()
    answer = refresh(person.refresh_token)
    assert answer.status_code == 200
    assert answer.get_json()["refresh_token"] != person.refresh_token


def test_a_lost_answer_is_repeated_with_the_same_successor(refresh, invent):
    person = invent()
    first, second = refresh(person.refresh_token), refresh(person.refresh_token)
    assert first.get_json()["refresh_token"] == second.get_json()["refresh_token"]


def test_an_old_token_kills_the_family_and_its_owner_is_told(refresh, invent, session, client):
    person = invent()
    second = refresh(person.refresh_token).get_json()["refresh_token"]
    third = refresh(second).get_json()["refresh_token"]
    assert refresh(person.refresh_token).status_code == 401
    assert refresh(third).status_code == 401
    family = session.get(SessionFamily, person.actor.session_id)
    assert family.ended_because == "reuse"
    events = session.scalars(text("SELECT name FROM events")).all()
    assert events == ["identity.way_in_changed"]


def test_the_previous_token_after_half_a_minute_is_a_reuse(refresh, invent, session, monkeypatch):
    person = invent()
    refresh(person.refresh_token)
    later = clock.now() + timedelta(seconds=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert refresh(person.refresh_token).status_code == 401
    assert session.get(SessionFamily, person.actor.session_id).ended_because == "reuse"


def test_a_changed_refresh_token_changes_nothing(refresh, invent, session):
    person = invent()
    token = person.refresh_token
    for position in range(0, len(token), 7):
        other = "A" if token[position] != "A" else "B"
        forged = token[:position] + other + token[position + 1 :]
        assert refresh(forged).status_code == 401
    assert session.get(SessionFamily, person.actor.session_id).ended_at is None


def test_fifty_parallel_refreshes_leave_one_living_successor(live_core):
    person = make_person(live_core)
    outcomes = []

    def once():
        while True:
            try:
                with unit_of_work(live_core) as session:
                    outcomes.append(sessions.refresh(session, person.refresh_token))
                return
            except (OperationalError, PoolTimeout):
                # On a busy machine whoever waits too long is told to come back, and does.
                time.sleep(0.05)

    threads = [threading.Thread(target=once) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    granted = {each.refresh_token for each in outcomes if isinstance(each, Granted)}
    print(f"n = {len(outcomes)} parallel refreshes")
    assert len(granted) == 1
    assert not [each for each in outcomes if isinstance(each, Refused)]


def test_a_reuse_costs_the_same_however_long_the_family(live_core, count_sql):
    person = make_person(live_core)
    token = person.refresh_token
    for _ in range(30):
        with unit_of_work(live_core) as session:
            token = sessions.refresh(session, token).refresh_token
    seen = []
    from sqlalchemy import event

    event.listen(
        live_core.database.engine,
        "before_cursor_execute",
        lambda *arguments: seen.append(arguments[2]),
    )
    with unit_of_work(live_core) as session:
        assert isinstance(sessions.refresh(session, person.refresh_token), Refused)
    assert len(seen) <= 6


def test_signing_out_ends_the_session_at_once_where_the_list_is_fresh(live_core):
    person = make_person(live_core)
    with unit_of_work(live_core) as session:
        sessions.end_session(session, person.actor, person.actor.session_id)
    assert live_core.freshness.read_once()
    with unit_of_work(live_core) as session, pytest.raises(sessions.TokenRefused):
        sessions.authenticate(session, person.access_token)


def test_with_a_stale_list_postgresql_is_asked(live_core, monkeypatch):
    person = make_person(live_core)
    with unit_of_work(live_core) as session:
        sessions.end_session(session, person.actor, person.actor.session_id)
    monkeypatch.setattr(live_core.freshness, "_read_at", float("-inf"))
    with unit_of_work(live_core) as session, pytest.raises(sessions.TokenRefused):
        sessions.authenticate(session, person.access_token)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/me", None),
        ("post", "/me/closure", {"code": "000000"}),
        ("put", "/me/password", {"password": "correct horse battery", "code": "000000"}),
    ],
)
def test_a_token_whose_account_lost_its_phone_is_refused_where_its_end_is_not_known_yet(
    client, invent, session, method, path, body
):
    person = invent()
    account = session.get_one(Account, person.actor.account)
    take_phone(account)
    account.state = "phone_lost"
    session.commit()
    answer = client.open(f"/api/v1{path}", method=method, json=body, headers=person.headers)
    assert answer.json["code"] == "token_refused"


def test_my_devices_are_listed_and_a_strangers_is_unknown(client, invent):
    mine, other = invent(), invent()
    items = client.get("/api/v1/auth/sessions", headers=mine.headers).get_json()["items"]
    assert [(item["name"], item["current"]) for item in items] == [("测试机", True)]
    foreign = client.delete(f"/api/v1/auth/sessions/{other.actor.session_id}", headers=mine.headers)
    unknown = client.delete(f"/api/v1/auth/sessions/{mine.actor.citizen_id}", headers=mine.headers)
    assert foreign.status_code == unknown.status_code == 404
    shown = [{**each.get_json(), "trace_id": None} for each in (foreign, unknown)]
    assert shown[0] == shown[1]


def test_signing_out_here_ends_refreshing(client, invent, refresh):
    person = invent()
    gone = client.delete("/api/v1/auth/sessions/current", headers=person.headers)
    assert gone.status_code == 204
    assert refresh(person.refresh_token).status_code == 401


def hostile_tokens(core, person):
    key = core.keys.current("access_tokens")
    good = {"typ": tokens.TYPE, "kid": key.kid}
    claims = jwt.decode(person.access_token, options={"verify_signature": False})
    secret = key.secret
    header, body, _ = person.access_token.split(".")
    yield "none", jwt.encode(claims, None, "none", headers=good)
    yield "empty seal", f"{header}.{body}."
    yield "no seal", f"{header}.{body}"
    yield "other key", jwt.encode(claims, b"x" * 32, "HS256", headers=good)
    yield "other alg", jwt.encode(claims, secret * 2, "HS512", headers=good)
    yield "unknown kid", jwt.encode(claims, secret, "HS256", headers={**good, "kid": "0" * 8})
    yield (
        "kid path",
        jwt.encode(claims, secret, "HS256", headers={**good, "kid": "../../etc/passwd"}),
    )
    yield "no kid", jwt.encode(claims, secret, "HS256", headers={"typ": tokens.TYPE})
    yield "wrong typ", jwt.encode(claims, secret, "HS256", headers={**good, "typ": "JWT"})
    yield "crit", jwt.encode(claims, secret, "HS256", headers={**good, "crit": ["x"], "x": 1})
    yield "other aud", jwt.encode({**claims, "aud": "else"}, secret, "HS256", headers=good)
    yield "other iss", jwt.encode({**claims, "iss": "else"}, secret, "HS256", headers=good)
    yield "expired", jwt.encode({**claims, "exp": 1}, secret, "HS256", headers=good)
    yield "level", jwt.encode({**claims, "lvl": "root"}, secret, "HS256", headers=good)
    yield (
        "no subject",
        jwt.encode({k: v for k, v in claims.items() if k != "sub"}, secret, "HS256", headers=good),
    )
    for purpose in ("refresh_tokens", "one_time_codes", "fields"):
        foreign = core.keys.current(purpose)
        headers = {**good, "kid": foreign.kid}
        yield purpose, jwt.encode(claims, foreign.secret, "HS256", headers=headers)
    for position in range(0, len(person.access_token), 3):
        token = person.access_token
        other = "A" if token[position] != "A" else "B"
        yield f"character {position}", token[:position] + other + token[position + 1 :]


def test_no_crafted_access_token_is_accepted(client, core, invent):
    person = invent()
    tried, accepted = 0, []
    for name, token in hostile_tokens(core, person):
        if token == person.access_token:
            continue
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        tried += 1
        if answer.status_code != 401:
            accepted.append((name, answer.status_code))
    print(f"n = {tried} hostile tokens")
    assert accepted == []
    assert tried > 100
