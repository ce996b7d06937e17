"""Payers, and a department whose answers a test decides."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from department import Department, Payer, next_year
from placed import Placed, place
from wechat_sender import Sender

from app.connectors.world import World
from app.payments.providers.registry import providers
from scripts.environment import stub_keys


@pytest.fixture
def sender(parties_keys, home) -> Sender:
    """WeChat Pay, as it calls our first merchant back."""
    return Sender.towards(stub_keys(home), "medical")


@pytest.fixture
def department() -> Department:
    return Department()


@pytest.fixture
def world(world: World, department: Department) -> World:
    """The world with that department in it."""
    return replace(world, medical_insurance=department)


@pytest.fixture
def payer(client) -> Callable[[Any], Payer]:
    """`payer(person)` calls our interface for that person."""
    return lambda person: Payer(client, person)


@pytest.fixture
def give_mandate(client) -> Callable[..., str]:
    """The principal gives the holder a mandate over HTTP; answers its id."""

    def give(holder: Any, principal: Any, *scopes: str) -> str:
        person = {
            "name": principal.name,
            "document_type": "resident_id",
            "document_number": principal.document_number,
        }
        body = {
            "person": person,
            "relation": "parent",
            "scopes": list(scopes or ("pay",)),
            "until": next_year(),
        }
        asked = client.post("/api/v1/family/mandates", json=body, headers=holder.headers)
        assert asked.status_code == 201, asked.json
        mandate_id = asked.json["id"]
        accept = f"/api/v1/family/mandates/{mandate_id}/accept"
        accepted = client.post(accept, headers=principal.headers)
        assert accepted.status_code == 200, accepted.json
        return str(mandate_id)

    return give


@pytest.fixture
def adapter(core) -> Any:
    """Our adapter to WeChat Pay, as the settings name it."""
    return providers(core.settings)["wechatpay"]


@pytest.fixture
def unopened(core, invent) -> tuple[Any, Placed]:
    """An order that awaits its payment and has no attempt: (person, placed)."""
    person = invent()
    return person, place(core, person, status="failed", next_query_at=None)
