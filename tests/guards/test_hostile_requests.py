"""Requests made to hold us up or to find an unguarded corner: limits, strange input, a sick database."""

import json
import re
import time
from collections import defaultdict
from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import create_engine, text
from support import make_person

from api import guards
from app.connectors.world import build_world
from app.core.runtime import build_core
from app.settings import sqlalchemy_url
from composition import web_app

ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def clock_at(monkeypatch):
    """Hold the monotonic clock at so many seconds after a full minute that is yet to come."""
    minute = (int(time.monotonic()) // 60 + 10) * 60

    def hold(seconds):
        monkeypatch.setattr(time, "monotonic", lambda: float(minute + seconds))

    return hold


@pytest.fixture
def routes(app):
    """(rule, methods, line of the route table) of everything that is served."""
    return [
        (rule.rule, rule.methods, app.view_functions[rule.endpoint].huiban_route)
        for rule in app.url_map.iter_rules()
    ]


def path_of(rule):
    return re.sub(r"<[^>]+>", ID, rule)


def refusal(answer):
    """(status, code) of an answer that must be a problem."""
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, answer.get_json()["code"]


def test_one_person_may_call_so_often_a_minute_and_no_more(client, invent, clock_at):
    person, other = invent(), invent()

    def call(somebody):
        return client.get("/api/v1/me", headers=somebody.headers)

    clock_at(20)
    answers = [call(person).status_code for _ in range(guards.PER_PERSON + 3)]
    assert answers == [200] * guards.PER_PERSON + [429] * 3
    refused = call(person)
    assert refusal(refused) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "40"
    print(f"\ncalls n = {len(answers) + 1}: {answers.count(200)} answered")
    # Neither another person nor the next minute has to suffer for it.
    assert call(other).status_code == 200
    clock_at(60)
    assert call(person).status_code == 200


@pytest.mark.parametrize("path", ["/nothing-here", "/healthz", "/api/v1/auth/codes"])
def test_an_address_is_limited_wherever_it_knocks(client, clock_at, monkeypatch, path):
    monkeypatch.setattr(guards, "PER_ADDRESS", 30)
    knocker, other = {"REMOTE_ADDR": "203.0.113.7"}, {"REMOTE_ADDR": "203.0.113.8"}
    clock_at(20)
    answers = [client.get(path, environ_base=knocker) for _ in range(33)]
    statuses = [each.status_code for each in answers]
    assert 429 not in statuses[:30]
    assert statuses[30:] == [429] * 3
    assert refusal(answers[-1]) == (429, "too_many_requests")
    assert answers[-1].headers["Retry-After"] == "40"
    # What is refused at one place is refused everywhere, and only to that address.
    assert client.get("/readyz", environ_base=knocker).status_code == 429
    assert client.get("/readyz", environ_base=other).status_code == 200
    clock_at(60)
    assert client.get("/readyz", environ_base=knocker).status_code == 200


@pytest.fixture
def narrow(live_core):
    """The application on one single database connection; (client, core, person)."""
    person = make_person(live_core)
    core = build_core(replace(live_core.settings, database_pool=1))
    core.load_keys()
    core.freshness.read_once()
    world = build_world(core, waiters=1)
    yield web_app(world).test_client(), core, person
    world.close()


def test_without_a_free_connection_the_caller_is_told_to_come_back(narrow):
    client, core, person = narrow
    assert client.get("/api/v1/me", headers=person.headers).status_code == 200
    with core.database.engine.connect():
        began = time.monotonic()
        answer = client.get("/api/v1/me", headers=person.headers)
        waited = time.monotonic() - began
    assert refusal(answer) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert waited < 1
    assert client.get("/api/v1/me", headers=person.headers).status_code == 200


def test_a_database_that_may_only_be_read_answers_503_where_it_would_write(
    live_core, services, narrow
):
    """So it is while a standby takes over."""
    client, core, person = narrow
    name = core.database.engine.url.database
    owner = create_engine(sqlalchemy_url(services.database_url(name, "huiban_owner")))
    with owner.begin() as connection:
        read_only = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
        connection.execute(text(read_only))
    core.database.engine.dispose()
    body = {"phone": "19911117010", "purpose": "login"}
    for answer in (
        client.post("/api/v1/auth/codes", json=body),
        client.delete("/api/v1/auth/sessions/current", headers=person.headers),
        client.post("/api/v1/auth/sessions/refresh", json={"refresh_token": person.refresh_token}),
    ):
        assert refusal(answer) == (503, "database_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    assert client.get("/api/v1/me", headers=person.headers).status_code == 200
    with owner.begin() as connection:
        connection.execute(text(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'))
    owner.dispose()
    core.database.engine.dispose()
    assert client.post("/api/v1/auth/codes", json=body).status_code == 202


NO_TEXT = ["%00", "%0A", "%0D%0A", "%1B", "%7F", "%C2%85", "%E2%80%AE", "%ED%A0%80", "%FF"]


def test_control_characters_and_broken_code_points_in_a_path_are_not_found(
    client, routes, invent, invent_officer
):
    person, tried = invent(), 0
    staff = invent_officer("window_officer", "case_officer", "client_registrar", "system_admin")
    for rule, _, line in routes:
        if "<" not in rule:
            continue
        caller = staff if line.audience == "officer" else person
        for character, method in product(NO_TEXT, line.methods):
            path = re.sub(r"<[^>]+>", f"a{character}b", rule)
            answer = client.open(path, method=method, json={}, headers=caller.headers)
            tried += 1
            if line.audience == "callbacks":
                # A provider is answered in its own form; broken code points name no merchant.
                assert answer.status_code in (401, 404), path
                continue
            status, code = refusal(answer)
            assert status == 404, f"{method} {path}"
            assert code.endswith("not_found"), f"{method} {path}"
    print(f"\npaths n = {tried}: 0 found")
    assert tried > 5 * len(NO_TEXT)


@pytest.mark.parametrize("methods", [["OPTIONS"], ["TRACE", "CONNECT", "BREW", "X" * 200]])
def test_a_method_nobody_promised_is_refused_on_every_route(client, routes, invent, methods):
    person, promised, tried = invent(), defaultdict(set), 0
    for rule, names, _ in routes:
        promised[path_of(rule)] |= names
    for path, method in product(promised, methods):
        if method in promised[path]:
            # Scripts of other sites may call it, and browsers ask first.
            continue
        answer = client.open(path, method=method, headers=person.headers)
        assert refusal(answer) == (405, "method_not_allowed"), f"{method} {path}"
        assert set(answer.headers["Allow"].split(", ")) == promised[path]
        tried += 1
    print(f"\ncalls n = {tried}: 0 answered")


def test_invented_methods_do_not_fill_the_metrics(client):
    for number in range(20):
        client.open("/healthz", method=f"INVENTED{number}")
    shown = client.get("/metrics").get_data(as_text=True)
    assert "INVENTED" not in shown
    assert 'method="other"' in shown


LISTS = (
    "/api/v1/family/mandates",
    "/api/v1/me/scans",
    "/api/v1/orders",
    "/api/v1/receipts",
)


def test_a_query_field_given_twice_is_refused(client, invent):
    person = invent()
    for path in LISTS:
        assert client.get(f"{path}?limit=2", headers=person.headers).status_code == 200
        for query in ("limit=1&limit=2", "limit=2&limit=2", "limit=2&l%69mit=2"):
            answer = client.get(f"{path}?{query}", headers=person.headers)
            assert refusal(answer) == (422, "invalid_input"), f"{path}?{query}"
            assert list(answer.get_json()["errors"]) == ["limit"]


def test_an_endless_list_of_languages_costs_next_to_nothing(client):
    wishes = ("en;q=0.1," * 20_000, "zh-" + "-".join(["a"] * 50_000), "x" * 100_000)

    def fastest(wish):
        times = []
        for _ in range(5):
            began = time.perf_counter()
            answer = client.get("/nothing-here", headers={"Accept-Language": wish})
            times.append(time.perf_counter() - began)
            assert answer.status_code == 404
        return min(times)

    plain = fastest("en")
    for wish in wishes:
        spent = fastest(wish)
        times = f"{spent * 1e3:.1f} ms, plain {plain * 1e3:.1f}"
        print(f"\nAccept-Language of {len(wish)} bytes: {times}")
        assert spent < plain + 0.01
    # A wish of ordinary length is still heard.
    usual = "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5"
    answer = client.get("/nothing-here", headers={"Accept-Language": usual})
    assert answer.get_json()["detail"] == "There is nothing here."


def test_a_code_is_six_ascii_digits(client):
    device = {"id": "device-1", "name": "我的手机", "platform": "ios"}
    for digits in (
        *("１２３４５６", "١٢٣٤٥٦", "१२३४५६", "12345６", "²²²²²²"),
        *("123456\n", " 123456", "12345", "1234567", "-12345", "1e5000"),
    ):
        body = {"phone": "19911117011", "code": digits, "device": device}
        answer = client.post("/api/v1/auth/sessions", json=body)
        assert refusal(answer) == (422, "invalid_input"), repr(digits)
        assert list(answer.get_json()["errors"]) == ["code"]


def test_an_unknown_field_of_any_name_is_refused_and_named_in_good_json(client):
    start = b'{"phone": "19911117012", "purpose": "login", "'
    for name in (
        rb"\ud800",
        rb"\udfff",
        rb"\udc00\ud800",
        rb"a\ud800b",
        rb"\u0000",
        rb"\uffff",
        b"",
    ):
        body = start + name + b'": 1}'
        answer = client.post("/api/v1/auth/codes", data=body, content_type="application/json")
        assert refusal(answer) == (422, "invalid_input"), name
        assert len(answer.get_json()["errors"]) == 1
        # A lone surrogate has no form in UTF-8: the answer must not need one.
        assert "detail" in json.loads(answer.get_data().decode("utf-8"))


def test_a_refusal_can_be_read_as_it_stands_and_says_how_long_to_wait(
    client, clock_at, monkeypatch
):
    monkeypatch.setattr(guards, "PER_ADDRESS", 1)
    clock_at(20)
    client.get("/nothing-here")
    refused = client.get("/nothing-here")
    assert "操作过于频繁" in refused.get_data(as_text=True), refused.get_data(as_text=True)
    assert refused.get_json()["retry_after"] == int(refused.headers["Retry-After"]) == 40


def test_a_thousand_unknown_fields_do_not_make_a_long_answer(client):
    body = {f"field{number}": 1 for number in range(1_000)}
    answer = client.post("/api/v1/auth/codes", json=body)
    assert refusal(answer) == (422, "invalid_input")
    assert len(answer.get_data()) < 5_000


def test_a_query_of_broken_code_points_is_refused(client, invent):
    for query in ("%ED%A0%80=1", "%FF=1", "limit=%ED%A0%80", "cursor=%00", "cursor=%FF"):
        answer = client.get(f"/api/v1/orders?{query}", headers=invent().headers)
        assert answer.status_code == 422, query
