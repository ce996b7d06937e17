"""Opening my code: what is shown, and what it costs."""

import dataclasses
import uuid
from datetime import datetime, timedelta

import pytest
from health_support import HEALTHY

from app.core import clock, freshness
from app.core.redis import Cache
from composition import web_app
from healthcode import snapshots, token
from healthcode.signing import public_keys

URL = "/api/v1/health-code"


def test_a_code_is_good_for_two_minutes_and_new_at_each_opening(
    declare, open_code, core, invent, monkeypatch
):
    person = invent()
    declare(person)
    first = open_code(person)
    claims = token.verify(first["code"], public_keys(core.keys), clock.now())
    assert claims.issued_at == datetime.fromisoformat(first["issued_at"])
    assert claims.expires_at == datetime.fromisoformat(first["expires_at"])
    assert claims.expires_at - claims.issued_at == timedelta(seconds=120)
    assert 60 <= first["refresh_after"] <= 75
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=2))
    assert open_code(person)["code"] != first["code"]


def test_nothing_declared_has_no_code(open_code, invent):
    answer = open_code(invent())
    assert (answer["state"], answer["colour"], answer["code"]) == ("none", "unknown", None)
    assert answer["reasons"] == []


def test_a_code_is_never_kept_by_anybody_on_the_way(client, invent):
    answer = client.get(URL, headers=invent().headers)
    assert answer.headers["Cache-Control"] == "no-store"


def test_my_person_and_my_account_both_mean_myself(client, declare, invent):
    person = invent()
    declare(person)
    for subject in (person.actor.person_id, person.actor.account):
        answer = client.get(f"{URL}?subject_id={subject}", headers=person.headers)
        assert answer.json["colour"] == "green"


@pytest.mark.parametrize("path", [URL, f"{URL}/declaration"])
def test_somebody_elses_code_looks_like_nobodys(client, declare, invent, path):
    mine, other = invent(), invent()
    declare(other)
    answers = []
    for subject in (other.actor.person_id, other.actor.account, uuid.uuid4()):
        url = f"{path}?subject_id={subject}"
        if path == URL:
            answers.append(client.get(url, headers=mine.headers))
        else:
            answers.append(client.put(url, json=HEALTHY, headers=mine.headers))
    assert {answer.status_code for answer in answers} == {404}
    bodies = [{**answer.json, "trace_id": None} for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]


def test_the_real_name_is_needed(client, invent):
    answer = client.get(URL, headers=invent(level="phone").headers)
    assert (answer.status_code, answer.json["code"]) == (403, "step_up_required")
    assert answer.json["level"] == "real_name"
    assert client.get(URL).status_code == 401


def test_an_opening_from_redis_asks_postgresql_nothing(open_code, declare, count_sql, invent):
    person = invent()
    declare(person)
    open_code(person)
    with count_sql() as statements:
        opened = open_code(person)
    assert opened["colour"] == "green"
    assert statements == []


def test_an_opening_from_postgresql_costs_one_statement(
    open_code, declare, core, count_sql, invent
):
    person = invent()
    declare(person)
    snapshots.drop(core, person.actor.person_id)
    with count_sql() as statements:
        open_code(person)
    assert len(statements) == 1


def test_without_redis_everything_is_the_same(core, world, invent, count_sql):
    bare = dataclasses.replace(core, cache=Cache(None))
    client = web_app(dataclasses.replace(world, core=bare)).test_client()
    person = invent()
    assert client.put(f"{URL}/declaration", json=HEALTHY, headers=person.headers).status_code == 200
    for _ in range(2):
        with count_sql() as statements:
            answer = client.get(URL, headers=person.headers)
        assert answer.json["colour"] == "green"
        assert len(statements) == 1


def test_a_redis_that_cannot_be_reached_is_no_redis(core, world, invent):
    lost = dataclasses.replace(core, cache=Cache("redis://127.0.0.1:1/0"))
    client = web_app(dataclasses.replace(world, core=lost)).test_client()
    assert client.get(URL, headers=invent().headers).status_code == 200


def plant(core, person, colour):
    """An old entry, as a slow writer would leave it."""
    old = snapshots.Snapshot(uuid.uuid4(), 10_000, "active", colour, [], "hubei-2021-08-18", None)
    snapshots.keep(core, person.actor.person_id, old)


class Marked:
    """A freshness that has read that this person's code changed, or has not read for too long."""

    def __init__(self, *, stale=False, changed=frozenset()):
        self.stale = stale
        self._changed = changed

    def changed(self, kind, key):
        return kind == "code" and key in self._changed


def test_an_entry_in_redis_is_believed_only_while_nothing_changed(core, declare, invent):
    person = invent()
    declare(person)
    plant(core, person, "red")
    me = person.actor.person_id
    assert snapshots.recall(core, me).colour == "red"
    for known in (Marked(stale=True), Marked(changed={str(me)})):
        assert snapshots.recall(dataclasses.replace(core, freshness=known), me) is None


def test_a_change_is_marked_in_its_transaction(declare, session, invent):
    person = invent()
    declare(person)
    assert session.get(freshness.Mark, ("code", str(person.actor.person_id))) is not None


def test_an_entry_outlives_no_mark():
    assert timedelta(seconds=snapshots.TTL) < freshness.WINDOW


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b"{}", b"null", b'{"id": 1}'])
def test_rubbish_in_redis_is_ignored(core, open_code, declare, invent, rubbish):
    person = invent()
    declare(person)
    key = f"{{c:{person.actor.person_id}}}:code:v1"
    core.cache.put_if_newer(key, rubbish, version=99, ttl=60)
    assert open_code(person)["colour"] == "green"


def test_what_redis_holds_names_nobody(core, open_code, declare, invent):
    person = invent()
    declare(person)
    open_code(person)
    held = core.cache.get(f"{{c:{person.actor.person_id}}}:code:v2")
    for secret in (person.name, person.document_number, person.phone, "green"):
        assert secret.encode() not in held


def test_whoever_writes_to_redis_can_invent_no_colour(
    core, open_code, declare, invent, monkeypatch
):
    red, green = invent(), invent()
    for person in (red, green):
        declare(person)
        open_code(person)
    keys = [f"{{c:{person.actor.person_id}}}:code:v2" for person in (red, green)]
    taken = core.cache.get(keys[1])
    # Another person's entry, garbage, and one's own entry from long ago are all passed over.
    for planted in (taken, b"{}", b"[" * 100_000, b"", bytes(200)):
        core.cache.drop(keys[0])
        core.cache.put_if_newer(keys[0], planted, version=99, ttl=600)
        assert snapshots.recall(core, red.actor.person_id) is None
    later = clock.now() + timedelta(seconds=snapshots.TTL + 1)
    assert snapshots.recall(core, green.actor.person_id) is not None
    monkeypatch.setattr(clock, "now", lambda: later)
    assert snapshots.recall(core, green.actor.person_id) is None
