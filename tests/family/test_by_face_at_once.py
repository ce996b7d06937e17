"""Many confirm one mandate by face at the same moment."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import func, select
from support import make_person

from app.audit.models import AuditRow
from app.connectors.world import build_world
from app.core import clock
from app.core.events import RecordedEvent
from app.family.models import Mandate
from composition import web_app
from scripts.environment import read_world

CONFIRMATIONS = "/api/v1/family/face-confirmations"


@pytest.fixture
def clients(live_core, stubs):
    """Makes clients of an application that really commits."""
    made = build_world(live_core, waiters=8)
    yield web_app(made).test_client
    made.close_parties()


def a_link(clients, holder, father):
    names = ("name", "document_type", "document_number")
    until = str(clock.legal_today() + timedelta(days=20))
    terms = {"relation": "parent", "scopes": ["pay"], "until": until}
    body = {"person": {name: father[name] for name in names}, **terms}
    path = "/api/v1/family/mandates"
    asked = clients().post(path, json=body, headers=holder.headers).json["id"]
    told = clients().post(f"{path}/{asked}/face-link", headers=holder.headers)
    return told.json["url"].rpartition("/")[2]


def seen(clients, stubs, token):
    """A check of the father's own face: the provider's token."""
    body = {"token": token, "notice_version": 1}
    result = clients().post(f"{CONFIRMATIONS}/checks", json=body).json["provider_token"]
    match = json.dumps({"biz_token": result, "outcome": "match"}).encode()
    headers = {"Content-Type": "application/json"}
    urlopen(Request(f"{stubs}/faceid/simulate", data=match, headers=headers)).close()
    return result


def test_of_ten_confirmations_at_once_one_counts(clients, live_core, stubs):
    father = next(each for each in read_world()["people"] if each["key"] == "p017")
    token = a_link(clients, make_person(live_core), father)
    # Two devices, each with a good check of its own.
    results = [seen(clients, stubs, token) for _ in range(2)]

    def send(number):
        body = {"token": token, "result_token": results[number % 2]}
        return clients().post(f"{CONFIRMATIONS}/result", json=body).status_code

    with ThreadPoolExecutor(10) as pool:
        codes = Counter(pool.map(send, range(10)))
    assert codes[200] == 1
    assert set(codes) <= {200, 403, 404, 503}
    with live_core.session() as session:
        assert session.scalars(select(Mandate.status)).all() == ["active"]
        done = select(func.count()).where(
            AuditRow.action == "family.confirm_by_face", AuditRow.result == "done"
        )
        assert session.scalar(done) == 1
        told = select(RecordedEvent.payload["to"].astext).where(
            RecordedEvent.name == "family.mandate_moved"
        )
        assert sorted(session.scalars(told)) == ["asked", "confirmed"]
