"""`Idempotency-Key`: one effect whoever presses however often, and only one's own answer comes back."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from support import make_person

from api import idempotency
from api.blueprints import AudienceBlueprint
from api.errors import problem
from api.idempotency import KeptAnswer
from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.core.errors import NotAllowed
from app.family.models import Mandate
from composition import web_app

MANDATES = "/api/v1/family/mandates"
N = 20


def request_for(person, **changes):
    body = {
        "person": {
            "name": person.name,
            "document_type": "resident_id",
            "document_number": person.document_number,
        },
        "relation": "parent",
        "scopes": ["pay"],
        "until": (clock.legal_today() + timedelta(days=300)).isoformat(),
    }
    return {**body, **changes}


@pytest.fixture
def ask(client):
    def send(holder, principal, key, **changes):
        headers = {**holder.headers, "Idempotency-Key": key}
        return client.post(MANDATES, json=request_for(principal, **changes), headers=headers)

    return send


def mandates(session):
    return session.scalar(select(func.count()).select_from(Mandate))


def replayed(answer):
    return answer.headers.get("Idempotency-Replayed") == "true"


def test_the_same_key_and_body_replay_the_first_answer(ask, invent, session):
    holder, father = invent(), invent()
    first, second = ask(holder, father, "k"), ask(holder, father, "k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert (replayed(first), replayed(second)) == (False, True)
    assert mandates(session) == 1


def test_a_key_is_its_owners_alone(ask, invent, session):
    holder, stranger, father = invent(), invent(), invent()
    mine, theirs = ask(holder, father, "k"), ask(stranger, father, "k")
    assert theirs.status_code == 201
    assert not replayed(theirs)
    assert mine.get_json()["id"] != theirs.get_json()["id"]
    assert mandates(session) == 2
    # Nor does another body of the stranger's collide with mine.
    assert ask(stranger, invent(), "k").get_json()["code"] == "idempotency_key_reused"


def test_a_key_with_another_body_is_refused(ask, invent, session):
    holder, father = invent(), invent()
    assert ask(holder, father, "k").status_code == 201
    answer = ask(holder, father, "k", scopes=["pay", "view_code"])
    assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency_key_reused")
    assert mandates(session) == 1


def test_the_same_key_on_another_route_is_another_key(ask, client, invent):
    holder, father = invent(), invent()
    mandate_id = ask(holder, father, "k").get_json()["id"]
    headers = {**father.headers, "Idempotency-Key": "k"}
    accepted = client.post(f"{MANDATES}/{mandate_id}/accept", headers=headers)
    assert accepted.status_code == 200
    again = client.post(f"{MANDATES}/{mandate_id}/accept", headers=headers)
    assert again.status_code == 200
    assert replayed(again)


def test_one_key_for_two_mandates_is_refused_and_accepts_one(ask, client, invent):
    """The address is part of what the key stands for."""
    father = invent()
    ids = [ask(invent(), father, "k").get_json()["id"] for _ in range(2)]
    headers = {**father.headers, "Idempotency-Key": "k"}
    first, second = [client.post(f"{MANDATES}/{each}/accept", headers=headers) for each in ids]
    assert first.status_code == 200
    assert (second.status_code, second.get_json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("key", ["", "k" * 129, "a\x7fb"])
def test_a_key_that_is_none_is_refused(ask, invent, session, key):
    answer = ask(invent(), invent(), key)
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["Idempotency-Key"]
    assert mandates(session) == 0


def test_a_refused_answer_is_not_kept(ask, invent, session):
    holder, father = invent(), invent()
    before = mandates(session)
    yesterday = (clock.legal_today() - timedelta(days=1)).isoformat()
    for _ in range(2):
        answer = ask(holder, father, "k", until=yesterday)
        assert answer.status_code == 422
        assert not replayed(answer)
    assert session.scalar(select(func.count()).select_from(KeptAnswer)) == 0
    assert mandates(session) == before
    # The key is still free for what is meant.
    assert ask(holder, father, "k").status_code == 201


def test_a_refusal_that_is_returned_to_be_remembered_is_not_kept_either(world, invent, session):
    """Some refusals commit what was learnt from the attempt; their answer is still no success."""
    blueprint = AudienceBlueprint("refusing", __name__, audience="citizen", url_prefix="/refusing")
    acted = []

    @blueprint.route("", methods=["POST"], policy="only in this test", idempotent="plain")
    def refuse():
        acted.append(True)
        return problem(NotAllowed())

    app = web_app(world)
    app.register_blueprint(blueprint)
    headers = {**invent().headers, "Idempotency-Key": "k"}
    for times in (1, 2):
        answer = app.test_client().post("/refusing", headers=headers)
        assert (answer.status_code, replayed(answer)) == (403, False)
        assert len(acted) == times
    assert session.scalar(select(func.count()).select_from(KeptAnswer)) == 0


def test_a_kept_answer_ends_after_a_day(ask, invent, session, monkeypatch):
    holder, father, now = invent(), invent(), clock.now()
    until = request_for(father)["until"]
    first = ask(holder, father, "k", until=until)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=23, minutes=59))
    assert replayed(ask(holder, father, "k", until=until))
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=24, minutes=1))
    late = ask(holder, father, "k", until=until)
    assert not replayed(late)
    # The mandate is there already, so asking anew is refused: that is the proof that it was tried.
    assert (late.status_code, late.get_json()["code"]) == (409, "mandate_exists")
    assert first.status_code == 201
    assert mandates(session) == 1


def test_a_key_may_be_used_anew_once_its_answer_has_ended(ask, invent, session, monkeypatch):
    holder, father, mother, now = invent(), invent(), invent(), clock.now()
    first = ask(holder, father, "k")
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=25))
    second = ask(holder, mother, "k")
    assert (second.status_code, replayed(second)) == (201, False)
    third = ask(holder, mother, "k")
    assert third.get_json() == second.get_json() != first.get_json()
    assert replayed(third)
    assert session.scalar(select(func.count()).select_from(KeptAnswer)) == 1


def test_the_hourly_sweep_leaves_answers_that_may_still_be_asked_for(
    ask, invent, session, world, monkeypatch
):
    holder, parents, now = invent(), [invent(), invent()], clock.now()
    for hours, parent in zip((-25, -23), parents, strict=True):
        monkeypatch.setattr(clock, "now", lambda hours=hours: now + timedelta(hours=hours))
        assert ask(holder, parent, str(hours)).status_code == 201
    monkeypatch.setattr(clock, "now", lambda: now)
    assert session.scalar(select(func.count()).select_from(KeptAnswer)) == 2
    idempotency.forget_answers.run(world)
    (kept,) = session.scalars(select(KeptAnswer)).all()
    assert kept.until == now + timedelta(hours=1)


def test_a_kept_answer_shows_nobody_what_it_says(ask, invent, session):
    answer = ask(invent(), invent(), "k").get_json()
    (kept,) = session.scalars(select(KeptAnswer)).all()
    assert answer["id"].encode() not in kept.body
    assert b"pending" not in kept.body


def test_one_key_pressed_twenty_times_at_once_has_one_effect(live_core):
    app = web_app(build_world(live_core, waiters=1))
    holder, father = make_person(live_core), make_person(live_core)
    headers, body = {**holder.headers, "Idempotency-Key": "pressed"}, request_for(father)

    def press(_):
        return app.test_client().post(MANDATES, json=body, headers=headers)

    with ThreadPoolExecutor(N) as pool:
        answers = list(pool.map(press, range(N)))
    found = Counter((each.status_code, each.get_json().get("code")) for each in answers)
    print(f"\npressed n = {N}: {dict(found)}")
    assert set(found) <= {
        (201, None),
        (409, "idempotency_in_progress"),
        (503, "database_unavailable"),
    }
    assert found[201, None] >= 1
    assert len([each for each in answers if each.status_code == 201 and not replayed(each)]) == 1
    assert len({each.get_json()["id"] for each in answers if each.status_code == 201}) == 1
    for each in answers:
        if each.status_code != 201:
            assert int(each.headers["Retry-After"]) >= 1
    with unit_of_work(live_core) as session:
        assert mandates(session) == 1
    assert replayed(press(0))
