"""The demonstration's families as its own registers know them, over HTTP all the way."""

import json
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import update

from app.core import clock
from app.family import jobs
from app.family.models import Mandate
from app.identity.staff.models import OfficerRole
from scripts.environment import read_world

BY_KEY = {person["key"]: person for person in read_world()["people"]}
HEALTHY = {
    "temperature_c": 36.5,
    "symptoms": [],
    "contact": "no",
    "risk_area": "low",
    "confirmed_true": True,
}


def claimed(key):
    return {name: BY_KEY[key][name] for name in ("name", "document_type", "document_number")}


@pytest.fixture
def prove(client, invent, stubs):
    """Somebody of the demonstration, signed in with a proved name: their headers."""

    def make(key):
        person = invent(level="phone")
        told = client.post("/api/v1/me/real-name", json=claimed(key), headers=person.headers)
        assert told.status_code == 200, told.json
        return {"Authorization": f"Bearer {told.json['access_token']}"}

    return make


@pytest.fixture
def court(stubs):
    """What a court decides about a guardian."""

    def decide(guardian, child, relation):
        pair = [BY_KEY[key]["document_number"] for key in (guardian, child)]
        body = {"guardian": pair[0], "child": pair[1], "relation": relation}
        headers = {"Content-Type": "application/json"}
        url = f"{stubs}/household-register/simulate"
        urlopen(Request(url, data=json.dumps(body).encode(), headers=headers)).close()

    return decide


def test_a_mother_declares_for_her_child_until_a_court_decides_otherwise(
    prove, court, client, session, world
):
    mother = prove("r023")
    body = {"person": claimed("c012"), "relation": "mother"}
    made = client.post("/api/v1/family/guardianships", json=body, headers=mother)
    assert made.status_code == 201, made.json
    path = f"/api/v1/health-code/declaration?subject_id={made.json['person_id']}"
    assert client.put(path, json=HEALTHY, headers=mother).json["colour"] == "green"
    uses = client.get(f"/api/v1/family/mandates/{made.json['id']}/uses", headers=mother).json
    assert [each["what"] for each in uses["items"]] == ["申报了健康情况"]
    court("r023", "c012", None)
    try:
        session.execute(update(Mandate).values(checked_at=clock.now() - timedelta(days=2)))
        session.commit()
        jobs.recheck_guardianships.run(world)
        assert client.put(path, json=HEALTHY, headers=mother).status_code == 404
    finally:
        court("r023", "c012", "mother")
    stranger = client.post("/api/v1/family/guardianships", json=body, headers=prove("r025"))
    assert stranger.json["code"] == "guardianship_not_confirmed"


def test_a_father_without_an_account_confirms_to_the_agent_of_his_county(
    prove, client, session, invent_officer
):
    son, agent = prove("r012"), invent_officer("village_agent")
    session.execute(update(OfficerRole).values(region_code="420116001201"))
    session.commit()
    until = str(clock.legal_today() + timedelta(days=100))
    body = {"person": claimed("p011"), "relation": "parent", "scopes": ["pay"], "until": until}
    number = client.post("/api/v1/family/mandates", json=body, headers=son).json["number"]
    path = f"/api/v1/officer/mandates/{number}"
    window = invent_officer("window_officer")
    assert client.get(path, headers=window.headers).status_code == 404
    shown = client.get(path, headers=agent.headers).json
    assert shown["principal"]["masked_name"].startswith(BY_KEY["p011"]["name"][0] + "*")
    document = {name: claimed("p011")[name] for name in ("document_type", "document_number")}
    told = client.post(f"{path}/confirm", json=document, headers=agent.headers)
    assert (told.status_code, told.json["status"]) == (200, "active")
    members = client.get("/api/v1/family/members", headers=son).json["items"]
    assert [each["relation"] for each in members] == ["self", "parent"]
