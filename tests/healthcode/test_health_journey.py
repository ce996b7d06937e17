"""From a declaration to a door over HTTP, with the real adapter and the stand-in at the other end."""

import json
import urllib.request
from dataclasses import replace

import pytest

from app.connectors.world import build_world
from app.identity.documents import mask_name
from app.identity.tokens import read_access
from healthcode import jobs
from scripts.environment import read_world


def tell(stubs, path, **body):
    """Use one of the stand-in's own calls."""
    request = urllib.request.Request(
        f"{stubs}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


@pytest.fixture
def world(core):
    """The real adapters."""
    made = build_world(core, waiters=4)
    yield made
    made.population.close()
    made.health_authority.close()


@pytest.fixture
def resident(client, core, stubs, invent):
    """The demonstration's first resident, name proved at the stand-in's population database."""
    person = invent(level="phone")
    known = {key: read_world()["people"][0][key] for key in ("name", "document_number")}
    answer = client.post(
        "/api/v1/me/real-name",
        json={**known, "document_type": "resident_id"},
        headers=person.headers,
    )
    assert answer.status_code == 200, answer.json
    token = answer.json["access_token"]
    return replace(person, **known, access_token=token, actor=read_access(core.keys, token))


def test_the_code_follows_the_authority_and_the_door_follows_the_code(
    declare, open_code, new_door, resident, stubs
):
    door = new_door()
    declared = declare(resident)
    assert (declared["state"], declared["colour"]) == ("active", "green")
    verdict = door.scan(open_code(resident)["code"])
    assert verdict["verdict"] == "pass"
    assert verdict["holder"] == {"masked_name": mask_name(resident.name)}
    green = open_code(resident)["code"]
    number = resident.document_number
    record = tell(stubs, "/health-authority/simulate", document_number=number, category="04")
    try:
        assert declare(resident)["colour"] == "red"
        assert door.scan(green)["reasons"] == ["changed"]
        assert door.scan(open_code(resident)["code"])["verdict"] == "refuse"
    finally:
        tell(stubs, "/health-authority/simulate/release", record_id=record["record_id"])
    assert declare(resident)["colour"] == "green"
    assert door.scan(open_code(resident)["code"])["verdict"] == "pass"


@pytest.mark.parametrize("mode", ["error", "hang"])
def test_an_outage_of_the_authority_leaves_grey_until_it_is_over(
    declare, open_code, resident, stubs, world, mode
):
    seconds = {"seconds": 20} if mode == "hang" else {}
    tell(stubs, "/simulate/outage", party="health_authority", mode=mode, **seconds)
    try:
        assert declare(resident)["state"] == "grey"
    finally:
        tell(stubs, "/simulate/outage", party="health_authority", mode="ok")
    jobs.ask_authority.run(world, person_id=str(resident.actor.person_id))
    assert open_code(resident)["colour"] == "green"
