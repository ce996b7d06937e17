"""Registers whose answers a test decides."""

import dataclasses
from dataclasses import replace
from datetime import timedelta

import pytest
from family_support import BORN, Households, Population, somebody, years_before

from app.connectors.world import World, build_world
from app.core import clock
from app.identity import tokens


@pytest.fixture
def population() -> Population:
    return Population()


@pytest.fixture
def households() -> Households:
    return Households()


@pytest.fixture
def world(world: World, population: Population, households: Households) -> World:
    """The world with these registers in it."""
    return replace(world, population=population, household_register=households)


@pytest.fixture
def child_of(population, households):
    """`child_of(mother)`: a child whose mother the register says she is; `age` in years."""

    def make(guardian, relation="mother", age=8, born=None):
        child = somebody(born or years_before(clock.legal_today(), age, 30))
        population.enter(child)
        households.guardians[guardian.document_number, child.document_number] = relation
        return child

    return make


@pytest.fixture
def claim(client):
    """Ask to act for a child as guardian."""

    def send(guardian, child, relation="mother", **more):
        body = {"person": child.claimed, "relation": relation, **more}
        return client.post("/api/v1/family/guardianships", json=body, headers=guardian.headers)

    return send


@pytest.fixture
def sign_in(client, core, invent, population):
    """An account for somebody, with their name proved."""

    def prove(person):
        population.known.setdefault(person.document_number, (person.name, "420106"))
        account = invent(level="phone")
        told = client.post("/api/v1/me/real-name", json=person.claimed, headers=account.headers)
        assert told.status_code == 200, told.json
        return dataclasses.replace(
            account,
            name=person.name,
            document_number=person.document_number,
            access_token=told.json["access_token"],
            actor=tokens.read_access(core.keys, told.json["access_token"]),
        )

    return prove


@pytest.fixture
def real_world(core):
    """The real adapters, answered by the stand-ins over HTTP."""
    made = build_world(core, waiters=1)
    yield made
    made.close_parties()


@pytest.fixture
def elder(population):
    """`elder("420106")`: somebody without an account, registered there."""
    return lambda division="420106": population.enter(somebody(BORN), division)


@pytest.fixture
def ask(client):
    def send(holder, principal, **more):
        body = {
            "person": principal.claimed,
            "relation": "parent",
            "scopes": ["pay"],
            "until": str(clock.legal_today() + timedelta(days=200)),
            **more,
        }
        return client.post("/api/v1/family/mandates", json=body, headers=holder.headers).json

    return send


@pytest.fixture
def look(client):
    return lambda officer, number: client.get(
        f"/api/v1/officer/mandates/{number}", headers=officer.headers
    )


@pytest.fixture
def confirm(client):
    def send(officer, number, person, **more):
        body = {
            "document_type": "resident_id",
            "document_number": person.document_number,
            **more,
        }
        path = f"/api/v1/officer/mandates/{number}/confirm"
        return client.post(path, json=body, headers=officer.headers)

    return send


@pytest.fixture
def end(client):
    """`end(officer, number, person)`: the person's document lies before the officer."""

    def send(officer, number, person):
        body = {"document_type": "resident_id", "document_number": person.document_number}
        path = f"/api/v1/officer/mandates/{number}/end"
        return client.post(path, json=body, headers=officer.headers)

    return send
