"""From the menu to the door on a running product, and what happens when its parts die."""

import threading
import time
import uuid

import httpx
import psycopg
import pytest


@pytest.fixture(scope="module")
def visitor(door, people):
    """Somebody with a green code who stays signed in."""
    client, person = door._client(), people["r031"]
    door._enter(client, person["phone"], "phone-31")
    door._prove(client, person)
    assert door._declared(client)["colour"] == "green"
    return client


@pytest.fixture(scope="module")
def scanners(door, people):
    """Four of a venue's staff, each with a scanner: one person's calls are limited a minute."""
    clients = [door.scanner]
    for key in ("s002", "s003", "s004"):
        client = door._client()
        door._enter(client, people[key]["phone"], f"scanner-{key}")
        clients.append(client)
    return [(client, client.get("/api/v1/verifier/venues")["items"][0]["id"]) for client in clients]


@pytest.fixture
def scan(door, visitor, scanners):
    """Send one scan of a fresh code; returns the raw answer or None when nothing answered."""
    code = visitor.get("/api/v1/health-code")["code"]

    def send(client_scan_id, number=0):
        scanner, venue = scanners[number]
        body = {"code": code, "venue_id": venue, "client_scan_id": client_scan_id}
        headers = {"Authorization": f"Bearer {scanner.token}"}
        try:
            return visitor.http.post(
                f"{door.api}/api/v1/verifier/scans", json=body, headers=headers
            )
        except httpx.TransportError:
            return None

    return send


def stored_scans(stack):
    with psycopg.connect(stack.services.addresses.owner_url) as connection:
        rows = connection.execute(
            "SELECT client_scan_id, count(*) FROM scans GROUP BY 1"
        ).fetchall()
    return dict(rows)


def test_the_whole_story_holds(door):
    assert door.code.startswith("HB1:")


def test_without_redis_everything_goes_on_and_says_so(stack, door, scan, visitor):
    stack.services.kill_redis()
    try:
        ready = httpx.get(f"{door.api}/readyz")
        assert (ready.status_code, ready.json()["degraded"]) == (200, ["redis"])
        assert visitor.get("/api/v1/health-code")["colour"] == "green"
        assert scan(f"no-redis-{uuid.uuid4()}").json()["verdict"] == "pass"
        assert httpx.get(f"{door.api}/ops/status").json()["status"] == "degraded"
    finally:
        stack.services.start_redis()
    end = time.monotonic() + 5
    while httpx.get(f"{door.api}/readyz").json()["degraded"]:
        assert time.monotonic() < end, "Redis is back, but the service has not noticed in 5 s"
        time.sleep(0.1)


def test_no_acknowledged_scan_is_lost_when_postgresql_is_killed(stack, door, scan, supervised):
    acknowledged, statuses = [], []

    def client(number):
        for turn in range(60):
            name = f"kill-{number}-{turn}"
            while True:
                answer = scan(name, number)
                if answer is not None:
                    statuses.append(answer.status_code)
                if answer is not None and answer.status_code == 200:
                    acknowledged.append(name)
                    break
                time.sleep(0.2)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    stack.services.kill_postgres()
    for thread in threads:
        thread.join(timeout=90)
    stored = stored_scans(stack)
    print(f"n = {len(acknowledged)} acknowledged scans, answers: {set(statuses)}")
    assert len(acknowledged) == 240
    assert [name for name in acknowledged if stored.get(name) != 1] == []
    assert set(statuses) <= {200, 503}


def test_while_postgresql_is_away_the_answer_is_503_with_a_time(stack, door, visitor):
    stack.services.kill_postgres()
    try:
        answer = visitor.http.get(
            f"{door.api}/api/v1/me", headers={"Authorization": f"Bearer {visitor.token}"}
        )
        assert answer.status_code == 503
        assert answer.json()["code"] == "database_unavailable"
        assert int(answer.headers["Retry-After"]) >= 1
        assert httpx.get(f"{door.api}/healthz").status_code == 200
        assert httpx.get(f"{door.api}/readyz").status_code == 503
    finally:
        stack.services.start_postgres()
    assert visitor.get("/api/v1/me")["level"] == "real_name"


def test_a_killed_worker_is_replaced_and_the_message_still_comes(stack, door, supervised):
    stack.kill_part("worker")
    fresh = door._client()
    opened = door._enter(fresh, "19900000032", "phone-32")
    assert opened["citizen"]["level"] == "phone"


def test_a_killed_web_process_comes_back(stack, door, visitor, supervised):
    stack.kill_part("web")
    assert visitor.get("/api/v1/health-code")["state"] == "active"


def test_revocation_reaches_every_process_within_two_seconds(stack, door):
    fresh = door._client()
    door._enter(fresh, "19900000033", "phone-33")
    fresh.send("DELETE", "/api/v1/auth/sessions/current", None, 204)
    time.sleep(2)
    statuses = set()
    for _ in range(20):
        with httpx.Client(trust_env=False) as one:
            headers = {"Authorization": f"Bearer {fresh.token}"}
            statuses.add(one.get(f"{door.api}/api/v1/me", headers=headers).status_code)
    assert statuses == {401}
